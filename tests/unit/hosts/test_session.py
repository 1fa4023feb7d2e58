"""The shared session, with its real intervals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.flying import FlyingClock
from xl_openfunnel import Fetcher
from xl_openfunnel.hosts import session
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.hosts.excel.live_cells.throttle import LIVENESS_INTERVAL
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies


def test_polling_ends_within_a_minute_after_the_last_cell_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    time = ManualClock()
    clock = FlyingClock(time)

    def fetcher_in_this_time(*args: object, **options: object) -> Fetcher:
        return clock.of(Fetcher(*args, clock=clock, **options))  # type: ignore[arg-type]

    monkeypatch.setattr(session, "Fetcher", fetcher_in_this_time)
    with Simulator([job := SimulatedJob(companies(30), running=1e6)], clock=time, sleep=time.sleep) as service:
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", service.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)
        monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(tmp_path))
        made = session.Session()

        def let_pass(seconds: float) -> None:
            made.fetcher.wait("nobody", seconds, until=lambda seen: False)

        subscription = made.fetcher.subscribe(job.job_id, lambda seen: None)
        let_pass(3_600)
        made.fetcher.watch(job.job_id)  # the cell is calculated once more, and deleted
        gone_at = time()
        let_pass(LIVENESS_INTERVAL)  # until live cells check it
        subscription.close()
        let_pass(3_600)
        made.close()
        polls = [request.at for request in service.received if request.job_id == job.job_id]
    assert gone_at - 20 < max(at for at in polls if at <= gone_at)  # as long as it was shown, it was polled
    assert max(polls) <= gone_at + 60


def test_without_a_usable_store_cells_show_jobs_and_the_stores_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with Simulator([job := SimulatedJob(companies(30))]) as service:
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", service.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)
        monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(in_the_way))
        try:
            session.session().fetcher.wait(job.job_id)
            assert len(udfs.OF_ROWS(job.job_id)) == 1 + 30
            [[problem]] = udfs.OF_INFO(job.job_id, "problem")
            [[listed]] = udfs.OF_JOBS()
        finally:
            session.end()
    assert f"could not be stored: The local store {in_the_way}" in str(problem)
    assert str(listed).startswith("#OF! The list of jobs cannot be read")
