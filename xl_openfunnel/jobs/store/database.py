"""The store's file: made where it is missing, brought up to date where it is old, set aside where it is damaged."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from ...errors import ConfigurationError
from ...settings import NO_LINK
from . import diagnosis

_log = logging.getLogger(__name__)

VERSION = 2
"""Of the tables. 2 added the seals."""

_BUSY_TIMEOUT = 10.0
"""Seconds that an operation which may wait waits for another process: the largest job is written in under one."""

_ATTEMPTS = 20
"""To change the mode of a new file, which other processes may want to do too: each gets in another's way but once."""

# The ledger's ``requested`` is never written: it stays, because older versions of this package read it.
_SCHEMA = """
CREATE TABLE job (
  origin TEXT NOT NULL, job_id TEXT NOT NULL, revision TEXT NOT NULL, status TEXT NOT NULL, stage TEXT,
  processed INTEGER, manifest TEXT, error_message TEXT, as_of TEXT NOT NULL, counts TEXT NOT NULL,
  key_fingerprint TEXT, seal TEXT, PRIMARY KEY (origin, job_id)
) WITHOUT ROWID;
CREATE TABLE page (
  origin TEXT NOT NULL, job_id TEXT NOT NULL, revision TEXT NOT NULL, number INTEGER NOT NULL,
  rows BLOB NOT NULL, seal TEXT, PRIMARY KEY (origin, job_id, revision, number)
);
CREATE TABLE ledger (
  origin TEXT NOT NULL, job_id TEXT NOT NULL, label TEXT, query TEXT, seeds TEXT, requested INTEGER,
  first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, status TEXT, row_count INTEGER, credits REAL,
  PRIMARY KEY (origin, job_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_label ON ledger (origin, lower(label));
"""

_MIGRATE_FROM_1 = "ALTER TABLE job ADD COLUMN seal TEXT;\nALTER TABLE page ADD COLUMN seal TEXT"

_QUARANTINE_SUFFIX = ".damaged-"


class StoreBusyError(Exception):
    """Another process holds the store just now: what it knows of a job is unknown, not nothing."""


class StoreDatabase:
    """One SQLite file, for any number of threads and processes; each operation opens a connection of its own.

    Where it cannot be written, because the disk is full, say, it is read as it is; each operation that may wait tries
    anew whether it can be written by now.

    Raises:
        OSError, sqlite3.Error: the folder or the file cannot be used.
        ConfigurationError: a newer version of this package wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._ready = False
        self._close_anchor: Callable[[], object] = lambda: None
        try:
            self._ensure_open()
        except (OSError, sqlite3.Error) as trouble:
            reason = diagnosis.explain(trouble, path)
            if reason not in (diagnosis.FULL, diagnosis.READ_ONLY, diagnosis.NO_PERMISSION) or not self._is_readable(
                reason
            ):
                raise
            _log.warning("the store %s cannot be written for now: %s", path, reason)

    def close(self) -> None:
        """Close the file. It is opened again for whatever is asked afterwards."""
        self._close_anchor()

    @contextlib.contextmanager
    def connection(self, *, wait: bool = True, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection. Damage that shows up is raised, and the next one that may wait finds a sound file.

        Args:
            wait: whether the file may be waited for, made, or set aside.
            write: whether one that can only be read is of no use.

        Raises:
            StoreBusyError: with ``wait=False``, when another process holds the file just now, or it is damaged.
            ConfigurationError: it is to be written and cannot be, or a newer version of this package changed it.
        """
        if wait:
            try:
                self._ensure_open()
            except (OSError, sqlite3.Error) as trouble:
                if write:
                    reason = diagnosis.explain(trouble, self.path)
                    raise ConfigurationError(f"The local store cannot be written: {reason}") from None
        if not (self._ready and self.path.exists()):  # somebody may have removed it while it was in use
            with self._connect_readonly(wait=wait) as db:
                yield db
            return
        which = _file_identity(self.path)
        try:
            with self._connect(wait=wait) as db:
                yield db
        except sqlite3.DatabaseError as trouble:
            if not wait and (
                is_damage(trouble) or _primary_code(trouble) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            ):
                raise StoreBusyError from None
            if is_damage(trouble):
                self.quarantine(which)
            raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that writes all or nothing."""
        with self.connection(write=True) as db, _transaction(db):
            yield db

    def quarantine(self, expected: tuple[int, int] | None = None) -> None:
        """Set the file aside, damaged as it is, and begin a new one; only the newest one is kept aside.

        Args:
            expected: identity of the damaged file, in case another has replaced it; None for the current one.

        Raises:
            ConfigurationError: it is not damaged, but a newer version of this package changed it.
        """
        with self._lock:
            if expected is not None and _file_identity(self.path) != expected:
                return  # another thread or process was quicker
            with contextlib.suppress(sqlite3.Error), self._connect() as db:
                _check_version(db, self.path)
            self._close_anchor()
            try:
                self._move_aside()
                self._prepare()
            except (OSError, sqlite3.Error) as trouble:  # Windows moves no file that another process has open
                _log.warning("the store is damaged and could not be set aside: %s", trouble)

    def remove_quarantined(self) -> None:
        """Remove whatever was set aside."""
        for old in self.path.parent.glob(f"{self.path.name}{_QUARANTINE_SUFFIX}*"):
            with contextlib.suppress(OSError):
                old.unlink()

    @contextlib.contextmanager
    def _connect(self, *, wait: bool = True) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT if wait else 0.0, isolation_level=None)
        try:
            yield db
        finally:
            db.close()

    @contextlib.contextmanager
    def _connect_readonly(self, *, wait: bool) -> Iterator[sqlite3.Connection]:
        """A connection to the file as it is, or to an empty one where there is none.

        Raises:
            StoreBusyError: with ``wait=False``, when it cannot be read just now.
        """
        try:
            if self._has_content():
                db = diagnosis.connect_readonly(self.path, timeout=_BUSY_TIMEOUT if wait else 0.0)
            else:
                db = sqlite3.connect(":memory:")
                db.executescript(_SCHEMA)
        except sqlite3.Error:
            if wait:
                raise
            raise StoreBusyError from None
        with contextlib.closing(db):
            _check_version(db, self.path)
            yield db

    def _is_readable(self, reason: str) -> bool:
        if not self._has_content():
            return reason == diagnosis.FULL  # which passes: there is nothing yet, and may be
        try:
            with self._connect_readonly(wait=True):
                return True
        except sqlite3.Error:
            return False

    def _has_content(self) -> bool:
        """Whether there is anything to read; a file that was only begun has nothing.

        Raises:
            OSError: nobody can tell, as the folder that it was made in is gone: a disk that was taken away.
        """
        try:
            return self.path.stat().st_size > 0
        except FileNotFoundError:
            if self._ready and not self.path.parent.is_dir():
                raise
            return False

    def _ensure_open(self) -> None:
        """Make or check the file, if that is not done yet."""
        if self._ready and self.path.exists():
            return
        with self._lock:
            if not (self._ready and self.path.exists()):  # another thread may have been quicker
                self._ready = False
                self._prepare()

    def _prepare(self) -> None:
        """Make or check the file; one that is no database, or a damaged one, is set aside."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._create_or_migrate()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as trouble:
            if isinstance(trouble, sqlite3.DatabaseError) and not is_damage(trouble):
                raise
            self._move_aside()
            self._create_or_migrate()

    def _create_or_migrate(self) -> None:
        self._check_no_links()
        if not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | NO_LINK, 0o600))
        with self._connect() as db:
            if _check_version(db, self.path) < VERSION:
                _enable_wal(db)
                with _transaction(db):
                    version = db.execute("PRAGMA user_version").fetchone()[0]  # another process may have been quicker
                    for statement in {0: _SCHEMA, 1: _MIGRATE_FROM_1}.get(version, "").split(";\n"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {VERSION}")
        # One connection stays open: the last one to be closed locks the file to tidy up, and a reader that may not
        # wait would find it busy.
        anchor = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT, check_same_thread=False)
        self._close_anchor = weakref.finalize(self, anchor.close)
        try:
            for table in ("job", "page", "ledger"):
                anchor.execute(f"SELECT 1 FROM {table}").fetchone()  # noqa: S608
        except sqlite3.Error:
            self._close_anchor()
            raise
        self._ready = True

    def _check_no_links(self) -> None:
        """A link in the place of our file, or of what SQLite keeps beside it, would have us write elsewhere."""
        for ending in ("", "-wal", "-shm", "-journal"):
            name = self.path.with_name(self.path.name + ending)
            if name.is_symlink():
                raise FileExistsError(f"{name.name} is a link to another place")

    def _move_aside(self) -> None:
        """With what SQLite keeps beside it: left there, it would be taken for the new file's."""
        self.remove_quarantined()
        aside = self.path.with_name(f"{self.path.name}{_QUARANTINE_SUFFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        self.path.replace(aside)
        for ending in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self.path.with_name(self.path.name + ending).replace(aside.with_name(aside.name + ending))
        _log.warning("the store was damaged: it is kept as %s, and a new one is begun", aside.name)


def _check_version(db: sqlite3.Connection, path: Path) -> int:
    """The version of the tables.

    Raises:
        ConfigurationError: it is newer than ours.
    """
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise ConfigurationError(
            f"The local store {path} was written by a newer XL OpenFunnel. Update this one, or give another folder "
            "with OPENFUNNEL_CACHE_DIR."
        )
    return version


def _enable_wal(db: sqlite3.Connection) -> None:
    """Have the file written ahead of itself (WAL), also where other processes open it for the first time just now.

    Raises:
        sqlite3.OperationalError: they do not let go of it.
    """
    for left in reversed(range(_ATTEMPTS)):
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as trouble:
            if _primary_code(trouble) != sqlite3.SQLITE_BUSY or not left:
                raise
        else:
            return
        # To change the mode SQLite does not wait for others; to begin a transaction it does.
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether this says that the file is not what we wrote: our statements never change, so an error in one is one."""
    return _primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _file_identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # where the disk is full, SQLite has done so itself
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
