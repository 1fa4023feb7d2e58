"""The folder of the files with columns: one per job and content, none ever changed.

A name has three parts: which job (of which origin), which content (in which version of the schema), and a checksum of
the file's bytes and the first two. So a file is found without opening others, two never share a name, and one that is
damaged, or has another's name, is known by reading it. Several processes may make the same file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from ..atomic import LEFT_OVER_AGE
from ..jobs.snapshot import Rows
from ..settings import NO_LINK
from ..text import clip, one_line
from . import parquet
from .schema import VERSION, IrregularError, read_columns

_log = logging.getLogger(__name__)

_NAME: Final = "columns"
"""The folder's name, beside the store."""

_SUFFIX: Final = ".parquet"
_IRREGULAR: Final = ".irregular"
_PART: Final = ".part"

_MAX_VALUE: Final = 80
"""UTF-16 units of an irregular value that are kept, to be shown."""


@dataclass(frozen=True)
class Irregular:
    """A job that has no file, because of this value (as JSON, cut) of a column or field, in the row of this rank."""

    job_id: str
    field: str
    rank: int
    value: str


@dataclass(frozen=True)
class Usage:
    """How many files a folder has, their bytes, and how many of them are not as they were made."""

    files: int
    size: int
    damaged: int


class ColumnFolder:
    """The files of one origin in a folder, which is created with the first one. Others in it are left alone."""

    def __init__(self, path: Path, origin: str, *, now: Callable[[], float] = time.time) -> None:
        self.path = path
        self.origin = origin
        self._now = now
        self._checked: dict[str, tuple[Path, tuple[int, ...]]] = {}
        self._making = threading.Lock()
        """Making a file holds the GIL, which cells need: so one at a time, and two threads that want the same file make
        one."""

    @classmethod
    def beside(cls, store_path: Path, origin: str) -> Self:
        """The folder that belongs to the store at the path."""
        return cls(store_path.with_name(_NAME), origin)

    def find(self, job_id: str, content: str) -> Path | None:
        """The job's file for `Rows.content`, checked when first found; None without one. Removes a damaged one."""
        begin = self.begin(job_id, content)
        known = self._checked.get(begin)
        if known is not None and _identity(known[0]) == known[1]:
            return known[0]
        for path in self._files(f"{begin}-", _SUFFIX):
            if (identity := _identity(path)) is not None and _is_sound(path):
                self._checked[begin] = path, identity
                return path
            _log.warning("the columns of job %s are damaged: they are made again", job_id)
            _remove(path)
        return None

    def check_again(self) -> None:
        """Have every file checked when it is found next: one could not be read, or does not hold what it should."""
        self._checked.clear()

    def is_irregular(self, job_id: str, content: str) -> bool:
        """Whether making the job's file is known to be in vain."""
        return _exists(self.path / f"{self.begin(job_id, content)}{_IRREGULAR}")

    def irregular(self) -> list[Irregular]:
        """The irregular jobs of this origin."""
        found = []
        for path in self._files("", _IRREGULAR):
            try:
                entry = json.loads(_read(path))
                if entry.pop("origin") == self.origin:
                    found.append(Irregular(**entry))
            except (OSError, ValueError, TypeError, AttributeError, LookupError):
                _remove(path)
        return found

    def usage(self) -> Usage:
        """What the files of all origins take, and how many of them are damaged."""
        files = self._files("", _SUFFIX)
        sizes = [identity[1] for path in files if (identity := _identity(path)) is not None]
        return Usage(len(files), sum(sizes), sum(not _is_sound(path) for path in files))

    def make(self, job_id: str, rows: Rows, as_of: datetime | None) -> Path:
        """Make the file of a job from its stored rows, unless it is there; remove those of its earlier contents.

        Raises:
            IrregularError: a value that its column cannot hold exactly. This is remembered.
            IncompleteResultError: the rows are no longer in the store.
            UnavailableError: DuckDB cannot write the file.
            OSError: the folder cannot be written.
        """
        if rows.content is None:
            raise ValueError("only stored rows have columns")
        with self._making:
            return self.find(job_id, rows.content) or self._make(job_id, rows, rows.content, as_of)

    def _make(self, job_id: str, rows: Rows, content: str, as_of: datetime | None) -> Path:
        begin = self.begin(job_id, content)
        self.prepare()
        try:
            columns = read_columns(rows.load(range(len(rows.counts))))
        except IrregularError as error:
            self._remember(job_id, begin, error)
            raise
        metadata = {
            "version": str(VERSION),
            "job_id": job_id,
            "origin": self.origin,
            "as_of": "" if as_of is None else as_of.isoformat(),
            "rows": str(len(rows)),
            "content": content,
        }
        with self.part(begin) as part:
            parquet.write(part, job_id, self.origin, columns, metadata)
            sync(part)
            path = self.path / f"{begin}-{_seal(part, begin)}{_SUFFIX}"
            if not _exists(path):
                part.replace(path)
        self._remove_earlier(job_id, begin)
        if (found := self.find(job_id, content)) is None:
            raise OSError(f"{path.name} cannot be read back")
        return found

    @contextlib.contextmanager
    def temporary(self, job_id: str, rows: Rows) -> Iterator[Path]:
        """A file of rows that need not be in the store, until a question about them is answered.

        Raises:
            IrregularError: a value that its column cannot hold exactly.
            UnavailableError: DuckDB cannot write the file.
            OSError: the folder cannot be written.
        """
        self.prepare()
        with self.part(job_key(self.origin, job_id)) as part:
            with self._making:
                parquet.write(part, job_id, self.origin, read_columns(rows.load(range(len(rows.counts)))), {})
            yield part

    def forget(self, job_id: str) -> None:
        """Remove all files of a job, of any content and version."""
        for path in self._files(f"{job_key(self.origin, job_id)}-"):
            self._drop(path)

    def forget_all(self) -> None:
        """Remove all files of all origins, and the folder if nothing else is in it."""
        if self.path.is_symlink():
            self.path.unlink()
            return
        for path in self._files(""):
            self._drop(path)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def keep_only(self, stored: Callable[[], Iterable[tuple[str, str]]]) -> None:
        """Remove the files of all other jobs, and what was left over from processes that ended.

        ``stored`` gives origin and id of the jobs to keep. It is called after the files are listed, so that one that
        another process saves during this keeps its file.
        """
        self._remove_left_over()
        if files := self._files("", _SUFFIX, _IRREGULAR):
            kept = {job_key(origin, job_id) for origin, job_id in stored()}
            for path in files:
                if path.name.partition("-")[0] not in kept:
                    self._drop(path)

    def begin(self, job_id: str, content: str) -> str:
        """How the names of the job's files begin: which job of which origin, and which content of which version."""
        return f"{job_key(self.origin, job_id)}-{_hash(VERSION, content)}"

    def _files(self, begin: str, *suffixes: str) -> list[Path]:
        """Our files whose names begin and end so."""
        try:
            if self.path.is_symlink():
                return []
            names = [entry.name for entry in os.scandir(self.path)]
        except OSError:
            return []
        ours = suffixes or (_SUFFIX, _IRREGULAR, _PART)
        return [self.path / name for name in names if name.startswith(begin) and name.endswith(ours)]

    def prepare(self) -> None:
        """Make the folder, and remove what ended processes left in it."""
        if self.path.is_symlink():
            raise FileExistsError(f"{self.path.name} is a link to another place")
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._remove_left_over()

    def _remove_left_over(self) -> None:
        for path in self._files("", _PART):
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime < self._now() - LEFT_OVER_AGE:
                    _remove(path)

    @contextlib.contextmanager
    def part(self, begin: str) -> Iterator[Path]:
        """A new file in the folder, to be written and then taken elsewhere. What is left of it is removed."""
        part = self.path / f"{begin}-{secrets.token_hex(8)}{_PART}"
        try:
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | NO_LINK, 0o600))
            yield part
        finally:
            _remove(part)

    def _remember(self, job_id: str, begin: str, error: IrregularError) -> None:
        value = clip(one_line(error.shown()), _MAX_VALUE)
        entry = {"job_id": job_id, "origin": self.origin, "field": error.field, "rank": error.rank, "value": value}
        with self.part(begin) as part:
            part.write_text(json.dumps(entry), "utf-8")
            part.replace(self.path / f"{begin}{_IRREGULAR}")
        self._remove_earlier(job_id, begin)

    def _remove_earlier(self, job_id: str, begin: str) -> None:
        for path in self._files(f"{job_key(self.origin, job_id)}-", _SUFFIX, _IRREGULAR):
            if not path.name.startswith(begin):
                self._drop(path)

    def _drop(self, path: Path) -> None:
        self._checked.pop(path.stem.rpartition("-")[0], None)
        _remove(path)


def job_key(origin: str, job_id: str) -> str:
    """What the names of a job's files begin with."""
    return _hash(origin, job_id)


def _hash(*values: object) -> str:
    return hashlib.blake2b(json.dumps(values).encode(), digest_size=12).hexdigest()


def _seal(path: Path, begin: str) -> str | None:
    """A checksum of the beginning of the name and of the bytes; None where the file cannot be read."""
    digest = hashlib.blake2b(begin.encode(), digest_size=12)
    try:
        digest.update(_read(path))
    except OSError:
        return None
    return digest.hexdigest()


def _is_sound(path: Path) -> bool:
    begin, _, seal = path.stem.rpartition("-")
    return _seal(path, begin) == seal


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | NO_LINK | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path.name} is no ordinary file")
        return file.read()


def sync(path: Path) -> None:
    """Have the system write the file to the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _identity(path: Path) -> tuple[int, ...] | None:
    """What changes when a file changes; None for anything but a file."""
    try:
        now = path.lstat()
    except OSError:
        return None
    return (now.st_ino, now.st_size, now.st_mtime_ns) if stat.S_ISREG(now.st_mode) else None


def _exists(path: Path) -> bool:
    return _identity(path) is not None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # Windows removes no file that another process reads
        _log.debug("%s could not be removed: %s", path.name, error)
