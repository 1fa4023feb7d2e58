"""A process that makes files of columns until it is killed: ``python -m tests.fire.columns_child FOLDER``."""

from __future__ import annotations

import itertools
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.unit.columns.stored_rows import ORIGIN, stored
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.simulator import companies

_ROWS: Final = companies(600, seed=4, shape="narrow")
JOBS: Final = {f"job-{number}": _ROWS[: 150 * number] for number in range(1, 5)}


def make_files(folder: str) -> None:
    """Make the files of all jobs, and forget one in between, again and again."""
    columns = ColumnFolder(Path(folder), ORIGIN)
    print("working", flush=True)
    for turn in itertools.count():
        for job_id, rows in JOBS.items():
            with suppress(OSError):  # the other process forgot it before it could be read back
                columns.make(job_id, stored(rows), None)
        columns.forget(f"job-{turn % len(JOBS) + 1}")


if __name__ == "__main__":
    make_files(sys.argv[1])
