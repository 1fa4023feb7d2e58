"""A pivot table of the companies of many jobs, from their files: the answers and errors of `pivot.pivot`, to the cell.

DuckDB groups by the values as they are. `pivot_rules` decides which of the distinct values look alike; the few that
are shown otherwise are replaced in the query.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any, Final

from ..cell_values import Block, to_cell
from ..company_key import looks_blank
from ..criteria import Criteria
from ..exact_numbers import calculate, number_of, rounded
from ..fields import EMPLOYEE_BANDS, JOB_COLUMN, FieldType
from ..pivot_rules import (
    BLANK,
    COUNTS,
    MAX_CELLS,
    Codes,
    Labels,
    Question,
    Result,
    Spelling,
    check_limit,
    check_size,
    group_of,
    labels_of,
    layout,
    levels,
    no_numbers,
    spelling,
)
from .companies import Cancellation, Companies, JobFile, companies_of
from .conditions import conditions, field_type, is_column
from .connection import literal

MAX_COMPANIES: Final = 5_000_000
"""Companies that one question takes, 500 jobs of 10,000: most take a second or two, within the memory of a
connection."""

MAX_ENTRIES: Final = 100_000_000
"""Lines of one question, where the entries of two lists are combined."""

_PART: Final = 1_000_000
"""Values that DuckDB holds at once where it must hold all: more would not fit into the memory of a connection."""

_ENTRIES: Final = 3
"""Entries of an average list."""

_PLAIN: Final = literal("[!-~]+( [!-~]+)*")
"""Texts that only their case can make different from what they look like, as in `comparable`."""

_AGGREGATES: Final = {
    "count": "count(*) FILTER (v)",
    "companies": "count(DISTINCT v) + count(*) FILTER (v IS NULL)",
    "nunique": "count(DISTINCT v)",
    "sum": "sum(v)",
    "mean": "sum(v), count(v)",
    "median": "median(v)",
    "min": "min(v)",
    "max": "max(v)",
}
"""Of the column ``v``, in SQL."""

_MIDDLE: Final = "quantile_disc(v, [0.5, 0.500000001])"
"""The values in the middle, for up to 500 million: DuckDB rounds their mean where a float cannot hold it."""

_HALVES: Final = 2**51
"""Up to here a float holds whole numbers and their halves, and differences of these."""

_FLOATS: Final = "list(v) FILTER (v IS NOT NULL)"
"""For sums and means of floats, which DuckDB rounds on the way."""


def can_answer(question: Question, *, job_column: bool = False) -> bool:
    """Whether all columns of the question are in the files; with ``job_column`` also that of the job's id."""
    return all(is_column(name, job_column=job_column) for name in question.needed_columns)


def pivot(
    folder: Path,
    files: Sequence[JobFile],
    question: Question,
    criteria: Criteria = (),
    cancellation: Cancellation | None = None,
) -> Block:
    """The pivot table of the companies of all these jobs; no line at all where none of them meets the criteria.

    Args:
        folder: where the files are.
        files: of the jobs, in the order that matters where spellings are equally frequent.
        question: one that `can_answer` accepts.
        criteria: which companies; `can_judge` accepts them.
        cancellation: ends the question.

    Raises:
        ConfigurationError: as `pivot.pivot` raises it; but the limits of companies and entries are larger here.
        UnavailableError: the files cannot be read, or the question was interrupted.
    """
    with companies_of(folder, files, cancellation) as companies:
        companies.choose(conditions(companies, criteria))
        if criteria and companies.rows("SELECT count(*) FROM file") == [(0,)]:
            return []
        asked = _Pivot(companies, question)
        return layout(question, [group.labels for group in asked.groups], asked.results().__getitem__, 0)


@dataclass(frozen=True)
class _Group:
    """One field.

    Attributes:
        codes: those of the values that ``sql`` gives.
        sql: the values, for a list the list of its entries; each stands for one group, null for blanks.
    """

    labels: Labels
    codes: Mapping[Any, int]
    sql: str
    is_list: bool = False


@dataclass
class _Pivot:
    """A question about companies."""

    companies: Companies
    question: Question
    joins: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.groups = [self._group(name) for name in self.question.fields]
        self.value = self._value()
        self.aggregates = self._aggregates()

    def results(self) -> dict[tuple[int, ...], dict[Codes, Result]]:
        """The result of each group of each of the `levels`."""
        needed = levels(self.question, [group.labels for group in self.groups])
        self._check_size()
        found: dict[tuple[int, ...], dict[Codes, Result]] = {level: {} for level in needed}
        exploded = {level: tuple(at for at in level if self.groups[at].is_list) for level in needed}
        for lists in dict.fromkeys(exploded.values()):
            together = [level for level in needed if exploded[level] == lists]
            holds_all = self.question.function == "median" or self._needs_floats()
            apart = holds_all and self.companies.count * len(together) > _PART
            for batch in [[level] for level in together] if apart else [together]:
                self._add_results(found, batch, lists)
        return found

    def _add_results(
        self, found: dict[tuple[int, ...], dict[Codes, Result]], needed: list[tuple[int, ...]], lists: tuple[int, ...]
    ) -> None:
        """Add the results of those levels that have the same lists: so no company has two lines in a group."""
        positions = sorted({at for level in needed for at in level})
        names = [f"f{at}" for at in positions]
        sets = ", ".join(f"({', '.join(f'f{at}' for at in level)})" for level in needed)
        function = self.question.function
        aggregates = self.aggregates
        level_of = {
            sum(1 << bit for bit, at in enumerate(reversed(positions)) if at not in level): level for level in needed
        }
        which = f"grouping_id({', '.join(names)})" if names else "0"
        lines = self._lines(positions, lists)
        for part in self._parts(self.companies.count * len(needed) * (_ENTRIES if lists else 1)):
            rows = self.companies.rows(
                f"SELECT {', '.join([which, *names, aggregates])} FROM ({lines}) {part}"
                + (f" GROUP BY GROUPING SETS ({sets})" if names else "")
            )
            for number, *row in rows:
                level = level_of[number]
                codes = tuple(
                    self.groups[at].codes[value] for at, value in zip(positions, row, strict=False) if at in level
                )
                result = _result(function, row[len(positions) :])
                found[level][codes] = result + (found[level].get(codes) or 0) if function in COUNTS else result  # type: ignore[operator]

    def _lines(self, positions: Sequence[int], lists: Collection[int]) -> str:
        """A query with a line per combination of the entries of these lists; its columns are ``f0`` ..., ``v``."""
        columns = [f"{self.groups[at].sql} AS f{at}" for at in positions]
        query = f"SELECT {', '.join([*columns, f'{self.value} AS v'])} FROM file AS s {' '.join(self.joins)}"
        unnested = [f"f{at}" for at in lists] + ["v"] * self._counts_entries()
        for name in unnested:
            query = f"SELECT * REPLACE (unnest({name}) AS {name}) FROM ({query})"
        return query

    def _parts(self, held: int) -> list[str]:
        """Conditions that divide the lines where different values are counted, so that equal ones are in one part."""
        count = 1 + held // _PART
        if self.question.function not in ("companies", "nunique") or count == 1:
            return [""]
        return [f"WHERE coalesce(hash(v) % {count}, 0) = {part}" for part in range(count)]

    def _check_size(self) -> None:
        rows = len(self.question.rows)
        if prod(len(group.labels.labels) + 2 for group in self.groups) * (rows + 1) <= MAX_CELLS:
            return
        every = range(len(self.groups))
        check_size(self.question, self._count_groups(every[:rows]), self._count_groups(every[rows:]))

    def _count_groups(self, positions: Sequence[int]) -> int:
        if not positions:
            return 0
        lines = self._lines(positions, [at for at in positions if self.groups[at].is_list])
        names = ", ".join(f"f{at}" for at in positions)
        ((count,),) = self.companies.rows(f"SELECT count(*) FROM (SELECT DISTINCT {names} FROM ({lines}))")
        return int(count)

    # --- fields ---

    def _group(self, name: str) -> _Group:
        kind = field_type(name)
        if kind is FieldType.BAND:
            bands = labels_of(name, dict.fromkeys((*EMPLOYEE_BANDS, ""), 1), EMPLOYEE_BANDS)
            return _Group(
                bands, {**{place: place for place in range(len(EMPLOYEE_BANDS))}, None: bands.blank}, "s._band"
            )
        found = self._different(f"unnest({name})" if kind is FieldType.LIST else name)
        counts: dict[Spelling, int] = {"": 0}
        for value, count in found.items():
            each = spelling(to_cell(value))
            counts[each] = counts.get(each, 0) + count
        labels = labels_of(name, counts, first_positions=lambda texts: self._first_positions(name, kind, texts))
        codes = {value: labels.codes[spelling(to_cell(value))] for value in found} | {None: labels.blank}
        if kind is FieldType.LIST:
            keys = {None if value is None else group_of(value) or None: code for value, code in codes.items()}
            return _Group(labels, keys, f"s._{name}", is_list=True)
        if kind is not FieldType.TEXT:
            return _Group(labels, codes, f"s.{name}")
        shown = {value: None if code == labels.blank else labels.labels[code] for value, code in codes.items()}
        moved = {value: own for value, own in shown.items() if value != own}
        shown_codes = {shown[value]: code for value, code in codes.items()}
        return _Group(labels, shown_codes, self._replaced(f"s.{name}", moved))

    def _different(self, values: str) -> dict[Any, int]:
        """The different values, as they are, and how often each occurs."""
        lines = f"FROM (SELECT {values} AS x FROM file)"
        if self.companies.count > MAX_CELLS:
            ((about,),) = self.companies.rows(f"SELECT approx_count_distinct(x) {lines}")
            parts = 1 + about // MAX_CELLS
            counts = (
                self.companies.rows(f"SELECT count(DISTINCT x) {lines} WHERE hash(x) % {parts} = {part}")[0][0]
                for part in range(parts if parts > 1 else 0)
            )
            check_limit(sum(counts), MAX_CELLS, "rows")
        found = self.companies.rows(f"SELECT x, count(*) {lines} GROUP BY x")
        check_limit(len(found), MAX_CELLS, "rows")
        return dict(found)

    def _first_positions(self, name: str, kind: FieldType, texts: Collection[Spelling]) -> dict[Spelling, int]:
        entry = f"unnest({name}) AS x, generate_subscripts({name}, 1)" if kind is FieldType.LIST else f"{name} AS x, 0"
        entries = f"SELECT {entry} AS place, rank FROM placed"
        place = "min(rank::HUGEINT * 1_000_000_000 + place)"
        return dict(
            self.companies.rows(
                f"SELECT x, {place} FROM ({entries}) WHERE x IN (SELECT unnest(?)) GROUP BY x", [list(texts)]
            )
        )

    def _replaced(self, text: str, replacements: Mapping[str, Any], otherwise: str = "") -> str:
        """The text with some of its values replaced, and the others as they are or something else, in SQL."""
        otherwise = otherwise or text
        if not replacements:
            return otherwise
        table = self.companies.table("replaced_", text=list(replacements), own=list(replacements.values()))
        self.joins.append(f"LEFT JOIN {table} ON {text} = {table}.text")
        return f"CASE WHEN {table}.text IS NULL THEN {otherwise} ELSE {table}.own::VARCHAR END"

    # --- values ---

    def _value(self) -> str:
        """The column ``v`` of `_AGGREGATES`, in SQL."""
        name, function = self.question.values, self.question.function
        if function == "companies":
            identity, join = self.companies.identity()
            self.joins.append(join)
            return identity
        if name is None:
            return "TRUE"
        kind = field_type(name)
        if function == "count":
            return self._filled(name, kind)
        if function == "nunique":
            return (
                f"s._{name}" if kind is FieldType.LIST else self._key(name) if kind is FieldType.TEXT else f"s.{name}"
            )
        if self._has_no_numbers(name, kind):
            raise no_numbers(name, function)
        return f"s.{name}"

    def _filled(self, name: str, kind: FieldType) -> str:
        if kind not in (FieldType.TEXT, FieldType.LIST):
            return f"s.{name} IS NOT NULL"
        text = f"s.{name}" if kind is FieldType.TEXT else f"array_to_string(s.{name}, '; ')"
        others = self.companies.rows(
            f"SELECT DISTINCT x FROM (SELECT {text} AS x FROM file AS s) WHERE NOT regexp_matches(x, '[!-~]')"
        )
        return f"({self._replaced(text, {x: None for (x,) in others if looks_blank(x)})}) IS NOT NULL"

    def _key(self, name: str) -> str:
        """What the texts of a column look like, in SQL; null for blanks."""
        if name == JOB_COLUMN:
            return f"s.{name}"
        others = self.companies.rows(f"SELECT DISTINCT {name} FROM file WHERE NOT regexp_full_match({name}, {_PLAIN})")
        key = self._replaced(f"s.{name}", {text: group_of(text) for (text,) in others}, f"lower(s.{name})")
        return f"nullif(nullif({key}, {literal(BLANK)}), '')"

    def _has_no_numbers(self, name: str, kind: FieldType) -> bool:
        if not self.companies.count:
            return False
        if kind not in (FieldType.INTEGER, FieldType.NUMBER):
            return True
        ((count,),) = self.companies.rows(f"SELECT count({name}) FROM file")
        return not count

    def _aggregates(self) -> str:
        """Those of the function, exact for these values."""
        if self._needs_floats():
            return _FLOATS
        if self.question.function == "median" and (name := self.question.values) is not None:
            ((lowest, highest),) = self.companies.rows(f"SELECT min({name}), max({name}) FROM file")
            if not (type(lowest) is int and -_HALVES <= lowest <= highest <= _HALVES):
                return _MIDDLE
        return _AGGREGATES[self.question.function]

    def _needs_floats(self) -> bool:
        name = self.question.values
        return self.question.function in ("sum", "mean") and name is not None and field_type(name) is FieldType.NUMBER

    def _counts_entries(self) -> bool:
        name = self.question.values
        return self.question.function == "nunique" and name is not None and field_type(name) is FieldType.LIST


def _result(function: str, values: Sequence[Any]) -> Result:
    """The result of what `_Pivot.aggregates` gives."""
    if function in COUNTS or values[0] is None:
        return values[0]  # type: ignore[no-any-return]
    if len(values) == 2:
        return rounded(Fraction(*values))
    numbers = values[0] if isinstance(values[0], list) else values
    return rounded(
        calculate("mean" if function == "median" else function, [number_of(number) or 0 for number in numbers])
    )
