"""Folders of exported files that are read while they are written, by computers that are killed in between."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from . import children
from .exports_child import ADDED as ADDED
from .exports_child import ROWS, SHARED, SIZES, export, open_store, put

COMPUTERS: Final = ("one", "two")
MAX_SECONDS: Final = 1.2
"""Maximum seconds before a computer is killed: enough for some exports."""

_NAMES: Final = [row["name"] for row in ROWS]


def by_duckdb(folder: Path) -> dict[str, int]:
    with duckdb.connect() as connection:
        query = "SELECT job_id, count(*) FROM read_parquet(?) GROUP BY ALL"
        return dict(connection.execute(query, [str(folder / "**")]).fetchall())


def by_pandas(folder: Path) -> dict[str, int]:
    return {str(job): int(count) for job, count in pd.read_parquet(folder)["job_id"].value_counts().items()}


def by_pyarrow(folder: Path) -> dict[str, int]:
    counts = ds.dataset(folder).to_table(columns=["job_id"])["job_id"].value_counts().to_pylist()
    return {each["values"]: each["counts"] for each in counts}


def by_polars(folder: Path) -> dict[str, int]:
    return dict(pl.scan_parquet(folder).group_by("job_id").agg(pl.len()).collect().rows())


READERS: Final[tuple[Callable[[Path], dict[str, int]], ...]] = (by_duckdb, by_pandas, by_pyarrow, by_polars)


def read_while_written(folder: Path) -> Counter[str]:
    """Read the companies with all readers while jobs are added, and count how often each saw some, but not all.

    The last job is added once each reader has seen some.

    Raises:
        AssertionError: a reader failed, or saw a part of a job.
    """
    target = folder / "target"
    store = open_store(folder / "one")
    put(store, "first", SIZES[-1], 0)
    export(store, target)  # some readers take no empty folder
    process = _start("add", folder / "one", target)
    assert process.stdin is not None
    seen: Counter[str] = Counter()
    try:
        is_over = False
        while not is_over:
            is_over = process.poll() is not None
            for reader in READERS:
                found = reader(target / "companies")
                assert set(found.values()) == {SIZES[-1]}, f"{reader.__name__} saw a part of a job: {found}"
                seen[reader.__name__] += 1 < len(found) <= ADDED
                assert set(reader(target / "jobs").values()) == {1}, f"{reader.__name__} saw a job twice in the list"
            if all(seen[reader.__name__] for reader in READERS):
                process.stdin.close()
        assert process.returncode == 0, "the export failed while it was read"
        assert all(len(reader(target / "companies")) == ADDED + 1 for reader in READERS)
    finally:
        children.kill(process)
    return seen


def kill(folder: Path, kills: int, seed: int = 0) -> int:
    """Kill one of two computers that export into one folder, again and again. Returns how many whole files were read.

    Raises:
        AssertionError: a file is not whole, or something is left over.
    """
    target = folder / "target"
    read = children.kill_repeatedly(
        lambda number: _start("change", folder / COMPUTERS[number], target),
        lambda: _check(target),
        kills,
        MAX_SECONDS,
        seed,
    )
    stores = [open_store(folder / name) for name in COMPUTERS]
    for turn in range(2):  # the second computer removes what the first wrote before of the jobs that both have
        for store in stores:
            for job_id in SHARED:
                put(store, job_id, SIZES[0], 10**6)
            export(store, target, now=1e12 + turn)
    expected = {job_id for store in stores for _, job_id in store.stored()}
    assert set(by_duckdb(target / "companies")) == expected == set(by_duckdb(target / "jobs"))
    assert _check(target) == len(expected), "a job has several files"
    assert sorted(path.name for path in target.iterdir()) == ["companies", "jobs"], "something is left over"
    return read


def _check(target: Path) -> int:
    """How many files there are; each that can be opened holds a job as it was at one time."""
    count = 0
    for path in (target / "companies").glob("*") if target.exists() else ():
        with suppress(FileNotFoundError):  # a computer has removed it
            rows = pq.read_table(path, columns=["rank", "job_id", "name"]).to_pydict()
            assert rows["name"] in [_NAMES[:size] for size in SIZES], f"{path.name} has other rows"
            assert len(set(rows["job_id"])) == 1
            count += 1
    with suppress(FileNotFoundError):
        pq.read_table(target / "jobs" / "jobs.parquet")
    return count


def _start(what: str, folder: Path, target: Path) -> subprocess.Popen[str]:
    return children.start("exports_child", what, str(folder), str(target))
