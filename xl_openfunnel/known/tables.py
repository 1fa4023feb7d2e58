"""Tables of known companies: read from a file, and turned into a list of keys."""

from __future__ import annotations

import csv
import glob
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar

from ..cell_values import to_text
from ..company_key import comparable, looks_blank
from ..errors import ConfigurationError
from .lists import KnownList, checked_name, now
from .reading import Columns, company_name, find_columns, keys_in, row_keys
from .tiers import KnownCompanies

Table = Sequence[Sequence[object]]
"""Rows of cells, all of one width."""

_Row = TypeVar("_Row", bound=Sequence[object])

_TEXT_SUFFIXES: Final = (".csv", ".tsv", ".txt")
_SHEET_SUFFIXES: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
SUFFIXES: Final = (*_TEXT_SUFFIXES, *_SHEET_SUFFIXES, ".parquet")
"""The files that can be read."""

_DELIMITERS: Final = ",;\t|"
_DECLARED: Final = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)
"""The first line by which Excel is told how the others are split."""

_SNIFFED: Final = 64 * 1024
_MAX_TITLES: Final = 10
_ROWS_PER_CHECK: Final = 1_000


def read_table(path: Path) -> list[list[object]]:
    """The rows of a file, headers included: of a workbook those of its first sheet that is not empty.

    Raises:
        ConfigurationError: there is no such file, or it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigurationError(f"{path.name} is no table that can be read. There are {', '.join(SUFFIXES)}.")
    try:
        if suffix in _TEXT_SUFFIXES:
            rows = _read_text(path.read_bytes())
        elif suffix in _SHEET_SUFFIXES:
            rows = _read_workbook(path)
        else:
            rows = _read_parquet(path)
    except OSError as error:
        raise ConfigurationError(f"{path} could not be read: {error.strerror or error}.") from None
    except Exception:  # each reader has errors of its own; none may show what is in the file
        raise ConfigurationError(f"{path} could not be read: it is damaged, or no {suffix[1:]} file.") from None
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
        raise ConfigurationError(
            "No column has LinkedIn pages, domains or e-mail addresses in it, by which companies are compared. Choose "
            "one that has."
        )
    note = None if note_column is None else _position(note_column, headers, has_headers)
    rows = table[found.headers :]
    keys, companies = keys_of_rows(rows, found, note)
    return KnownList(
        name=checked_name(name),
        companies=companies,
        skipped=len(rows) - companies,
        columns=tuple((headers[at] if found.headers else "").strip() or f"column {at + 1}" for at in found.keys),
        counts=tuple(sum(bool(keys_in(row[at])) for row in rows) for at in found.keys),
        note_column=None if note is None else headers[note],
        set_at=now(),
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
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")  # as Excel saves a CSV file in Western Europe
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    if match := _DECLARED.match(text):
        return _parse(text[match.end() :], match[1])
    return _parse(text, _find_delimiter(text))


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


def _read_workbook(path: Path) -> list[list[object]]:
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(str(path)) as book:
        for name in book.sheet_names:
            if rows := book.get_sheet_by_name(name).to_python():
                return [list(row) for row in rows]
    return []


def _read_parquet(path: Path) -> list[list[object]]:
    import duckdb

    path.stat()  # says what DuckDB does not: that there is no such file
    with duckdb.connect(config={"temp_directory": ""}) as db:  # nothing of a list is ever put aside on the disk
        result = db.execute("SELECT * FROM read_parquet(?)", [glob.escape(str(path))])
        headers = [column[0] for column in result.description or ()]
        return [list(headers), *map(list, result.fetchall())]
