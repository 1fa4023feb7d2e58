"""Tables of known companies: read from a file, and turned into a list of keys."""

from __future__ import annotations

import csv
import glob
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from ..cell_values import to_cell, to_text
from ..company_key import comparable, looks_blank
from ..errors import ConfigurationError
from ..text import decoded
from .lists import KnownList, checked_name
from .reading import MIN_SHARE, Columns, company_name, find_columns, keys_in, row_keys
from .tiers import KnownCompanies

Table = Sequence[Sequence[object]]
"""Rows of cells, all of one width."""

_Row = TypeVar("_Row", bound=Sequence[object])

_TEXT_SUFFIXES: Final = (".csv", ".tsv", ".txt")
_SHEET_SUFFIXES: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_RECORD_SUFFIXES: Final = (".json", ".jsonl")
SUFFIXES: Final = (*_TEXT_SUFFIXES, *_SHEET_SUFFIXES, ".parquet", *_RECORD_SUFFIXES)
"""The files that can be read: among them all that `rows` writes."""

_DELIMITERS: Final = ",;\t|"
_DECLARED: Final = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)
"""The first line by which Excel is told how the others are split."""

_SNIFFED: Final = 64 * 1024
_END: Final = "\x1fend"
"""A last row, which comes out as it is unless a quote is open."""

_ZIPPED_SUFFIXES: Final = (".xlsx", ".xlsm", ".xlsb", ".ods")
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
"""How files begin that Excel encrypted, and those before 2007."""

_MAX_BYTES: Final = 2**31
_MAX_EXTENT: Final = 50_000_000
"""Cells from A1 to the last one, for which the reader takes 24 bytes each, blank or not."""

_EXTENT: Final = re.compile(rb'<(?:\w+:)?dimension\s+ref="(?:[A-Z]+[0-9]+:)?([A-Z]{1,3})([0-9]{1,7})"')

_MAX_TITLES: Final = 10
_ROWS_PER_CHECK: Final = 1_000


NO_KEYS: Final = (
    "No column has LinkedIn pages, domains or e-mail addresses in it, by which companies are compared. Choose one "
    "that has."
)


class _UnusableError(Exception):
    """Why a file is not read, in words for the user that show nothing of it."""


class Sheet(NamedTuple):
    """The table of a file.

    Attributes:
        rows: all of one width, headers included.
        name: of the sheet, if the file has several.
        sheets: how many there are.
    """

    rows: list[list[object]]
    name: str | None = None
    sheets: int = 1


def read_table(path: Path, columns: Sequence[str] = (), note_column: str | None = None) -> Sheet:
    """The table of a file.

    Of a workbook the first sheet that has the named columns, with keys in those of ``columns``; without any, the first
    with a table of companies, since a workbook of `rows` opens on a summary; else the first that is not empty.

    Args:
        path: the file.
        columns: as of `make_list`.
        note_column: as of `make_list`.

    Raises:
        ConfigurationError: there is no such file, it cannot be read, or what reads it does not load.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigurationError(f"{path.name} is no table that can be read. There are {', '.join(SUFFIXES)}.")
    if path.exists() and not path.is_file():  # reading a pipe would never end
        raise ConfigurationError(f"{path} is no ordinary file. Give the name of one.")
    try:
        if suffix in _SHEET_SUFFIXES:
            return _read_workbook(path, columns, note_column)
        if suffix in _TEXT_SUFFIXES:
            rows = _read_text(path.read_bytes())
        elif suffix in _RECORD_SUFFIXES:
            rows = _read_records(path.read_bytes(), lines=suffix == ".jsonl")
        else:
            rows = _read_parquet(path)
    except OSError as error:
        raise ConfigurationError(f"{path} could not be read: {error.strerror or error}.") from None
    except _UnusableError as reason:
        raise ConfigurationError(f"{path} could not be read: {reason}") from None
    except ImportError as error:
        raise ConfigurationError(f"{path} could not be read, because a library does not load: {error}.") from None
    except Exception:  # each reader has errors of its own; none may show what is in the file
        raise ConfigurationError(f"{path} could not be read: it is damaged, or no {suffix[1:]} file.") from None
    return Sheet(_of_one_width(rows))


def _of_one_width(rows: Table) -> list[list[object]]:
    rows = list(_without_titles(rows))
    width = max(map(len, rows), default=0)
    return [[*row, *[None] * (width - len(row))] for row in rows]


def _is_filled(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, str) and looks_blank(cell))


def _without_titles(rows: Sequence[_Row]) -> Sequence[_Row]:
    """The rows with content, from the headers on."""
    rows = [row for row in rows if any(map(_is_filled, row))]
    return rows[_count_titles(rows) :]


def _count_titles(rows: Table) -> int:
    """The rows above the headers with one text each, as reports have them."""
    for number, row in enumerate(rows[: _MAX_TITLES + 1]):
        if any(map(keys_in, row)):
            return 0
        if sum(map(_is_filled, row)) > 1:
            return number
    return 0


def make_list(
    name: str, table: Table, columns: Sequence[str] | None = None, note_column: str | None = None
) -> KnownList:
    """A list with the keys of a table.

    Args:
        name: of the list.
        table: with or without a row of headers; titles above it and rows without content count for nothing.
        columns: the names of those with keys; by default they are found by what they hold.
        note_column: the name of a column that is shown beside a match.

    Raises:
        ConfigurationError: there is no such column, or none with keys.
    """
    table = _without_titles(table)
    found = find_columns(table)
    has_headers = found.headers > 0
    if columns is not None or note_column is not None:
        found = Columns(found.keys, found.name, 1)
    headers = [to_text("" if cell is None else cell) for cell in table[0]] if table else []
    if columns is not None:
        found = Columns(tuple(_position(column, headers, has_headers) for column in columns), found.name, 1)
    if not found.keys:
        raise ConfigurationError(NO_KEYS)
    note = None if note_column is None else _position(note_column, headers, has_headers)
    rows = table[found.headers :]
    keys, companies = keys_of_rows(rows, found, note)
    if not companies:
        raise ConfigurationError(NO_KEYS)
    return KnownList(
        name=checked_name(name),
        companies=companies,
        skipped=len(rows) - companies,
        columns=tuple((headers[at] if found.headers else "").strip() or f"column {at + 1}" for at in found.keys),
        counts=tuple(sum(bool(keys_in(row[at])) for row in rows) for at in found.keys),
        note_column=None if note is None else headers[note],
        set_at=datetime.now(UTC).replace(microsecond=0),
        keys=keys,
    )


def keys_of_rows(
    rows: Table, columns: Columns, note: int | None = None, check: Callable[[], object] = lambda: None
) -> tuple[KnownCompanies, int]:
    """The keys of rows without headers, and how many rows have any.

    Args:
        rows: of one width.
        columns: those with keys.
        note: the position of the column that is noted.
        check: called between two parts of the work; may raise an error to end it.
    """
    keys, companies = KnownCompanies(), 0
    for number, row in enumerate(rows):
        if number % _ROWS_PER_CHECK == 0:
            check()
        own = row_keys(row, columns.keys)
        named = row[columns.name] if columns.name is not None else None
        shown = "" if note is None or row[note] is None else to_text(row[note]).strip()
        keys.add(own.linkedin, own.hosts, company_name(named) if isinstance(named, str) else "", shown)
        companies += bool(own)
    return keys, companies


def _position(name: str, headers: Sequence[str], has_headers: bool) -> int:
    own = [comparable(header) for header in headers]
    if comparable(name) in own:
        return own.index(comparable(name))
    if not has_headers:  # the first row has what no message may show
        raise ConfigurationError(
            f"There is no column {name[:40]!r}: the first row seems to hold a company, not headers."
        )
    close = get_close_matches(comparable(name), own, n=1)
    hint = f"Did you mean {headers[own.index(close[0])]}?" if close else f"There are {', '.join(headers[:20])}."
    raise ConfigurationError(f"There is no column {name[:40]!r}. {hint}")


def _read_text(content: bytes) -> list[list[object]]:
    text = decoded(content)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    if match := _DECLARED.match(text):
        return _parse_all(text[match.end() :], match[1])
    return _parse_all(text, _find_delimiter(text))


def _find_delimiter(text: str) -> str:
    """The one that splits most of the first rows into the same number of cells, at least two."""
    sample = text[:_SNIFFED]
    if len(text) > _SNIFFED:
        sample = sample[: sample.rfind("\n") + 1] or sample

    def rows_alike(delimiter: str) -> tuple[float, int]:
        widths = Counter(map(len, filter(None, _parse(sample, delimiter))))
        width, rows = max(widths.items(), key=lambda item: item[1], default=(1, 0))
        return (rows / widths.total(), width) if width > 1 else (0, 0)

    return max(_DELIMITERS, key=rows_alike)


def _parse(text: str, delimiter: str) -> list[list[object]]:
    return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]


def _parse_all(text: str, delimiter: str) -> list[list[object]]:
    """As `_parse`, of a whole file: a quote that is open at its end has made one cell of all rows below it."""
    *rows, last = _parse(f"{text.rstrip()}\n{_END}", delimiter)
    if last != [_END]:
        raise _UnusableError(
            f"a quotation mark that opens in row {len(rows) + 1:,} is never closed, so that all rows below it "
            "would be lost. Close it, or save the file from a spreadsheet as .xlsx."
        )
    return rows


def _read_records(content: bytes, *, lines: bool) -> list[list[object]]:
    """The rows of objects, one a line or in one list."""
    text = decoded(content)
    decode = msgspec.json.Decoder(list[dict[str, object]]).decode
    records = decode(f"[{','.join(filter(str.strip, text.split(chr(10))))}]" if lines else text)
    names = list(dict.fromkeys(name for record in records for name in record))
    return [[*names], *([_flat(record.get(name)) for name in names] for record in records)]


def _read_workbook(path: Path, columns: Sequence[str], note_column: str | None) -> Sheet:
    from python_calamine import CalamineWorkbook

    _check_workbook(path)
    best, sheet = (False, False, False), Sheet([])
    with CalamineWorkbook.from_path(str(path)) as book:
        names = book.sheet_names
        for name in names:
            rows = _of_one_width([list(row) for row in book.get_sheet_by_name(name).to_python()])
            fit = (*_has_columns(rows, columns, note_column), bool(rows))
            if fit > best:
                best, sheet = fit, Sheet(rows, name if len(names) > 1 else None, len(names))
            if all(fit):
                break
    return sheet


def _has_columns(rows: Table, columns: Sequence[str], note_column: str | None) -> tuple[bool, bool]:
    """Whether a sheet has all the named columns, and whether it is one of companies."""
    named = [*columns, *([] if note_column is None else [note_column])]
    headers = [comparable(to_text(cell)) if isinstance(cell, str) else "" for cell in rows[0]] if rows else []
    if not all(comparable(name) in headers for name in named):
        return False, _is_of_companies(rows)
    positions = [headers.index(comparable(name)) for name in columns]
    return True, any(row_keys(row, positions) for row in rows[1:]) if positions else _is_of_companies(rows)


def _is_of_companies(rows: Table) -> bool:
    """Whether it is a table of companies, and no summary or form that names a host or two."""
    columns = find_columns(rows).keys
    return bool(columns) and sum(bool(row_keys(row, columns)) for row in rows) >= MIN_SHARE * len(rows)


def _check_workbook(path: Path) -> None:
    """Refuse what the reader has no memory for, which would end the process."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            is_ole = file.read(len(_OLE)) == _OLE
        if is_ole and path.suffix.lower() in _ZIPPED_SUFFIXES:
            raise _UnusableError("it is encrypted, or an old .xls file. Save it as .xlsx without a lock.")
        return
    with zipfile.ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > _MAX_BYTES:
            raise _UnusableError("it is too large. Save the columns with websites or LinkedIn pages alone.")
        for part in parts.namelist():
            if part.startswith("xl/worksheets/"):
                with parts.open(part) as sheet:
                    extent = _EXTENT.search(sheet.read(_SNIFFED))
                if extent and int(extent[2]) * _column_number(extent[1]) > _MAX_EXTENT:
                    raise _UnusableError(
                        f"a sheet of it reaches to cell {(extent[1] + extent[2]).decode()}. Copy the companies to a "
                        "workbook of their own."
                    )


def _column_number(letters: bytes) -> int:
    """The number of a sheet's column: ``B`` -> 2."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _read_parquet(path: Path) -> list[list[object]]:
    import duckdb

    path.stat()  # says what DuckDB does not: that there is no such file
    with duckdb.connect(config={"temp_directory": ""}) as db:  # nothing of a list is ever put aside on the disk
        result = db.execute("SELECT * FROM read_parquet(?)", [glob.escape(str(path))])
        headers = [column[0] for column in result.description or ()]
        rows = [list(map(_flat, row)) for row in result.fetchall()]
        return [list(headers), *rows]


def _flat(value: object) -> object:
    return to_cell(value) if isinstance(value, list) else value
