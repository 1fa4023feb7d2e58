"""Rows to serve: invented companies as odd as real ones, or real rows from a file.

The rates and lengths were measured on 2,400 recorded rows of the same shape. Beyond these there are names and
match reasons that begin with ``=``, ``-``, ``@``, TAB and CR, which real rows were not seen to have.
"""

from __future__ import annotations

import json
import random
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from . import prose, vocabulary
from .prose import pick

Shape = Literal["full", "narrow", "old"]

_T = TypeVar("_T")

_TRAP_EVERY: Final = 41
"""One row in so many has a name out of `vocabulary.TRAPS`."""

_NO_REASON_ROWS: Final = 10
"""Match reasons are missing in blocks of so many rows, 1 % of all."""

_PLACES: Final = tuple((place, country) for country, cities in vocabulary.PLACES.items() for place in cities)

_FUNDING_STAGES: Final = tuple(vocabulary.FUNDING)
_FUNDING_SUMS: Final = tuple(accumulate(vocabulary.FUNDING.values()))


_WANTED: Final = "one JSON object a line is wanted"


def companies(count: int, seed: int = 0, shape: Shape = "full") -> list[dict[str, Any]]:
    """Invented companies, the same for the same seed.

    A shorter list is the beginning of a longer one, and the shapes describe the same companies.

    Args:
        count: how many.
        seed: which ones.
        shape: ``full``, 16 fields, about 1.8 KB a row; ``narrow``, without the prose of ``description`` and
            ``tagline``; ``old``, the seven fields of earlier answers, with ``company_size`` as a text.

    Raises:
        ValueError: an unknown shape, or a negative count.
    """
    if shape not in ("full", "narrow", "old"):
        raise ValueError(f"shape is full, narrow or old, not {shape!r}")
    if count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    maker = _Maker(seed)
    rows = [maker.row(position) for position in range(count)]
    if shape == "old":
        return [maker.aged(row) for row in rows]
    return [maker.with_prose(row) for row in rows] if shape == "full" else rows


def load_rows(path: Path | str, limit: int | None = None) -> list[dict[str, Any]]:
    """Rows from a file with one JSON object a line; blank lines are skipped.

    Args:
        path: the file, in UTF-8.
        limit: most rows to read; None reads all.

    Raises:
        ValueError: a line is no JSON object; the message names the file and the line.
        OSError: the file can't be read.
    """
    with Path(path).open("rb") as file:
        filled = ((number, line) for number, line in enumerate(file, 1) if line.strip())
        return [_parsed(line, f"{path}, line {number}") for number, line in islice(filled, limit)]


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_no_constant)
    except ValueError as error:
        raise ValueError(f"{where}: {_WANTED}, and this is no JSON ({error}).") from None
    if not isinstance(row, dict):
        raise ValueError(f"{where}: {_WANTED}, and this is none.")  # noqa: TRY004 - wrong text
    return row


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


class _Maker:
    """Makes one row after the other; prose has dice of its own, so that all shapes agree."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(f"companies {seed}")  # noqa: S311 - the same in every run, not secret
        self._prose = random.Random(f"prose {seed}")  # noqa: S311
        self._slugs: Counter[str] = Counter()
        self._domains: dict[str, None] = {}
        self._stem = ""
        self._without_reason = 0

    def row(self, position: int) -> dict[str, Any]:
        """The next company, in the narrow shape."""
        chance = self._dice.random
        name, slug = self._name(position)
        known = chance() >= 0.067
        city, region, country, headquarters = self._place()
        return {
            "name": name,
            "domain": self._domain(),
            "linkedin_url": f"https://www.linkedin.com/company/{self._unique(slug)}",
            "headquarters": headquarters,
            "match_reason": self._reason(name.strip("\t\r") if chance() < 0.5 else name),
            "rerank_score": None,
            "employee_count": self._employees() if known else None,
            "funding_stage": self._funding() if chance() >= 0.33 else None,
            "revenue_usd": self._amount(10_000_000, 2.5, 29_938_000_000) if chance() >= 0.70 else None,
            "industries": self._industries() if known else None,
            "hq_city": city,
            "hq_region": region,
            "hq_country": country,
            "linkedin_follower_count": self._amount(822, 3.0, 4_000_266) if known else None,
        }

    def aged(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row as earlier answers gave it: an exact size as text, or a range."""
        count = row["employee_count"]
        ranged = count is None or self._prose.random() < 0.06
        size = vocabulary.SIZE_RANGES[bisect((11, 51, 201, 501, 1001, 5001, 10001), count or 0)]
        return {
            **{key: row[key] for key in ("name", "domain", "linkedin_url", "headquarters")},
            "company_size": size if ranged else str(count),
            **{key: row[key] for key in ("match_reason", "rerank_score")},
        }

    def with_prose(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with ``description`` and ``tagline``, null together with the other facts."""
        if row["employee_count"] is None:
            return {**row, "description": None, "tagline": None}
        text = prose.description(row, self._prose)
        same = self._prose.random() < 0.135
        return {**row, "description": text, "tagline": text if same else prose.tagline(self._prose)}

    def _pick(self, values: Sequence[_T]) -> _T:
        return pick(self._dice, values)

    def _name(self, position: int) -> tuple[str, str]:
        """A name and the slug of its page."""
        any_of, chance = self._pick, self._dice.random
        self._stem = stem = any_of(vocabulary.STARTS) + any_of(vocabulary.MIDDLES) + any_of(vocabulary.ENDS)
        if position % _TRAP_EVERY == 7:
            turn, index = divmod(position // _TRAP_EVERY, len(vocabulary.TRAPS))
            name = vocabulary.TRAPS[index].format(stem=stem, STEM=stem.upper(), n=turn + 1)
            return name, stem.lower()
        kind = chance()
        if kind < 0.004:
            name, slug = any_of(vocabulary.FOREIGN_NAMES)
            return name.format(stem=stem), slug.format(stem=stem.lower())
        if kind < 0.01:
            name = any_of(vocabulary.LONG_NAMES).format(name=f"{stem} {any_of(vocabulary.TRADES)}", stem=stem)[:79]
        elif kind < 0.02:
            name = stem[:2]
        elif kind < 0.40:
            name = stem
        elif kind < 0.75:
            name = f"{stem} {any_of(vocabulary.TRADES)}"
        elif kind < 0.90:
            name = f"{stem}{any_of(vocabulary.FORMS)}"
        elif kind < 0.96:
            name = f"{stem} & {any_of(vocabulary.STARTS)}{any_of(vocabulary.ENDS)}"
        else:
            name = f"{stem} {any_of(vocabulary.TRADES)}{any_of(vocabulary.FORMS)}"
        slug = "".join(c if c.isalnum() or c == "." else "-" for c in name.lower())
        return name, "-".join(part for part in slug.split("-") if part)

    def _unique(self, slug: str) -> str:
        self._slugs[slug] += 1
        times = self._slugs[slug]
        if times == 1:
            return slug
        return self._unique(f"{slug}-{times}")

    def _domain(self) -> str:
        """A website, now and then none, an earlier row's, or a long sub-domain."""
        kind, stem = self._dice.random(), self._stem.lower()
        if kind < 0.055:
            return ""
        if kind < 0.069 and self._domains:
            return next(reversed(self._domains))
        if kind < 0.12:
            domain = f"{self._pick(('careers', 'shop', 'app.eu', 'jobs'))}.{stem}.example"
        elif kind < 0.40:
            domain = f"{stem}{self._pick(('group', 'hq', '-online', 'app'))}.example"
        else:
            domain = f"{stem}.example"
        while domain in self._domains:
            domain = f"{self._pick(vocabulary.STARTS).lower()}-{domain}"
        self._domains[domain] = None
        return domain

    def _place(self) -> tuple[str | None, str | None, str | None, str | None]:
        """City, region, country and headquarters, which don't always agree."""
        chance = self._dice.random
        if chance() < 0.11:
            return None, None, None, None
        (city, region), country = self._pick(_PLACES)
        headquarters = country if chance() < 0.045 else f"{city}, {country}"
        return (
            city if chance() >= 0.09 and headquarters != country else None,
            region if chance() >= 0.08 else None,
            country if chance() >= 0.057 else None,
            headquarters,
        )

    def _amount(self, median: float, spread: float, most: int) -> int:
        """A size of the usual kind: half below ``median``, a few very large."""
        return min(most, int(median * self._dice.lognormvariate(0.0, spread)))

    def _employees(self) -> int:
        return 0 if self._dice.random() < 0.003 else max(1, self._amount(21, 2.6, 152_642))

    def _funding(self) -> str:
        return _FUNDING_STAGES[bisect(_FUNDING_SUMS, self._dice.random() * _FUNDING_SUMS[-1])]

    def _industries(self) -> list[str]:
        chance = self._dice.random
        how_many = 1 if chance() < 0.26 else min(16, 2 + int(self._dice.expovariate(0.25)))
        found = dict.fromkeys(self._pick(vocabulary.INDUSTRIES) for _ in range(how_many))
        if chance() < 0.135:
            found[self._pick(vocabulary.COMMA_INDUSTRIES)] = None
        return list(found)

    def _reason(self, name: str) -> str | None:
        """Why it matches; missing in blocks, quoting nearly always."""
        any_of, chance = self._pick, self._dice.random
        if not self._without_reason and chance() < 0.01 / _NO_REASON_ROWS:
            self._without_reason = _NO_REASON_ROWS
        if self._without_reason:
            self._without_reason -= 1
            return None
        kind = chance()
        verb, end = any_of(vocabulary.VERBS), any_of(vocabulary.REASON_ENDS)
        if kind < 0.02:
            return f"{name} {verb} {any_of(vocabulary.THINGS)} for {any_of(vocabulary.CLIENTS)}, {end}"
        who = "Yes — it" if kind < 0.14 else "It" if kind < 0.26 else name
        quoted = f'"{any_of(vocabulary.THINGS)}" for "{any_of(vocabulary.CLIENTS)}"'
        return (
            f'{who} fits because it {verb} {quoted} and {any_of(vocabulary.VERBS)} "{any_of(vocabulary.THINGS)}", {end}'
        )
