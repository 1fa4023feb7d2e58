"""Files of columns that are damaged, swapped, or made by processes that are killed; and disks that are full."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xl_openfunnel.columns.connection import UnavailableError
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.simulator import SimulatedJob, companies

from . import columns
from .environment import running_environment
from .test_damage import max_file_size

JOB = SimulatedJob(companies(350, seed=5), job_id="the-job")


def test_a_damaged_or_swapped_file_is_never_taken_for_the_jobs_own(tmp_path: Path) -> None:
    outcomes = columns.damage(tmp_path, times=12)
    assert outcomes["damaged"] > outcomes["renamed"] > 0


def test_a_killed_process_leaves_sound_files_and_nothing_else(tmp_path: Path) -> None:
    assert columns.kill(tmp_path, kills=3) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_costs_the_file_and_no_job(tmp_path: Path) -> None:
    with running_environment(tmp_path, JOB) as env:
        process = env.start_process()
        assert process.store is not None
        folder = ColumnFolder.beside(process.store.path, process.store.origin)
        rows = env.final(process, JOB.job_id).rows
        with max_file_size(10_000), pytest.raises(UnavailableError):
            folder.make(JOB.job_id, rows, None)
        assert list(folder.path.iterdir()) == []
        assert list(rows) == JOB.rows
        assert folder.make(JOB.job_id, rows, None).exists()
