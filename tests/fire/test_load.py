"""Some dozen finished jobs beside more running ones than can be polled; the long form has five hundred."""

from __future__ import annotations

from pathlib import Path

from . import load


def test_finished_jobs_become_complete_within_limits_while_others_are_running(tmp_path: Path) -> None:
    outcome = load.run(tmp_path, jobs=25, rows=600, running=200, latency=0.1)
    assert outcome.errors == ()
    assert outcome.requests == outcome.min_requests
    assert outcome.running_polls > outcome.min_requests / 4, "there were too few running jobs to compete for requests"
