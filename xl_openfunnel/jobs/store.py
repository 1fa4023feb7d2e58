"""The local store: final jobs for ever, and the ledger of all jobs seen here. One SQLite file.

Safe for several processes (WAL), keyed by origin and job id, and versioned by ``user_version``. Each operation
opens a connection of its own, so that no thread stands in another's way.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sqlite3
import weakref
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..api.models import JobStatus, Page
from ..errors import ConfigurationError, IncompleteResult
from .snapshot import Rows

_log = logging.getLogger(__name__)

VERSION = 1
_PATIENCE = 10.0
"""Seconds that an operation which may wait waits for another process: the largest job is written in under one."""

_SCHEMA = """
CREATE TABLE job (
  origin TEXT NOT NULL, job_id TEXT NOT NULL, revision TEXT NOT NULL, status TEXT NOT NULL, stage TEXT,
  processed INTEGER, manifest TEXT, error_message TEXT, as_of TEXT NOT NULL, counts TEXT NOT NULL,
  key_fingerprint TEXT, PRIMARY KEY (origin, job_id)
) WITHOUT ROWID;
CREATE TABLE page (
  origin TEXT NOT NULL, job_id TEXT NOT NULL, revision TEXT NOT NULL, number INTEGER NOT NULL,
  rows BLOB NOT NULL, PRIMARY KEY (origin, job_id, revision, number)
);
CREATE TABLE ledger (
  origin TEXT NOT NULL, job_id TEXT NOT NULL, label TEXT, query TEXT, seeds TEXT, requested INTEGER,
  first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, status TEXT, row_count INTEGER, credits REAL,
  PRIMARY KEY (origin, job_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_label ON ledger (origin, lower(label));
"""


class StoreBusy(Exception):
    """Another process holds the store just now: what it knows of a job is unknown, not nothing."""


@dataclass(frozen=True)
class Result:
    """A job that is over, as it was read: what is final, and what is stored.

    Attributes:
        rows: its rows, in memory or in the store.
        complete: whether rows and pages were checked against a manifest, or the job failed.
    """

    status: JobStatus
    stage: str | None
    processed: int | None
    manifest: Mapping[str, Any] | None
    error_message: str | None
    as_of: datetime
    rows: Rows
    complete: bool = True


@dataclass(frozen=True)
class LedgerEntry:
    """One job ever seen here; None where nothing is known."""

    job_id: str
    label: str | None
    query: str | None
    seeds: tuple[str, ...]
    requested: int | None
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
            self._prepare()
        except (OSError, sqlite3.Error) as trouble:
            raise ConfigurationError(
                f"The local store {path} cannot be used ({trouble}). Give a folder of your own "
                "with OPENFUNNEL_CACHE_DIR."
            ) from None

    def close(self) -> None:
        """Close the file. It is opened again for whatever is asked afterwards."""
        self._anchor()

    def find(self, job_id: str, *, wait: bool = True) -> Result | None:
        """The stored job, its rows still on disk; None where it is not stored, or too damaged to be read.

        Raises:
            StoreBusy: with ``wait=False``, when another process holds the store just now.
        """
        with self._connection(wait=wait) as db:
            found = db.execute(
                "SELECT revision, status, stage, processed, manifest, error_message, as_of, counts FROM job "
                "WHERE origin = ? AND job_id = ?",
                (self.origin, job_id),
            ).fetchone()
        try:
            return None if found is None else self._result(job_id, *found)
        except (TypeError, ValueError, AttributeError) as damage:
            _log.warning("what is stored of job %s is damaged (%s): it is read anew", job_id, damage)
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
    ) -> Result:
        return Result(
            status=JobStatus(status),
            stage=stage,
            processed=processed,
            manifest=None if manifest is None else MappingProxyType(json.loads(manifest)),
            error_message=error_message,
            as_of=datetime.fromisoformat(as_of),
            rows=Rows([int(count) for count in json.loads(counts)], lambda of: self._pages(job_id, revision, of)),
        )

    def keep(self, job_id: str, result: Result, pages: tuple[Page, ...], key_fingerprint: str | None) -> Result:
        """Store a final job in the place of what was stored of it; the same with its rows on disk."""
        revision = _digest(pages)
        bodies = [zlib.compress(page.rows_json, 1) for page in pages]
        head = (
            *(self.origin, job_id, revision, str(result.status), result.stage, result.processed),
            None if result.manifest is None else json.dumps(dict(result.manifest)),
            *(result.error_message, result.as_of.isoformat()),
            *(json.dumps([page.row_count for page in pages]), key_fingerprint),
        )
        with self._transaction() as db:
            self._remove(db, job_id)
            db.execute(f"INSERT INTO job VALUES ({_marks(len(head))})", head)  # noqa: S608
            db.executemany(
                "INSERT INTO page VALUES (?, ?, ?, ?, ?)",
                [(self.origin, job_id, revision, number, body) for number, body in enumerate(bodies)],
            )
            self._note(db, job_id, result.status, len(result.rows), result.manifest, result.as_of)
        kept = self.find(job_id)
        return result if kept is None else kept

    def forget(self, job_id: str) -> bool:
        """Remove a job's rows and its ledger entry; whether there was anything."""
        with self._transaction() as db:
            stored = self._remove(db, job_id)
            listed = db.execute("DELETE FROM ledger WHERE origin = ? AND job_id = ?", (self.origin, job_id))
            return stored + listed.rowcount > 0

    def forget_everything(self) -> None:
        """Remove all jobs of all origins, and give the space back."""
        with self._transaction() as db:
            for table in ("job", "page", "ledger"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608
        with self._connection() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def note(
        self,
        job_id: str,
        status: JobStatus,
        row_count: int | None,
        manifest: Mapping[str, Any] | None,
        now: datetime,
    ) -> None:
        """Write into the ledger what the service said of a job."""
        with self._transaction() as db:
            self._note(db, job_id, status, row_count, manifest, now)

    def _note(
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
                query if isinstance(query, str) else None,
                json.dumps(seeds) if isinstance(seeds, list) else None,
                *(now.isoformat(), now.isoformat(), str(status), row_count),
                spent if isinstance(spent, (int, float)) else None,
            ),
        )

    def ledger(self, *, wait: bool = True) -> list[LedgerEntry]:
        """All jobs ever seen here, the latest first.

        Raises:
            StoreBusy: with ``wait=False``, when another process holds the store just now.
        """
        with self._connection(wait=wait) as db:
            found = db.execute(
                "SELECT job_id, label, query, seeds, requested, first_seen, last_seen, status, row_count, credits"
                " FROM ledger WHERE origin = ? ORDER BY first_seen DESC, job_id",
                (self.origin,),
            ).fetchall()
        return [
            LedgerEntry(
                job_id=job_id,
                label=label,
                query=query,
                seeds=tuple(json.loads(seeds)) if seeds else (),
                requested=requested,
                first_seen=datetime.fromisoformat(first_seen),
                last_seen=datetime.fromisoformat(last_seen),
                status=None if status is None else JobStatus(status),
                row_count=row_count,
                credits=credits_used,
            )
            for job_id, label, query, seeds, requested, first_seen, last_seen, status, row_count, credits_used in found
        ]

    def label(self, job_id: str, label: str | None) -> None:
        """Name a job, or with None take its name away.

        Raises:
            ConfigurationError: another job has that name already.
        """
        now = datetime.now(UTC).isoformat()
        try:
            with self._transaction() as db:
                db.execute(
                    "INSERT INTO ledger (origin, job_id, label, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (origin, job_id) DO UPDATE SET label = excluded.label",
                    (self.origin, job_id, label, now, now),
                )
        except sqlite3.IntegrityError:
            raise ConfigurationError(
                f"Another job has the label {label!r} already. Choose another, or take it away there first."
            ) from None

    def labelled(self, label: str, *, wait: bool = True) -> str | None:
        """The id of the job with this label (upper and lower case alike), or None.

        Raises:
            StoreBusy: with ``wait=False``, when another process holds the store just now.
        """
        with self._connection(wait=wait) as db:
            found = db.execute(
                "SELECT job_id FROM ledger WHERE origin = ? AND lower(label) = lower(?)", (self.origin, label)
            ).fetchone()
        return None if found is None else str(found[0])

    def _pages(self, job_id: str, revision: str, numbers: range) -> Iterator[bytes]:
        try:
            with self._connection() as db:
                found = db.execute(
                    "SELECT rows FROM page WHERE origin = ? AND job_id = ? AND revision = ?"
                    " AND number >= ? AND number < ? ORDER BY number",
                    (self.origin, job_id, revision, numbers.start, numbers.stop),
                ).fetchall()
            if len(found) != len(numbers):
                raise IncompleteResult(
                    f"The stored rows of job {job_id} were removed or replaced meanwhile. Ask for them again."
                )
            for (body,) in found:
                yield zlib.decompress(body)
        except (sqlite3.Error, zlib.error, TypeError) as damage:
            raise IncompleteResult(
                f"The stored rows of job {job_id} are damaged ({damage}). Refresh to read them anew."
            ) from None

    def _remove(self, db: sqlite3.Connection, job_id: str) -> int:
        place = (self.origin, job_id)
        db.execute("DELETE FROM page WHERE origin = ? AND job_id = ?", place)
        return db.execute("DELETE FROM job WHERE origin = ? AND job_id = ?", place).rowcount

    @contextlib.contextmanager
    def _connection(self, *, wait: bool = True, there: bool = True) -> Iterator[sqlite3.Connection]:
        if there and not self.path.exists():  # somebody removed it while it was in use
            self._prepare()
        db = sqlite3.connect(self.path, timeout=_PATIENCE if wait else 0.0, isolation_level=None)
        try:
            yield db
        except sqlite3.OperationalError as trouble:
            if not wait and getattr(trouble, "sqlite_errorcode", 0) & 0xFF in (
                sqlite3.SQLITE_BUSY,
                sqlite3.SQLITE_LOCKED,
            ):
                raise StoreBusy from None
            raise
        finally:
            db.close()

    @contextlib.contextmanager
    def _transaction(self, *, there: bool = True) -> Iterator[sqlite3.Connection]:
        with self._connection(there=there) as db:
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _prepare(self) -> None:
        """Make or check the file; one that is no database, or a damaged one, is set aside."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._make()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as trouble:
            code = getattr(trouble, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise
            aside = self.path.with_name(f"{self.path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
            self.path.replace(aside)
            _log.warning("the store was damaged: it is kept as %s, and a new one is begun", aside.name)
            self._make()
        # One connection stays open: the last one to be closed locks the file to tidy up, and a reader that may not
        # wait would find it busy.
        anchor = sqlite3.connect(self.path, check_same_thread=False)
        self._anchor = weakref.finalize(self, anchor.close)
        anchor.execute("SELECT 1 FROM job").fetchone()

    def _make(self) -> None:
        if not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._connection(there=False) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise ConfigurationError(
                    f"The local store {self.path} was written by a newer XL OpenFunnel. Update this one, or give "
                    "another folder with OPENFUNNEL_CACHE_DIR."
                )
            if version == VERSION:
                db.execute("SELECT 1 FROM job, page, ledger").fetchone()
                return
            db.execute("PRAGMA journal_mode = WAL")
        with self._transaction(there=False) as db:
            if db.execute("PRAGMA user_version").fetchone()[0] == VERSION:
                return  # another process was quicker
            for statement in _SCHEMA.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {VERSION}")


def _digest(pages: tuple[Page, ...]) -> str:
    """What tells two revisions of a job's rows apart: a refresh that brings the same rows disturbs no reader."""
    digest = hashlib.blake2b(digest_size=16)
    for page in pages:
        digest.update(b"%d:" % len(page.rows_json))
        digest.update(page.rows_json)
    return digest.hexdigest()


def _marks(count: int) -> str:
    return ", ".join("?" * count)
