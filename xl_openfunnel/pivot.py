"""A pivot table of companies. pandas is imported when one is made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from .cell_values import Block, Cell, to_cell, to_text
from .company_key import comparable, looks_blank
from .errors import CELL_PREFIX, CELL_UNITS, ConfigurationError, UnknownColumnError
from .exact_numbers import Number, calculate, floats_are_exact, number_of, result_cell
from .fields import ALL_COLUMNS
from .text import clip

if TYPE_CHECKING:
    import pandas as pd

FUNCTIONS: Final = ("count", "sum", "mean", "median", "min", "max", "nunique")
MAX_COLUMNS: Final = 2_000
MAX_CELLS: Final = 1_000_000
MAX_ENTRIES: Final = 5_000_000
"""Lines of companies, one for each combination of the entries of their lists: two lists of thousands of entries turn
one company into millions of lines."""
BLANK: Final = "(blank)"
TOTAL: Final = "Total"

_COUNTS: Final = ("count", "nunique")
_SYNONYMS: Final = {"average": "mean", "avg": "mean", "counta": "count", "distinct": "nunique", "total": "sum"}


def needed_columns(rows: Sequence[str], columns: Sequence[str] = (), values: str | None = None) -> list[str]:
    """The columns that the frame for :func:`pivot` must have, each once; the arguments are the same.

    Raises:
        ConfigurationError: no row field, a field both in rows and in columns, or ``*``.
    """
    if not rows:
        raise ConfigurationError("There is no row field. Name a column to group by, for example country.")
    if both := sorted({name.casefold() for name in rows} & {name.casefold() for name in columns}):
        raise ConfigurationError(
            f"The column {both[0]} is both a row field and a column field. Name it in one of them only."
        )
    names = [*rows, *columns, *([] if values is None else [values])]
    if ALL_COLUMNS in names:
        raise ConfigurationError("A pivot takes no *. Name its columns one by one, for example country.")
    return list(dict.fromkeys(names))


def pivot(
    frame: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str] = (),
    values: str | None = None,
    function: str | None = None,
) -> Block:
    """A pivot table of the frame's rows, which are companies.

    The header has the names of the row fields, then a label per column (with several column fields their labels
    joined with `` / ``) and ``Total``; without column fields one name, such as ``companies`` or
    ``mean of revenue_usd``. A line per combination of row values that occurs follows, then a line ``Total``, and
    one that tells how many values were left out of a calculation, if any.

    Texts with the same `comparable` are one group, shown in its most frequent spelling, of equally frequent ones the
    first. Whole numbers that a float cannot hold are grouped by their digits. Within each group the largest total comes
    first; ties are sorted by label, an ordered category (``employee_band``) by its own order, ``(blank)`` last. A field
    with lists has a line per entry: a company counts once under each of its entries and once in every total, so lines
    can add up to more than their total. Totals are calculated from the companies, not from the cells. ``count`` counts
    companies, or those with a value; ``nunique`` counts different values, the entries of lists one by one; the others
    use numbers only, no text, booleans, lists or infinities, nor whole numbers beyond all floats. A sum, minimum or
    maximum of whole numbers has all its digits, as text where a float cannot hold it; any other result is the exact
    one, rounded once. A cell is ``""`` where there are no companies or nothing to calculate with, or where the result
    is beyond all floats.

    Args:
        frame: a row per company, with the columns that :func:`needed_columns` names.
        rows: one or more columns, in any case.
        columns: others, or none.
        values: the column to calculate with.
        function: one of ``FUNCTIONS``, in any case. None or blank is ``count``, or ``sum`` with ``values``.

    Returns:
        Rows of texts, floats and booleans, all of one width; texts have at most 255 UTF-16 units.

    Raises:
        UnknownColumnError: the frame has no such column.
        ConfigurationError: an unknown function, a column without numbers, more than ``MAX_COLUMNS`` columns or
            ``MAX_CELLS`` cells, or what :func:`needed_columns` refuses.
    """
    function = _function_name(function, values)
    needed_columns(rows, columns, values)
    value = None if values is None else _own_names(frame, [values])[0]
    row_fields = [_Field(frame, name) for name in _own_names(frame, rows)]
    col_fields = [_Field(frame, name) for name in _own_names(frame, columns)]
    companies = _Companies(frame, [*row_fields, *col_fields], value, function)
    lines = companies.arrange("line", row_fields)
    heads = companies.arrange("head", col_fields) if col_fields else []
    cell_count = (len(lines) + 2) * (len(row_fields) + len(heads) + 1)
    _check_limit(len(heads), MAX_COLUMNS, "columns")
    _check_limit(cell_count, MAX_CELLS, "cells")
    last = TOTAL if col_fields else "companies" if value is None else f"{function} of {value}"
    header = [
        *(field.name for field in row_fields),
        *(" / ".join(to_text(label) for label in head) for head in heads),
        last,
    ]
    grid: list[list[Any]] = [[""] * len(heads) for _ in lines]
    if heads:
        for line, head, result in companies.results("line", "head").reset_index().itertuples(index=False, name=None):
            grid[line][head] = result
    totals = companies.results("line").sort_index().tolist() if lines else []
    body = [[*labels, *inner, total] for labels, inner, total in zip(lines, grid, totals, strict=True)]
    column_totals = companies.results("head").sort_index().tolist() if heads else []
    grand_total = companies.results().get(0, 0.0 if function in _COUNTS else "")
    bottom = [TOTAL, *[""] * (len(row_fields) - 1), *column_totals, grand_total]
    note = [[_left_out(companies.left_out, function, value), *[""] * (len(bottom) - 1)]] if companies.left_out else []
    return [list(map(_cell, line)) for line in (header, *body, bottom, *note)]


def _left_out(count: int, function: str, value: str | None) -> str:
    what = "1 value" if count == 1 else f"{count:,} values"
    why = "is not a number" if count == 1 else "are not numbers"
    return f"{CELL_PREFIX}Left out of the {function}: {what} of {value} that {why}."


def _check_limit(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise ConfigurationError(
            f"That pivot has {count:,} {what}, more than {limit:,}. Name fields with fewer values."
        )


def _function_name(function: str | None, values: str | None) -> str:
    name = comparable(str(function or "")) or ("count" if values is None else "sum")
    if name not in FUNCTIONS:
        close = get_close_matches(name, (*FUNCTIONS, *_SYNONYMS), n=1)
        known = ", ".join(FUNCTIONS)
        hint = f"Did you mean {_SYNONYMS.get(close[0], close[0])}?" if close else f"There are {known}."
        raise ConfigurationError(f"There is no function {name[:40]!r}. {hint}")
    if values is None and name != "count":
        raise ConfigurationError(f"The function {name} needs a column of values. Name one, for example employee_count.")
    return name


def _own_names(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """The names as the frame spells them, each once."""
    own = {column.casefold(): column for column in frame.columns} | {column: column for column in frame.columns}
    for name in names:
        if name not in own and name.casefold() not in own:
            raise UnknownColumnError(f"There is no column {name!r}. There are {', '.join(frame.columns)}.")
    return list(dict.fromkeys(own.get(name) or own[name.casefold()] for name in names))


class _Field:
    """One column: its different ``labels`` in their natural order, ``(blank)`` last, and its ``codes``.

    A code is the position of a label. The index of the codes is the position of the company, repeated for each entry
    of a list.
    """

    def __init__(self, frame: pd.DataFrame, name: str) -> None:
        import pandas as pd

        from .table import block

        self.name, self.key = name, f"field {name}"  # a key that no column of `_Companies` has
        column = frame[name].reset_index(drop=True)
        self.ordered = isinstance(column.dtype, pd.CategoricalDtype) and bool(column.dtype.ordered)
        if column.dtype == object:  # Series.explode would take the keys of a JSON object as entries
            entries = [_entries(value) for value in column]
            positions = column.index.repeat(list(map(len, entries)))
            column = pd.Series(list(chain.from_iterable(entries)), index=positions, dtype=object)
        cells = [cell for (cell,) in block(column.to_frame(), headers=False)]
        # With the type, because True == 1.0; a text equals nothing but itself.
        typed: list[Any] = [cell if type(cell) is str else (type(cell), cell) for cell in cells]
        counts = Counter(typed)  # in the order of the companies
        key_of = {each: comparable(each) if type(each) is str else each for each in counts}
        shown: dict[Any, Any] = {key: each for each, key in key_of.items()}
        if BLANK in shown:
            key_of.update((each, "") for each, key in key_of.items() if key == BLANK)
        if len(shown) < len(counts) or BLANK in shown:
            shown = {}
            for each, _ in counts.most_common():  # of equally frequent ones the first
                shown.setdefault(key_of[each], each)
        if "" in shown:
            shown[""] = BLANK
        keys: list[Any] = sorted(shown, key=_sort_key)
        if self.ordered:
            ranks = {label: rank for rank, label in enumerate([*column.cat.categories, BLANK])}
            keys.sort(key=lambda key: ranks[shown[key]])
        codes = {key: code for code, key in enumerate(keys)}
        in_order = [shown[key] for key in keys]
        self.labels: list[Cell] = [each if type(each) is str else each[1] for each in in_order]
        self.blank = codes.get("", -1)
        self.codes = pd.Series([codes[key_of[each]] for each in typed], column.index, "int64", self.key)


def _entries(value: object) -> Sequence[Any]:
    """The filled entries of a list, or one blank where there are none; anything else is its only entry."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        return (value,)
    return [entry for entry in value if entry is not None and _is_filled(entry)] or ("",)


def _is_filled(cell: object) -> bool:
    return not isinstance(cell, str) or not looks_blank(cell)


def _sort_key(key: str | tuple[type, Any]) -> tuple[int, float, str]:
    """Numbers, then texts, then FALSE and TRUE, as a sheet sorts them; blanks last."""
    if isinstance(key, str):
        return (1 if key else 3), 0.0, key
    kind, number = key
    return (2 if kind is bool else 0), number, ""


class _Companies:
    """The companies with the codes of their fields: a line for each combination of the entries of their lists.

    Attributes:
        left_out: how many companies have a value that cannot be calculated with.
    """

    def __init__(self, frame: pd.DataFrame, fields: Sequence[_Field], value: str | None, function: str) -> None:
        import pandas as pd

        self._function, self._unit, self.left_out = function, "company", 0
        self._exact: list[Number | None] | None = None
        counted = _Field(frame, value) if value is not None and function == "nunique" else None
        _check_limit(_combinations([*fields, *([counted] if counted else [])]), MAX_ENTRIES, "entries")
        lines = pd.DataFrame({"company": pd.RangeIndex(len(frame)), "all": 0, "line": 0, "head": 0})
        for field in fields:
            lines = lines.join(field.codes, on="company")
        if counted:
            self._unit = "value"
            lines = lines.join(counted.codes.rename("value"), on="company")
            lines["number"] = (lines["value"] != counted.blank).astype("float64")
        elif value is not None and function not in _COUNTS:
            numbers, self.left_out = _numbers(frame[value], function)
            if not floats_are_exact(numbers):
                self._exact = numbers
            else:
                lines["number"] = pd.Series(numbers, dtype="float64")[lines["company"]].to_numpy()
        else:
            lines["number"] = pd.Series(_counted(frame, value), dtype="float64")[lines["company"]].to_numpy()
        self._one_line_each = function != "nunique" and len(lines) == len(frame)
        self._lines = lines

    def results(self, *keys: str) -> pd.Series[Any]:
        """The result per combination of ``keys``; without any, that of all companies, under 0.

        These are floats, or objects where floats could not be exact, None for no numbers.
        """
        by = list(keys) or ["all"]
        lines = self._lines if self._one_line_each else self._lines.drop_duplicates([*by, self._unit])
        if self._exact is not None:
            return self._exact_results(lines, by)
        groups = lines.groupby(by[0] if len(by) == 1 else by, sort=False)["number"]
        return groups.sum(min_count=1) if self._function in (*_COUNTS, "sum") else groups.agg(self._function)

    def _exact_results(self, lines: pd.DataFrame, by: list[str]) -> pd.Series[Any]:
        import pandas as pd

        numbers: dict[tuple[int, ...], list[Number]] = {}
        columns = (lines[key].tolist() for key in by)
        for key, company in zip(zip(*columns, strict=True), lines["company"].tolist(), strict=True):
            group = numbers.setdefault(key, [])
            if (number := self._exact[company]) is not None:  # type: ignore[index]
                group.append(number)
        results = [calculate(self._function, group) if group else None for group in numbers.values()]
        index = pd.MultiIndex.from_tuples(list(numbers), names=by)
        return pd.Series(results, index.get_level_values(0) if len(by) == 1 else index, dtype=object, name="number")

    def arrange(self, name: str, fields: Sequence[_Field]) -> list[list[Cell]]:
        """The combinations of the fields' labels, in order.

        The column ``name`` of the lines becomes the position of the line's combination.
        """
        keys = [field.key for field in fields]
        groups, ascending = self._lines[keys].drop_duplicates(), {}
        for depth, field in enumerate(fields, 1):
            blank, total = f"blank {depth}", f"total {depth}"
            groups = groups.assign(**{blank: groups[field.key] == field.blank})
            ascending[blank] = True
            if not field.ordered:
                totals = _in_order(self.results(*keys[:depth])).rename(total)
                groups = groups.join(totals, on=keys[:depth])
                ascending[total] = False
            ascending[field.key] = True
        groups = groups.sort_values(list(ascending), ascending=list(ascending.values()), ignore_index=True)[keys]
        positions = groups.assign(**{name: range(len(groups))}).set_index(keys)[name]
        self._lines = self._lines.drop(columns=name).join(positions, on=keys)
        return [
            [field.labels[code] for field, code in zip(fields, codes, strict=True)]
            for codes in zip(*(groups[key].tolist() for key in keys), strict=True)
        ]


def _combinations(fields: Sequence[_Field]) -> int:
    """The number of lines for all companies, at most 1e15 for each."""
    lines, *others = [field.codes.groupby(level=0).size().astype("float64") for field in fields]
    for entries in others:
        lines = (lines * entries).clip(upper=1e15)
    return int(lines.sum())


def _counted(frame: pd.DataFrame, value: str | None) -> list[float]:
    """1 for each company that counts, else 0."""
    from .table import block

    if value is None:
        return [1.0] * len(frame)
    return [float(_is_filled(cell)) for (cell,) in block(frame[[value]], headers=False)]


def _numbers(column: Any, function: str) -> tuple[list[Number | None], int]:
    """The number of each company in a Series, None where there is none, and how many values are no numbers."""
    values = column.to_numpy(dtype=object, na_value=None).tolist()
    numbers = [number_of(value) for value in values]
    if numbers and not any(number is not None for number in numbers):
        raise ConfigurationError(
            f"The column {column.name} holds no numbers to calculate the {function} of; count and nunique work with it."
        )
    others = [value for value, number in zip(values, numbers, strict=True) if number is None and value is not None]
    return numbers, sum(_is_filled(to_cell(value)) for value in others)


def _in_order(results: pd.Series[Any]) -> pd.Series[Any]:
    """The results, exact ones replaced by their ranks, which pandas can sort with blanks among them."""
    import pandas as pd

    if results.dtype != object:
        return results
    ranks = {result: float(rank) for rank, result in enumerate(sorted(set(results) - {None}))}
    return pd.Series([ranks.get(result, math.nan) for result in results], results.index, dtype="float64")


def _cell(value: Any) -> Cell:
    cell = result_cell(value) if type(value) in (int, Fraction) else to_cell(value)
    return clip(cell, CELL_UNITS) if isinstance(cell, str) else cell
