"""Files of columns that are damaged or swapped, and processes that are killed while they make them."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.unit.columns.any_rows import ANY_ROWS, REGULAR_ROWS, check_rows
from tests.unit.columns.stored_rows import ORIGIN, read, stored
from xl_openfunnel.columns.connection import UnavailableError
from xl_openfunnel.columns.folder import ColumnFolder

from . import children
from .columns_child import JOBS
from .damage import DAMAGES
from .fuzz import Target

TARGET: Final = Target("rows of a job", REGULAR_ROWS | ANY_ROWS, check_rows)
MAX_SECONDS: Final = 0.4
"""Maximum seconds before a process is killed; enough to make a dozen files."""


def damage(folder: Path, times: int, seed: int = 0) -> Counter[str]:
    """Damage a file of a sound folder so many times, or give it another's name, and count the outcomes.

    Raises:
        AssertionError: a file of other rows was found, or none could be made.
    """
    columns = ColumnFolder(folder, ORIGIN)
    for job_id, rows in JOBS.items():
        columns.make(job_id, stored(rows), None)
    sound = {path.name: path.read_bytes() for path in folder.iterdir()}
    rng = random.Random(seed)
    outcomes: Counter[str] = Counter()
    for _ in range(times):
        for name, content in sound.items():
            (folder / name).write_bytes(content)
        name, other = rng.sample(sorted(sound), 2)
        if rng.random() < 0.2:
            parts = list(zip(name.split("-"), other.split("-"), strict=True))
            (folder / other).rename(folder / "-".join(rng.choice(part) for part in parts))
            outcomes["renamed"] += 1
        else:
            (folder / name).write_bytes(rng.choice(DAMAGES)(sound[name], rng))
            outcomes["damaged"] += 1
        outcomes["found"] += _check(folder)
        later = ColumnFolder(folder, ORIGIN)
        for job_id, rows in JOBS.items():
            later.make(job_id, stored(rows), None)
        assert _check(folder) == len(JOBS), "a file could not be made again"
        for path in folder.iterdir():
            path.unlink()
    return outcomes


def kill(folder: Path, kills: int, seed: int = 0) -> int:
    """Kill one of two processes that make files, again and again. Returns how many files were found, each sound.

    Raises:
        AssertionError: a file of other rows was found, or something is left over.
    """
    found = children.kill_repeatedly(
        lambda _: children.start("columns_child", str(folder)), lambda: _check(folder), kills, MAX_SECONDS, seed
    )
    last = ColumnFolder(folder, ORIGIN, now=lambda: 1e12)
    for job_id, rows in JOBS.items():
        last.forget(job_id)
        last.make(job_id, stored(rows), None)
    assert len(list(folder.iterdir())) == _check(folder) == len(JOBS), "something is left over"
    return found


def _check(folder: Path) -> int:
    """How many jobs have a file; each holds its rows."""
    columns = ColumnFolder(folder, ORIGIN)
    found = {job_id: path for job_id in JOBS if (path := columns.find(job_id, "content"))}
    for job_id, path in found.items():
        with suppress(UnavailableError):  # another process may forget the job now
            names = [row["name"] for row in read(path, "rank, job_id, name")]
            assert names == [row["name"] for row in JOBS[job_id]], f"{job_id} has other rows, or {len(names)}"
    return len(found)
