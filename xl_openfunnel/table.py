"""Rows of a job -> a DataFrame with real dtypes -> a block of cells.

:func:`frame` decides what a value *is* (text, whole number, list ...), :func:`block` how a cell *shows* it.
Nothing is guessed: ``TRUE`` and ``99`` are names of companies, ``2-10`` is a size, and all of them stay text.

The fields, nulls and ranges are those that the service was seen to send in 2026, in three shapes.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from copy import deepcopy
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from itertools import islice, repeat
from numbers import Real
from types import NoneType
from typing import Any, Final, TypeAlias

import pandas as pd

from .errors import ConfigurationError, UnknownColumnError
from .text import clip, safe_str

Cell: TypeAlias = str | float | bool
"""What any host can show. A blank is the empty text."""

# fmt: off
DEFAULT_COLUMNS: Final[tuple[str, ...]] = (
    "rank", "name", "domain", "linkedin_url", "headquarters", "employee_count", "match_reason",
)
"""What a cell shows where no columns are named."""

SERVICE_COLUMNS: Final[tuple[str, ...]] = (
    "name", "domain", "linkedin_url", "headquarters", "employee_count", "company_size", "match_reason",
    "funding_stage", "revenue_usd", "industries", "hq_city", "hq_region", "hq_country",
    "linkedin_follower_count", "description", "tagline", "rerank_score",
    "match_score", "source_band", "source_query",
)
"""Every field the service is known to send, in the order of a full table."""

DERIVED_COLUMNS: Final[tuple[str, ...]] = ("country", "city", "employee_band")
"""Columns made here, shown only where they are named."""

EMPLOYEE_BANDS: Final[tuple[str, ...]] = (
    "1–10", "11–50", "51–200", "201–500", "501–1000", "1001–5000", "5001–10000", "10001+",
)
"""Company sizes in natural order, with an en dash: a sheet makes a date of ``2-10``."""
# fmt: on

MOST_FIELDS: Final = 1_000
"""Fields of one table: the service sends twenty, and a column takes memory however few its values are."""

MOST_CELLS: Final = 5_000_000
"""Cells of one table: ten times a largest job with all its fields. They are made where a row has no value, too."""

_ALL: Final = "*"
_KNOWN: Final = tuple(dict.fromkeys((*DEFAULT_COLUMNS, *DERIVED_COLUMNS, *SERVICE_COLUMNS)))
_PLACE: Final = {name: place for place, name in enumerate(SERVICE_COLUMNS)}
_ABSENT: Final[Any] = object()  # the value of a key that a row doesn't have; null is None

# "python", so that the dtype is the same with and without pyarrow, and lone surrogates are legal.
_TEXT: Final = pd.StringDtype("python")
_BAND: Final = pd.CategoricalDtype(pd.Index(EMPLOYEE_BANDS, dtype=object), ordered=True)
_BAND_ENDS: Final = (10, 50, 200, 500, 1000, 5000, 10000)
_NUMBER: Final = r"([0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})"
# Possessive: a text of many spaces that is no size must not be tried with every share of them for each part.
_SIZE: Final = re.compile(rf"\s*+{_NUMBER}\s*+(?:\+|[-‐‑‒–—]\s*+{_NUMBER})?\s*+")
_INT64: Final = range(-(2**63), 2**63)
_EXACT: Final = range(-(2**53), 2**53 + 1)


def parse_columns(value: object) -> tuple[str, ...] | None:
    """The columns that a person named in a text, a list of texts or a range of cells.

    Args:
        value: ``"name,domain"``, ``"name;domain"``, ``"*"``, or a list, nested or not, of such texts.

    Returns:
        The names, trimmed, each once whatever its case, known ones in their own spelling. Blanks are
        skipped; None where nothing is left, so that the caller's default holds.

    Raises:
        UnknownColumnError: something other than text is among them.
    """
    names: dict[str, str] = {}
    for text in _texts(value):
        for name in filter(None, map(str.strip, re.split("[,;]", text))):
            folded = name.casefold()
            names.setdefault(folded, folded if folded in _KNOWN else name)
    return tuple(names.values()) or None


def frame(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None, *, strict: bool = True
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

    Empty text and null stay apart. Where a row has no ``employee_count`` its ``company_size`` (the older
    shape) stands in, as a number if it is one, else as the text of a range. ``rank`` and ``employee_band``
    are always made here; ``country`` and ``city`` only where the row has no field of that name.

    Args:
        rows: JSON objects as the service sent them.
        columns: names, in any case. ``"*"`` stands for ``rank`` and every field the rows have, known ones
            first, and without any row for ``DEFAULT_COLUMNS``. None is ``"*"``.
        strict: whether to refuse a name that means nothing here and is in no row; else its column is blank.

    Returns:
        A frame of exactly these columns, with a RangeIndex.

    Raises:
        UnknownColumnError: a name that is refused. Without any row every name is taken.
        ConfigurationError: more than `MOST_FIELDS` or `MOST_CELLS`.
    """
    asked = (parse_columns(columns) if isinstance(columns, str) else columns) or (_ALL,)
    needed = None if _ALL in asked else {field for name in asked for field in _recipe(name.casefold())[0]}
    fields, seen, count = _collect(rows, needed)
    names = _chosen(asked, seen if count else None, strict=strict)
    series = [_DTYPES.get(name, _by_content)(_values(name, fields, count)) for name in names]
    table = pd.DataFrame(dict(enumerate(series)), index=pd.RangeIndex(count), copy=False)
    # Objects, because the text that pandas 3 chooses depends on pyarrow, which refuses lone surrogates.
    table.columns = pd.Index(names, dtype=object)
    return table


def deep_copy(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy that shares nothing that can be changed, not even the lists in its cells."""
    copied = frame.copy()
    for name in copied.select_dtypes(object).columns:
        copied[name] = pd.Series([deepcopy(v) if isinstance(v, (list, dict)) else v for v in frame[name]], dtype=object)
    return copied


def block(
    frame: pd.DataFrame, *, headers: bool = True, text_limit: int | None = None
) -> list[list[str | float | bool]]:
    """Any DataFrame as a rectangle of cells holding text, floats and booleans only.

    Blanks of every kind become ``""``, lists are joined with ``; ``, objects are written as compact JSON;
    infinities, dates and whatever else there may be as text. Never raises.

    Args:
        frame: any frame. Its index is left out: ``reset_index()`` first where it says something.
        headers: whether the first row holds the names of the columns, levels joined with `` / ``.
        text_limit: the most UTF-16 units of a text; a longer one is cut and ends in ``…``.

    Returns:
        A row per row of the frame, after one of names with ``headers``; each as wide as the frame.
    """
    columns = [[_header(label)] * headers + _cells(column) for label, column in frame.items()]
    if text_limit is not None:
        columns = [_clipped(cells, text_limit) for cells in columns]
    if not columns:
        return [[] for _ in range(len(frame) + headers)]
    return list(map(list, zip(*columns, strict=True)))


def cell_of(value: object, text_limit: int) -> Cell:
    """One value of whatever kind, as :func:`block` shows it."""
    return _clipped([_cell(value)], text_limit)[0]


def check_size(fields: int, rows: int) -> None:
    """Refuse a table that would take all memory before it is made, whatever a service sends.

    Raises:
        ConfigurationError: more than `MOST_FIELDS` or `MOST_CELLS`.
    """
    if fields > MOST_FIELDS or fields * rows > MOST_CELLS:
        raise ConfigurationError(
            f"That is too much for one table: {fields:,} fields of {rows:,} companies. Name the columns you want, for "
            'example "name,domain".'
        )


# --- which columns -----------------------------------------------------------------------------------------


def _texts(value: object) -> Iterator[str]:
    """All texts in ``value``, however nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        raise UnknownColumnError(f'{value!r} is no column. Give names as text, for example "name,domain".')


def _collect(
    rows: Iterable[Mapping[str, Any]], needed: Set[str] | None
) -> tuple[dict[str, list[Any]], dict[str, None], int]:
    """One pass over the rows.

    Args:
        rows: as of :func:`frame`.
        needed: casefolded names of the fields to keep; None keeps all.

    Returns:
        The values of each field kept, ``_ABSENT`` where a row doesn't have it; the names of all fields in
        order of appearance; the number of rows.

    Raises:
        ConfigurationError: too many to be kept.
    """
    fields: dict[str, list[Any]] = {}
    seen: dict[str, None] = {}
    count, most = 0, MOST_CELLS
    for row in rows:
        if not row.keys() <= seen.keys():
            new = [name for name in row if name not in seen]
            seen.update(dict.fromkeys(new))
            kept = [name for name in new if needed is None or name.casefold() in needed]
            check_size(len(fields) + len(kept), count)
            fields.update((name, [_ABSENT] * count) for name in kept)
            most = MOST_CELLS // max(len(fields), 1)
        if count >= most:
            check_size(len(fields), count + 1)
        for name, values in fields.items():
            values.append(row.get(name, _ABSENT))
        count += 1
    return fields, seen, count


def _chosen(asked: Iterable[str], seen: Mapping[str, None] | None, *, strict: bool) -> list[str]:
    """The names of the frame's columns, each once, where ``seen`` are the rows' fields; None: no rows."""
    fields = [] if seen is None else sorted(seen, key=lambda name: _PLACE.get(name, len(_PLACE)))
    everything = DEFAULT_COLUMNS if seen is None else ("rank", *fields)
    spelling = {name.casefold(): name for name in (*reversed(fields), *_KNOWN)}
    names: dict[str, None] = {}
    for name in asked:
        if name == _ALL:
            names.update(dict.fromkeys(everything))
        elif name in fields:
            names[name] = None
        elif seen is None or not strict or name.casefold() in spelling:
            names[spelling.get(name.casefold(), name)] = None
        else:
            raise UnknownColumnError(_unknown(name, spelling))
    return list(names)


def _unknown(name: str, spelling: Mapping[str, str]) -> str:
    close = get_close_matches(name.casefold(), islice(reversed(list(spelling)), MOST_FIELDS), n=3)
    meant = " or ".join(spelling[found] for found in close)
    hint = f"Did you mean {meant}?" if meant else 'The column "*" shows all there are.'
    return f"There is no column {name[:40]!r}. {hint}"


# --- what a value is ---------------------------------------------------------------------------------------


def _as_sent(value: Any) -> Any:
    return None if value is _ABSENT else value


def _employee_count(count: Any, size: Any) -> Any:
    if count is not _ABSENT:
        return count
    if isinstance(size, str):
        digits = size.strip()
        return int(digits) if re.fullmatch("[0-9]{1,15}", digits) else digits or None
    return _as_sent(size)


def _employee_band(count: Any, size: Any) -> str | None:
    """The band of a count, or of the lower bound of a range; None for what can't be read."""
    lowest = _employee_count(count, size)
    if isinstance(lowest, str) and (found := _SIZE.fullmatch(lowest)):
        lowest = int(found[1].replace(",", ""))
    if type(lowest) not in (int, float) or not lowest >= 0:
        return None
    return EMPLOYEE_BANDS[bisect_left(_BAND_ENDS, lowest)]


def _place(part: int, own: Any, hq: Any, headquarters: Any) -> Any:
    """The country (part 2 of headquarters, cut at the last comma) or the city (part 0)."""
    if own is not _ABSENT:
        return own
    return _strip_or_none(hq) or _strip_or_none(headquarters).rpartition(",")[part].strip() or None


def _strip_or_none(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


_Recipe: TypeAlias = tuple[tuple[str, ...], Callable[..., Any]]
_MADE: Final[Mapping[str, _Recipe]] = {
    "employee_count": (("employee_count", "company_size"), _employee_count),
    "employee_band": (("employee_count", "company_size"), _employee_band),
    "country": (("country", "hq_country", "headquarters"), partial(_place, 2)),
    "city": (("city", "hq_city", "headquarters"), partial(_place, 0)),
}


def _recipe(name: str) -> _Recipe:
    """The fields that a column is made from, and the function that makes a value of theirs."""
    return _MADE.get(name, ((name,), _as_sent))


def _values(name: str, fields: Mapping[str, list[Any]], count: int) -> list[Any]:
    """The values of one column, None where there is nothing."""
    if name == "rank":
        return list(range(1, count + 1))
    sources, make = _recipe(name)
    return list(map(make, *(fields.get(source) or repeat(_ABSENT, count) for source in sources)))


# --- which dtype a column has ------------------------------------------------------------------------------


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


_DTYPES: Final[Mapping[str, Callable[[list[Any]], pd.Series[Any]]]] = {
    "rank": _integers,
    "employee_count": _integers,
    "revenue_usd": _integers,
    "linkedin_follower_count": _integers,
    "rerank_score": _numbers,
    "match_score": _numbers,
    "employee_band": partial(pd.Series, dtype=_BAND),
    "industries": partial(pd.Series, dtype=object),
}


# --- how a value shows -------------------------------------------------------------------------------------


def _cells(column: pd.Series[Any]) -> list[Cell]:
    """One column as cells, whole columns at a time where the dtype says what is in it."""
    dtype: Any = column.dtype
    if dtype == _TEXT:
        return column.to_numpy(dtype=object, na_value="").tolist()
    if isinstance(dtype, pd.CategoricalDtype):
        shown = [*_cells(pd.Series(dtype.categories)), ""]  # the code of a blank is -1
        return [shown[code] for code in column.cat.codes.tolist()]
    if dtype.kind in "iuf":
        numbers = column.to_numpy(dtype="float64", na_value=math.nan)
        cells = numbers.astype(object)
        cells[numbers != numbers] = ""
        infinite = abs(numbers) == math.inf
        cells[infinite] = [str(number) for number in numbers[infinite].tolist()]
        return cells.tolist()
    return [_cell(value) for value in column]


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return str.__str__(value)  # of a subclass too, whatever it makes of itself
    if pd.api.types.is_bool(value):
        return bool(value)
    if isinstance(value, (Real, Decimal)):
        try:
            number = float(value)
        except Exception:
            return safe_str(value)
        return number if math.isfinite(number) else "" if math.isnan(number) else str(number)
    if isinstance(value, (list, tuple, set, frozenset)):
        return "; ".join(item if isinstance(item, str) else _json(item) for item in value if item is not None)
    if isinstance(value, dict):
        return _json(value)
    return "" if pd.api.types.is_scalar(value) and pd.isna(value) else safe_str(value)


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=safe_str)
    except (RecursionError, TypeError, ValueError):
        return safe_str(value)


def _header(label: object) -> Cell:
    levels = label if isinstance(label, tuple) else (label,)
    return " / ".join(safe_str(level) for level in levels if _cell(level) != "")


def _clipped(cells: list[Cell], units: int) -> list[Cell]:
    half = units // 2  # as many characters fit, whatever they are
    return [
        clip(cell, units)
        if isinstance(cell, str) and len(cell) > half and not (len(cell) <= units and cell.isascii())
        else cell
        for cell in cells
    ]
