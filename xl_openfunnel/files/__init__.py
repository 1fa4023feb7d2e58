"""Files that hold a job's companies, one writer per format, chosen by the file's suffix.

A file is replaced in one step when it is whole, so that nobody ever reads half of one.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from ..errors import ConfigurationError
from ..jobs.snapshot import Snapshot
from .atomic import atomic_replace, check_writable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUFFIXES", "Content", "check", "write"]


@dataclass(frozen=True)
class Content:
    """What a writer is given.

    Attributes:
        snapshot: the job.
        frame: its companies, in the columns that the file is to have.
        raw: leave text as it is where a format would defuse it.
    """

    snapshot: Snapshot
    frame: pd.DataFrame
    raw: bool = False


Writer: TypeAlias = Callable[[Path, Content], None]

_WRITERS: Final = {
    ".xlsx": ("xlsx", "write_xlsx"),
    ".csv": ("delimited", "write_csv"),
    ".tsv": ("delimited", "write_tsv"),
    ".json": ("json_lines", "write_json"),
    ".jsonl": ("json_lines", "write_jsonl"),
    ".parquet": ("parquet", "write_parquet"),
}

SUFFIXES: Final = tuple(_WRITERS)
"""The formats there are, by the suffix of a file's name."""


def check(path: Path) -> None:
    """Find out before a long wait whether the file could be written.

    Raises:
        ConfigurationError: an unknown suffix, a folder that is not there, or a format that needs another package.
        FileWriteError: as `check_place`.
    """
    check_writable(path, "companies.xlsx")
    _writer(path)


def write(snapshot: Snapshot, path: Path, columns: Sequence[str] | None = None, *, raw: bool = False) -> None:
    """Write the job's companies to ``path`` in the format of its suffix.

    Args:
        snapshot: the job.
        path: the file, replaced in one step where it exists.
        columns: names in the wanted order; None for ``rank`` and every field the service sent.
        raw: leave text that a spreadsheet would run as a formula as it is (.csv and .tsv).

    Raises:
        ConfigurationError: as `check`, an unknown column, or more rows than the format takes.
        FileWriteError: the file could not be written.
    """
    writer = _writer(path)
    content = Content(snapshot, snapshot.frame(columns), raw)
    with atomic_replace(path) as fresh:
        writer(fresh, content)


def _writer(path: Path) -> Writer:
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        known = ", ".join(SUFFIXES)
        raise ConfigurationError(f"The name {path.name!r} does not say which format: end it in one of {known}.")
    if suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ConfigurationError('For .parquet files one more package is needed: pip install "xl-openfunnel[parquet]"')
    module, name = _WRITERS[suffix]
    writer: Writer = getattr(importlib.import_module(f".{module}", __package__), name)
    return writer
