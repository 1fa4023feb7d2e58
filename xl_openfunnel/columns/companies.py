"""The companies of many jobs, from their files: those that criteria choose, as views that questions are asked of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

from .connection import Connection, connect, literal


@dataclass(frozen=True)
class JobFile:
    """The file of one of the jobs asked."""

    job_id: str
    path: Path
    count: int


class Cancellation(Protocol):
    """Has a question end early, from another thread."""

    def check(self) -> None:
        """Raises an error where the question is not wanted any more."""

    def interrupting(self, interrupt: Callable[[], object]) -> AbstractContextManager[None]:
        """Within this, ``interrupt`` may be called, and any error be replaced."""


class Companies:
    """The companies of all files, in tables and views that only this connection has.

    | name | holds |
    | --- | --- |
    | ``job`` | ``job_id``, and the number of companies ``before`` the job's first |
    | ``stored`` | the columns of all files |
    | ``file`` | those of the companies that were chosen, by default of all |
    | ``placed`` | the same, but ``rank`` counts on from job to job |

    Attributes:
        files: in their order.
        count: the companies of all files.
    """

    def __init__(self, connection: Connection, files: Sequence[JobFile], cancellation: Cancellation | None) -> None:
        self._connection = connection
        self._cancellation = cancellation
        self._tables = 0
        self.files = files
        *before, self.count = accumulate((file.count for file in files), initial=0)
        self.table("job", job_id=[file.job_id for file in files], before=before)
        self.run(f"CREATE TEMP VIEW stored AS SELECT * FROM {read(files)}")
        self.choose([])

    def choose(self, conditions: Sequence[str]) -> None:
        """Choose the companies for which all conditions hold, in SQL over ``stored`` and ``job``."""
        joined = "stored JOIN job USING (job_id) WHERE " + " AND ".join(conditions) if conditions else "stored"
        self.run(
            f"CREATE OR REPLACE TEMP VIEW file AS SELECT stored.* FROM {joined};"
            "CREATE OR REPLACE TEMP VIEW placed AS"
            " SELECT file.* REPLACE (rank + before AS rank) FROM file JOIN job USING (job_id)"
        )

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows of a query."""
        if self._cancellation is not None:
            self._cancellation.check()
        return self._connection.execute(query, parameters).fetchall()

    def run(self, statements: str) -> None:
        """Statements without a result."""
        self._connection.execute(statements)

    def table(self, name: str, **columns: list[Any]) -> str:
        """A temporary table with these columns, and its name; one that ends with ``_`` is numbered."""
        values = ", ".join(f"unnest(?) AS {column}" for column in columns)
        return self.query_table(name, f"SELECT {values}", list(columns.values()))

    def query_table(self, name: str, query: str, parameters: Sequence[Any] = ()) -> str:
        """A temporary table with the rows of a query, and its name, as of `table`."""
        if name.endswith("_"):
            self._tables += 1
            name += str(self._tables)
        self.rows(f"CREATE TEMP TABLE {name} AS {query}", parameters)
        return name


@contextmanager
def companies_of(folder: Path, files: Sequence[JobFile], cancellation: Cancellation | None) -> Iterator[Companies]:
    """The companies of these files in a folder, until the question is answered or cancelled.

    Raises:
        UnavailableError: the files cannot be read, or the question was interrupted.
    """
    with connect(folder) as connection, ExitStack() as stack:
        if cancellation is not None:
            stack.enter_context(cancellation.interrupting(connection.interrupt))
        yield Companies(connection, files, cancellation)


def read(files: Sequence[JobFile]) -> str:
    """What reads all columns of these files, in SQL."""
    return f"read_parquet({literal([str(file.path) for file in files])}, hive_partitioning = false)"
