"""A job's companies by one or more columns, as a pivot table. Imports pandas only where a table is asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..errors import CELL_UNITS, ConfigurationError, UnknownColumnError
from ..text import clip

if TYPE_CHECKING:
    import pandas as pd

    from ..table import Cell

Block: TypeAlias = list[list[str | float | bool]]
"""Rows of cells, all of one width."""

FUNCTIONS: Final = ("count", "sum", "mean", "median", "min", "max", "nunique")
MAX_COLUMNS: Final = 2_000
MAX_CELLS: Final = 1_000_000
MAX_ENTRIES: Final = 5_000_000
"""Companies under every combination of their lists' entries: two lists of some thousands each make millions of one."""
BLANK: Final = "(blank)"
TOTAL: Final = "Total"

_COUNTING: Final = ("count", "nunique")
_OTHER_NAMES: Final = {"average": "mean", "avg": "mean", "counta": "count", "distinct": "nunique", "total": "sum"}


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
    if "*" in names:
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

    First comes a header: the names of the row fields, then a label per column (with several column fields their
    labels joined with `` / ``) and ``Total``; without column fields one name, such as ``companies`` or
    ``mean of revenue_usd``. Then a line per combination of row values that occurs, then a line ``Total``.

    The largest total comes first, group by group; ties go by label, an ordered category (``employee_band``) by its
    own order, ``(blank)`` last. A field with lists has a line per entry: a company takes part once under each of
    its entries and once in every total, so lines can add up to more than their total. Totals are calculated from
    the companies, not from the cells. ``count`` counts companies, or those with a value; ``nunique`` different
    values, the entries of lists one by one; the others take real numbers only, no text, booleans or infinities.
    A cell is ``""`` where there are no companies, or nothing to calculate with.

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
        ConfigurationError: an unknown function, a column without numbers, more than ``MOST_COLUMNS`` columns or
            ``MOST_CELLS`` cells, or what :func:`needed_columns` refuses.
    """
    how = _function(function, values)
    needed_columns(rows, columns, values)
    value = None if values is None else _found(frame, [values])[0]
    row_fields = [_Field(frame, name) for name in _found(frame, rows)]
    col_fields = [_Field(frame, name) for name in _found(frame, columns)]
    companies = _Companies(frame, [*row_fields, *col_fields], value, how)
    lines = companies.arrange("line", row_fields)
    heads = companies.arrange("head", col_fields) if col_fields else []
    cells = (len(lines) + 2) * (len(row_fields) + len(heads) + 1)
    _check_limit(len(heads), MAX_COLUMNS, "columns")
    _check_limit(cells, MAX_CELLS, "cells")
    last = TOTAL if col_fields else "companies" if value is None else f"{how} of {value}"
    header = [*(field.name for field in row_fields), *(" / ".join(map(_as_text, head)) for head in heads), last]
    grid: list[list[Any]] = [[""] * len(heads) for _ in lines]
    if heads:
        for line, head, result in companies.results("line", "head").reset_index().itertuples(index=False, name=None):
            grid[line][head] = result
    totals = companies.results("line").sort_index().tolist() if lines else []
    body = [[*labels, *inner, total] for labels, inner, total in zip(lines, grid, totals, strict=True)]
    below = companies.results("head").sort_index().tolist() if heads else []
    whole = companies.results().get(0, 0.0 if how in _COUNTING else "")
    bottom = [TOTAL, *[""] * (len(row_fields) - 1), *below, whole]
    return [list(map(_shown, line)) for line in (header, *body, bottom)]


def _check_limit(count: int, most: int, what: str) -> None:
    if count > most:
        raise ConfigurationError(f"That pivot has {count:,} {what}, more than {most:,}. Name fields with fewer values.")


def _function(function: str | None, values: str | None) -> str:
    name = str(function or "").strip().casefold() or ("count" if values is None else "sum")
    if name not in FUNCTIONS:
        close = get_close_matches(name, (*FUNCTIONS, *_OTHER_NAMES), n=1)
        known = ", ".join(FUNCTIONS)
        hint = f"Did you mean {_OTHER_NAMES.get(close[0], close[0])}?" if close else f"There are {known}."
        raise ConfigurationError(f"There is no function {name[:40]!r}. {hint}")
    if values is None and name != "count":
        raise ConfigurationError(f"The function {name} needs a column of values. Name one, for example employee_count.")
    return name


def _found(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """The frame's own spelling of the names, each once."""
    own = {column.casefold(): column for column in frame.columns} | {column: column for column in frame.columns}
    for name in names:
        if name not in own and name.casefold() not in own:
            raise UnknownColumnError(f"There is no column {name!r}. There are {', '.join(frame.columns)}.")
    return list(dict.fromkeys(own.get(name) or own[name.casefold()] for name in names))


class _Field:
    """One column: its different ``labels`` in their natural order, ``(blank)`` last, and its ``codes``.

    A code is a label's place. The index of the codes is the company's place, several times where it has a list.
    """

    def __init__(self, frame: pd.DataFrame, name: str) -> None:
        import pandas as pd

        from ..table import block

        self.name, self.key = name, f"field {name}"  # a key that is none of our own among the entries
        column = frame[name].reset_index(drop=True)
        self.ordered = isinstance(column.dtype, pd.CategoricalDtype) and bool(column.dtype.ordered)
        ranks = {label: rank for rank, label in enumerate([*column.cat.categories, BLANK])} if self.ordered else {}
        if column.dtype == object:  # Series.explode would take the keys of a JSON object as entries
            entries = [_entries(value) for value in column]
            places = column.index.repeat(list(map(len, entries)))
            column = pd.Series(list(chain.from_iterable(entries)), index=places, dtype=object)
        cells = [cell for (cell,) in block(column.to_frame(), headers=False)]
        typed = list(zip(map(type, cells), cells, strict=True))  # because True == 1.0
        shown = {pair: pair if _filled(pair[1]) else (str, BLANK) for pair in set(typed)}
        different = sorted(set(shown.values()), key=lambda pair: (ranks.get(pair[1], 0), _natural(pair[1])))
        codes = {pair: code for code, pair in enumerate(different)}
        self.labels, self.blank = [label for _, label in codes], codes.get((str, BLANK), -1)
        self.codes = pd.Series([codes[shown[pair]] for pair in typed], column.index, "int64", self.key)


def _entries(value: object) -> Sequence[Any]:
    """The entries of a list that say something, one blank if none does; of anything else, itself."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        return (value,)
    return [entry for entry in value if entry is not None and (type(entry) is not str or entry.strip())] or ("",)


def _filled(cell: object) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _natural(label: Cell) -> tuple[int, float, str, str]:
    """Numbers, then texts, then FALSE and TRUE, as a sheet sorts them; blanks last."""
    if isinstance(label, str):
        return (3 if label == BLANK else 1), 0.0, label.casefold(), label
    return (2 if isinstance(label, bool) else 0), label, "", ""


class _Companies:
    """The companies with the codes of their fields, on several lines where a field of theirs has several entries."""

    def __init__(self, frame: pd.DataFrame, fields: Sequence[_Field], value: str | None, how: str) -> None:
        import pandas as pd

        self._how, self._unit = how, "company"
        different = _Field(frame, value) if value is not None and how == "nunique" else None
        _check_limit(_combinations([*fields, *([different] if different else [])]), MAX_ENTRIES, "entries")
        entries = pd.DataFrame({"company": pd.RangeIndex(len(frame)), "all": 0, "line": 0, "head": 0})
        for field in fields:
            entries = entries.join(field.codes, on="company")
        if different:
            self._unit = "value"
            entries = entries.join(different.codes.rename("value"), on="company")
            entries["number"] = (entries["value"] != different.blank).astype("float64")
        else:
            entries["number"] = pd.Series(_numbers(frame, value, how), dtype="float64")[entries["company"]].to_numpy()
        self._once = how != "nunique" and len(entries) == len(frame)
        self._lines = entries

    def results(self, *keys: str) -> pd.Series[Any]:
        """The result per combination of ``keys``; without any, that of all companies, under 0."""
        import numpy as np

        by = list(keys) or ["all"]
        lines = self._lines if self._once else self._lines.drop_duplicates([*by, self._unit])
        groups = lines.groupby(by[0] if len(by) == 1 else by, sort=False)["number"]
        with np.errstate(over="ignore"):  # what is beyond all floats shows as blank
            return groups.sum(min_count=1) if self._how in (*_COUNTING, "sum") else groups.agg(self._how)

    def arrange(self, name: str, fields: Sequence[_Field]) -> list[list[Cell]]:
        """The combinations of the fields' labels, in order; the key ``name`` becomes the place of each company's."""
        keys = [field.key for field in fields]
        found, order = self._lines[keys].drop_duplicates(), {}
        for depth, field in enumerate(fields, 1):
            blank, total = f"blank {depth}", f"total {depth}"
            found, order[blank] = found.assign(**{blank: found[field.key] == field.blank}), True
            if not field.ordered:
                found, order[total] = found.join(self.results(*keys[:depth]).rename(total), on=keys[:depth]), False
            order[field.key] = True
        found = found.sort_values(list(order), ascending=list(order.values()), ignore_index=True)[keys]
        places = found.assign(**{name: range(len(found))}).set_index(keys)[name]
        self._lines = self._lines.drop(columns=name).join(places, on=keys)
        return [
            [field.labels[code] for field, code in zip(fields, codes, strict=True)]
            for codes in zip(*(found[key].tolist() for key in keys), strict=True)
        ]


def _combinations(fields: Sequence[_Field]) -> int:
    """Companies under every combination of their entries, as far as that can be counted."""
    found, *others = [field.codes.groupby(level=0).size().astype("float64") for field in fields]
    for more in others:
        found = (found * more).clip(upper=1e15)
    return int(found.sum())


def _numbers(frame: pd.DataFrame, value: str | None, how: str) -> list[float]:
    """What to add up or calculate with, per company; NaN where there is nothing."""
    from ..table import block

    if value is None:
        return [1.0] * len(frame)
    cells = [cell for (cell,) in block(frame[[value]], headers=False)]
    if how == "count":
        return [float(_filled(cell)) for cell in cells]
    numbers = [cell if type(cell) is float else math.nan for cell in cells]
    if cells and all(map(math.isnan, numbers)):
        raise ConfigurationError(
            f"The column {value} holds no numbers to calculate the {how} of; count and nunique work with it."
        )
    return numbers


def _as_text(label: Cell) -> str:
    """A label as part of a text, written as a sheet writes it."""
    if isinstance(label, str):
        return label
    return str(label).upper() if isinstance(label, bool) else f"{label:.15g}"


def _shown(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return clip(cell, CELL_UNITS)
    return cell if isinstance(cell, bool) else float(cell) if math.isfinite(cell) else ""
