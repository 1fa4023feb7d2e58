"""Some dozen jobs that are over beside more running ones than can be polled; the long form has five hundred."""

from __future__ import annotations

from pathlib import Path

from . import load


def test_jobs_that_are_over_are_all_whole_while_others_run_within_memory_threads_and_requests(tmp_path: Path) -> None:
    outcome = load.run(tmp_path, jobs=25, rows=600, running=200, latency=0.1)
    assert outcome.broken == ()
    assert outcome.requests == outcome.fewest
    assert outcome.beside > outcome.fewest / 4, "more is to be polled than can be"
