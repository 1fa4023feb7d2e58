"""SQL over the columns of jobs, for the terminal of the person who wrote it: it may read and write that person's files.

A database in memory of its own: the narrow one of `connection` is for questions that cells ask.
"""

from __future__ import annotations

import contextlib
import errno
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..cell_values import to_json
from ..fields import BY_NAME
from ..jobs.store.ledger import LedgerEntry
from .connection import identifier, is_interrupt, literal, load, loading_error, write_failure
from .lenient import encodable
from .schema import SHOWN_COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY: Final = "1GB"
"""Memory of a query; more goes into a temporary folder. ``SET memory_limit`` changes it."""

COMPANY_COLUMNS: Final[Mapping[str, str]] = {name: kind for name, kind in SHOWN_COLUMNS.items() if name != "origin"}
"""The columns of the view ``companies`` with their types; ``origin``, one for all of them, is in ``jobs``."""

JOB_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "job_id": ("VARCHAR", "The job's id."),
    "label": ("VARCHAR", "The label that you gave it."),
    "status": ("VARCHAR", "The service's word, when it was last seen."),
    "rows": ("BIGINT", "Its companies; null before it is over."),
    "credits": ("DOUBLE", "What it cost, where the service said so."),
    "query": ("VARCHAR", "What was searched for, where the service said so."),
    "seeds": ("VARCHAR[]", "The domains that the search started from."),
    "first_seen": ("TIMESTAMP", "When this computer first saw it, in UTC."),
    "last_seen": ("TIMESTAMP", "When the service last told of it, in UTC."),
    "origin": ("VARCHAR", "The service's address."),
}
"""The columns of ``jobs`` with their types and meanings."""

_MEANINGS: Final = {"job_id": "The company's job.", "other": "The service's fields that are no column, as JSON."}

SCHEMA: Final[Sequence[tuple[str, str, str, str]]] = (
    *(
        ("companies", name, kind, _MEANINGS.get(name) or BY_NAME[name].meaning)
        for name, kind in COMPANY_COLUMNS.items()
    ),
    *(("jobs", name, kind, meaning) for name, (kind, meaning) in JOB_COLUMNS.items()),
)
"""View, column, type and meaning of everything that SQL finds here."""

_CHUNK: Final = 1024
"""Rows that are taken from DuckDB at once: it calculates some 2,000 at a time."""

_INTERVAL: Final = 0.1
"""Seconds between two looks for a Ctrl-C, and between two interruptions: one between two statements has no effect."""

_T = TypeVar("_T")

_HUGE: Final = re.compile(r"\bU?HUGEINT\b")


class SqlError(Exception):
    """DuckDB does not do it: its own words, of one or more lines."""


@dataclass(frozen=True)
class Answer:
    """What the last statement gives.

    Attributes:
        names: of its columns; one that comes again ends in ``_1``, ``_2``, as DuckDB's own files have it.
        types: DuckDB's names of their types.
        rows: Python's values, calculated while they are taken; `SqlError` where that fails.
    """

    names: Sequence[str]
    types: Sequence[str]
    rows: Iterator[Sequence[Any]]


class Database:
    """The views ``companies`` and ``jobs``, and all else that SQL can reach. For the main thread."""

    def __init__(self, connection: DuckDBPyConnection, worker: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._worker = worker

    def execute(self, sql: str) -> Answer | None:
        """Run all statements; the answer of the last one, None where it is none that gives rows.

        Raises:
            SqlError: one fails. Those before it are done.
            KeyboardInterrupt: Ctrl-C came while DuckDB was at work.
        """
        import duckdb

        with _own_words():
            kinds = self._statements(sql)[-1].expected_result_type
            self._run(lambda: self._connection.execute(sql))
            if duckdb.ExpectedResultType.QUERY_RESULT not in kinds:
                return None
            description = self._connection.description or ()
            names, types = _unique([column[0] for column in description]), [str(column[1]) for column in description]
            if len(kinds) > 1 and (names, types) in ((["Count"], ["BIGINT"]), (["Success"], ["BOOLEAN"])):
                return None  # how many rows an INSERT or a COPY has written
        return Answer(names, types, self._rows())

    def write_parquet(self, sql: str, path: Path) -> int:
        """Run all statements, and write what the last one selects to a Parquet file. Returns its rows.

        Whole numbers beyond 64 bits become ``DECIMAL(38, 0)``, for DuckDB would round them.

        Raises:
            SqlError: one fails, or the last one selects nothing.
            OSError: the file could not be written.
            KeyboardInterrupt: Ctrl-C came while DuckDB was at work.
        """
        import duckdb

        with _own_words(path):
            *before, last = self._statements(sql)
            for statement in before:
                self._run(lambda statement=statement: self._connection.execute(statement))  # type: ignore[misc]
            if last.type != duckdb.StatementType.SELECT:
                raise SqlError("Only what a SELECT gives can be written to a .parquet file.")
            query = _without_semicolon(last.query)
            self._run(lambda: self._connection.execute(f"SELECT * FROM ({query}\n) LIMIT 0"))  # noqa: S608
            described = [(column[0], str(column[1])) for column in self._connection.description or ()]
            places = [f"c{place}" for place in range(len(described))]
            selected = ", ".join(
                f"CAST({place} AS {exact}) AS {identifier(name)}"
                if (exact := _HUGE.sub("DECIMAL(38, 0)", kind)) != kind
                else f"{place} AS {identifier(name)}"
                for place, (_, kind), name in zip(
                    places, described, _unique([name for name, _ in described]), strict=True
                )
            )
            copy = (
                f"COPY (SELECT {selected} FROM ({query}\n) AS answer({', '.join(places)}))"  # noqa: S608
                f" TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
            )
            done = self._run(lambda: self._connection.execute(copy).fetchone())
        return int(done[0]) if done else 0

    def _statements(self, sql: str) -> list[Any]:
        statements = self._connection.extract_statements(sql)
        if not statements:
            raise SqlError("There is no statement in it.")
        return statements

    def _run(self, call: Callable[[], _T]) -> _T:
        """The result of a call of DuckDB, which may wait for its own threads and then does not see a Ctrl-C."""
        try:
            future = self._worker.submit(call)
            while not future.done():
                wait([future], timeout=_INTERVAL)
        except KeyboardInterrupt:
            self._stop()
            raise
        return future.result()

    def _stop(self) -> None:
        """Have DuckDB end what it does."""
        idle: Future[int] | None = None  # done when the worker has done all before it, noted by `_run` or not
        while idle is None or not idle.done():
            with contextlib.suppress(KeyboardInterrupt):
                self._connection.interrupt()
                idle = idle or self._worker.submit(int)
                wait([idle], timeout=_INTERVAL)

    def _rows(self) -> Iterator[Sequence[Any]]:
        while True:
            with _own_words():
                rows = self._run(lambda: self._connection.fetchmany(_CHUNK))
            if not rows:
                return
            yield from rows


def reads_companies(sql: str) -> bool:
    """Whether the SQL reads the view ``companies``, or may: what makes views and macros of it, or is not understood.

    A name that is put together only when it runs is not seen; the view then raises an error.
    """
    if "companies" not in sql.lower() or loading_error() is not None:
        return False
    import duckdb

    with contextlib.closing(duckdb.connect(":memory:")) as connection:
        connection.execute("SET python_enable_replacements = false")
        try:
            statements = connection.extract_statements(sql)
            if any(each.type != duckdb.StatementType.SELECT for each in statements):
                return True
            names = set().union(*(connection.get_table_names(each.query) for each in statements))
        except (duckdb.Error, RuntimeError):
            return True
    return "companies" in map(str.lower, names)


@contextlib.contextmanager
def open_database(files: Sequence[Path] | None, jobs: Iterable[LedgerEntry], origin: str) -> Iterator[Database]:
    """A new database in memory. No extension is installed or loaded unless a statement says so.

    ``files`` are those of the jobs whose companies are asked for, None where the SQL does not ask for companies.

    Raises:
        UnavailableError: DuckDB does not load.
        KeyboardInterrupt: Ctrl-C came while DuckDB was at work.
    """
    load()
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="xl-openfunnel-", ignore_cleanup_errors=True) as folder,
        contextlib.closing(duckdb.connect(":memory:")) as connection,
        ThreadPoolExecutor(1, "sql") as worker,
    ):
        worker.submit(int).result()  # its thread is there: a Ctrl-C while it starts would leave the pool without it
        settings = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": folder,  # by itself it is made in the current folder
            "memory_limit": MEMORY,
            "python_enable_replacements": False,  # no name in SQL is a variable of ours
        }
        try:
            for name, value in settings.items():
                connection.execute(f"SET {name} = {literal(value)}")
            connection.execute(f"CREATE VIEW companies AS {_companies(files)}")
            _create_jobs(connection, jobs, origin)
        except (duckdb.Error, RuntimeError) as error:
            if is_interrupt(error):
                raise KeyboardInterrupt from None
            raise
        yield Database(connection, worker)


def _companies(files: Sequence[Path] | None) -> str:
    if not files:
        nulls = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in COMPANY_COLUMNS.items())
        # There, for SHOW TABLES, but not empty without a word where SQL puts its name together.
        unread = "CAST(error('Write the name of the view companies as it is.') AS BOOLEAN)"
        return f"SELECT {nulls} WHERE {'false' if files is not None else unread}"
    paths = literal([str(path) for path in files])
    return f"SELECT {', '.join(COMPANY_COLUMNS)} FROM read_parquet({paths}, hive_partitioning = false)"  # noqa: S608


def _create_jobs(connection: DuckDBPyConnection, jobs: Iterable[LedgerEntry], origin: str) -> None:
    rows = [
        (
            *(job.job_id, _text(job.label), None if job.status is None else _text(str(job.status))),
            *(job.row_count, job.credits, _text(job.query)),
            [seed if seed is None else _text(seed if isinstance(seed, str) else to_json(seed)) for seed in job.seeds],
            *(moment.astimezone(UTC).replace(tzinfo=None, microsecond=0) for moment in (job.first_seen, job.last_seen)),
            origin,
        )
        for job in jobs
    ]
    kinds = {name: kind for name, (kind, _) in JOB_COLUMNS.items()}
    connection.execute(f"CREATE TABLE jobs ({', '.join(f'{name} {kind}' for name, kind in kinds.items())})")
    if rows:  # as lists: a statement for each row would take a millisecond
        lists = ", ".join(f"unnest(CAST(? AS {kind}[]))" for kind in kinds.values())
        connection.execute(f"INSERT INTO jobs SELECT {lists}", list(map(list, zip(*rows, strict=True))))


def _text(text: str | None) -> str | None:
    return None if text is None else encodable(text)


@contextlib.contextmanager
def _own_words(target: Path | None = None) -> Iterator[None]:
    """Raise DuckDB's errors as `SqlError`, and that the target could not be written as the system's own."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        if failure := write_failure(error):
            file, reason = failure
            if target is not None and target.name in file:
                raise OSError(errno.EIO, reason) from None
            raise SqlError(f"{file} could not be written: {reason}. Make room there.") from None
        raise SqlError(str(error)) from None


def _unique(names: Sequence[str]) -> list[str]:
    """The names, each once regardless of case."""
    found: dict[str, str] = {}
    for name in names:
        unique, number = name, 0
        while unique.lower() in found:
            number += 1
            unique = f"{name}_{number}"
        found[unique.lower()] = unique
    return list(found.values())


def _without_semicolon(statement: str) -> str:
    """A statement without the semicolon after it, before any comments that follow."""
    import duckdb

    text = statement.encode()  # positions of tokens are those of bytes
    for place, kind in reversed(duckdb.tokenize(statement)):
        if kind != duckdb.token_type.comment:
            return (text[:place] + text[place + 1 :]).decode() if text[place : place + 1] == b";" else statement
    return statement
