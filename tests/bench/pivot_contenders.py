"""Four ways to answer the same pivots, each as its users would write it. Each imports its own packages."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any, Final

from xl_openfunnel.pivot_rules import Question

from . import pivot_jobs

Answer = Callable[[str], object]

QUESTIONS: Final = {
    "count by country": Question.of(["country"]),
    "country × band": Question.of(["country"], ["employee_band"]),
    "industries, sum of revenue": Question.of(["industries"], (), "revenue_usd", "sum"),
    "median of employees by country": Question.of(["country"], (), "employee_count", "median"),
    "unique companies by country": Question.of(["country"], (), None, "companies"),
}

_SAME: Final = "nullif(nfc_normalize(lower(trim({}))), '')"
_SQL: Final = {
    "count by country": f"SELECT {_SAME.format('country')} AS x, count(*) FROM company GROUP BY ROLLUP (x)",
    "country × band": (
        f"SELECT {_SAME.format('country')} AS x, employee_band, count(*) FROM company GROUP BY CUBE (x, employee_band)"
    ),
    "industries, sum of revenue": (
        f"SELECT {_SAME.format('entry')} AS x, sum(revenue_usd) FROM"
        " (SELECT unnest(list_distinct(industries)) AS entry, revenue_usd FROM company) GROUP BY x"
    ),
    "median of employees by country": (
        f"SELECT {_SAME.format('country')} AS x, median(employee_count) FROM company GROUP BY ROLLUP (x)"
    ),
    "unique companies by country": (
        f"SELECT {_SAME.format('country')} AS x, count(DISTINCT _linkedin) FROM company GROUP BY ROLLUP (x)"
    ),
}


def ours(count: int) -> Answer:
    """The files of columns, found and checked as OF_PIVOT does."""
    import duckdb  # noqa: F401 - what counts is above the imports

    from xl_openfunnel.columns.pivot import pivot

    folder = pivot_jobs.columns()
    return lambda name: pivot(folder.path, pivot_jobs.files(count, folder), QUESTIONS[name])


def duckdb(count: int) -> Answer:
    """DuckDB over the same files, with the same normalisation and deduplication, and no labels, order or layout."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    paths = [str(file.path) for file in pivot_jobs.files(count)]
    connection.execute(f"CREATE VIEW company AS SELECT * FROM read_parquet({paths!r}, hive_partitioning = false)")
    return lambda name: connection.execute(_SQL[name]).fetchall()


def pandas(count: int) -> Answer:
    """``read_parquet`` with the columns that are needed, then ``groupby``, with the same normalisation."""
    import pandas as pd
    import pyarrow as pa  # noqa: F401

    paths = [str(file.path) for file in pivot_jobs.files(count)]

    def read(*columns: str) -> Any:
        return pd.concat([pd.read_parquet(path, columns=list(columns)) for path in paths], ignore_index=True)

    def same(column: Any) -> Any:
        looks = {text: text.strip().lower() for text in column.dropna().unique()}
        return column.map(looks)

    def country(*more: str) -> Any:
        frame = read("country", *more)
        frame["country"] = same(frame["country"])
        return frame

    def industries() -> Any:
        frame = read("industries", "revenue_usd").explode("industries").reset_index()
        frame["industries"] = same(frame["industries"])
        return frame.drop_duplicates(["index", "industries"]).groupby("industries", dropna=False)["revenue_usd"].sum()

    answers: dict[str, Callable[[], Any]] = {
        "count by country": lambda: country().groupby("country", dropna=False).size(),
        "country × band": lambda: (
            country("employee_band").groupby(["country", "employee_band"], dropna=False, observed=True).size()
        ),
        "industries, sum of revenue": industries,
        "median of employees by country": lambda: (
            country("employee_count").groupby("country", dropna=False)["employee_count"].median()
        ),
        "unique companies by country": lambda: (
            country("_linkedin").groupby("country", dropna=False)["_linkedin"].nunique()
        ),
    }
    return lambda name: answers[name]()


def rows(count: int) -> Answer:
    """The rows from the store, each page decoded, through pandas: how all pivots were answered before there were
    columns."""
    from xl_openfunnel import pivot, table

    store = pivot_jobs.store()

    def answer(name: str) -> object:
        question = QUESTIONS[name]
        found = [store.find(pivot_jobs.job_id(number)) for number in range(count)]
        frame = table.frame(chain.from_iterable(job.rows for job in found if job), question.needed_columns)
        return pivot.pivot(frame, question)

    return answer


CONTENDERS: Final[dict[str, Callable[[int], Answer]]] = {
    "ours": ours,
    "DuckDB": duckdb,
    "pandas": pandas,
    "from rows": rows,
}


def file_bytes(count: int) -> int:
    """The bytes of the files of so many jobs."""
    return sum(Path(file.path).stat().st_size for file in pivot_jobs.files(count))
