"""Any Python value as a cell, and any cell as text. pandas is imported only for values that may be its own."""

from __future__ import annotations

import contextlib
import json
import math
import re
from datetime import datetime
from decimal import Decimal
from numbers import Real
from typing import Any, Final, TypeAlias

from .errors import CELL_UNITS
from .text import clip, one_line

Cell: TypeAlias = str | float | bool
"""What any host can show. A blank is the empty text."""

Block: TypeAlias = list[list[Cell]]
"""Rows of cells, all of one width."""


class NotAvailable(str):
    """A text that a host shows as its error ``#N/A`` if it can. Functions make it; `to_cell` never gives one."""

    __slots__ = ()


MAX_CELL_UNITS: Final = 32_767
"""The most UTF-16 units that one cell of Excel holds."""

TIME_FORMAT: Final = "yyyy-mm-dd hh:mm:ss"
"""The number format of cells with a date and a time, in the English codes of Excel and Calc."""

_UNKEPT: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_BREAKS: Final = re.compile("\r\n?|[\v\f]")
_SEPARATORS: Final = re.compile("[\x1c-\x1f]")
_HALVES: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
_UNSHOWN: Final = re.compile("[\x00-\x08\x0e-\x1b]")

_INT64: Final = 2**63
"""Whole numbers from here on are written as powers of ten: readers of text files have no larger integers."""

_EXCEL_EPOCH: Final = datetime(1899, 12, 30)


def to_cell(value: object) -> Cell:
    """Any value as a cell; never raises.

    Blanks of every kind (None, NaN, pandas' NA and NaT) become ``""``, lists are joined with ``; ``, objects are
    written as compact JSON; a whole number that a float cannot hold becomes its digits; infinities, dates and all else
    become text.
    """
    if isinstance(value, str):
        return str.__str__(value)  # of a subclass too, without its own __str__
    if value is None or isinstance(value, bool):
        return "" if value is None else value
    if isinstance(value, (Real, Decimal)):
        return _to_number(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return "; ".join(item if isinstance(item, str) else _compact_json(item) for item in value if item is not None)
    return _compact_json(value) if isinstance(value, dict) else _foreign_to_cell(value)


def _to_number(value: Any) -> str | float:
    """A number as a float, but ``""`` for NaN, and text for a whole number that a float cannot hold.

    Sheets have no other numbers than floats, whose whole numbers beyond 2**53 have gaps: two ids would become one.
    """
    try:
        number = float(value)
    except Exception:
        return safe_str(value)  # too large for a float, or a signalling NaN
    if math.isnan(number):
        return ""
    with contextlib.suppress(Exception):  # infinity is no whole number
        if not isinstance(value, float) and (whole := int(value)) == value and whole != number:
            return safe_str(whole)
    return number if math.isfinite(number) else str(number)


def _foreign_to_cell(value: Any) -> Cell:
    """The booleans and blanks of numpy and pandas; all else as text."""
    import pandas as pd

    if pd.api.types.is_bool(value):
        return bool(value)
    return "" if pd.api.types.is_scalar(value) and pd.isna(value) else safe_str(value)


def to_short_cell(value: object) -> Cell:
    """A value as `to_cell` gives it, text on one line and within `CELL_UNITS`; NaN as text, since it is not blank."""
    if isinstance(value, float) and math.isnan(value):
        return str(value)
    cell = to_cell(value)
    return clip(one_line(cell), CELL_UNITS) if isinstance(cell, str) else cell


def sheet_block(block: Block) -> Block:
    """The cells, each text as `sheet_text` makes it."""
    return [[sheet_text(cell) if isinstance(cell, str) else cell for cell in row] for row in block]


def clip_cells(cells: list[Cell], units: int) -> list[Cell]:
    """The cells, each text cut to so many UTF-16 units."""
    half = units // 2  # this many characters of any kind fit
    return [
        clip(cell, units)
        if isinstance(cell, str) and len(cell) > half and not (len(cell) <= units and cell.isascii())
        else cell
        for cell in cells
    ]


def sheet_text(text: str) -> str:
    """A text as a sheet can keep it: LF for every line break, and no character that its files cannot hold.

    Files of sheets are XML 1.0, which has no control characters but tab, LF and CR, and readers show their escapes
    (``_x000D_``). Form feeds and vertical tabs are line breaks, separators (U+001C to U+001F) are spaces, halves of
    characters and U+FFFE and U+FFFF become U+FFFD, and the others, which are invisible, are left out.
    """
    if text.isprintable() or _UNKEPT.search(text) is None:
        return text
    return _UNSHOWN.sub("", _HALVES.sub("\ufffd", _SEPARATORS.sub(" ", _BREAKS.sub("\n", text))))


def to_text(cell: object) -> str:
    """A cell as text: numbers with all digits and no needless fraction, booleans in capitals as sheets write them."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _INT64:
        return str(int(cell))
    return safe_str(cell)


def excel_date(moment: datetime | None) -> float | None:
    """Local time as Excel counts it: days since the end of 1899, the time of day as a fraction."""
    if moment is None:
        return None
    return (moment.astimezone().replace(tzinfo=None) - _EXCEL_EPOCH).total_seconds() / 86_400


def to_json(value: object) -> str:
    """``value`` as JSON on one line, with null for numbers that JSON does not have: 1e400 is read as infinite."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        finite = json.loads(json.dumps(value, default=str), parse_constant=lambda _: None)
        return json.dumps(finite, ensure_ascii=False)


def _compact_json(value: object) -> str:
    """``value`` as JSON without spaces; as Python writes it where JSON cannot."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=safe_str)
    except (RecursionError, TypeError, ValueError):
        return safe_str(value)


def safe_str(value: object) -> str:
    """``str(value)``, also for an object whose ``__str__`` raises."""
    try:
        return str(value)
    except Exception:
        return object.__repr__(value)
