"""Fifty jobs of a few hundred rows at once; the long form has five hundred of ten thousand."""

from __future__ import annotations

from pathlib import Path

from . import load


def test_fifty_jobs_at_once_are_all_whole_within_memory_threads_and_requests(tmp_path: Path) -> None:
    outcome = load.run(tmp_path, jobs=50, rows=600)
    assert outcome.broken == ()
    assert outcome.requests == outcome.fewest
