"""A few random kills, of which the long form has two hundred, and one before every statement."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from . import crash, crash_points


def test_a_killed_process_leaves_a_store_that_opens_and_holds_only_complete_jobs(tmp_path: Path) -> None:
    assert crash.run(tmp_path, kills=3) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("start", crash_points.STARTS)
def test_a_process_killed_before_any_statement_leaves_a_store_that_opens_and_holds_only_complete_jobs(
    tmp_path: Path, start: str
) -> None:
    assert crash_points.run(tmp_path, start) > 25
