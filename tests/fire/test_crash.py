"""A few kills; the long form has two hundred."""

from __future__ import annotations

from pathlib import Path

from . import crash


def test_a_killed_process_leaves_a_store_that_opens_and_holds_whole_jobs_only(tmp_path: Path) -> None:
    outcome = crash.run(tmp_path, kills=4)
    assert outcome.opened == 4
    assert outcome.whole > 0
