"""A model that lies in wait: anything may happen to the fetcher in any order, and what it promises holds throughout."""

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

from . import planned
from .world import Seat, World, has_text, no_surprise, rows_at

PAGE = 3
MOST_PAGES = 6
MOST_SEATS = 3
ROWS = [{"name": f"Company {number}", "domain": f"c{number}.example"} for number in range(PAGE * MOST_PAGES)]

# What a service or a network may do for a while. Lies that nobody could see through are not among them: a job that
# is said to be over before it is, or a whole page that belongs to another job and bears the right name.
LIES = (
    *({"status": status} for status in ("running", None)),
    *({"page": page} for page in ("page_0042", None)),
    *({"next_cursor": cursor} for cursor in ("page_0000", "page_0002", "page_0042", None)),
    *({"rows": rows, "count": 0} for rows in ([], None, [1, 2])),
    {"rows": []},
    {"rows": lambda rows: rows[:-1]},
    {"manifest": lambda right: right and {**right, "count": right["count"] + 1}},
    {"manifest": lambda right: right and {**right, "pages": right["pages"] - 1}},
)
FAULTS = (
    *(Fault("status", status=status) for status in (400, 404, 408, 409, 422, 429, 500, 502, 503, 504)),
    *(Fault("status", status=429, retry_after=wait) for wait in ("3", "40", "soon", "-5")),
    Fault("status", status=503, details_retry_after=7),
    *(Fault(kind) for kind in ("cut", "cut_chunked", "reset", "reset_after_headers", "wrong_length", "html")),
    Fault("redirect", location="http://127.0.0.1:9/"),
    Fault("json", body=b'{"status": "running", "rows": ['),
    Fault("json", body=b'{"job_id": "another", "status": "completed", "rows": []}'),
    Fault("json", body=b""),
    Fault("envelope", without=("page",)),
    Fault("envelope", without=("job_id", "count", "processed")),
)

_which = st.integers(0, 9)
_times = st.sampled_from([1, 2, 5, None])
_cursors = st.sampled_from([..., None, "page_0000", "page_0001", "page_0002", "page_0005"])
_scripts = st.fixed_dictionaries(
    {
        "rows": st.integers(0, len(ROWS)),
        "pending": st.sampled_from([0.0, 3.0]),
        "running": st.sampled_from([0.0, 8.0, 45.0, 900.0]),
        "ending": st.sampled_from(["completed", "completed", "completed", "cancelled", "failed", "paused"]),
        "opaque_cursors": st.sampled_from([False, False, True]),
        "manifest": st.sampled_from([{}, {}, {}, None]),
    }
)
_seconds = st.sampled_from([0.0, 0.0, 0.0, 0.5, 2.0, 15.0, 60.0, 700.0])


Step = TypeVar("Step", bound=Callable[..., None])


def noted(step: Step) -> Step:
    """The step, some time after it, and both in the machine's journal, for threads may fail once and not twice."""

    @functools.wraps(step)
    def noting(self: UnderFire, then: float = 0.0, **given: Any) -> None:
        if not step.__name__.startswith("what_"):
            self.journal.append(f"{step.__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})")
        try:
            step(self, **given)
            if then:
                self.journal.append(f"{then} s pass")
                self._pass(then)
        except AssertionError as error:
            if UnderFire.failure is None:
                UnderFire.failure = f"{error}\nafter\n  " + "\n  ".join(self.journal)
            raise

    return noting  # type: ignore[return-value]


class UnderFire(RuleBasedStateMachine):
    """One run: a service with some jobs, one to three fetchers on one store, and whatever may come."""

    folder: Path
    steps_done = 0
    runs_done = 0
    failure: ClassVar[str | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.journal: list[str] = []
        self.folder = Path(tempfile.mkdtemp(prefix="fire-"))
        self._surprises = contextlib.ExitStack()
        self.surprises = self._surprises.enter_context(no_surprise())
        self.world = World(self.folder)
        self.up = True
        self.world.seat()
        self.jobs: list[SimulatedJob] = []
        self.began: dict[str, float] = {}
        self.cancelled: dict[str, float] = {}
        self.excused: set[tuple[int, str]] = set()  # seats that may lose a job, since another has forgotten it
        self.read_anew: set[str] = set()
        self.subscriptions: list[Any] = []
        self.checked: dict[int, int] = {}
        UnderFire.runs_done += 1

    # ---- what may happen -----------------------------------------------------------------------------------

    @initialize(script=_scripts)
    @noted
    def begin(self, script: dict[str, Any]) -> None:
        self._add(script)
        self.subscriptions.append(self.world.seats[0].fetcher.subscribe("job-0", lambda seen: seen.rows))

    @precondition(lambda self: self.up and len(self.jobs) < 3)
    @rule(then=_seconds, script=_scripts)
    @noted
    def another_job(self, script: dict[str, Any]) -> None:
        self._add(script)

    def _add(self, script: dict[str, Any]) -> None:
        job = SimulatedJob(**{**script, "rows": ROWS[: script["rows"]]}, job_id=f"job-{len(self.jobs)}", page_size=PAGE)
        self.world.service.add(job)
        self.jobs.append(job)
        self.began[job.job_id] = self.world.time()

    @precondition(lambda self: self.jobs)
    @rule(then=_seconds, seat=_which, job=_which)
    @noted
    def watch(self, seat: int, job: int) -> None:
        self._seat(seat).fetcher.watch(self._job(job).job_id)

    @precondition(lambda self: self.jobs)
    @rule(then=_seconds, seat=_which, job=_which)
    @noted
    def subscribe(self, seat: int, job: int) -> None:
        self.subscriptions.append(self._seat(seat).fetcher.subscribe(self._job(job).job_id, lambda seen: seen.rows))

    @precondition(lambda self: self.subscriptions)
    @rule(then=_seconds, which=_which)
    @noted
    def unsubscribe(self, which: int) -> None:
        self.subscriptions.pop(which % len(self.subscriptions)).close()

    @precondition(lambda self: self.jobs)
    @rule(then=_seconds, seat=_which, job=_which)
    @noted
    def refresh(self, seat: int, job: int) -> None:
        self.read_anew.add(self._job(job).job_id)
        self._seat(seat).fetcher.refresh(self._job(job).job_id)

    @precondition(lambda self: self.jobs)
    @rule(then=_seconds, seat=_which, job=_which)
    @noted
    def forget(self, seat: int, job: int) -> None:
        self.excused |= {(id(each), self._job(job).job_id) for each in self.world.seats}
        self._seat(seat).fetcher.forget(self._job(job).job_id)

    @precondition(lambda self: self.jobs and self.up)
    @rule(then=_seconds, job=_which)
    @noted
    def cancel(self, job: int) -> None:
        job_id = self._job(job).job_id
        with contextlib.suppress(OpenFunnelError):
            self.world.seats[0].client.cancel(job_id)
            self.cancelled.setdefault(job_id, self.world.time() - self.began[job_id])

    @rule(then=_seconds, fault=st.sampled_from(FAULTS), cursor=_cursors, times=_times)
    @noted
    def fault(self, fault: Fault, cursor: Any, times: int | None) -> None:
        self.world.service.faults = (*self.world.service.faults, replace(fault, cursor=cursor, times=times))

    @rule(then=_seconds, lie=st.sampled_from(LIES), cursor=_cursors, times=_times)
    @noted
    def lie(self, lie: dict[str, Any], cursor: Any, times: int | None) -> None:
        hit = Fault("envelope", envelope=lie, cursor=cursor, times=times)
        self.world.service.faults = (*self.world.service.faults, hit)

    @rule(then=_seconds)
    @noted
    def faults_end(self) -> None:
        self.world.service.faults = ()

    @precondition(lambda self: self.up)
    @rule(then=_seconds)
    @noted
    def outage(self) -> None:
        self.world.service.stop()
        self.up = False

    @precondition(lambda self: not self.up)
    @rule(then=_seconds)
    @noted
    def outage_ends(self) -> None:
        self.world.service.start()
        self.up = True

    @precondition(lambda self: self.up)
    @rule(then=_seconds, hours=st.sampled_from([0.02, 1.0, 9.0]))
    @noted
    def sleep_and_resume(self, hours: float) -> None:
        self.world.fall_asleep(hours * 3_600)

    @rule(then=_seconds, seat=_which, minutes=st.sampled_from([-90, -1, 1, 600]))
    @noted
    def set_the_time_of_day(self, seat: int, minutes: int) -> None:
        self._seat(seat).clock.offset += timedelta(minutes=minutes)

    @rule(then=_seconds, number=st.integers(0, 2))
    @noted
    def change_the_accepted_key(self, number: int) -> None:
        self.world.service.accept_key(f"of_accepted_key_{number}")

    @rule(then=_seconds, seat=_which)
    @noted
    def give_the_right_key(self, seat: int) -> None:
        self._seat(seat).key[0] = self.world.service.api_key

    @rule(then=_seconds, seat=_which)
    @noted
    def restart(self, seat: int) -> None:
        here = self._seat(seat)
        self._look(here)
        published = here.fetcher.stats().snapshots
        self.world.leave(here)
        self.checked.pop(id(here), None)
        excused = {job_id for seat, job_id in self.excused if seat == id(here)}
        self.excused -= {(id(here), job_id) for job_id in excused}
        kept = {each for each, seen in published.items() if seen.final and seen.settled and seen.problem is None}
        anew = self.world.seat()
        anew.key[0] = here.key[0]
        self.world.settle()
        for job_id in kept - excused:
            assert anew.fetcher.watch(job_id).final, f"{job_id} was final, and is not after a restart"

    @precondition(lambda self: len(self.world.seats) < MOST_SEATS)
    @rule(then=_seconds)
    @noted
    def another_process(self) -> None:
        """A fetcher with a client and a store connection of its own: all that two processes share is the file."""
        self.world.seat()

    @rule(seconds=_seconds)
    @noted
    def time_passes(self, seconds: float) -> None:
        self._pass(seconds)

    def _pass(self, seconds: float) -> None:
        self.world.settle()
        self._excuse_no_longer()
        before = len(self.world.service.received)
        settled = self._final_everywhere() - self.read_anew
        self.world.pass_time(seconds)
        sent = self.world.service.received[before:]
        for job in self.jobs:
            of_job = [request for request in sent if request.job_id == job.job_id]
            assert job.job_id not in settled or not of_job, f"{len(of_job)} requests for {job.job_id}, which is final"
            polls = sum(request.cursor is None for request in of_job)
            life = planned.Passed(seconds, len(self.world.seats), MOST_PAGES, PAGE * MOST_PAGES, self._runs(job))
            most = planned.polls(life, self.world.service.faults)
            assert polls <= most, f"{polls} polls in {seconds} s, and {most:.0f} are planned"
            most = planned.requests(life, polls)
            assert len(of_job) <= most, f"{len(of_job)} requests with {polls} polls, and {most:.0f} are planned"
        self.read_anew.clear()

    def _runs(self, job: SimulatedJob) -> bool:
        elapsed = self.world.time() - self.began[job.job_id]
        return not job.state_at(elapsed, self.cancelled.get(job.job_id)).terminal

    def _excuse_no_longer(self) -> None:
        """Whoever has lost what was forgotten, or has rows that are stored again, loses nothing any more."""
        for seat in self.world.seats:
            self._look(seat)
        self.world.settle()  # whoever looked at rows that are gone has found out by now
        for seat in self.world.seats:
            self._look(seat)
            for job in self.jobs:
                seen = seat.fetcher.stats().snapshots.get(job.job_id)
                if (id(seat), job.job_id) in self.excused and (seen is None or not seen.final or _stored(seat, seen)):
                    self.excused.discard((id(seat), job.job_id))

    # ---- what holds throughout -----------------------------------------------------------------------------

    @invariant()
    @noted
    def what_was_seen_is_true(self) -> None:
        UnderFire.steps_done += 1
        for seat in self.world.seats:
            self._look(seat)
        assert not self.surprises, self.surprises[0]

    def _look(self, seat: Seat) -> None:
        begin = self.checked.get(id(seat), 0)
        new = seat.published[begin:]
        self.checked[id(seat)] = begin + len(new)
        for before, seen in new:
            self._judge(before, seen, excused=(id(seat), seen.job_id) in self.excused)

    def _judge(self, before: Snapshot | None, seen: Snapshot, *, excused: bool) -> None:
        wrong = has_text(seen)
        assert wrong is None, wrong
        job = next(job for job in self.jobs if job.job_id == seen.job_id)
        if seen.final:
            self._judge_final(job, seen, excused=excused)
        if before is None or excused:
            return
        replaced = before.status == "failed"  # by a reading that got more of it; then it is looked for again
        assert seen.final or replaced or not before.final, f"what was final is no longer: {seen}"
        assert seen.final or replaced or len(seen.rows) >= len(before.rows), f"{before.rows} -> {seen}"

    def _judge_final(self, job: SimulatedJob, seen: Snapshot, *, excused: bool) -> None:
        try:
            rows = list(seen.rows)
        except IncompleteResultError:
            replaced = seen.status == "failed"  # by a reading that got more of it
            assert replaced or excused, "stored rows are gone, and nobody forgot them"
            return
        truth = rows_at(job, float("inf"), self.cancelled.get(job.job_id))
        if seen.status == "failed":  # a failed job gives whatever it still gives, in order
            truth = [row for row in truth if row in rows]
        assert rows == truth, f"{len(rows)} rows of {len(truth)}, or others: {seen}"
        assert len(seen.rows) == len(rows)

    def _final_everywhere(self) -> set[str]:
        def rests(seen: Snapshot) -> bool:
            return seen.final and seen.settled and (seen.problem is None or seen.problem.kind == "JobFailedError")

        published = [seat.fetcher.stats().snapshots.items() for seat in self.world.seats]
        return set.intersection(*({job_id for job_id, seen in items if rests(seen)} for items in published))

    # ---- and in the end, all is well -----------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._calm()
        finally:
            with contextlib.suppress(AssertionError):
                self.world.close()
            self._surprises.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    @noted
    def _calm(self) -> None:
        """Once nothing fails any more, every job that is over is final with all its rows, for everybody."""
        if not self.up:
            self.world.service.start()
        self.world.service.faults = ()
        for seat in self.world.seats:
            seat.key[0] = self.world.service.api_key
        self.world.pass_time(1_000)
        for seat in self.world.seats:
            for job in self.jobs:
                if not seat.fetcher.watch(job.job_id).final:
                    seat.fetcher.refresh(job.job_id)
        self.world.pass_time(400)
        self.what_was_seen_is_true()
        self.world.settle()
        for seat in self.world.seats:
            for job in self.jobs:
                seen = seat.fetcher.watch(job.job_id)
                if job.ending == "paused" and job.job_id not in self.cancelled:
                    assert not seen.final
                    continue
                assert seen.final, f"all is well, and {job} is not final: {seen}"

    def _seat(self, which: int) -> Seat:
        return self.world.seats[which % len(self.world.seats)]

    def _job(self, which: int) -> SimulatedJob:
        return self.jobs[which % len(self.jobs)]


def _stored(seat: Seat, seen: Snapshot) -> bool:
    """Whether the rows that a seat shows are in the store: none at all can be read from wherever they are not."""
    assert seat.store is not None
    try:
        return len(list(seen.rows)) == len(seen.rows) and seat.store.find(seen.job_id) is not None
    except IncompleteResultError:
        return False


def run(runs: int, steps: int, number: int = 1) -> tuple[int, int]:
    """Let it happen so often; raises where a promise is broken.

    Args:
        runs: how many times it begins anew.
        steps: what may happen in one run.
        number: the seed; the same seed gives the same runs, however this file changes.

    Returns:
        runs and steps done.
    """
    UnderFire.runs_done = UnderFire.steps_done = 0
    UnderFire.failure = None
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        verbosity=Verbosity.normal,
        phases=[Phase.generate],  # a failure comes with its journal; to shrink what threads do takes hours
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(UnderFire), settings=chosen)
    except Exception as error:
        if UnderFire.failure is None:
            raise
        raise AssertionError(f"run {UnderFire.runs_done:,}: {UnderFire.failure}") from error
    return UnderFire.runs_done, UnderFire.steps_done
