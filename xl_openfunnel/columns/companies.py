"""The companies of many jobs, from their files, as views to query; criteria choose which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, Protocol

from ..shared_hosts import is_shared
from .connection import Connection, connect, literal

_BATCH: Final = 1_000
"""Rows that Python gets at a time."""


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
        if self._cancellation is not None:
            self._cancellation.check()
        return self._connection.execute(query, parameters).fetchall()

    def batches(self, query: str) -> Iterator[list[Any]]:
        """The rows of a query, some at a time: what is done with all of them at once holds up other threads."""
        result = self._connection.execute(query)
        while rows := result.fetchmany(_BATCH):
            if self._cancellation is not None:
                self._cancellation.check()
            yield rows

    def run(self, statements: str) -> None:
        """Statements without a result."""
        self._connection.execute(statements)

    def table(self, name: str, **columns: list[Any]) -> str:
        """A temporary table with these columns, and its name; one that ends with ``_`` is numbered."""
        values = ", ".join(f"unnest(?) AS {column}" for column in columns)
        return self.query_table(name, f"SELECT {values}", list(columns.values()))

    def key_table(self, name: str, keys: Iterable[str]) -> str:
        """A temporary table of texts, ``key``, and their places, ``at``, and its name: as of `table`.

        Thirty thousand take 10 ms, a third of what they take as a parameter.
        """
        import numpy as np

        values = list(keys)
        array = np.empty(len(values), dtype=object)
        array[:] = values
        self._connection.register("keys", {"key": array, "at": np.arange(len(values))})
        return self.query_table(name, 'SELECT key::VARCHAR AS key, "at" FROM keys')

    def query_table(self, name: str, query: str, parameters: Sequence[Any] = ()) -> str:
        """A temporary table with the rows of a query, and its name, as of `table`."""
        if name.endswith("_"):
            self._tables += 1
            name += str(self._tables)
        self.rows(f"CREATE TEMP TABLE {name} AS {query}", parameters)
        return name

    def identity(self) -> tuple[str, str]:
        """What identifies the company of a line of ``file AS s``, null where nothing does; and the join that it needs.

        Companies are the same as `company_key.group_companies` has it.
        """
        hosts = self.rows("SELECT DISTINCT _host FROM file WHERE _linkedin IS NULL AND _host IS NOT NULL")
        own = [host for (host,) in hosts if not is_shared(host)]
        if not own:
            return "s._linkedin", ""
        self.table("host", host=own)
        # No slug has a capital letter, so none equals such a host.
        self.run(
            "CREATE TEMP TABLE owner AS SELECT host, CASE count(DISTINCT _linkedin) WHEN 0 THEN 'H ' || host"
            " WHEN 1 THEN min(_linkedin) END AS company FROM host LEFT JOIN file ON _host = host GROUP BY host"
        )
        join = "LEFT JOIN owner ON s._linkedin IS NULL AND s._host = owner.host"
        return "coalesce(s._linkedin, owner.company)", join


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
