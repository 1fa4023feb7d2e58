"""DuckDB, confined: in memory, with the files of one folder, and never in the way of the process' end."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

THREADS: Final = 2
"""Threads of all connections to a folder: Excel and the fetcher need the other processors."""

MEMORY: Final = "256MB"
"""Memory of all connections to a folder: a job of 10,000 full rows takes 60 MB while its file is made."""

_END_TIMEOUT: Final = 5.0
"""Seconds for which the end of the process waits for connections: an interrupted one ends within some 50 ms."""

_INTERVAL: Final = 0.05
"""Seconds between two interruptions: one that comes between two statements has no effect."""


class UnavailableError(Exception):
    """DuckDB cannot do it, or not now: it does not load, was interrupted, has no room, or the process ends."""


class NoRoomError(UnavailableError):
    """DuckDB could not write a file of the folder, for a ``reason`` in the system's words."""

    def __init__(self, reason: str, folder: Path) -> None:
        super().__init__(f"{reason}. Make room in {folder}.")
        self.reason = reason


_WRITE_FAILED: Final = re.compile(r'Could not write file \\?"(.+?)\\?": ([^"]+)')
"""In DuckDB's words, or in the JSON that it quotes from a thread of its own."""

_instances: dict[tuple[int, Path], DuckDBPyConnection] = {}
"""One instance for a folder in a process, since it takes 15 ms to make one. A forked process has its own."""

_open: set[Connection] = set()
_loading: set[int] = set()
"""The threads that import DuckDB: it aborts a process that ends before it is done."""

_changed = threading.Condition()
_ending = threading.Event()


class Connection:
    """A connection for one thread. Its temporary tables are its own.

    A traceback may keep this object alive, but not DuckDB's own, whose destructor waits for the GIL.
    """

    def __init__(self, real: DuckDBPyConnection) -> None:
        self._real: DuckDBPyConnection | None = real

    def execute(self, query: str, parameters: object = None) -> Self:
        """Run a statement, or several without parameters."""
        self._used().execute(query, parameters)
        return self

    def fetchall(self) -> list[Any]:
        """The rows of the last statement."""
        return self._used().fetchall()

    def fetchmany(self, size: int) -> list[Any]:
        """The next rows of the last statement, at most so many."""
        return self._used().fetchmany(size)

    @property
    def description(self) -> Sequence[tuple[Any, ...]]:
        """Name and type of the columns of the last statement, in the first two places."""
        return self._used().description or ()

    def register(self, name: str, columns: object) -> None:
        """Have a dict of arrays read as a table."""
        self._used().register(name, columns)

    def interrupt(self) -> None:
        """Have the statement that runs raise an error, from any thread."""
        with _changed:
            if self._real is not None:
                self._real.interrupt()

    def close(self) -> None:
        """Give up all that the connection holds."""
        with _changed:
            real, self._real = self._real, None
        if real is not None:
            real.close()

    def _used(self) -> DuckDBPyConnection:
        if self._real is None:
            raise UnavailableError("the connection is closed")
        return self._real


@contextlib.contextmanager
def connect(folder: Path) -> Iterator[Connection]:
    """A connection that can use the files in ``folder`` and no others.

    Raises:
        UnavailableError: DuckDB does not load, or the process ends; or any error of DuckDB in the block.
        NoRoomError: it could not write.
        KeyboardInterrupt: Ctrl-C came while DuckDB was at work.
    """
    load()
    import duckdb

    _end_before_duckdb()
    connection = None
    try:
        with _changed:
            if _ending.is_set():
                raise UnavailableError("the process ends")
            connection = Connection(_instance(folder).cursor())
            _open.add(connection)
        yield connection
    # Python's: no memory, a text in a damaged file that is no UTF-8, and what DuckDB has no error of its own for.
    except (duckdb.Error, MemoryError, UnicodeError, RuntimeError) as error:
        if is_interrupt(error):
            raise KeyboardInterrupt from None
        if failure := write_failure(error):
            raise NoRoomError(failure[1], folder) from error
        raise UnavailableError(str(error)) from error
    finally:
        if connection is not None:
            connection.close()
            with _changed:
                _open.discard(connection)
                _changed.notify_all()


def _instance(folder: Path) -> DuckDBPyConnection:
    place = os.getpid(), folder.absolute()
    if place not in _instances:
        import duckdb

        instance = duckdb.connect(":memory:")
        settings = {
            "allowed_directories": [str(place[1])],
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": "",
            "pandas_analyze_sample": 0,  # objects in arrays are text: none is guessed from a sample
            "python_enable_replacements": False,  # no name in SQL is a variable of ours
            "threads": THREADS,
            "memory_limit": MEMORY,
            "enable_external_access": False,
            "lock_configuration": True,
        }
        for name, value in settings.items():
            instance.execute(f"SET {name} = {literal(value)}")
        _instances[place] = instance
    return _instances[place]


def is_ending() -> bool:
    """Whether the process ends, so that nothing can be asked any more."""
    return _ending.is_set()


def loading_error() -> str | None:
    """Why DuckDB does not load, as where a policy of the computer forbids it; None if it does."""
    try:
        from duckdb import connect  # noqa: F401
    except Exception as error:  # its own code runs, and that of numpy
        return str(error)
    return None


def is_interrupt(error: Exception) -> bool:
    """Whether DuckDB raised it for a Ctrl-C, which Python notices only in the main thread.

    DuckDB has no class of error for that: it says `Query interrupted` where it looks for signals itself, and where it
    calls Python, its error quotes Python's, some with the whole traceback. What `_end` interrupts is another error.
    """
    text = str(error)
    return text == "Query interrupted" or any(line.startswith("KeyboardInterrupt") for line in text.splitlines())


def write_failure(error: Exception) -> tuple[str, str] | None:
    """Of an error of a file that DuckDB could not write: the file, and the system's reason."""
    found = _WRITE_FAILED.search(str(error))
    return None if found is None else (found[1], found[2])


def load() -> None:
    """Import DuckDB; the end of the process waits for that.

    Raises:
        UnavailableError: DuckDB does not load, or the process ends.
    """
    thread = threading.get_ident()
    with _changed:
        if _ending.is_set():
            raise UnavailableError("the process ends")
        _loading.add(thread)
    try:
        reason = loading_error()
    finally:
        with _changed:
            _loading.discard(thread)
            _changed.notify_all()
    if reason is not None:
        raise UnavailableError(f"DuckDB does not load: {reason}")


def literal(value: object) -> str:
    """A value in SQL: settings, COPY and its options take no parameters."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()


def identifier(name: str) -> str:
    """A name in SQL, of any characters."""
    return '"' + name.replace('"', '""') + '"'


def _end() -> None:
    """Have all connections closed: a daemon thread that is still in DuckDB when Python ends aborts the process."""
    with _changed:
        _ending.set()
        for _ in range(int(_END_TIMEOUT / _INTERVAL)):
            if not _open and not _loading:
                return
            for connection in _open:
                connection.interrupt()
            _changed.wait(_INTERVAL)


@functools.cache
def _end_before_duckdb() -> None:
    """Have `_end` run before DuckDB's own exit handler, after which its queries cannot call Python."""
    atexit.register(_end)


atexit.register(_end)  # also where the process ends before DuckDB is imported
