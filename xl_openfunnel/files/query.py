"""Writes the result of a query: rows of any Python values. Text formats hold only a few rows in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO

from ..atomic import atomic_replace
from ..cell_values import TIME_FORMAT, to_cell, to_json
from ..errors import ConfigurationError
from ..fields import column_width
from ..runtime.background import without_garbage_collection
from .cells import Cell, write_json
from .delimited import write_rows

Row = Sequence[Any]

_SHEET: Final = "Result"
"""The name of the sheet, and of the table on it."""

_DAY_FORMAT: Final = "yyyy-mm-dd"
_FIRST_DAY: Final = date(1900, 3, 1)
"""From this day on all programs count the days of a sheet alike: Excel has a 29 February 1900."""


def write(
    path: Path, names: Sequence[str], rows: Iterable[Row], file_format: str, *, raw: bool = False, separator: str = ","
) -> int:
    """Write a file of any format but Parquet, as `files.write` does; return how many values got an apostrophe.

    Each of the names is there once, and each row has as many values.

    Raises:
        ConfigurationError: see `files.check`; more rows or columns than a sheet has.
        FileWriteError: the file could not be written.
    """
    with atomic_replace(path) as temporary:
        if file_format == "xlsx":
            _write_xlsx(temporary, names, rows)
            return 0
        encoding = "utf-8-sig" if file_format == "csv" else "utf-8"
        with temporary.open("w", encoding=encoding, errors="replace", newline="") as stream:
            return write_text(stream, names, rows, file_format, raw=raw, separator=separator)


def write_text(
    stream: TextIO,
    names: Sequence[str],
    rows: Iterable[Row],
    file_format: str,
    *,
    raw: bool = True,
    separator: str = ",",
) -> int:
    """Write one of `files.TEXT_FORMATS` to a stream that leaves line ends as they are; see `write`."""
    if file_format in ("csv", "tsv"):
        separator = "\t" if file_format == "tsv" else separator
        return write_rows(stream, names, map(cells, rows), separator=separator, raw=raw)
    lines = (to_json(dict(zip(names, map(plain, row), strict=True))) for row in rows)
    write_json(stream, lines, as_array=file_format == "json")
    return 0


def cells(row: Row) -> list[Cell]:
    """The values as `to_cell` gives them, but whole numbers as exact integers."""
    return [value if type(value) is int else to_cell(value) for value in map(plain, row)]


def plain(value: Any) -> Any:
    """A value as JSON has it: exact numbers, and dates and times as ISO 8601 writes them.

    A decimal becomes a float if that has the very same digits, else text.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return _number(value)
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case bytes():
            return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\x{byte:02X}" for byte in value)
        case list() | tuple():
            return list(map(plain, value))
        case dict():
            return {str(plain(key)): plain(each) for key, each in value.items()}
    return str(value)  # an interval, a UUID


def _number(value: Decimal) -> int | float | str:
    if value == (whole := int(value)):
        return whole
    number = float(value)
    return number if Decimal(repr(number)) == value else f"{value:f}"


def _write_xlsx(path: Path, names: Sequence[str], rows: Iterable[Row]) -> None:
    """A workbook with one sheet, on which the rows are a table."""
    from .xlsx import MAX_COLUMNS, MAX_ROWS, add_table, table_headers
    from .xlsx_cells import create_workbook, write_cell

    if len(names) > MAX_COLUMNS:
        raise ConfigurationError(f"{len(names):,} columns are more than a sheet of Excel has ({MAX_COLUMNS:,}).")
    with without_garbage_collection(), create_workbook(path, "The result of a query") as book:
        sheet = book.add_worksheet(_SHEET)
        days, moments = (book.add_format({"num_format": each}) for each in (_DAY_FORMAT, TIME_FORMAT))
        count = 0
        for count, row in enumerate(_limited(rows, MAX_ROWS), 1):
            for column, (value, cell) in enumerate(zip(row, cells(row), strict=True)):
                if isinstance(value, date) and _has_place(value):
                    sheet.write_datetime(count, column, value, moments if isinstance(value, datetime) else days)
                else:
                    write_cell(sheet, count, column, cell)
        headers = table_headers(list(names))
        add_table(book, sheet, _SHEET, headers, count)
        for column, (name, header) in enumerate(zip(names, headers, strict=True)):
            sheet.set_column(column, column, column_width(name) or min(max(len(header) + 5, 14), 40))
        sheet.freeze_panes(1, 0)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{count + 1}"})


def _has_place(value: date) -> bool:
    """Whether a cell can hold the day or the moment as a date: to the millisecond, without a time zone."""
    if isinstance(value, datetime):
        return value.tzinfo is None and value.microsecond % 1000 == 0 and value.date() >= _FIRST_DAY
    return value >= _FIRST_DAY


def _limited(rows: Iterable[Row], most: int) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if number > most:
            raise ConfigurationError(f"More than {most:,} rows, a sheet of Excel's. Write .csv or .parquet instead.")
        yield row
