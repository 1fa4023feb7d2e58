"""The rules of every pivot table: which questions it takes, how values become groups, their order and the layout.

A pivot's companies are aggregated elsewhere: those of a frame by `pivot`, those of many jobs' files by `columns.pivot`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from .cell_values import Block, Cell, to_text
from .company_key import comparable
from .errors import CELL_PREFIX, CELL_UNITS, ConfigurationError
from .exact_numbers import Number, result_cell
from .fields import ALL_COLUMNS, JOB_COLUMN
from .text import clip

FUNCTIONS: Final = ("count", "companies", "sum", "mean", "median", "min", "max", "nunique")
COUNTS: Final = ("count", "companies", "nunique")
"""The functions whose result is 0 where there is nothing to count; that of the others is blank."""

MAX_COLUMNS: Final = 2_000
MAX_CELLS: Final = 1_000_000
BLANK: Final = "(blank)"
TOTAL: Final = "Total"

COMPANY_COLUMNS: Final = ("linkedin_url", "domain")
"""The columns that say which companies are the same."""

_WITHOUT_VALUES: Final = ("count", "companies")
_LAST: Final = {"count": "companies", "companies": "unique companies"}
_SYNONYMS: Final = {
    "average": "mean",
    "avg": "mean",
    "counta": "count",
    "distinct": "nunique",
    "total": "sum",
    "unique": "companies",
}

Spelling: TypeAlias = str | tuple[type, Any]
"""A cell that equals no cell of another type: a text, or the type and the number or boolean (``True == 1.0``)."""

Codes: TypeAlias = tuple[int, ...]
"""A group: the positions of its labels, one for each of its fields."""

Result: TypeAlias = Number | None
"""A whole number with all its digits, or a float that was rounded once, infinite beyond all floats. None where there is
nothing to calculate with."""


@dataclass(frozen=True)
class Question:
    """What is asked of the companies, checked.

    Attributes:
        rows: one or more row fields.
        columns: column fields, or none.
        values: the column to calculate with; None for the companies themselves.
        function: one of `FUNCTIONS`.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: str | None
    function: str

    @classmethod
    def of(
        cls, rows: Sequence[str], columns: Sequence[str] = (), values: str | None = None, function: str | None = None
    ) -> Question:
        """The question as people ask it.

        Args:
            rows: one or more columns.
            columns: others, or none.
            values: the column to calculate with.
            function: one of `FUNCTIONS`, in any case. None or blank is ``count``, or ``sum`` with ``values``.

        Raises:
            ConfigurationError: no row field, a field both in rows and in columns, ``*``, or an unknown function.
        """
        if not rows:
            raise ConfigurationError("There is no row field. Name a column to group by, for example country.")
        if both := sorted({name.casefold() for name in rows} & {name.casefold() for name in columns}):
            raise ConfigurationError(
                f"The column {both[0]} is both a row field and a column field. Name it in one of them only."
            )
        if ALL_COLUMNS in (*rows, *columns, values):
            raise ConfigurationError("A pivot takes no *. Name its columns one by one, for example country.")
        return cls(tuple(rows), tuple(columns), values, _function_name(function, values))

    @property
    def fields(self) -> tuple[str, ...]:
        """The row fields, then the column fields."""
        return (*self.rows, *self.columns)

    @property
    def needed_columns(self) -> list[str]:
        """All columns that the answer is made from, each once."""
        identity = COMPANY_COLUMNS if self.function == "companies" else ()
        values = () if self.values is None else (self.values,)
        return list(dict.fromkeys((*self.fields, *values, *identity)))


def _function_name(function: str | None, values: str | None) -> str:
    name = comparable(str(function or "")) or ("count" if values is None else "sum")
    if name not in FUNCTIONS:
        close = get_close_matches(name, (*FUNCTIONS, *_SYNONYMS), n=1)
        known = ", ".join(FUNCTIONS)
        hint = f"Did you mean {_SYNONYMS.get(close[0], close[0])}?" if close else f"There are {known}."
        raise ConfigurationError(f"There is no function {name[:40]!r}. {hint}")
    if values is None and name not in _WITHOUT_VALUES:
        raise ConfigurationError(f"The function {name} needs a column of values. Name one, for example employee_count.")
    if values is not None and name == "companies":
        raise ConfigurationError("The function companies takes no column of values. Leave it out, or take nunique.")
    return name


def no_numbers(values: str, function: str) -> ConfigurationError:
    """The error for a column that has nothing to calculate with."""
    return ConfigurationError(
        f"The column {values} holds no numbers to calculate the {function} of; count and nunique work with it."
    )


def check_limit(count: int, limit: int, what: str) -> None:
    """Refuse a pivot that is too large.

    Raises:
        ConfigurationError: more than the limit.
    """
    if count > limit:
        raise ConfigurationError(
            f"That pivot has {count:,} {what}, more than {limit:,}. Name fields with fewer values."
        )


def check_size(question: Question, lines: int, heads: int) -> None:
    """Refuse a pivot with too many columns or cells.

    Args:
        question: what is asked.
        lines: the groups of the row fields.
        heads: the groups of the column fields.
    """
    check_limit(heads, MAX_COLUMNS, "columns")
    check_limit((lines + 2) * (len(question.rows) + heads + 1), MAX_CELLS, "cells")


# --- groups ------------------------------------------------------------------------------------------------


def spelling(cell: Cell) -> Spelling:
    """The cell, which then equals none of another type."""
    return cell if type(cell) is str else (type(cell), cell)


def group_of(text: str) -> str:
    """What the texts of one group share; ``""`` for blanks."""
    look = comparable(text)
    return "" if look == BLANK else look


@dataclass(frozen=True)
class Labels:
    """The groups of one field. A code is the position of a group's label.

    Attributes:
        name: of the field.
        labels: in natural order, ``(blank)`` last.
        codes: of every spelling.
        blank: the code of ``(blank)``; -1 where there is none.
        ordered: whether groups keep this order, and are not sorted by their totals.
    """

    name: str
    labels: Sequence[Cell]
    codes: Mapping[Spelling, int]
    blank: int
    ordered: bool


def labels_of(
    name: str,
    counts: Mapping[Spelling, int],
    order: Sequence[Cell] | None = None,
    first_positions: Callable[[Collection[Spelling]], Mapping[Spelling, int]] | None = None,
) -> Labels:
    """Texts that look alike are one group, shown in the most frequent spelling, of equally frequent ones the first.

    Ids of jobs are groups as they are.

    Args:
        name: of the field.
        counts: how often each spelling occurs, in the order of the companies.
        order: the labels of an ordered category.
        first_positions: where each of some spellings occurs first, for ``counts`` in another order.
    """
    groups: dict[Any, list[Spelling]] = {}
    for each in counts:
        groups.setdefault(group_of(each) if type(each) is str and name != JOB_COLUMN else each, []).append(each)
    tied: dict[Any, list[Spelling]] = {}
    shown: dict[Any, Spelling] = {}
    for key, spellings in groups.items():
        shown[key] = spellings[0]
        if key == "":
            shown[key] = BLANK
        elif len(spellings) > 1:
            most = max(map(counts.__getitem__, spellings))
            tied[key] = [each for each in spellings if counts[each] == most]
    undecided = [each for spellings in tied.values() if len(spellings) > 1 for each in spellings]
    positions = first_positions(undecided) if first_positions and undecided else {}
    shown.update({key: min(spellings, key=lambda each: positions.get(each, 0)) for key, spellings in tied.items()})
    keys = sorted(shown, key=_sort_key)
    if order is not None:
        ranks = {label: rank for rank, label in enumerate([*order, BLANK])}
        keys.sort(key=lambda key: ranks[shown[key]])  # type: ignore[index]
    return Labels(
        name,
        [label if type(label := shown[key]) is str else _number(label[1]) for key in keys],
        {each: code for code, key in enumerate(keys) for each in groups[key]},
        keys.index("") if "" in shown else -1,
        order is not None,
    )


def _number(value: Any) -> Any:
    """The value, without a sign of zero."""
    return value + 0.0 if type(value) is float else value


def _sort_key(key: Spelling) -> tuple[int, float, str]:
    """Numbers, then texts, then FALSE and TRUE, as a sheet sorts them; blanks last."""
    if isinstance(key, str):
        return (1 if key else 3), 0.0, key
    kind, number = key
    return (2 if kind is bool else 0), number, ""


# --- layout ------------------------------------------------------------------------------------------------


def levels(question: Question, fields: Sequence[Labels]) -> list[tuple[int, ...]]:
    """The sets of fields, as their positions, whose groups' results `layout` needs."""
    rows, columns = _positions(question)
    needed = [(), rows, *_totals(rows, fields)]
    if columns:
        needed += [columns, *_totals(columns, fields), (*rows, *columns)]
    return list(dict.fromkeys(needed))


def layout(
    question: Question,
    fields: Sequence[Labels],
    results: Callable[[tuple[int, ...]], Mapping[Codes, Result]],
    left_out: int,
) -> Block:
    """The pivot table, as `pivot.pivot` describes it.

    Args:
        question: what is asked.
        fields: the labels of its fields.
        results: the result of each group of some fields, one of the `levels`.
        left_out: how many values could not be calculated with.

    Raises:
        ConfigurationError: more than `MAX_COLUMNS` columns or `MAX_CELLS` cells.
    """
    rows, columns = _positions(question)
    totals, column_totals = results(rows), results(columns) if columns else {}
    check_size(question, len(totals), len(column_totals))
    lines, heads = _arranged(rows, fields, results), _arranged(columns, fields, results) if columns else []
    last = TOTAL if columns else _LAST[question.function] if question.values is None else ""
    header: list[Cell] = [
        *(fields[position].name for position in rows),
        *(" / ".join(map(to_text, _labels(fields, columns, head))) for head in heads),
        last or f"{question.function} of {question.values}",
    ]
    grid: list[list[Cell]] = [[""] * len(heads) for _ in lines]
    if columns:
        line_of, head_of = _places(lines), _places(heads)
        for codes, result in results((*rows, *columns)).items():
            grid[line_of[codes[: len(rows)]]][head_of[codes[len(rows) :]]] = _cell(result)
    body = [
        [*_labels(fields, rows, line), *inner, _cell(totals[line])] for line, inner in zip(lines, grid, strict=True)
    ]
    grand_total = results(()).get((), 0.0 if question.function in COUNTS else None)
    bottom = [*_first(TOTAL, len(rows)), *(_cell(column_totals[head]) for head in heads), _cell(grand_total)]
    block = [header, *body, bottom]
    if left_out:
        block.append(_first(_left_out(left_out, question), len(header)))
    return [[clip(cell, CELL_UNITS) if isinstance(cell, str) else cell for cell in line] for line in block]


def _positions(question: Question) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The positions of the row fields, and those of the column fields."""
    width = len(question.rows)
    return tuple(range(width)), tuple(range(width, width + len(question.columns)))


def _totals(positions: tuple[int, ...], fields: Sequence[Labels]) -> list[tuple[int, ...]]:
    """The first of these fields, then the first two ...: those whose totals decide on the order."""
    return [positions[: depth + 1] for depth, position in enumerate(positions) if not fields[position].ordered]


def _arranged(
    positions: tuple[int, ...],
    fields: Sequence[Labels],
    results: Callable[[tuple[int, ...]], Mapping[Codes, Result]],
) -> list[Codes]:
    """The groups of some fields, within each group the largest total first, ``(blank)`` last."""
    depths = [
        (fields[position], None if fields[position].ordered else results(positions[: depth + 1]))
        for depth, position in enumerate(positions)
    ]

    def order(codes: Codes) -> list[Any]:
        key: list[Any] = []
        for depth, (field, totals) in enumerate(depths):
            key.append(codes[depth] == field.blank)
            if totals is not None:
                total = totals[codes[: depth + 1]]
                key += (True, 0) if total is None else (False, -total)
            key.append(codes[depth])
        return key

    return sorted(results(positions), key=order)


def _places(groups: Sequence[Codes]) -> dict[Codes, int]:
    return {codes: place for place, codes in enumerate(groups)}


def _labels(fields: Sequence[Labels], positions: tuple[int, ...], codes: Codes) -> list[Cell]:
    return [fields[position].labels[code] for position, code in zip(positions, codes, strict=True)]


def _first(cell: Cell, width: int) -> list[Cell]:
    return [cell, *[""] * (width - 1)]


def _cell(result: Result) -> Cell:
    return "" if result is None else result_cell(result)


def _left_out(count: int, question: Question) -> str:
    what = "1 value" if count == 1 else f"{count:,} values"
    why = "is not a number" if count == 1 else "are not numbers"
    return f"{CELL_PREFIX}Left out of the {question.function}: {what} of {question.values} that {why}."
