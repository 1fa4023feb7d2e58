"""A state machine over fetcher, service and store: the fetcher's promises hold for any events in any order."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from xl_openfunnel import IncompleteResultError, OpenFunnelError, Snapshot
from xl_openfunnel.simulator import Fault, SimulatedJob

from . import model_events as events
from . import request_limits
from .environment import ClientProcess, Environment, collect_errors, rows_at, text_error

MAX_PROCESSES = 3

Step = TypeVar("Step", bound=Callable[..., None])


def journaled(step: Step) -> Step:
    """Run a step and then let some time pass, with both in the journal: a failure between threads may not come
    again."""

    @functools.wraps(step)
    def run_step(self: FetcherModel, then: float = 0.0, **arguments: Any) -> None:
        if step.__name__ != "published_snapshots_are_true":
            self.journal.append(
                f"{step.__name__}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
            )
        try:
            step(self, **arguments)
            if then:
                self.journal.append(f"{then} s pass")
                self._advance(then)
        except AssertionError as error:
            if FetcherModel.failure is None:
                FetcherModel.failure = f"{error}\nafter\n  " + "\n  ".join(self.journal)
            raise

    return run_step  # type: ignore[return-value]


class FetcherModel(RuleBasedStateMachine):
    """One run: a service with one to three jobs, one to three fetchers on one store, and random events."""

    folder: Path
    steps_done = 0
    runs_done = 0
    failure: ClassVar[str | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.journal: list[str] = []
        self.folder = Path(tempfile.mkdtemp(prefix="fire-"))
        self._error_collection = contextlib.ExitStack()
        self.errors = self._error_collection.enter_context(collect_errors())
        self.env = Environment(self.folder)
        self.up = True
        self.env.start_process()
        self.jobs: list[SimulatedJob] = []
        self.started_at: dict[str, float] = {}
        self.cancelled_at: dict[str, float] = {}
        self.excused: set[tuple[int, str]] = set()  # processes that may lose a job since another forgot it
        self.refreshed: set[str] = set()
        self.subscriptions: list[Any] = []
        self.checked_count: dict[int, int] = {}
        FetcherModel.runs_done += 1

    # ---- events -----------------------------------------------------------------------------------

    @initialize(script=events.SCRIPTS)
    @journaled
    def begin(self, script: dict[str, Any]) -> None:
        self._add(script)
        self.subscriptions.append(self.env.processes[0].fetcher.subscribe("job-0", lambda snapshot: snapshot.rows))

    @precondition(lambda self: self.up and len(self.jobs) < 3)
    @rule(then=events.SECONDS, script=events.SCRIPTS)
    @journaled
    def another_job(self, script: dict[str, Any]) -> None:
        self._add(script)

    def _add(self, script: dict[str, Any]) -> None:
        job = SimulatedJob(
            **{**script, "rows": events.ROWS[: script["rows"]]}, job_id=f"job-{len(self.jobs)}", page_size=events.PAGE
        )
        self.env.service.add(job)
        self.jobs.append(job)
        self.started_at[job.job_id] = self.env.time()

    @precondition(lambda self: self.jobs)
    @rule(then=events.SECONDS, process=events.INDEXES, job=events.INDEXES)
    @journaled
    def watch(self, process: int, job: int) -> None:
        self._process(process).fetcher.watch(self._job(job).job_id)

    @precondition(lambda self: self.jobs)
    @rule(then=events.SECONDS, process=events.INDEXES, job=events.INDEXES)
    @journaled
    def subscribe(self, process: int, job: int) -> None:
        self.subscriptions.append(
            self._process(process).fetcher.subscribe(self._job(job).job_id, lambda snapshot: snapshot.rows)
        )

    @precondition(lambda self: self.subscriptions)
    @rule(then=events.SECONDS, which=events.INDEXES)
    @journaled
    def unsubscribe(self, which: int) -> None:
        self.subscriptions.pop(which % len(self.subscriptions)).close()

    @precondition(lambda self: self.jobs)
    @rule(then=events.SECONDS, process=events.INDEXES, job=events.INDEXES)
    @journaled
    def refresh(self, process: int, job: int) -> None:
        self.refreshed.add(self._job(job).job_id)
        self._process(process).fetcher.refresh(self._job(job).job_id)

    @precondition(lambda self: self.jobs)
    @rule(then=events.SECONDS, process=events.INDEXES, job=events.INDEXES)
    @journaled
    def forget(self, process: int, job: int) -> None:
        self.excused |= {(id(each), self._job(job).job_id) for each in self.env.processes}
        self._process(process).fetcher.forget(self._job(job).job_id)

    @precondition(lambda self: self.jobs and self.up)
    @rule(then=events.SECONDS, job=events.INDEXES)
    @journaled
    def cancel(self, job: int) -> None:
        job_id = self._job(job).job_id
        with contextlib.suppress(OpenFunnelError):
            self.env.processes[0].client.cancel(job_id)
            self.cancelled_at.setdefault(job_id, self.env.time() - self.started_at[job_id])

    @rule(then=events.SECONDS, fault=st.sampled_from(events.FAULTS), cursor=events.CURSORS, times=events.TIMES)
    @journaled
    def fault(self, fault: Fault, cursor: Any, times: int | None) -> None:
        self.env.service.faults = (*self.env.service.faults, replace(fault, cursor=cursor, times=times))

    @rule(
        then=events.SECONDS,
        envelope=st.sampled_from(events.INCONSISTENT_ENVELOPES),
        cursor=events.CURSORS,
        times=events.TIMES,
    )
    @journaled
    def inconsistent_response(self, envelope: dict[str, Any], cursor: Any, times: int | None) -> None:
        fault = Fault("envelope", envelope=envelope, cursor=cursor, times=times)
        self.env.service.faults = (*self.env.service.faults, fault)

    @rule(then=events.SECONDS)
    @journaled
    def faults_end(self) -> None:
        self.env.service.faults = ()

    @precondition(lambda self: self.up)
    @rule(then=events.SECONDS)
    @journaled
    def outage(self) -> None:
        self.env.service.stop()
        self.up = False

    @precondition(lambda self: not self.up)
    @rule(then=events.SECONDS)
    @journaled
    def outage_ends(self) -> None:
        self.env.service.start()
        self.up = True

    @precondition(lambda self: self.up)
    @rule(then=events.SECONDS, hours=st.sampled_from([0.02, 1.0, 9.0]))
    @journaled
    def sleep_and_resume(self, hours: float) -> None:
        self.env.suspend(hours * 3_600)

    @rule(then=events.SECONDS, process=events.INDEXES, minutes=st.sampled_from([-90, -1, 1, 600]))
    @journaled
    def set_the_time_of_day(self, process: int, minutes: int) -> None:
        self._process(process).clock.offset += timedelta(minutes=minutes)

    @rule(then=events.SECONDS, number=st.integers(0, 2))
    @journaled
    def change_the_accepted_key(self, number: int) -> None:
        self.env.service.accept_key(f"of_accepted_key_{number}")

    @rule(then=events.SECONDS, process=events.INDEXES)
    @journaled
    def give_the_right_key(self, process: int) -> None:
        self._process(process).key[0] = self.env.service.api_key

    @rule(then=events.SECONDS, process=events.INDEXES)
    @journaled
    def restart(self, process: int) -> None:
        stopped = self._process(process)
        self._check_published(stopped)
        published = dict(stopped.fetcher._scheduler.published)
        self.env.stop_process(stopped)
        self.checked_count.pop(id(stopped), None)
        excused = {job_id for process_id, job_id in self.excused if process_id == id(stopped)}
        self.excused -= {(id(stopped), job_id) for job_id in excused}
        final = {
            job_id
            for job_id, snapshot in published.items()
            if snapshot.final and snapshot.settled and snapshot.problem is None
        }
        restarted = self.env.start_process()
        restarted.key[0] = stopped.key[0]
        self.env.settle()
        for job_id in final - excused:
            assert restarted.fetcher.watch(job_id).final, f"{job_id} was final, and is not after a restart"

    @precondition(lambda self: len(self.env.processes) < MAX_PROCESSES)
    @rule(then=events.SECONDS)
    @journaled
    def another_process(self) -> None:
        """Add a fetcher with a client and a store connection of its own, which shares only the store's file."""
        self.env.start_process()

    @rule(seconds=events.SECONDS)
    @journaled
    def time_passes(self, seconds: float) -> None:
        self._advance(seconds)

    def _advance(self, seconds: float) -> None:
        self.env.settle()
        self._expire_excuses()
        before = len(self.env.service.received)
        settled = set.intersection(*(process.jobs_at_rest() for process in self.env.processes)) - self.refreshed
        self.env.advance(seconds)
        sent = self.env.service.received[before:]
        for job in self.jobs:
            of_job = [request for request in sent if request.job_id == job.job_id]
            assert job.job_id not in settled or not of_job, f"{len(of_job)} requests for {job.job_id}, which is final"
            polls = sum(request.cursor is None for request in of_job)
            elapsed = request_limits.Elapsed(
                seconds,
                len(self.env.processes),
                events.MAX_PAGES,
                events.PAGE * events.MAX_PAGES,
                self._is_running(job),
            )
            limit = request_limits.max_polls(elapsed, self.env.service.faults)
            assert polls <= limit, f"{polls} polls in {seconds} s, and at most {limit:.0f} are allowed"
            limit = request_limits.max_requests(elapsed, polls)
            assert len(of_job) <= limit, (
                f"{len(of_job)} requests with {polls} polls, and at most {limit:.0f} are allowed"
            )
        self.refreshed.clear()

    def _is_running(self, job: SimulatedJob) -> bool:
        elapsed = self.env.time() - self.started_at[job.job_id]
        return not job.state_at(elapsed, self.cancelled_at.get(job.job_id)).terminal

    def _expire_excuses(self) -> None:
        """End the excuse of processes that have lost the forgotten job, or whose rows are stored again."""
        for process in self.env.processes:
            self._check_published(process)
        self.env.settle()  # by now, processes that read deleted rows have noticed
        for process in self.env.processes:
            self._check_published(process)
            for job in self.jobs:
                snapshot = process.fetcher._scheduler.published.get(job.job_id)
                if (id(process), job.job_id) in self.excused and (
                    snapshot is None or not snapshot.final or process.has_stored(snapshot)
                ):
                    self.excused.discard((id(process), job.job_id))

    # ---- what always holds -----------------------------------------------------------------------------

    @invariant()
    @journaled
    def published_snapshots_are_true(self) -> None:
        FetcherModel.steps_done += 1
        for process in self.env.processes:
            self._check_published(process)
        assert not self.errors, self.errors[0]

    def _check_published(self, process: ClientProcess) -> None:
        begin = self.checked_count.get(id(process), 0)
        new = process.published[begin:]
        self.checked_count[id(process)] = begin + len(new)
        for before, snapshot in new:
            self._check_snapshot(before, snapshot, excused=(id(process), snapshot.job_id) in self.excused)

    def _check_snapshot(self, before: Snapshot | None, snapshot: Snapshot, *, excused: bool) -> None:
        error = text_error(snapshot)
        assert error is None, error
        job = next(job for job in self.jobs if job.job_id == snapshot.job_id)
        if snapshot.final:
            self._check_final(job, snapshot, excused=excused)
        if before is None or excused:
            return
        replaced = before.status == "failed"  # by a download that got more of it; then it is looked for again
        assert snapshot.final or replaced or not before.final, f"a final job is no longer final: {snapshot}"
        assert snapshot.final or replaced or len(snapshot.rows) >= len(before.rows), f"{before.rows} -> {snapshot}"

    def _check_final(self, job: SimulatedJob, snapshot: Snapshot, *, excused: bool) -> None:
        try:
            rows = list(snapshot.rows)
        except IncompleteResultError:
            replaced = snapshot.status == "failed"  # by a download that got more of it
            assert replaced or excused, "stored rows are gone, and no process forgot them"
            return
        truth = rows_at(job, float("inf"), self.cancelled_at.get(job.job_id))
        if snapshot.status == "failed":  # a failed job gives some of its rows, in order
            truth = [row for row in truth if row in rows]
        assert rows == truth, f"{len(rows)} rows of {len(truth)}, or others: {snapshot}"
        assert len(snapshot.rows) == len(rows)

    # ---- recovery in the end -----------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._check_recovery()
        finally:
            with contextlib.suppress(AssertionError):
                self.env.close()
            self._error_collection.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    @journaled
    def _check_recovery(self) -> None:
        """Once nothing fails any more, every job that is over is final with all its rows, in every process."""
        if not self.up:
            self.env.service.start()
        self.env.service.faults = ()
        for process in self.env.processes:
            process.key[0] = self.env.service.api_key
        self.env.advance(1_000)
        for process in self.env.processes:
            for job in self.jobs:
                if not process.fetcher.watch(job.job_id).final:
                    process.fetcher.refresh(job.job_id)
        self.env.advance(400)
        self.published_snapshots_are_true()
        self.env.settle()
        for process in self.env.processes:
            for job in self.jobs:
                snapshot = process.fetcher.watch(job.job_id)
                if job.ending == "paused" and job.job_id not in self.cancelled_at:
                    assert not snapshot.final
                    continue
                assert snapshot.final, f"nothing fails any more, and {job} is not final: {snapshot}"

    def _process(self, which: int) -> ClientProcess:
        return self.env.processes[which % len(self.env.processes)]

    def _job(self, which: int) -> SimulatedJob:
        return self.jobs[which % len(self.jobs)]


def run(runs: int, steps: int, number: int = 1) -> tuple[int, int]:
    """Run the model; raises where a promise is broken.

    Args:
        runs: how many runs, each with a new service and store.
        steps: events of a run at most.
        number: the seed; the same seed gives the same runs, however this file changes.

    Returns:
        runs and steps done.
    """
    FetcherModel.runs_done = FetcherModel.steps_done = 0
    FetcherModel.failure = None
    options = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        verbosity=Verbosity.normal,
        phases=[Phase.generate],  # a failure comes with its journal; shrinking takes hours, because of the threads
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(FetcherModel), settings=options)
    except Exception as error:
        if FetcherModel.failure is None:
            raise
        raise AssertionError(f"run {FetcherModel.runs_done:,}: {FetcherModel.failure}") from error
    return FetcherModel.runs_done, FetcherModel.steps_done
