"""The local store: final jobs, kept for ever, and the ledger of all jobs ever seen here. One SQLite file.

Safe for several processes (WAL), keyed by origin and job id, and versioned by ``user_version``. The head and each page
of a job have a checksum (``seal``), so that a damaged file may lose a job but never shows a wrong row.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...api.models import JobStatus, Page, number
from ...errors import CELL_UNITS, ConfigurationError, IncompleteResultError, OpenFunnelError
from ...parameters import check
from ...text import clip
from ..snapshot import Result, Rows
from . import diagnosis
from .database import StoreDatabase, is_damage
from .ledger import JobNames, LedgerEntry, beginning_of, find_label, read_names, whole_id

_log = logging.getLogger(__name__)

# They name the columns, so that they work after a newer version has added some.
_INSERT_JOB = (
    "INSERT INTO job (origin, job_id, revision, status, stage, processed, manifest, error_message, as_of, counts,"
    " key_fingerprint, warnings, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_PAGE = "INSERT INTO page (origin, job_id, revision, number, rows, seal) VALUES (?, ?, ?, ?, ?, ?)"

_MAX_QUERY = 2_000
"""UTF-16 units of a query in the ledger: the service's own queries have 60 to 170."""

_MAX_SEEDS = 20
"""Seeds of a job in the ledger: the service accepts ten."""


class Store:
    """The jobs of one origin in the file at ``path``, which is created if missing.

    With ``wait=False`` a method raises `StoreBusyError` while another process has locked the file.

    Attributes:
        on_saved: called with a job's id and its result once it is stored, with its rows on disk.
        on_forgotten: called with the id of a job that was removed; None for all jobs of all origins.
        on_close: called before the file is closed.

    Raises:
        ConfigurationError: the folder cannot be used, or a newer version of this package wrote the file.
    """

    def __init__(self, path: Path, origin: str) -> None:
        check("path", path, (Path,), "a Path", optional=False)
        check("origin", origin, (str,), "a text", optional=False)
        self.path = path
        self.origin = origin
        self.on_saved: Callable[[str, Result], object] = lambda *_: None
        self.on_forgotten: Callable[[str | None], object] = lambda _: None
        self.on_close: Callable[[], object] = lambda: None
        try:
            self._database = StoreDatabase(path)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"The local store {path} cannot be used: {self.explain(error)}") from None
        self.one_connection, self.version = self._database.one_connection, self._database.version

    def close(self) -> None:
        """Close the file. A later operation opens it again."""
        self.on_close()
        self._database.close()

    def explain(self, error: Exception) -> str:
        """What went wrong and what to do, for the user."""
        return str(error) if isinstance(error, OpenFunnelError) else diagnosis.explain(error, self.path)

    def find(self, job_id: str, *, wait: bool = True) -> Result | None:
        """The stored job, whose rows stay on disk; None if it is not stored or is damaged."""
        try:
            with self._database.connection(wait=wait) as db:
                row = db.execute(
                    "SELECT revision, status, stage, processed, manifest, error_message, as_of, counts, warnings, seal"
                    " FROM job WHERE origin = ? AND job_id = ?",
                    (self.origin, job_id),
                ).fetchone()
            return None if row is None else self._result(job_id, row)
        except (TypeError, ValueError, AttributeError) as damage:
            _log.warning("what is stored of job %s is damaged (%s): it is downloaded again", job_id, damage)
        except sqlite3.DatabaseError as damage:
            if not (is_damage(damage) or _is_encoding_error(damage)):
                raise
            _log.warning(
                "job %s could not be read, because the store is damaged (%s): it is downloaded again", job_id, damage
            )
        return None

    def _result(self, job_id: str, row: tuple[Any, ...]) -> Result:
        *known, warnings, seal = row
        _verify(seal, *_sealed((self.origin, job_id, *known), warnings))
        revision, status, stage, processed, manifest, error_message, as_of, counts = known
        page_counts = [int(count) for count in json.loads(counts)]
        return Result(
            status=JobStatus(status),
            stage=stage,
            processed=processed,
            manifest=None if manifest is None else MappingProxyType(json.loads(manifest)),
            error_message=error_message,
            as_of=datetime.fromisoformat(as_of),
            rows=Rows(page_counts, lambda of: self._load_pages(job_id, revision, of), content=revision),
            warnings=() if warnings is None else tuple(json.loads(warnings)),
        )

    def save(self, job_id: str, result: Result, pages: tuple[Page, ...], key_fingerprint: str | None) -> Result:
        """Store a final job, replacing an older result of it. Returns the result with its rows on disk."""
        try:
            self._write(job_id, result, pages, key_fingerprint)
        except (sqlite3.DatabaseError, _DamagedError) as error:
            # The database moves a file aside that SQLite reports as damaged. Our rows cannot violate a constraint, and
            # what was written must be there: else the file is damaged too.
            if isinstance(error, (sqlite3.IntegrityError, _DamagedError)):
                self._database.quarantine()
            elif not is_damage(error):
                raise
            self._write(job_id, result, pages, key_fingerprint)
        stored = self.find(job_id)
        if stored is None:
            return result
        _tell(self.on_saved, job_id, stored)
        return stored

    def _write(self, job_id: str, result: Result, pages: tuple[Page, ...], key_fingerprint: str | None) -> None:
        revision = _checksum(*(page.rows_json for page in pages))  # a refresh with the same rows keeps it for readers
        head = (
            *(self.origin, job_id, revision, str(result.status), result.stage, result.processed),
            None if result.manifest is None else json.dumps(dict(result.manifest)),
            *(result.error_message, result.as_of.isoformat(), json.dumps([page.row_count for page in pages])),
        )
        warnings = json.dumps(result.warnings) if result.warnings else None
        key = (self.origin, job_id, revision)
        bodies = [zlib.compress(page.rows_json, 1) for page in pages]
        written = [(number, body, _checksum(*key, number, body)) for number, body in enumerate(bodies)]
        with self._database.transaction() as db:
            self._remove(db, job_id)
            db.execute(_INSERT_JOB, (*head, key_fingerprint, warnings, _checksum(*_sealed(head, warnings))))
            db.executemany(_INSERT_PAGE, [(*key, *page) for page in written])
            self._record(db, job_id, result.status, len(result.rows), result.manifest, result.as_of)
            if _select_pages(db, *key, range(len(pages))) != written:
                raise _DamagedError

    def forget(self, job_id: str) -> bool:
        """Remove a job, also from the bytes of the file. Returns whether there was anything."""
        with self._database.transaction() as db:
            db.execute("PRAGMA secure_delete = ON")
            stored = self._remove(db, job_id)
            ledger = db.execute("DELETE FROM ledger WHERE origin = ? AND job_id = ?", (self.origin, job_id))
            removed = stored + ledger.rowcount > 0
        with self._database.connection() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _tell(self.on_forgotten, job_id)
        return removed

    def forget_all(self) -> None:
        """Remove all jobs of all origins and all damaged files, and free the disk space."""
        self._database.remove_quarantined()
        with self._database.transaction() as db:
            for table in ("job", "page", "ledger"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608
        with self._database.connection() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _tell(self.on_forgotten, None)

    def stored(self) -> list[tuple[str, str]]:
        """Origin and id of every stored job."""
        with self._database.connection() as db:
            return db.execute("SELECT origin, job_id FROM job").fetchall()

    def record(
        self,
        job_id: str,
        status: JobStatus,
        row_count: int | None,
        manifest: Mapping[str, Any] | None,
        now: datetime,
    ) -> None:
        """Write what the service said of a job into the list of jobs."""
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
        query, seeds, spent = (
            (manifest or {}).get(name) for name in ("derived_query", "resolved_seed_domains", "credits_consumed")
        )
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
        """All jobs ever seen here, the latest first."""
        with self._database.connection(wait=wait) as db:
            rows = db.execute(
                "SELECT job_id, label, query, seeds, first_seen, last_seen, status, row_count, credits"
                " FROM ledger WHERE origin = ? ORDER BY first_seen DESC, job_id",
                (self.origin,),
            ).fetchall()
        entries = []
        for job_id, label, query, seeds, first_seen, last_seen, status, row_count, credits_used in rows:
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
                _log.warning("an entry of the list of jobs is damaged, and left out: %s", damage)
            else:
                entries.append(entry)
        return entries

    def job_counts(self) -> dict[str, int]:
        """How many jobs the list has of each origin."""
        with self._database.connection() as db:
            return dict(db.execute("SELECT origin, count(*) FROM ledger GROUP BY origin ORDER BY origin").fetchall())

    def label(self, job_id: str, label: str | None) -> None:
        """Set the label of a job, or remove it with None.

        Raises:
            ConfigurationError: another job has this label.
        """
        now = datetime.now(UTC).isoformat()
        taken = ConfigurationError(
            f"Another job has the label {label!r} already. Choose another, or take it away there first."
        )
        label = None if label is None else " ".join(label.split())
        try:
            with self._database.transaction() as db:
                if label is not None and find_label(db, self.origin, label) not in (None, job_id):
                    raise taken
                db.execute(
                    "INSERT INTO ledger (origin, job_id, label, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (origin, job_id) DO UPDATE SET label = excluded.label",
                    (self.origin, job_id, label, now, now),
                )
        except sqlite3.IntegrityError:
            raise taken from None

    def label_of(self, job_id: str, *, wait: bool = True) -> str | None:
        """The label of the job, or None."""
        with self._database.connection(wait=wait) as db:
            row = db.execute(
                "SELECT label FROM ledger WHERE origin = ? AND job_id = ?", (self.origin, job_id)
            ).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def job_id_of(self, label: str, *, wait: bool = True) -> str | None:
        """The id of the job whose label looks like this one (`company_key.comparable`, blanks as one), or None."""
        with self._database.connection(wait=wait) as db:
            return find_label(db, self.origin, label)

    def names(self, limit: int, *, wait: bool = True) -> JobNames | None:
        """The names of all jobs, for looking up many of them; None if there are more than ``limit``."""
        with self._database.connection(wait=wait) as db:
            return read_names(db, self.origin, limit)

    def whole_id(self, text: str, *, wait: bool = True) -> str | None:
        """The id in the list of jobs that is this text, or begins so in at least `SHORT_ID` characters, in any case.

        None if there is none. An ellipsis may follow, as where a terminal cut the id.

        Raises:
            InvalidJobIdError: several begin so.
        """
        if (begin := beginning_of(text)) is None:
            return None
        with self._database.connection(wait=wait) as db:
            found = db.execute(
                "SELECT job_id FROM ledger WHERE origin = ? AND lower(substr(job_id, 1, ?)) = lower(?)",
                (self.origin, len(begin), begin),
            ).fetchall()
        return whole_id(begin, [str(job_id) for (job_id,) in found])

    def _load_pages(self, job_id: str, revision: str, numbers: range) -> Iterator[bytes]:
        try:
            with self._database.connection() as db:
                pages = _select_pages(db, self.origin, job_id, revision, numbers)
            if [number for number, _, _ in pages] != list(numbers):
                raise IncompleteResultError(
                    f"The stored rows of job {job_id} were removed or replaced just now. Ask for them again."
                )
            for number, body, seal in pages:
                _verify(seal, self.origin, job_id, revision, number, body)
                yield zlib.decompress(body)
        except ConfigurationError as newer:
            raise IncompleteResultError(f"The stored rows of job {job_id} cannot be read. {newer.message}") from None
        except (sqlite3.Error, zlib.error, TypeError, ValueError) as damage:
            raise IncompleteResultError(
                f"The stored rows of job {job_id} are damaged ({damage}). Refresh to read them again."
            ) from None

    def _remove(self, db: sqlite3.Connection, job_id: str) -> int:
        key = (self.origin, job_id)
        db.execute("DELETE FROM page WHERE origin = ? AND job_id = ?", key)
        return db.execute("DELETE FROM job WHERE origin = ? AND job_id = ?", key).rowcount


class _DamagedError(Exception):
    """Pages that were just written cannot be read back."""


def _checksum(*values: object) -> str:
    """A digest of values, each with its length before it."""
    digest = hashlib.blake2b(digest_size=16)
    for value in values:
        body = value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(body))
        digest.update(body)
    return digest.hexdigest()


def _sealed(head: tuple[object, ...], warnings: str | None) -> tuple[object, ...]:
    """What the checksum of a job covers. Version 2 had no warnings, and its checksums stay valid."""
    return head if warnings is None else (*head, warnings)


def _verify(seal: str | None, *values: object) -> None:
    """Raise `ValueError` if the values are not those that were written. Version 1 wrote no checksums."""
    if seal is not None and seal != _checksum(*values):
        raise ValueError("a seal is broken")


def _tell(hook: Callable[..., object], *arguments: object) -> None:
    """Call a hook, whose errors are no errors of the store."""
    try:
        hook(*arguments)
    except Exception:
        _log.exception("a hook of the store failed unexpectedly")


def _select_pages(
    db: sqlite3.Connection, origin: str, job_id: str, revision: str, numbers: range
) -> list[tuple[int, bytes, str | None]]:
    return db.execute(
        "SELECT number, rows, seal FROM page WHERE origin = ? AND job_id = ? AND revision = ?"
        " AND number >= ? AND number < ? ORDER BY number",
        (origin, job_id, revision, numbers.start, numbers.stop),
    ).fetchall()


def _displayable(seeds: list[Any]) -> list[str]:
    """The seeds, cut to what a person can read in a cell, with ``…`` last if there are more."""
    names = [clip(seed, CELL_UNITS) for seed in seeds if isinstance(seed, str)]
    return [*names[:_MAX_SEEDS], "…"] if len(names) > _MAX_SEEDS else names


def _is_encoding_error(damage: sqlite3.DatabaseError) -> bool:
    """Whether a text in the file is not UTF-8: Python raises this error itself, without an SQLite code."""
    return not hasattr(damage, "sqlite_errorcode")
