"""Many different jobs, as files of columns and in a store. They are made once and kept for later runs."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from xl_openfunnel import JobStatus, Store
from xl_openfunnel.api.models import Page
from xl_openfunnel.columns.companies import JobFile
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.jobs.snapshot import Result, Rows
from xl_openfunnel.simulator import companies

ROWS: Final = 10_000
ORIGIN: Final = "https://bench.example:443"

_KEPT: Final = Path(tempfile.gettempdir(), f"xl-openfunnel-bench-{getattr(os, 'getuid', lambda: 0)()}", "jobs-1")
"""Another number where the companies of the jobs change."""

_SHARED: Final = 2_000
"""Companies that each job has in common with every tenth other."""

_PAGE: Final = 100


def columns(folder: Path | None = None) -> ColumnFolder:
    """The folder with the files of columns."""
    return ColumnFolder(folder or _KEPT / "columns", ORIGIN)


def store() -> Store:
    """The store with the same jobs."""
    return Store(_KEPT / "store.sqlite3", ORIGIN)


def columns_of_store() -> ColumnFolder:
    """The folder with the files that belong to `store`, whose contents have digests of their own."""
    return columns(_KEPT / "columns-of-store")


def make_columns_of_store(count: int) -> None:
    """Make the files of so many stored jobs."""
    kept, folder = store(), columns_of_store()
    try:
        for number in range(count):
            if (found := kept.find(job_id(number))) is not None:
                folder.make(job_id(number), found.rows, found.as_of)
    finally:
        kept.close()


def job_id(number: int) -> str:
    return f"job-{number:04d}"


def files(count: int, folder: ColumnFolder | None = None) -> list[JobFile]:
    """The files of so many jobs, which must be there; a folder checks each file once."""
    folder = folder or columns()
    found = [(job_id(number), folder.find(job_id(number), "1")) for number in range(count)]
    return [JobFile(name, path, ROWS) for name, path in found if path is not None]


def file(number: int, content: str, folder: ColumnFolder) -> JobFile:
    """The file of one job, which must be there."""
    path = folder.find(job_id(number), content)
    if path is None:
        raise FileNotFoundError(job_id(number))
    return JobFile(job_id(number), path, ROWS)


def make(count: int, *, stored: bool) -> None:
    """Make what is missing of so many jobs, with ``stored`` in the store too."""
    _KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = columns()
    for number in range(count):
        if folder.find(job_id(number), "1") is None:
            folder.make(job_id(number), _rows(_pages(number)), None)
    if not stored:
        return
    kept = store()
    try:
        for number in range(count):
            if kept.find(job_id(number)) is None:
                kept.save(job_id(number), *_result(_pages(number)), None)
    finally:
        kept.close()


def make_apart(place: Path) -> None:
    """Make the first job in a store of its own, with its columns beside it."""
    kept = Store(place / "store.sqlite3", ORIGIN)
    kept.save(job_id(0), *_result(_pages(0)), None)
    job = kept.find(job_id(0))
    if job is not None:
        ColumnFolder.beside(kept.path, kept.origin).make(job_id(0), job.rows, job.as_of)
    kept.close()


def making_seconds(count: int, *, stored: bool) -> Iterator[float]:
    """How long it takes to make the file of each of so many jobs, of pages in memory or of those in `store`."""
    kept = store()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            folder = columns(Path(scratch, "columns"))
            for number in range(count):
                found = kept.find(job_id(number)) if stored else None
                rows = found.rows if found else _rows(_pages(number))
                start = time.perf_counter()
                folder.make(job_id(number), rows, None)
                yield time.perf_counter() - start
    finally:
        kept.close()


def _pages(number: int) -> list[bytes]:
    """The rows of one job as JSON, page by page."""
    rows = [*companies(_SHARED, seed=number % 10), *companies(ROWS, seed=1_000 + number)[_SHARED:]]
    return [msgspec.json.encode(rows[start : start + _PAGE]) for start in range(0, ROWS, _PAGE)]


def _rows(pages: list[bytes]) -> Rows:
    return Rows([_PAGE] * len(pages), partial(_load, pages), content="1")


def _load(pages: list[bytes], numbers: range) -> list[bytes]:
    return pages[numbers.start : numbers.stop]


def _result(pages: list[bytes]) -> tuple[Result, tuple[Page, ...]]:
    manifest = {"count": ROWS, "pages": len(pages)}
    as_of = datetime(2026, 6, 1, tzinfo=UTC)
    result = Result(JobStatus.COMPLETED, None, ROWS, manifest, None, as_of, _rows(pages))
    return result, tuple(Page(JobStatus.COMPLETED, row_count=_PAGE, rows_json=page) for page in pages)
