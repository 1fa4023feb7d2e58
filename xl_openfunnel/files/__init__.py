"""Writes a job's companies to a file, in the format that the file's suffix names.

A file is replaced atomically once the new one is complete, so no reader ever sees half a file.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ..errors import ConfigurationError
from ..jobs.snapshot import Snapshot
from .atomic import atomic_replace, check_writable
from .delimited import write_csv, write_tsv
from .typed import write_json, write_jsonl, write_parquet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUFFIXES", "Content", "check", "write"]


@dataclass(frozen=True)
class Content:
    """What a writer writes.

    Attributes:
        snapshot: the job.
        frame: its companies, in the columns of the file.
        raw: keep text that a spreadsheet would run as a formula unchanged (.csv and .tsv).
    """

    snapshot: Snapshot
    frame: pd.DataFrame
    raw: bool = False


Writer: TypeAlias = Callable[[Path, Content], int | None]


def _write_xlsx(path: Path, content: Content) -> None:
    from .xlsx import write_xlsx  # imports XlsxWriter, which the other formats do not need

    write_xlsx(path, content)


_WRITERS: Final[dict[str, Writer]] = {
    ".xlsx": _write_xlsx,
    ".csv": write_csv,
    ".tsv": write_tsv,
    ".json": write_json,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}

SUFFIXES: Final = tuple(_WRITERS)
"""The suffixes of the supported formats."""


def check(path: Path) -> None:
    """Check before a long wait whether the file can be written.

    Raises:
        ConfigurationError: an unknown suffix, a missing folder, or a format that needs another package.
        FileWriteError: see `check_writable`.
    """
    check_writable(path, "companies.xlsx")
    _writer(path)


def write(snapshot: Snapshot, path: Path, columns: Sequence[str] | None = None, *, raw: bool = False) -> None:
    """Write the job's companies to ``path`` in the format of its suffix.

    Args:
        snapshot: the job.
        path: the file, which is replaced atomically if it exists.
        columns: names in the wanted order; None for ``rank`` and every field that the service sent.
        raw: keep text that a spreadsheet would run as a formula unchanged (.csv and .tsv).

    Raises:
        ConfigurationError: see `check`; an unknown column; more rows than the format allows.
        FileWriteError: the file could not be written.
    """
    writer = _writer(path)
    content = Content(snapshot, snapshot.frame(columns), raw)
    with atomic_replace(path) as temporary:
        writer(temporary, content)


def _writer(path: Path) -> Writer:
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        known = ", ".join(SUFFIXES)
        raise ConfigurationError(f"The name {path.name!r} does not say which format: end it in one of {known}.")
    if suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ConfigurationError('For .parquet files one more package is needed: pip install "xl-openfunnel[parquet]"')
    return _WRITERS[suffix]
