"""The store's SQLite file: created if missing, migrated if old, moved aside if damaged."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

from ...errors import ConfigurationError
from ...log import CAUSE
from ...settings import NO_LINK
from . import diagnosis

_log = logging.getLogger(__name__)

VERSION = 3
"""Version of the tables. 2 added the checksums (``seal``), 3 the warnings."""

_BUSY_TIMEOUT = 10.0
"""Seconds that an operation with ``wait`` waits for another process: the largest job is written in under one."""

_ATTEMPTS = 20
"""Tries to enable WAL in a new file: each other process that does so too can interfere only once."""

# The ledger's ``requested`` is never written: it stays, because older versions of this package read it.
_SCHEMA = """
CREATE TABLE job (
  origin TEXT NOT NULL, job_id TEXT NOT NULL, revision TEXT NOT NULL, status TEXT NOT NULL, stage TEXT,
  processed INTEGER, manifest TEXT, error_message TEXT, as_of TEXT NOT NULL, counts TEXT NOT NULL,
  key_fingerprint TEXT, seal TEXT, warnings TEXT, PRIMARY KEY (origin, job_id)
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

_LATER_COLUMNS = {"job": ("seal", "warnings"), "page": ("seal",)}
"""What the tables of older versions lack, all of type TEXT."""

_QUARANTINE_SUFFIX = ".damaged-"


class StoreBusyError(Exception):
    """Another process has locked the store: whether a job is stored is unknown."""


class StoreDatabase:
    """One SQLite file, for any number of threads and processes; each operation opens its own connection.

    A file that cannot be written, for example because the disk is full, is opened read-only; each operation with
    ``wait`` checks again whether it can be written.

    Raises:
        OSError, sqlite3.Error: the folder or the file cannot be used.
        ConfigurationError: a newer version of this package wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._ready = False
        self._anchor: sqlite3.Connection | None = None
        self._anchored: tuple[int, int] | None = None
        self._close_finally: Callable[[], object] = lambda: None
        self._shared = threading.local()
        try:
            self._ensure_open()
        except (OSError, sqlite3.Error) as error:
            reason = diagnosis.explain(error, path)
            if reason not in (diagnosis.FULL, diagnosis.READ_ONLY, diagnosis.NO_PERMISSION) or not self._is_readable(
                reason
            ):
                raise
            _log.warning("the store %s cannot be written for now: %s", path, reason, extra={CAUSE: reason})

    def close(self) -> None:
        """Close the file. A later operation opens it again."""
        self._anchor = None
        self._close_finally()

    def version(self) -> Hashable:
        """Equal to an earlier one only while the file has not changed; None where that cannot be told just now."""
        anchor = self._anchor
        if anchor is None or self._anchored != _file_identity(self.path):
            return None
        try:
            return anchor, *anchor.execute("PRAGMA data_version").fetchall()
        except sqlite3.Error:
            return None

    @contextlib.contextmanager
    def connection(self, *, wait: bool = True, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection. Damage is raised, and the next connection with ``wait`` gets a new file.

        Args:
            wait: whether to wait for other processes, and to create or quarantine the file.
            write: whether a read-only connection is an error.

        Raises:
            StoreBusyError: with ``wait=False``, another process has locked the file, or it is damaged.
            ConfigurationError: the file cannot be written, or a newer version of this package changed it.
        """
        if wait:
            try:
                self._ensure_open()
            except (OSError, sqlite3.Error) as error:
                if write:
                    reason = diagnosis.explain(error, self.path)
                    raise ConfigurationError(f"The local store cannot be written: {reason}") from None
        shared = None if wait else getattr(self._shared, "db", None)
        if shared is None and not (self._ready and self.path.exists()):  # it may have been removed while in use
            with self._connect_readonly(wait=wait) as db:
                yield db
            return
        identity = _file_identity(self.path) if wait else None
        try:
            with self._connect_shared() if not wait and self._is_sharing() else self._connect(wait=wait) as db:
                yield db
        except sqlite3.DatabaseError as error:
            if not wait and (is_damage(error) or _primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)):
                raise StoreBusyError from None
            if is_damage(error):
                self.quarantine(identity)
            raise

    @contextlib.contextmanager
    def one_connection(self) -> Iterator[None]:
        """Within this, all operations on this thread that do not wait share one connection.

        It is to the file that is there first. To open one takes ten times as long as to look a job up, and on some
        systems so does a look at the file.
        """
        if self._is_sharing():
            yield
            return
        with contextlib.ExitStack() as opened:
            self._shared.opened, self._shared.db = opened, None
            try:
                yield
            finally:
                self._shared.opened = self._shared.db = None

    def _is_sharing(self) -> bool:
        return getattr(self._shared, "opened", None) is not None

    @contextlib.contextmanager
    def _connect_shared(self) -> Iterator[sqlite3.Connection]:
        """The connection of `one_connection`."""
        shared = self._shared
        if shared.db is None:
            shared.db = shared.opened.enter_context(self._connect(wait=False))
        yield shared.db

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection within one write transaction."""
        with self.connection(write=True) as db, _transaction(db):
            yield db

    def quarantine(self, expected: tuple[int, int] | None = None) -> None:
        """Move the damaged file aside and create a new one. Only the latest damaged file is kept.

        Args:
            expected: identity of the damaged file, in case another has replaced it; None for the current one.

        Raises:
            ConfigurationError: the file is not damaged: a newer version of this package changed it.
        """
        with self._lock:
            if expected is not None and _file_identity(self.path) != expected:
                return  # another thread or process was faster
            with contextlib.suppress(sqlite3.Error), self._connect() as db:
                _check_version(db, self.path)
            self.close()
            try:
                self._move_aside()
                self._prepare()
            except (OSError, sqlite3.Error) as error:  # Windows does not move a file that another process has open
                _log.warning("the store is damaged and could not be set aside: %s", error)

    def remove_quarantined(self) -> None:
        """Delete the damaged files that were moved aside."""
        for old in self.path.parent.glob(f"{self.path.name}{_QUARANTINE_SUFFIX}*"):
            with contextlib.suppress(OSError):
                old.unlink()

    def _connect(self, *, wait: bool = True) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(
            sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT if wait else 0.0, isolation_level=None)
        )

    @contextlib.contextmanager
    def _connect_readonly(self, *, wait: bool) -> Iterator[sqlite3.Connection]:
        """A read-only connection to the file, or one to an empty database if there is none.

        Raises:
            StoreBusyError: with ``wait=False``, the file cannot be read at the moment.
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
            # A file of an older version is read through views, since it cannot be migrated.
            for table, columns in itertools.groupby(_missing_columns(db), key=itemgetter(0)):
                nulls = ", ".join(f"NULL AS {column}" for _, column in columns)
                db.execute(f"CREATE TEMP VIEW {table} AS SELECT *, {nulls} FROM main.{table}")  # noqa: S608
            yield db

    def _is_readable(self, reason: str) -> bool:
        if not self._has_content():
            return reason == diagnosis.FULL  # which is temporary: the file can be created later
        try:
            with self._connect_readonly(wait=True):
                return True
        except sqlite3.Error:
            return False

    def _has_content(self) -> bool:
        """Whether the file exists and is not empty.

        Raises:
            OSError: its folder is gone, so this is unknown: the disk was removed.
        """
        try:
            return self.path.stat().st_size > 0
        except FileNotFoundError:
            if self._ready and not self.path.parent.is_dir():
                raise
            return False

    def _ensure_open(self) -> None:
        """Create or check the file, once."""
        if self._ready and self.path.exists():
            return
        with self._lock:
            if not (self._ready and self.path.exists()):  # another thread may have been faster
                self._ready = False
                self._prepare()

    def _prepare(self) -> None:
        """Create or check the file; one that is damaged or not a database is moved aside."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._create_or_migrate()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if isinstance(error, sqlite3.DatabaseError) and not is_damage(error):
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
                    version = db.execute("PRAGMA user_version").fetchone()[0]  # another process may have been faster
                    for statement in _SCHEMA.split(";\n") if version == 0 else ():
                        db.execute(statement)
                    for table, column in _missing_columns(db):
                        db.execute(f"ALTER TABLE {table} ADD COLUMN {column} TEXT")
                    db.execute(f"PRAGMA user_version = {VERSION}")
        # One connection stays open: closing the last one locks the file for a checkpoint, and a reader that does not
        # wait would find it busy.
        self.close()
        anchor = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT, check_same_thread=False)
        self._close_finally = weakref.finalize(self, anchor.close)
        try:
            for table in ("job", "page", "ledger"):
                anchor.execute(f"SELECT 1 FROM {table}").fetchone()  # noqa: S608
            anchor.execute("PRAGMA busy_timeout = 0")  # for `version`
        except sqlite3.Error:
            self._close_finally()
            raise
        self._anchor, self._anchored, self._ready = anchor, _file_identity(self.path), True

    def _check_no_links(self) -> None:
        """Refuse links in the place of the file and of those beside it: they would redirect writes."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            file = self.path.with_name(self.path.name + suffix)
            if file.is_symlink():
                raise FileExistsError(f"{file.name} is a link to another place")

    def _move_aside(self) -> None:
        """Rename the file, and those that SQLite keeps beside it, which would else be used with the new file."""
        self.remove_quarantined()
        aside = self.path.with_name(f"{self.path.name}{_QUARANTINE_SUFFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        self.path.replace(aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self.path.with_name(self.path.name + suffix).replace(aside.with_name(aside.name + suffix))
        _log.warning("the store was damaged: it was moved to %s, and a new one is created", aside.name)


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


def _missing_columns(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Tables with the columns that they lack, table by table."""
    missing = []
    for table, columns in _LATER_COLUMNS.items():
        present = {name for _, name, *_ in db.execute(f"PRAGMA main.table_info({table})")}
        missing += [(table, column) for column in columns if column not in present]
    return missing


def _enable_wal(db: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging, also while other processes open it for the first time.

    Raises:
        sqlite3.OperationalError: the other processes keep it locked.
    """
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY or not attempts_left:
                raise
        else:
            return
        # SQLite does not wait for others to change the mode, but it does to begin a transaction.
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is damaged. Our SQL never changes, so an error in a statement is damage too."""
    return _primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _file_identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # with a full disk SQLite has already rolled back
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
