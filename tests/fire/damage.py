"""Damaged stores: each is set aside and rebuilt, without a crash and without wrong rows."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from xl_openfunnel import ConfigurationError, IncompleteResultError, JobStatus, Page, Store
from xl_openfunnel.jobs.snapshot import Result, Rows
from xl_openfunnel.jobs.store.database import StoreBusyError

ORIGIN: Final = "https://api.openfunnel.dev:443"
AS_OF: Final = datetime(2026, 1, 2, tzinfo=UTC)
COMPLETED: Final = JobStatus.COMPLETED
JOBS: Final = ("one", "two", "three")
ROWS: Final = 20
PAGES: Final = 3

Damage = Callable[[bytes, random.Random], bytes]


def save(store: Store, job_id: str, *pages: list[dict[str, Any]], as_of: datetime = AS_OF) -> None:
    """Store a completed job with these pages of rows."""
    made = tuple(Page(COMPLETED, row_count=len(rows), rows_json=json.dumps(rows).encode()) for rows in pages)
    count = sum(map(len, pages))
    manifest = {"count": count, "pages": len(pages)}
    store.save(job_id, Result(COMPLETED, None, count, manifest, None, as_of, Rows.of(made)), made, None)


def pages_of(job_id: str) -> list[list[dict[str, Any]]]:
    """The pages of a job; each row names its job, page and place."""
    return [
        [{"name": f"{job_id} {number}.{row}", "text": f"{(number, row)} é€" * 20} for row in range(ROWS)]
        for number in range(PAGES)
    ]


def rows_of(job_id: str) -> list[dict[str, Any]]:
    return [row for page in pages_of(job_id) for row in page]


def make_store(path: Path) -> bytes:
    """Make a store with three jobs and return the bytes of its file."""
    with closing(Store(path, ORIGIN)) as store:
        for job_id in JOBS:
            save(store, job_id, *pages_of(job_id))
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def assert_undamaged(path: Path) -> None:
    """A store's file is sound, and none was set aside."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(path.parent.glob("*.damaged-*"))


def flip_bits(content: bytes, rng: random.Random) -> bytes:
    """Flip one to twenty bits."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 4, 20))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(content: bytes, rng: random.Random) -> bytes:
    """Overwrite a stretch with zeros, random bytes or another part of the file, as an interrupted write does."""
    start, size = rng.randrange(len(content)), rng.choice((16, 512, 4096, 9000))
    other = rng.randrange(len(content))
    replacement = rng.choice((bytes(size), rng.randbytes(size), content[other : other + size]))
    return (content[:start] + replacement + content[start + size :])[: len(content)]


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def append(content: bytes, rng: random.Random) -> bytes:
    return content + rng.randbytes(rng.choice((1, 4096, 5000)))


DAMAGES: Final[tuple[Damage, ...]] = (flip_bits, flip_bits, overwrite, overwrite, truncate, append)


def use_damaged(folder: Path, content: bytes) -> str:
    """Use a store whose file has this content and describe the outcome.

    Raises:
        AssertionError: a promise is broken.
    """
    path = folder / "store.sqlite3"
    for old in folder.iterdir():
        old.unlink()
    path.write_bytes(content)
    try:
        store = Store(path, ORIGIN)
    except ConfigurationError as error:
        if "newer XL OpenFunnel" in error.message:
            return "left alone"
        raise AssertionError(f"it cannot be used: {error}") from error
    try:
        readable = sum(_is_complete(store, job_id) for job_id in JOBS)
        with suppress(sqlite3.Error, StoreBusyError):  # which a damaged store counts as for callers that cannot wait
            store.ledger(wait=False)
        # The first write may detect the damage; after that, the store is sound again.
        for _ in range(2):
            with suppress(sqlite3.Error):
                save(store, "new", *pages_of("new"))
        saved = store.find("new")
        assert saved is not None, "a damaged store no longer saves jobs"
        assert list(saved.rows) == rows_of("new")
    finally:
        store.close()
    aside = bool(list(folder.glob("*.damaged-*")))
    return f"{'set aside' if aside else 'used'}, {readable} of {len(JOBS)} jobs readable"


def _is_complete(store: Store, job_id: str) -> bool:
    """Whether the job can be read; raises if its rows are not its own."""
    try:
        stored = store.find(job_id)
        rows = None if stored is None else list(stored.rows)
    except (sqlite3.Error, IncompleteResultError):
        return False
    if stored is None:
        return False
    assert rows == rows_of(job_id), f"{job_id} comes back with {len(rows or ())} rows, or others"
    assert len(stored.rows) == ROWS * PAGES, f"{job_id} reports {len(stored.rows)} rows"
    return True


def run(folder: Path, times: int, seed: int = 0) -> Counter[str]:
    """Damage a sound store so many times and count the outcomes."""
    folder.mkdir(parents=True, exist_ok=True)
    content = make_store(folder / "store.sqlite3")
    outcomes: Counter[str] = Counter()
    rng = random.Random(seed)
    for number in range(times):
        damage = rng.choice(DAMAGES)
        state = rng.getstate()
        try:
            outcomes[use_damaged(folder, damage(content, rng))] += 1
        except Exception as error:
            rng.setstate(state)
            raise AssertionError(f"damage {number} ({damage.__name__}, seed {seed}): {error!r}") from error
    shutil.rmtree(folder)
    return outcomes
