"""A store that something has damaged: it is set aside and rebuilt, never a crash, never wrong rows."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from xl_openfunnel import ConfigurationError, IncompleteResultError, JobStatus, Page, Store
from xl_openfunnel.jobs.snapshot import Result, Rows
from xl_openfunnel.jobs.store.store import StoreBusyError

ORIGIN: Final = "https://api.openfunnel.dev:443"
AS_OF: Final = datetime(2026, 1, 2, tzinfo=UTC)
JOBS: Final = ("one", "two", "three")
ROWS: Final = 20
PAGES: Final = 3

Damage = Callable[[bytes, random.Random], bytes]


def pages_of(job_id: str) -> tuple[Page, ...]:
    """What a job's pages hold: rows that tell which job, page and place they are."""
    return tuple(
        Page(
            JobStatus("completed"),
            row_count=ROWS,
            rows_json=json.dumps(
                [{"name": f"{job_id} {number}.{row}", "text": f"{(number, row)} é€" * 20} for row in range(ROWS)]
            ).encode(),
        )
        for number in range(PAGES)
    )


def result_of(job_id: str) -> Result:
    """The same as a result."""
    manifest = {"count": ROWS * PAGES, "pages": PAGES}
    status = JobStatus("completed")
    return Result(status, "completed", ROWS * PAGES, manifest, None, AS_OF, Rows.of(pages_of(job_id)))


def sound_store(path: Path) -> bytes:
    """A store with three jobs; the bytes of its file."""
    store = Store(path, ORIGIN)
    for job_id in JOBS:
        store.save(job_id, result_of(job_id), pages_of(job_id), "f" * 12)
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path.read_bytes()


def bits(content: bytes, dice: random.Random) -> bytes:
    """One to twenty bits flipped."""
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 4, 20))):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def stretch(content: bytes, dice: random.Random) -> bytes:
    """A stretch of zeros, of chance, or of another place of the file: what half a write leaves."""
    at, size = dice.randrange(len(content)), dice.choice((16, 512, 4096, 9000))
    other = dice.randrange(len(content))
    what = dice.choice((bytes(size), dice.randbytes(size), content[other : other + size]))
    return (content[:at] + what + content[at + size :])[: len(content)]


def cut(content: bytes, dice: random.Random) -> bytes:
    """Shorter than it was."""
    return content[: dice.randrange(len(content))]


def longer(content: bytes, dice: random.Random) -> bytes:
    """Longer than it was."""
    return content + dice.randbytes(dice.choice((1, 4096, 5000)))


DAMAGES: Final[tuple[Damage, ...]] = (bits, bits, stretch, stretch, cut, longer)


def survive(folder: Path, content: bytes) -> str:
    """Use a store whose file has this content; what came of it.

    Raises:
        AssertionError: a promise is broken.
    """
    path = folder / "store.sqlite3"
    for old in folder.iterdir():
        old.unlink()
    path.write_bytes(content)
    try:
        store = Store(path, ORIGIN)
    except ConfigurationError as refused:
        if "newer XL OpenFunnel" in refused.message:
            return "left alone"
        raise AssertionError(f"it cannot be used: {refused}") from refused
    try:
        found = sum(_is_whole(store, job_id) for job_id in JOBS)
        with suppress(sqlite3.Error, StoreBusyError):  # as a damaged one is for whoever may not wait
            store.ledger(wait=False)
        # The first write may be the one that finds the damage; from then on there is a sound store again.
        for _ in range(2):
            with suppress(sqlite3.Error):
                store.save("new", result_of("new"), pages_of("new"), None)
        kept = store.find("new")
        assert kept is not None, "a store that was damaged takes nothing any more"
        assert list(kept.rows) == list(Rows.of(pages_of("new")))
    finally:
        store.close()
    aside = bool(list(folder.glob("*.damaged-*")))
    return f"{'set aside' if aside else 'used'}, {found} of {len(JOBS)} jobs there"


def _is_whole(store: Store, job_id: str) -> bool:
    """Whether the job is there; if it is, with its own rows and no others."""
    try:
        stored = store.find(job_id)
        rows = None if stored is None else list(stored.rows)
    except (sqlite3.Error, IncompleteResultError):
        return False
    if stored is None:
        return False
    assert rows == list(Rows.of(pages_of(job_id))), f"{job_id} comes back with {len(rows or ())} rows, or others"
    assert len(stored.rows) == ROWS * PAGES, f"{job_id} says that it has {len(stored.rows)} rows"
    return True


def run(folder: Path, times: int, seed: int = 0) -> dict[str, int]:
    """Damage a sound store so often; how often what came of it."""
    folder.mkdir(parents=True, exist_ok=True)
    content = sound_store(folder / "store.sqlite3")
    outcomes: dict[str, int] = {}
    dice = random.Random(seed)
    for number in range(times):
        damage = dice.choice(DAMAGES)
        state = dice.getstate()
        try:
            outcome = survive(folder, damage(content, dice))
        except Exception as error:
            dice.setstate(state)
            raise AssertionError(f"damage {number} ({damage.__name__}, seed {seed}): {error!r}") from error
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    shutil.rmtree(folder)
    return outcomes
