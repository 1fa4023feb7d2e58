"""Companies of jobs that have files of columns, compared with known ones: as `selection.unique_companies` has it.

DuckDB finds equal pages and hosts, and puts the rows of a company together. What takes a look into a text is decided by
`Matcher` and `is_shared`, on the different values and only where they can matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..columns.companies import Cancellation, Companies, JobFile, companies_of
from ..columns.schema import key_text, text_key
from ..shared_hosts import all_shared, is_shared
from .counts import Counts
from .selection import Company, Compared
from .tiers import Match, Matcher, Tier, deepest, looks_for

_TIERS: Final = list(Tier)

_PLACES: Final = 2**28
"""More than a question has rows, or a list half its keys: a tier, a place, a note and whether the match is doubtful fit
into one number that puts the strongest tier, and then the first row, first."""

_ENDING: Final = "regexp_extract(s._host, '[^.]+[.][^.]+$')"
"""The last two labels of a host, in SQL."""

_IS_NUMBER: Final = "regexp_full_match(s._linkedin, '[0-9]+')"
"""As `is_number`, in SQL."""


def compare(
    folder: Path,
    files: Sequence[JobFile],
    matcher: Matcher | None,
    weakest: Tier,
    shown: Collection[Tier],
    max_shown: int,
    cancellation: Cancellation | None = None,
    *,
    hints: bool = False,
) -> Compared:
    """Each company of these jobs once.

    Args:
        folder: where the files are.
        files: of the jobs, in their order.
        matcher: as of `unique_companies`.
        weakest: as of `unique_companies`.
        shown: the tiers whose companies are given.
        max_shown: above this number none is given.
        cancellation: ends the question.
        hints: as of `unique_companies`.

    Raises:
        UnavailableError: the files cannot be read, or the question was interrupted.
    """
    with companies_of(folder, files, cancellation) as companies:
        identity, join = companies.identity()
        tiers = _RowTiers(companies, matcher, weakest, hints=hints)
        lines = (
            f"SELECT {identity} AS company, rank, rank + before - 1 AS place, {tiers.number} AS strongest"
            f" FROM file AS s JOIN job USING (job_id) {join} {' '.join(tiers.joins)}"
        )
        table = companies.query_table(
            "company",
            f"SELECT min(rank * {_PLACES} + place) % {_PLACES} AS best, min(strongest + place * {_PLACES}) AS strongest"
            f" FROM ({lines}) GROUP BY company, CASE WHEN company IS NULL THEN place END",
        )
        tier, doubtful = f"strongest // {_PLACES**2}", "strongest % 2"
        numbers_of = companies.rows(f"SELECT {tier}, {doubtful}, count(*) FROM {table} GROUP BY ALL")
        counts = Counts.of_pairs({(_TIERS[at], bool(odd)): number for at, odd, number in numbers_of}, weakest)
        if not 0 < sum(counts.tiers[each] for each in shown) <= max_shown:
            return Compared(counts, ())
        numbers = ", ".join(str(_TIERS.index(each)) for each in shown)
        query = (
            f"SELECT best, {tier}, strongest % {_PLACES} // 2, {doubtful} FROM {table} WHERE {tier} IN ({numbers})"
            " ORDER BY best"
        )
        notes = {each: [*known.values(), ""] for each, known in tiers.known.items()}
        plain = {each: Match(each) for each in _TIERS}
        return Compared(
            counts,
            [
                Company(
                    best,
                    Match(each, notes[each][at], bool(odd)) if (each := _TIERS[number]) in notes else plain[each],
                )
                for best, number, at, odd in companies.rows(query)
            ],
        )


class _RowTiers:
    """The tier of each row, in SQL over ``file AS s``.

    Attributes:
        known: the keys of known companies in each tier that has notes, with these; a place after them has none.
        joins: what ``number`` needs.
        number: the tier's number times `_PLACES` squared, plus twice the place of the key in ``known``, plus 1 if the
            match is doubtful.
    """

    def __init__(self, companies: Companies, matcher: Matcher | None, weakest: Tier, *, hints: bool) -> None:
        self._companies = companies
        self.known: dict[Tier, Mapping[str, str]] = {}
        self.joins: list[str] = []
        self._cases: list[str] = []
        self._unmatched: list[str] = []
        if matcher is None:
            self.number = _start(Tier.NEW)
            return
        known, depth, by_page = matcher.known, deepest(weakest, hints=hints), _has_kind_of_page(matcher)
        self._add_keys(Tier.LINKEDIN, "_linkedin", known.linkedin)
        if looks_for(Tier.HOST, depth):
            paged = {host: note for host, note in known.hosts.items() if host in known.paged}
            doubt = f'CASE WHEN {{}}."at" < {len(paged)} AND {by_page} THEN 1 ELSE 0 END'
            self._add_keys(Tier.HOST, "_host", paged | known.hosts, doubt)
        if looks_for(Tier.SITE, depth) and known.hosts:
            hosts = self._hosts_below(known.sites, self._is_unmatched())
            self._add(Tier.SITE, "_host", known.sites, {host: matcher.site_of(text_key(host) or "") for host in hosts})
        comparable, not_comparable = self._same_kind(matcher, by_page), _start(Tier.NOT_COMPARABLE)
        if looks_for(Tier.NAME, depth) and known.names:
            found = {name: matcher.name_of(name) for name in self._different("name", self._is_unmatched())}
            if looks_for(Tier.NAME, weakest):
                self._add(Tier.NAME, "name", known.names, found)
            else:
                table = self._add(Tier.NAME, "name", known.names, found, f" AND {comparable}")
                self.known[Tier.NOT_COMPARABLE] = known.names
                not_comparable += f' + coalesce({table}."at" * 2 + 1, {len(known.names) * 2})'
        self.number = (
            f"CASE {' '.join(self._cases)} WHEN {comparable} THEN {_start(Tier.NEW)} ELSE {not_comparable} END"
        )

    def _add_keys(self, tier: Tier, column: str, known: Mapping[str, str], doubt: str = "0") -> None:
        """Rows that have a known key; ``doubt`` is 1 for those that are doubtful, with ``{}`` for their table."""
        self._join(tier, column, self._companies.key_table("known_", _in_files(known)), known, doubt=doubt)

    def _add(
        self, tier: Tier, column: str, known: Mapping[str, str], keys: Mapping[str, str | None], condition: str = ""
    ) -> str:
        """Rows whose value stands for a known key, and for which the condition holds; returns the name of a table."""
        places = {key: at for at, key in enumerate(known)}
        found = {value: places[key] for value, key in keys.items() if key is not None}
        table = self._companies.table("known_", key=list(found), at=list(found.values()))
        self._join(tier, column, table, known, condition)
        return table

    def _join(
        self, tier: Tier, column: str, table: str, known: Mapping[str, str], condition: str = "", doubt: str = "0"
    ) -> None:
        self.known[tier] = known
        self.joins.append(f"LEFT JOIN {table} ON s.{column} = {table}.key")
        number = f'{_start(tier)} + {table}."at" * 2 + {doubt.format(table)}'
        self._cases.append(f"WHEN {table}.key IS NOT NULL{condition} THEN {number}")
        self._unmatched.append(f"{table}.key IS NULL")

    def _is_unmatched(self) -> str:
        """Whether a row has none of the stronger tiers."""
        return " AND ".join(self._unmatched)

    def _same_kind(self, matcher: Matcher, by_page: str) -> str:
        """Whether a row has a kind of key that known companies have too."""
        if not matcher.known.hosts:
            return by_page
        hosts = self._hosts_below(all_shared(), f"NOT {by_page}")
        table = self._companies.table("shared", key=[host for host in hosts if is_shared(text_key(host) or "")])
        self.joins.append(f"LEFT JOIN {table} ON s._host = {table}.key")
        return f"({by_page} OR (s._host IS NOT NULL AND {table}.key IS NULL))"

    def _hosts_below(self, names: Iterable[str], condition: str) -> list[str]:
        """The different hosts of rows for which the condition holds, at least those that end in one of these names."""
        endings = {".".join(name.split(".")[-2:]) for name in names}
        table = self._companies.key_table("ending_", _in_files(endings))
        return self._different("_host", f"{_ENDING} IN (SELECT key FROM {table}) AND {condition}")

    def _different(self, column: str, condition: str) -> list[str]:
        """The different values of rows for which the condition holds, with the `joins` that there are."""
        query = f"SELECT DISTINCT s.{column} FROM file AS s {' '.join(self.joins)} WHERE {condition}"
        return [value for (value,) in self._companies.rows(query) if value is not None]


def _start(tier: Tier) -> str:
    """The first of the numbers of a tier."""
    return str(_TIERS.index(tier) * _PLACES**2)


def _has_kind_of_page(matcher: Matcher) -> str:
    """Whether a row has a LinkedIn page of a kind that known companies have too, in SQL."""
    pages = {
        (True, True): "TRUE",
        (True, False): f"NOT {_IS_NUMBER}",
        (False, True): _IS_NUMBER,
        (False, False): "FALSE",
    }[matcher.has_slugs, matcher.has_numbers]
    return f"(s._linkedin IS NOT NULL AND {pages})"


def _in_files(keys: Iterable[str]) -> list[str]:
    """The keys as files have them."""
    return [key_text(key) or "" for key in keys]
