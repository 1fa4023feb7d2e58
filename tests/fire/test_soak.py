"""Half an hour of office use; the long form has eight hours. And each thing that must be evicted, one by one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.measure import ROOT
from xl_openfunnel.simulator import Fault, SimulatedJob

from . import soak
from .environment import running_environment
from .pages_in_memory import find_pages, pages_mb


def test_the_process_does_not_grow(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fire.soak", str(tmp_path), "0.5"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    outcome = json.loads(result.stdout)
    assert outcome["errors"] == []
    assert outcome["requests"] > 500


def test_unknown_ids_are_evicted_when_no_longer_watched(tmp_path: Path) -> None:
    with running_environment(tmp_path) as env:
        fetcher = env.start_process().fetcher
        for number in range(50):
            fetcher.watch(f"half-typed-{number}")
        env.advance(300)
        assert len(fetcher._scheduler.published) == 50
        fetcher.watch("half-typed-7")
        env.advance(400)
        fetcher.watch("another")
        env.advance(300)
        assert fetcher.watch("half-typed-7").problem is not None, "it was watched all the time"
        env.advance(2_000)
        fetcher.watch("another")
        env.advance(700)
        assert set(fetcher._scheduler.published) <= {"another"}


def test_waits_that_end_early_leave_no_timer(tmp_path: Path) -> None:
    with running_environment(tmp_path) as env:
        fetcher = env.start_process().fetcher
        for _ in range(2_000):
            fetcher.wait("nobody", 1e6, until=lambda snapshot: True)
        env.settle()
        assert len(fetcher._scheduler._timers._heap) < 600


def test_pages_of_an_unwatched_job_are_evicted_and_the_next_watch_starts_over(tmp_path: Path) -> None:
    script: dict[str, Any] = {"running": 600.0, "ending": "paused", "delivered": 0.7}  # it never ends
    jobs = [SimulatedJob(soak.ROWS, job_id=f"job-{number}", **script) for number in range(12)]
    other_pages = find_pages()
    with running_environment(tmp_path, *jobs) as env:
        service, fetcher = env.service._service, env.start_process().fetcher
        subscriptions = [fetcher.subscribe(job.job_id, lambda snapshot: snapshot.rows) for job in jobs]
        env.advance(700)
        for subscription in subscriptions:
            subscription.close()
        env.processes[0].published.clear()
        del subscription, subscriptions
        other_pages += [body for job_run in service._runs.values() for body, _ in job_run._rendered.values()]
        env.advance(2_000)
        assert pages_mb(other_pages) > 0.5, "the job may be watched again soon"
        assert fetcher.watch("job-7").status == "paused"
        env.advance(3_500)
        assert set(fetcher._scheduler.published) == {"job-7"}
        env.advance(3_500)
        env.processes[0].published.clear()
        assert pages_mb(other_pages) == 0
        assert fetcher.watch("job-3").status is None
        env.advance(20)
        assert len(fetcher.watch("job-3").rows) == 200


def test_an_unwatched_refresh_leaves_no_pages_and_goes_on_with_the_next_watch(tmp_path: Path) -> None:
    other_pages = find_pages()
    with running_environment(tmp_path, job := SimulatedJob(soak.ROWS, job_id="job")) as env:
        fetcher = env.start_process().fetcher
        fetcher.watch(job.job_id)
        env.advance(20)
        env.service.faults = (Fault("status", status=503, cursor="page_0002"),)
        fetcher.refresh(job.job_id)
        env.advance(10_000)
        env.processes[0].published.clear()
        job_runs = env.service._service._runs.values()
        other_pages += [body for job_run in job_runs for body, _ in job_run._rendered.values()]
        assert pages_mb(other_pages) == 0
        env.service.faults = ()
        before = fetcher.watch(job.job_id)
        assert before.final
        env.advance(20)
        after = fetcher.watch(job.job_id)
        assert (after.final, after.settled, after.problem) == (True, True, None)
        assert after.as_of is not None
        assert before.as_of is not None
        assert after.as_of > before.as_of
