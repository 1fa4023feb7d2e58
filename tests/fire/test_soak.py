"""Half an hour of an office in seconds; the long form has eight hours. And what must not stay, one by one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.measure import ROOT
from xl_openfunnel.simulator import Fault, SimulatedJob

from . import soak
from .held import pages, pages_mb
from .world import world


def test_nothing_grows(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fire.soak_child", str(tmp_path), "0.5"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    outcome = json.loads(ended.stdout)
    assert outcome["broken"] == []
    assert outcome["requests"] > 500


def test_ids_of_which_nothing_was_learnt_are_let_go_once_nobody_wants_them(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        fetcher = here.seat().fetcher
        for number in range(50):
            fetcher.watch(f"half-typed-{number}")
        here.pass_time(300)
        assert len(fetcher.stats().snapshots) == 50
        fetcher.watch("half-typed-7")
        here.pass_time(400)
        fetcher.watch("another")
        here.pass_time(300)
        assert fetcher.watch("half-typed-7").problem is not None, "it was wanted all the time"
        here.pass_time(2_000)
        fetcher.watch("another")
        here.pass_time(700)
        assert set(fetcher.stats().snapshots) <= {"another"}


def test_waits_that_ended_before_their_time_leave_no_alarm(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        fetcher = here.seat().fetcher
        for _ in range(2_000):
            fetcher.wait("nobody", 1e6, until=lambda seen: True)
        here.settle()
        assert fetcher.stats().timers < 600


def test_pages_are_let_go_some_time_after_the_end_of_care_and_whoever_watches_then_begins_anew(tmp_path: Path) -> None:
    script: dict[str, Any] = {"running": 600.0, "ending": "paused", "delivered": 0.7}  # which never ends
    jobs = [SimulatedJob(soak.ROWS, job_id=f"job-{number}", **script) for number in range(12)]
    others = pages()
    with world(tmp_path, *jobs) as here:
        service, fetcher = here.service._service, here.seat().fetcher
        subscriptions = [fetcher.subscribe(job.job_id, lambda seen: seen.rows) for job in jobs]
        here.pass_time(700)
        for subscription in subscriptions:
            subscription.close()
        here.seats[0].published.clear()
        del subscription, subscriptions
        others += [body for life in service._runs.values() for body, _ in life._rendered.values()]
        here.pass_time(2_000)
        assert pages_mb(others) > 0.5, "somebody may come back soon"
        assert fetcher.watch("job-7").status == "paused"
        here.pass_time(3_500)
        assert set(fetcher.stats().snapshots) == {"job-7"}
        here.pass_time(3_500)
        here.seats[0].published.clear()
        assert pages_mb(others) == 0
        assert fetcher.watch("job-3").status is None
        here.pass_time(20)
        assert len(fetcher.watch("job-3").rows) == 200


def test_a_refresh_that_nobody_waits_for_leaves_no_pages_and_goes_on_when_somebody_comes(tmp_path: Path) -> None:
    others = pages()
    with world(tmp_path, job := SimulatedJob(soak.ROWS, job_id="job")) as here:
        fetcher = here.seat().fetcher
        fetcher.watch(job.job_id)
        here.pass_time(20)
        here.service.faults = (Fault("status", status=503, cursor="page_0002"),)
        fetcher.refresh(job.job_id)
        here.pass_time(10_000)
        here.seats[0].published.clear()
        lives = here.service._service._runs.values()
        others += [body for life in lives for body, _ in life._rendered.values()]
        assert pages_mb(others) == 0
        here.service.faults = ()
        before = fetcher.watch(job.job_id)
        assert before.final
        here.pass_time(20)
        after = fetcher.watch(job.job_id)
        assert (after.final, after.settled, after.problem) == (True, True, None)
        assert after.as_of is not None
        assert before.as_of is not None
        assert after.as_of > before.as_of
