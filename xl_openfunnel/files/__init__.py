"""Writes a job's companies to a file, in the format that the file's suffix names.

A file is replaced atomically once the new one is complete, so no reader ever sees half a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from ..atomic import atomic_replace, check_writable
from ..columns.connection import loading_error
from ..errors import ConfigurationError
from ..fields import ALL_COLUMNS, DERIVED_COLUMNS
from ..jobs.snapshot import Snapshot
from .cells import cell_rows, column_names, json_rows, write_json
from .delimited import write_rows
from .parquet import write_parquet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUFFIXES", "TEXT_FORMATS", "Content", "check", "write", "write_text"]


@dataclass(frozen=True)
class Content:
    """What a writer writes: a job, its companies in the columns of the file, and the user's name for the job.

    With ``all_columns`` these are all there are, in no order that was asked for.
    """

    snapshot: Snapshot
    frame: pd.DataFrame
    label: str | None = None
    all_columns: bool = False


TEXT_FORMATS: Final = ("csv", "tsv", "json", "jsonl")
"""The formats that can be written to a stream."""

SUFFIXES: Final = (".xlsx", *(f".{name}" for name in TEXT_FORMATS), ".parquet")
"""The suffixes of the supported formats."""


def check(path: Path, file_format: str | None = None) -> None:
    """Check before a long wait whether the file can be written, by default in the format of its suffix.

    Raises:
        ConfigurationError: an unknown suffix, a missing folder, or a format that cannot be written here.
        FileWriteError: see `check_writable`.
    """
    check_writable(path, "companies.xlsx")
    _checked_format(path, file_format)


def write(
    snapshot: Snapshot,
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    file_format: str | None = None,
    raw: bool = False,
    separator: str = ",",
    label: str | None = None,
) -> int:
    """Write the job's companies to ``path``.

    A CSV begins with a byte order mark, without which Excel assumes the system's code page.

    Args:
        snapshot: the job.
        path: the file, which is replaced atomically if it exists.
        columns: names in the wanted order; None for ``rank`` and every field that the service sent, in a workbook also
            for those derived from them and those of the snapshot's selection, and in Parquet for all columns of the
            schema.
        file_format: a suffix without its dot; None for the one of the file.
        raw: keep text that a spreadsheet would run as a formula unchanged (CSV and TSV).
        separator: what separates the values of a CSV: one character.
        label: the user's name for the job, which a workbook shows.

    Returns:
        How many values got an apostrophe, so that no spreadsheet runs them as a formula.

    Raises:
        ConfigurationError: see `check`; an unknown column; more rows than the format allows.
        FileWriteError: the file could not be written.
    """
    name = _checked_format(path, file_format)
    with atomic_replace(path) as temporary:
        if name == "parquet":
            write_parquet(temporary, snapshot, columns)
            return 0
        if columns is None and name == "xlsx":
            known = () if snapshot.selection is None else snapshot.selection.derived
            frame = snapshot.frame((ALL_COLUMNS, *DERIVED_COLUMNS, *(column.name for column in known)))
        else:
            frame = snapshot.frame(columns)
        if name == "xlsx":
            from .xlsx import write_xlsx  # imports XlsxWriter, which the other formats do not need

            write_xlsx(temporary, Content(snapshot, frame, label, all_columns=columns is None))
            return 0
        encoding = "utf-8-sig" if name == "csv" else "utf-8"
        with temporary.open("w", encoding=encoding, errors="replace", newline="") as stream:
            return _write_text(stream, name, frame, separator, raw=raw)


def write_text(
    snapshot: Snapshot, stream: TextIO, file_format: str, columns: Sequence[str] | None = None, *, separator: str = ","
) -> None:
    """Write the job's companies to a stream as `write` does to a file, but with all texts unchanged.

    The format is one of `TEXT_FORMATS`; the stream leaves line ends as they are.

    Raises:
        ConfigurationError: an unknown column.
    """
    _write_text(stream, file_format, snapshot.frame(columns), separator, raw=True)


def _write_text(stream: TextIO, file_format: str, frame: pd.DataFrame, separator: str, *, raw: bool) -> int:
    """Write text and return how many values got an apostrophe."""
    if file_format in ("csv", "tsv"):
        separator = "\t" if file_format == "tsv" else separator
        return write_rows(stream, column_names(frame), cell_rows(frame), separator=separator, raw=raw)
    write_json(stream, json_rows(frame), as_array=file_format == "json")
    return 0


def _checked_format(path: Path, file_format: str | None) -> str:
    """The format, which can be written here.

    Raises:
        ConfigurationError: it is none of ours, or DuckDB does not load for it.
    """
    suffix = path.suffix.lower() if file_format is None else f".{file_format}"
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise ConfigurationError(f"The name {path.name!r} does not say which format: end it in one of {known}.")
    if suffix == ".parquet" and (reason := loading_error()) is not None:
        raise ConfigurationError(f"For .parquet files DuckDB is needed, which does not load here: {reason}")
    return suffix[1:]
