"""The local store: final jobs for ever, and the ledger of all jobs seen here. One SQLite file.

Safe for several processes (WAL), keyed by origin and job id, and versioned by ``user_version``. What is stored of a
job is sealed, its head and each of its pages, so that a damaged file may lose a job and never shows a wrong row.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...api.models import JobStatus, Page, number
from ...errors import CELL_UNITS, ConfigurationError, IncompleteResultError, OpenFunnelError
from ...text import clip
from ..result import Result
from ..snapshot import Rows
from . import diagnosis
from .database import VERSION as VERSION
from .database import StoreBusyError as StoreBusyError
from .database import StoreDatabase, is_damage

_log = logging.getLogger(__name__)

# With the columns' names, so that they hold where a newer version has added some.
_INSERT_JOB = (
    "INSERT INTO job (origin, job_id, revision, status, stage, processed, manifest, error_message, as_of, counts,"
    " key_fingerprint, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_PAGE = "INSERT INTO page (origin, job_id, revision, number, rows, seal) VALUES (?, ?, ?, ?, ?, ?)"

_MAX_QUERY = 2_000
"""UTF-16 units of a query in the ledger: the service's own have 60 to 170."""

_MAX_SEEDS = 20
"""Seeds of a job in the ledger: the service takes ten."""


@dataclass(frozen=True)
class LedgerEntry:
    """One job ever seen here; None where nothing is known."""

    job_id: str
    label: str | None
    query: str | None
    seeds: tuple[str, ...]
    first_seen: datetime
    last_seen: datetime
    status: JobStatus | None
    row_count: int | None
    credits: float | None


class Store:
    """The jobs of one origin in the file at ``path``, which is made where it is missing.

    Raises:
        ConfigurationError: the folder cannot be used, or a newer version of this package wrote the file.
    """

    def __init__(self, path: Path, origin: str) -> None:
        self.path = path
        self.origin = origin
        try:
            self._database = StoreDatabase(path)
        except (OSError, sqlite3.Error) as trouble:
            raise ConfigurationError(f"The local store {path} cannot be used: {self.explain(trouble)}") from None

    def close(self) -> None:
        """Close the file. It is opened again for whatever is asked afterwards."""
        self._database.close()

    def explain(self, error: Exception) -> str:
        """What went wrong with it and what to do, for a person."""
        return str(error) if isinstance(error, OpenFunnelError) else diagnosis.explain(error, self.path)

    def find(self, job_id: str, *, wait: bool = True) -> Result | None:
        """The stored job, its rows still on disk; None where it is not stored, or too damaged to be read.

        Raises:
            StoreBusyError: with ``wait=False``, when another process holds the store just now.
        """
        try:
            with self._database.connection(wait=wait) as db:
                found = db.execute(
                    "SELECT revision, status, stage, processed, manifest, error_message, as_of, counts, seal FROM job "
                    "WHERE origin = ? AND job_id = ?",
                    (self.origin, job_id),
                ).fetchone()
            return None if found is None else self._result(job_id, *found)
        except (TypeError, ValueError, AttributeError) as damage:
            _log.warning("what is stored of job %s is damaged (%s): it is read anew", job_id, damage)
        except sqlite3.DatabaseError as damage:
            if not (is_damage(damage) or _is_encoding_error(damage)):
                raise
            _log.warning("job %s could not be read, for the store is damaged (%s): it is read anew", job_id, damage)
        return None

    def _result(
        self,
        job_id: str,
        revision: str,
        status: str,
        stage: str | None,
        processed: int | None,
        manifest: str | None,
        error_message: str | None,
        as_of: str,
        counts: str,
        seal: str | None,
    ) -> Result:
        head = (self.origin, job_id, revision, status, stage, processed, manifest, error_message, as_of, counts)
        _verify_checksum(seal, *head)
        return Result(
            status=JobStatus(status),
            stage=stage,
            processed=processed,
            manifest=None if manifest is None else MappingProxyType(json.loads(manifest)),
            error_message=error_message,
            as_of=datetime.fromisoformat(as_of),
            rows=Rows([int(count) for count in json.loads(counts)], lambda of: self._load_pages(job_id, revision, of)),
        )

    def save(self, job_id: str, result: Result, pages: tuple[Page, ...], key_fingerprint: str | None) -> Result:
        """Store a final job in the place of what was stored of it; the same with its rows on disk."""
        try:
            self._write(job_id, result, pages, key_fingerprint)
        except (sqlite3.DatabaseError, _DamagedError) as trouble:
            # A damaged file is set aside where SQLite says so itself. No row of ours can violate a constraint, and
            # what was written must be there.
            if isinstance(trouble, (sqlite3.IntegrityError, _DamagedError)):
                self._database.quarantine()
            elif not is_damage(trouble):
                raise
            self._write(job_id, result, pages, key_fingerprint)
        kept = self.find(job_id)
        return result if kept is None else kept

    def _write(self, job_id: str, result: Result, pages: tuple[Page, ...], key_fingerprint: str | None) -> None:
        revision = _digest(pages)
        head = (
            *(self.origin, job_id, revision, str(result.status), result.stage, result.processed),
            None if result.manifest is None else json.dumps(dict(result.manifest)),
            *(result.error_message, result.as_of.isoformat(), json.dumps([page.row_count for page in pages])),
        )
        place = (self.origin, job_id, revision)
        bodies = [zlib.compress(page.rows_json, 1) for page in pages]
        written = [(number, body, _checksum(*place, number, body)) for number, body in enumerate(bodies)]
        with self._database.transaction() as db:
            self._remove(db, job_id)
            db.execute(_INSERT_JOB, (*head, key_fingerprint, _checksum(*head)))
            db.executemany(_INSERT_PAGE, [(*place, *each) for each in written])
            self._record(db, job_id, result.status, len(result.rows), result.manifest, result.as_of)
            if _select_pages(db, *place, range(len(pages))) != written:
                raise _DamagedError

    def forget(self, job_id: str) -> bool:
        """Remove a job's rows and its ledger entry, also from the bytes of the file; whether there was anything."""
        with self._database.transaction() as db:
            db.execute("PRAGMA secure_delete = ON")
            stored = self._remove(db, job_id)
            listed = db.execute("DELETE FROM ledger WHERE origin = ? AND job_id = ?", (self.origin, job_id))
            found = stored + listed.rowcount > 0
        with self._database.connection() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return found

    def forget_all(self) -> None:
        """Remove all jobs of all origins, also what was set aside, and give the space back."""
        self._database.remove_quarantined()
        with self._database.transaction() as db:
            for table in ("job", "page", "ledger"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608
        with self._database.connection() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def record(
        self,
        job_id: str,
        status: JobStatus,
        row_count: int | None,
        manifest: Mapping[str, Any] | None,
        now: datetime,
    ) -> None:
        """Write into the ledger what the service said of a job."""
        with self._database.transaction() as db:
            self._record(db, job_id, status, row_count, manifest, now)

    def _record(
        self,
        db: sqlite3.Connection,
        job_id: str,
        status: JobStatus,
        row_count: int | None,
        manifest: Mapping[str, Any] | None,
        now: datetime,
    ) -> None:
        told = manifest or {}
        query, seeds, spent = (told.get(k) for k in ("derived_query", "resolved_seed_domains", "credits_consumed"))
        db.execute(
            "INSERT INTO ledger (origin, job_id, query, seeds, first_seen, last_seen, status, row_count, credits)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (origin, job_id) DO UPDATE SET"
            " query = coalesce(excluded.query, query), seeds = coalesce(excluded.seeds, seeds),"
            " last_seen = excluded.last_seen, status = excluded.status,"
            " row_count = coalesce(excluded.row_count, row_count),"
            " credits = coalesce(excluded.credits, credits)",
            (
                *(self.origin, job_id),
                clip(query, _MAX_QUERY) if isinstance(query, str) else None,
                json.dumps(_displayable(seeds)) if isinstance(seeds, list) else None,
                *(now.isoformat(), now.isoformat(), str(status), row_count),
                number(spent),
            ),
        )

    def ledger(self, *, wait: bool = True) -> list[LedgerEntry]:
        """All jobs ever seen here, the latest first.

        Raises:
            StoreBusyError: with ``wait=False``, when another process holds the store just now.
        """
        with self._database.connection(wait=wait) as db:
            found = db.execute(
                "SELECT job_id, label, query, seeds, first_seen, last_seen, status, row_count, credits"
                " FROM ledger WHERE origin = ? ORDER BY first_seen DESC, job_id",
                (self.origin,),
            ).fetchall()
        entries = []
        for job_id, label, query, seeds, first_seen, last_seen, status, row_count, credits_used in found:
            try:
                entry = LedgerEntry(
                    job_id=job_id,
                    label=label,
                    query=query,
                    seeds=tuple(json.loads(seeds)) if seeds else (),
                    first_seen=datetime.fromisoformat(first_seen),
                    last_seen=datetime.fromisoformat(last_seen),
                    status=None if status is None else JobStatus(status),
                    row_count=row_count,
                    credits=credits_used,
                )
            except (TypeError, ValueError) as damage:
                _log.warning("an entry of the ledger is damaged, and left out: %s", damage)
            else:
                entries.append(entry)
        return entries

    def label(self, job_id: str, label: str | None) -> None:
        """Name a job, or with None take its name away.

        Raises:
            ConfigurationError: another job has that name already.
        """
        now = datetime.now(UTC).isoformat()
        try:
            with self._database.transaction() as db:
                db.execute(
                    "INSERT INTO ledger (origin, job_id, label, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (origin, job_id) DO UPDATE SET label = excluded.label",
                    (self.origin, job_id, label, now, now),
                )
        except sqlite3.IntegrityError:
            raise ConfigurationError(
                f"Another job has the label {label!r} already. Choose another, or take it away there first."
            ) from None

    def label_of(self, job_id: str, *, wait: bool = True) -> str | None:
        """The name that a person gave to the job, or None.

        Raises:
            StoreBusyError: with ``wait=False``, when another process holds the store just now.
        """
        with self._database.connection(wait=wait) as db:
            found = db.execute(
                "SELECT label FROM ledger WHERE origin = ? AND job_id = ?", (self.origin, job_id)
            ).fetchone()
        return None if found is None or found[0] is None else str(found[0])

    def job_id_of(self, label: str, *, wait: bool = True) -> str | None:
        """The id of the job with this label (upper and lower case alike), or None.

        Raises:
            StoreBusyError: with ``wait=False``, when another process holds the store just now.
        """
        with self._database.connection(wait=wait) as db:
            found = db.execute(
                "SELECT job_id FROM ledger WHERE origin = ? AND lower(label) = lower(?)", (self.origin, label)
            ).fetchone()
        return None if found is None else str(found[0])

    def _load_pages(self, job_id: str, revision: str, numbers: range) -> Iterator[bytes]:
        try:
            with self._database.connection() as db:
                found = _select_pages(db, self.origin, job_id, revision, numbers)
            if [number for number, _, _ in found] != list(numbers):
                raise IncompleteResultError(
                    f"The stored rows of job {job_id} were removed or replaced meanwhile. Ask for them again."
                )
            for number, body, seal in found:
                _verify_checksum(seal, self.origin, job_id, revision, number, body)
                yield zlib.decompress(body)
        except ConfigurationError as newer:
            raise IncompleteResultError(f"The stored rows of job {job_id} cannot be read. {newer.message}") from None
        except (sqlite3.Error, zlib.error, TypeError, ValueError) as damage:
            raise IncompleteResultError(
                f"The stored rows of job {job_id} are damaged ({damage}). Refresh to read them anew."
            ) from None

    def _remove(self, db: sqlite3.Connection, job_id: str) -> int:
        place = (self.origin, job_id)
        db.execute("DELETE FROM page WHERE origin = ? AND job_id = ?", place)
        return db.execute("DELETE FROM job WHERE origin = ? AND job_id = ?", place).rowcount


class _DamagedError(Exception):
    """What was written is not there."""


def _select_pages(
    db: sqlite3.Connection, origin: str, job_id: str, revision: str, numbers: range
) -> list[tuple[int, bytes, str | None]]:
    return db.execute(
        "SELECT number, rows, seal FROM page WHERE origin = ? AND job_id = ? AND revision = ?"
        " AND number >= ? AND number < ? ORDER BY number",
        (origin, job_id, revision, numbers.start, numbers.stop),
    ).fetchall()


def _displayable(seeds: list[Any]) -> list[str]:
    """The seeds that a person can read in a cell, with ``…`` last where there are more."""
    names = [clip(seed, CELL_UNITS) for seed in seeds if isinstance(seed, str)]
    return [*names[:_MAX_SEEDS], "…"] if len(names) > _MAX_SEEDS else names


def _digest(pages: tuple[Page, ...]) -> str:
    """What tells two revisions of a job's rows apart: a refresh that brings the same rows disturbs no reader."""
    digest = hashlib.blake2b(digest_size=16)
    for page in pages:
        digest.update(b"%d:" % len(page.rows_json))
        digest.update(page.rows_json)
    return digest.hexdigest()


def _checksum(*values: object) -> str:
    """What tells that these values are those that were written: a digest of each, with its length before it."""
    digest = hashlib.blake2b(digest_size=16)
    for value in values:
        body = value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(body))
        digest.update(body)
    return digest.hexdigest()


def _verify_checksum(seal: str | None, *values: object) -> None:
    """Raise `ValueError` where these are not the values that were written; those of version 1 have no seal."""
    if seal is not None and seal != _checksum(*values):
        raise ValueError("a seal is broken")


def _is_encoding_error(damage: sqlite3.DatabaseError) -> bool:
    """Whether a text in the file is no UTF-8, which Python says itself and without any code."""
    return not hasattr(damage, "sqlite_errorcode")
