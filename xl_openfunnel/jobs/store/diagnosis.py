"""Explains disk errors to the user, and opens the store read-only."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Final

from ...settings import ENV_CACHE_DIR

_USE_ANOTHER_FOLDER: Final = f"Give a folder of your own with {ENV_CACHE_DIR}."

LOCKED: Final = "another program has locked the store. Wait a while."
FULL: Final = "the disk is full. Make room on it."
READ_ONLY: Final = f"the disk can only be read. {_USE_ANOTHER_FOLDER}"
NO_FOLDER: Final = f"there is a file where its folder should be. {_USE_ANOTHER_FOLDER}"
NO_PERMISSION: Final = f"you may not write there. {_USE_ANOTHER_FOLDER}"

_MIN_FREE_BYTES: Final = 64 * 1024
"""Free bytes needed to open the store for writing: SQLite keeps an index of 32 KB beside it."""


def explain(error: Exception, path: Path) -> str:
    """Why the file at ``path`` cannot be used, and what to do: one or two sentences for the user.

    For a full or read-only disk SQLite only reports that the file cannot be opened or that there was an I/O error, so
    the disk itself is checked.
    """
    folder = next((each for each in (path.parent, *path.parents) if _is_folder(each)), path.parent)
    number = error.errno if isinstance(error, OSError) else None
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if number in (errno.EEXIST, errno.ENOTDIR):
        return NO_FOLDER
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LOCKED
    if code not in (0, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL):
        return f"{error}. {_USE_ANOTHER_FOLDER}"
    if number == errno.EROFS or _is_readonly(folder):
        return READ_ONLY
    if number in (errno.ENOSPC, errno.EDQUOT) or code == sqlite3.SQLITE_FULL or _is_full(folder):
        return FULL
    if number in (errno.EACCES, errno.EPERM) or code == sqlite3.SQLITE_READONLY or not _is_writable(folder):
        return NO_PERMISSION
    return f"{getattr(error, 'strerror', None) or error}. {_USE_ANOTHER_FOLDER}"


def connect_readonly(path: Path, *, timeout: float) -> sqlite3.Connection:
    """A connection that writes nothing, not even files beside the database; ``timeout`` seconds for other processes.

    Raises:
        sqlite3.Error: it cannot be read either.
    """
    try:
        return _connect(path, "mode=ro", timeout)
    except sqlite3.Error:
        if _has_wal(path):
            raise
        # SQLite locks by an index beside the file, which cannot be created here. No lock is needed: a process that
        # writes has a log (-wal) beside the file.
        return _connect(path, "mode=ro&immutable=1", timeout)


def _connect(path: Path, how: str, timeout: float) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=timeout, isolation_level=None)
    try:
        db.execute("SELECT 1 FROM job").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # the name is too long, or a parent folder is not accessible
        return False


def _has_wal(path: Path) -> bool:
    """Whether there is a log beside the file, with data that the file does not have yet."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def _is_readonly(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)  # not on Windows
    except (AttributeError, OSError):
        return False


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _is_full(folder: Path) -> bool:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return False
    return usage.total > 0 and usage.free < _MIN_FREE_BYTES  # a total of 0 is not a disk
