"""The list of the jobs in a folder of exported files: itself a Parquet file."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from ..errors import ConfigurationError
from ..jobs.snapshot import Result
from ..jobs.store.ledger import LedgerEntry
from . import parquet
from .connection import UnavailableError, connect
from .folder import ColumnFolder, sync
from .sql import JOB_COLUMNS

EXPORTER: Final = "exporter"
"""The key in a file's metadata that says which store it comes from."""

LIST_COLUMNS: Final = {
    **{name: kind for name, (kind, _) in JOB_COLUMNS.items()},
    "as_of": "TIMESTAMP",
    "file": "VARCHAR",
}
"""The columns of the list with their DuckDB types; times are in UTC."""


@dataclass(frozen=True)
class ListedJob:
    """A job in the list, with the columns of the list. Times are naive, in UTC."""

    job_id: str
    label: str | None
    status: str
    rows: int
    credits: float | None
    query: str | None
    seeds: tuple[str, ...]
    first_seen: datetime | None
    last_seen: datetime | None
    origin: str
    as_of: datetime
    file: str

    @classmethod
    def of(cls, job_id: str, origin: str, entry: LedgerEntry | None, result: Result, file: str) -> Self:
        """A stored job and its file."""
        return cls(
            job_id=job_id,
            label=None if entry is None else entry.label,
            status=str(result.status),
            rows=len(result.rows),
            credits=None if entry is None else entry.credits,
            query=None if entry is None else entry.query,
            seeds=() if entry is None else entry.seeds,
            first_seen=None if entry is None else utc(entry.first_seen),
            last_seen=None if entry is None else utc(entry.last_seen),
            origin=origin,
            as_of=utc(result.as_of),
            file=file,
        )


class JobList:
    """The list at ``path``. DuckDB reads and writes it in the folder of columns, where it is copied from and to."""

    def __init__(self, path: Path, columns: ColumnFolder) -> None:
        self.path = path
        self._columns = columns

    def read(self) -> list[ListedJob]:
        """The jobs; none where there is no list yet.

        Raises:
            ConfigurationError: the file is no list that an export wrote.
        """
        if not self.path.exists():
            return []
        if EXPORTER in read_facts(self.path, self._columns):
            try:
                rows = self._read()
            except UnavailableError:
                pass
            else:
                return [ListedJob(*values) for values in rows]
        raise ConfigurationError(
            f"{self.path} is damaged, or none that export wrote, and stays as it is. Move it away, or give another "
            "folder."
        )

    def _read(self) -> list[tuple[Any, ...]]:
        with self._columns.part("list") as local:
            shutil.copyfile(self.path, local)
            with connect(self._columns.path) as connection:
                query = f"SELECT {', '.join(LIST_COLUMNS)} FROM read_parquet(?)"  # noqa: S608
                rows = connection.execute(query, [str(local)]).fetchall()
        place = list(LIST_COLUMNS).index("seeds")
        return [(*row[:place], tuple(row[place]), *row[place + 1 :]) for row in rows]

    def write(self, part: Path, jobs: Sequence[ListedJob], exporter: str) -> None:
        """Write the list into a new file elsewhere, which then takes its place."""
        columns: dict[str, list[Any]] = dict(
            zip(LIST_COLUMNS, map(list, zip(*map(astuple, jobs), strict=True)), strict=False)
        )
        columns = {name: columns.get(name, []) for name in LIST_COLUMNS}
        for name, kind in LIST_COLUMNS.items():
            if kind == "TIMESTAMP":
                columns[name] = [None if value is None else value.isoformat(" ") for value in columns[name]]
        with self._columns.part("list") as local:
            parquet.write_table(local, columns, LIST_COLUMNS, len(jobs), {EXPORTER: exporter})
            shutil.copyfile(local, part)
        sync(part)


def read_facts(path: Path, columns: ColumnFolder) -> dict[str, str]:
    """Keys and values in a Parquet file's metadata; none where it is no such file, or just removed."""
    if not path.is_file():
        return {}
    try:
        with columns.part("facts") as local:
            shutil.copyfile(path, local)
            with connect(columns.path) as connection:
                query = "SELECT decode(key), decode(value) FROM parquet_kv_metadata(?)"
                return dict(connection.execute(query, [str(local)]).fetchall())
    except (UnavailableError, FileNotFoundError):
        return {}


def utc(moment: datetime) -> datetime:
    """The time in UTC, as the list has it."""
    return (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)
