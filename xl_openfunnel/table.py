"""Rows of a job -> a DataFrame with real dtypes -> a block of cells. Imports pandas.

:func:`frame` decides what a value *is* (text, whole number, list ...), :func:`block` how a cell *shows* it.
Nothing is guessed: ``TRUE`` and ``99`` are names of companies, ``2-10`` is a size, and all of them stay text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from copy import deepcopy
from difflib import get_close_matches
from functools import cache, partial
from itertools import islice, repeat
from types import NoneType
from typing import Any, Final

import pandas as pd

from .cell_values import Block, Cell, clip_cells, safe_str, to_cell
from .errors import ConfigurationError, UnknownColumnError
from .fields import (
    ABSENT,
    ALL_COLUMNS,
    BY_NAME,
    DEFAULT_COLUMNS,
    EMPLOYEE_BANDS,
    JOB_COLUMN,
    SERVICE_COLUMNS,
    TIER_COLUMN,
    Field,
    FieldType,
    columns_of,
    fields_of,
    parse_columns,
)
from .selection import ALL, DerivedColumn, Selection, chosen_positions
from .text import alternatives

MAX_FIELDS: Final = 1_000
"""Fields of one table: the service sends twenty, and a column takes memory however few its values are."""

MAX_CELLS: Final = 5_000_000
"""Cells of one table: ten times a largest job with all its fields. They are made where a row has no value, too."""

_SERVICE_ORDER: Final = {name: position for position, name in enumerate(SERVICE_COLUMNS)}

# "python", so that the dtype is the same with and without pyarrow, and lone surrogates are legal.
_TEXT: Final = pd.StringDtype("python")
_BAND: Final = pd.CategoricalDtype(pd.Index(EMPLOYEE_BANDS, dtype=object), ordered=True)
_INT64: Final = range(-(2**63), 2**63)
_EXACT: Final = range(-(2**53), 2**53 + 1)


def frame(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
    *,
    strict: bool = True,
    selection: Selection = ALL,
) -> pd.DataFrame:
    """The rows as a DataFrame, in their order, a column per field.

    ``rows`` is read once and only the values that the columns need are kept: it may decode as it goes.

    | column | dtype |
    | --- | --- |
    | ``rank``: the service's order, from 1 | Int64 |
    | ``employee_count``, ``revenue_usd``, ``linkedin_follower_count`` | Int64, else object |
    | ``rerank_score``, ``match_score`` | Float64, else object |
    | ``employee_band`` | ordered category with all of ``EMPLOYEE_BANDS`` |
    | ``industries`` | object: the lists as they came |
    | any other, with nothing but text and nulls | string |
    | any other, with nothing but whole numbers, or numbers, and nulls | Int64, Float64 |
    | any other | object: the values as they came |

    Empty text and null stay apart. Where ``employee_count`` is absent or blank, ``company_size`` (the
    older shape) is used, as a number if it is one, else as the text of a range. ``rank`` and ``employee_band``
    are always derived; ``country`` and ``city`` only where the row has nothing under that name. A field of the rows
    that is named like a derived column has another name (`columns_of`).

    Args:
        rows: JSON objects as the service sent them.
        columns: names, in any case. ``"*"`` stands for ``rank`` and every field the rows have, known ones
            first, and without any row for ``DEFAULT_COLUMNS``. None is ``"*"``.
        strict: whether to refuse a name that is neither known nor in any row; else its column is blank.
        selection: which of the rows, in which order. Its columns need not be among those of the frame.

    Returns:
        A frame of exactly these columns, with a RangeIndex.

    Raises:
        UnknownColumnError: a name that is refused. Without any row every name is taken.
        ConfigurationError: more than `MAX_FIELDS` or `MAX_CELLS`.
    """
    return _frame(rows, columns, None, strict=strict, selection=selection)


def stacked_frame(
    rows: Iterable[Mapping[str, Any]],
    jobs: Sequence[tuple[str, int]],
    columns: Sequence[str] | None = None,
    *,
    selection: Selection = ALL,
) -> pd.DataFrame:
    """The rows of several jobs as one DataFrame, after a column ``job_id``. ``rank`` starts over with each job.

    A column that only some jobs have is blank for the others.

    Args:
        rows: the rows of all jobs, one job after the other.
        jobs: the id of each job and the number of its rows, in this order.
        columns: as of :func:`frame`, which also says what is raised; ``job_id`` is always the first.
        selection: as of :func:`frame`; the rows are chosen and sorted as one.
    """
    return _frame(rows, [JOB_COLUMN, *(columns or (ALL_COLUMNS,))], jobs, selection=selection)


def _frame(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str] | None,
    jobs: Sequence[tuple[str, int]] | None,
    *,
    strict: bool = True,
    selection: Selection,
) -> pd.DataFrame:
    requested = (parse_columns(columns) if isinstance(columns, str) else columns) or (ALL_COLUMNS,)
    wanted = (*requested, *selection.columns)
    derived = {column.name: column for column in selection.derived}
    needed = None if ALL_COLUMNS in requested else {field for name in wanted for field in fields_of(name)}
    if needed is not None:
        needed.update(field for name in wanted if name in derived for field in derived[name].sources)
    collected, field_names, count = _collect(rows, needed)
    columns_by_field = columns_of(field_names)
    own = columns_by_field.values() if count else None
    made: dict[str, list[Any]] = (
        {} if jobs is None else {JOB_COLUMN: [job_id for job_id, size in jobs for _ in range(size)]}
    )
    always = (*made, *derived)
    names = _resolve_columns(requested, own, always, strict=strict)
    deciding = {name: _resolve_columns([name], own, always, strict=strict)[0] for name in selection.columns}
    by_column = {columns_by_field[field]: values for field, values in collected.items()}
    sizes = [count] if jobs is None else [size for _, size in jobs]
    made["rank"] = [rank for size in sizes for rank in range(1, size + 1)]
    if selection.chosen is not None:
        for name, values in selection.chosen.columns:
            own_values: list[Any] = [""] * count
            for position, value in zip(selection.chosen.positions if count else (), values, strict=False):
                own_values[position] = value
            made[name] = own_values
            names = [*(other for other in names if other.casefold() != name), name]

    @cache
    def values_of(name: str) -> list[Any]:
        if name in made:
            return made[name]
        known = derived.get(name) or BY_NAME.get(name)
        return _column_values(name, known, by_column, count)

    if selection and count:
        chosen = chosen_positions(selection, count, lambda name: values_of(deciding[name]))
        series = [_series(name, list(map(values_of(name).__getitem__, chosen))) for name in names]
        count = len(chosen)
    else:
        series = [_series(name, values_of(name)) for name in names]
    table = pd.DataFrame(dict(enumerate(series)), index=pd.RangeIndex(count), copy=False)
    # Objects, because the text that pandas 3 chooses depends on pyarrow, which refuses lone surrogates.
    table.columns = pd.Index(map(selection.title, names), dtype=object)
    return table


def deep_copy(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy that shares nothing that can be changed, not even the lists in its cells."""
    copied = frame.copy()
    for name in copied.select_dtypes(object).columns:
        copied[name] = pd.Series([deepcopy(v) if isinstance(v, (list, dict)) else v for v in frame[name]], dtype=object)
    return copied


def block(frame: pd.DataFrame, *, headers: bool = True, text_limit: int | None = None) -> Block:
    """Any DataFrame as a rectangle of cells, each value as `to_cell` converts it. Never raises.

    Args:
        frame: any frame. Its index is left out: call ``reset_index()`` first where it matters.
        headers: whether the first row holds the names of the columns, levels joined with `` / ``.
        text_limit: the most UTF-16 units of a text; a longer one is cut and ends in ``…``.

    Returns:
        A row per row of the frame, with ``headers`` after a row of names; each as wide as the frame.
    """
    columns = [[_header(label)] * headers + _cells(column) for label, column in frame.items()]
    if text_limit is not None:
        columns = [clip_cells(cells, text_limit) for cells in columns]
    if not columns:
        return [[] for _ in range(len(frame) + headers)]
    return list(map(list, zip(*columns, strict=True)))


def check_size(fields: int, rows: int) -> None:
    """Refuse a table that would take all memory, before it is made.

    Raises:
        ConfigurationError: more than `MAX_FIELDS` or `MAX_CELLS`.
    """
    if fields > MAX_FIELDS or fields * rows > MAX_CELLS:
        raise ConfigurationError(
            f"That is too much for one table: {fields:,} fields of {rows:,} companies. Name the columns you want, for "
            'example "name,domain".'
        )


# --- which columns -----------------------------------------------------------------------------------------


def _collect(
    rows: Iterable[Mapping[str, Any]], needed: Set[str] | None
) -> tuple[dict[str, list[Any]], dict[str, None], int]:
    """One pass over the rows.

    Args:
        rows: as of :func:`frame`.
        needed: casefolded names of the fields to collect; None collects all.

    Returns:
        The values of each needed field, ``ABSENT`` where a row does not have it; the names of all fields in
        order of appearance; the number of rows.

    Raises:
        ConfigurationError: more than `MAX_FIELDS` or `MAX_CELLS`.
    """
    collected: dict[str, list[Any]] = {}
    field_names: dict[str, None] = {}
    count, max_rows = 0, MAX_CELLS
    for row in rows:
        if not row.keys() <= field_names.keys():
            new_names = [name for name in row if name not in field_names]
            field_names.update(dict.fromkeys(new_names))
            needed_names = [name for name in new_names if needed is None or name.casefold() in needed]
            check_size(len(collected) + len(needed_names), count)
            collected.update((name, [ABSENT] * count) for name in needed_names)
            max_rows = MAX_CELLS // max(len(collected), 1)
        if count >= max_rows:
            check_size(len(collected), count + 1)
        for name, values in collected.items():
            values.append(row.get(name, ABSENT))
        count += 1
    return collected, field_names, count


def _resolve_columns(
    requested: Iterable[str], own: Collection[str] | None, made: Collection[str], *, strict: bool
) -> list[str]:
    """The names of the frame's columns, each once.

    Args:
        requested: as of :func:`frame`.
        own: the columns that show the fields of the rows; None where there are no rows.
        made: columns that are there with any rows.
        strict: as of :func:`frame`.
    """
    last = len(_SERVICE_ORDER)
    fields = [] if own is None else sorted(own, key=lambda name: _SERVICE_ORDER.get(name, last))
    everything = DEFAULT_COLUMNS if own is None else ("rank", *fields)
    spelling = {name.casefold(): name for name in (*reversed(fields), *BY_NAME, *made)}
    names: dict[str, None] = {}
    for name in requested:
        if name == ALL_COLUMNS:
            names.update(dict.fromkeys(everything))
        elif name in fields:
            names[name] = None
        elif own is None or not strict or name.casefold() in spelling:
            names[spelling.get(name.casefold(), name)] = None
        else:
            raise UnknownColumnError(_unknown_column_message(name, spelling))
    return list(names)


def _unknown_column_message(name: str, spelling: Mapping[str, str]) -> str:
    if name.casefold() == TIER_COLUMN:
        return f"There is no column {name!r}. OF_NEW and --new-against add it by themselves: leave it out."
    candidates = islice(reversed(list(spelling)), MAX_FIELDS)  # the known names are last, and go first
    close = get_close_matches(name.casefold(), candidates, n=3)
    suggestion = alternatives([spelling[match] for match in close])
    hint = f"Did you mean {suggestion}?" if suggestion else 'The column "*" shows all there are.'
    if name.casefold() == JOB_COLUMN and not suggestion:
        hint = "Only several jobs together have one."
    return f"There is no column {name[:40]!r}. {hint}"


# --- the values of a column and their dtype ----------------------------------------------------------------


def _column_values(
    name: str, known: Field | DerivedColumn | None, collected: Mapping[str, list[Any]], count: int
) -> list[Any]:
    """The values of one column, None where there is nothing."""
    derive = known.derive if known and known.derive else lambda value: None if value is ABSENT else value
    sources = known.sources if known and known.sources else (name,)
    return list(map(derive, *(collected.get(source) or repeat(ABSENT, count) for source in sources)))


def _series(name: str, values: list[Any]) -> pd.Series[Any]:
    field = BY_NAME.get(name)
    return _SERIES[field.type if field else FieldType.TEXT](values)


def _integers(values: list[Any]) -> pd.Series[Any]:
    """Int64 where all are whole numbers of 64 bits, written as ``12`` or ``12.0``; else objects."""
    whole = [int(value) if type(value) is float and value.is_integer() else value for value in values]
    if all(value is None or (type(value) is int and value in _INT64) for value in whole):
        return pd.Series(whole, dtype="Int64")
    return pd.Series(values, dtype=object)


def _numbers(values: list[Any]) -> pd.Series[Any]:
    """Float64 where all are numbers that a float holds exactly; else objects."""
    if all(value is None or type(value) is float or (type(value) is int and value in _EXACT) for value in values):
        return pd.Series(values, dtype="Float64")
    return pd.Series(values, dtype=object)


def _by_content(values: list[Any]) -> pd.Series[Any]:
    types = set(map(type, values)) - {NoneType}
    if types <= {str}:
        return pd.Series(values, dtype=_TEXT)
    if types == {int}:
        return _integers(values)
    return _numbers(values) if types <= {int, float} else pd.Series(values, dtype=object)


_SERIES: Final[Mapping[FieldType, Callable[[list[Any]], pd.Series[Any]]]] = {
    FieldType.TEXT: _by_content,
    FieldType.INTEGER: _integers,
    FieldType.NUMBER: _numbers,
    FieldType.LIST: partial(pd.Series, dtype=object),
    FieldType.BAND: partial(pd.Series, dtype=_BAND),
}


# --- how a column shows ------------------------------------------------------------------------------------


def _cells(column: pd.Series[Any]) -> list[Cell]:
    """One column as cells, converted as a whole where its dtype allows."""
    dtype: Any = column.dtype
    if dtype == _TEXT:
        return column.to_numpy(dtype=object, na_value="").tolist()
    if isinstance(dtype, pd.CategoricalDtype):
        labels = [*_cells(pd.Series(dtype.categories)), ""]  # the code of a blank is -1
        return [labels[code] for code in column.cat.codes.tolist()]
    if dtype.kind in "iuf":
        numbers = column.to_numpy(dtype="float64", na_value=math.nan)
        cells = numbers.astype(object)
        cells[numbers != numbers] = ""
        infinite = abs(numbers) == math.inf
        cells[infinite] = [str(number) for number in numbers[infinite].tolist()]
        if dtype.kind in "iu" and (large := abs(numbers) >= _EXACT[-1]).any():
            cells[large] = [to_cell(number) for number in column.to_numpy(dtype=object)[large]]
        return cells.tolist()
    return [to_cell(value) for value in column]


def _header(label: object) -> Cell:
    levels = label if isinstance(label, tuple) else (label,)
    return " / ".join(safe_str(level) for level in levels if to_cell(level) != "")
