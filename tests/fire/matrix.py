"""The fault matrix: everything that can happen to one request, at every point of a job's life where it can.

In each cell the fault lasts for a while and then ends. While it lasts there is the complete result or the right
problem, with the last good rows beside it; once it is over, everything is there. Memory, requests and time are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tests.bench.measure import held_mb, peak_mb
from xl_openfunnel import Snapshot
from xl_openfunnel.jobs.policy.download import NO_MANIFEST
from xl_openfunnel.simulator import SimulatedJob
from xl_openfunnel.simulator.service import ReceivedRequest

from .detours import UNKNOWN_NAME, Detour, closed_port, nobody_knows, tls
from .trials import PAGE, PAGES, ROWS, Said, Trial, Whole, trials
from .world import Judge, Seat, World, has_text, no_surprise, world

MOST_REQUESTS: Final = 120
"""While it lasts: 7 pages, each tried a dozen times, and every third reading of a result that does not agree."""

MOST_MB: Final = 250.0
"""What one cell may take above what was held before it: eight requests at once, and the service that answers them."""

JOB: Final = "the-job"


@dataclass(frozen=True)
class Cell:
    """What came of one trial at one point.

    Attributes:
        complete: whether the result was complete while the fault lasted.
        said: the problem while it lasted.
        broken: which promises were not kept.
        requests: sent while it lasted.
        mb: memory above what was held before; None where it cannot be measured.
    """

    trial: str
    point: str
    complete: bool = False
    said: str = ""
    requests: int = 0
    mb: float | None = None
    broken: tuple[str, ...] = field(default=())


def cells() -> list[tuple[Trial, str]]:
    """All of them: each trial at each point that it can hit."""
    return [(trial, point) for trial in trials() for point in trial.expects]


def cell(trial: Trial, point: str, folder: Path) -> Cell:
    """Try it."""
    running = 60.0 if point in ("later poll", "held page") else 0.0
    job = SimulatedJob(ROWS, job_id=JOB, running=running, page_size=PAGE)
    wordless: list[str] = []

    def judge(before: Snapshot | None, seen: Snapshot) -> None:
        if wrong := has_text(seen):
            wordless.append(wrong)

    with no_surprise() as surprises, _world_for(trial, job, folder, judge) as (here, seat, begin, end):
        if running:
            seat.fetcher.subscribe(JOB, lambda seen: None)
            here.until(lambda: seat.fetcher.watch(JOB).pages >= 3, 60)
        elif point == "refresh":
            seat.fetcher.watch(JOB)
            here.until(lambda: seat.fetcher.watch(JOB).final, 60)
        kept = seat.fetcher.watch(JOB)
        hit = _pages_hit(point, kept.pages)
        before, held = len(here.service.received), _begin_of_peak()
        begin(_cursor(point, hit))
        seat.fetcher.refresh(JOB)
        here.pass_time(trial.lasts)
        seen = seat.fetcher.watch(JOB)
        received, mb = here.service.received[before:], _peak_above(held)
        broken = [
            *wordless,
            *_about_rows(trial, point, hit, job, kept, seen),
            *_about_words(trial, point, seen),
            *_asked_too_early(received, trial.asks),
        ]
        if len(received) > MOST_REQUESTS:
            broken.append(f"{len(received)} requests")
        if mb is not None and mb > MOST_MB:
            broken.append(f"{mb:.0f} MB")
        said = "" if seen.problem is None else seen.problem.message
        complete = trial.expects[point] is Whole.CHECKED
        end()
        seat.fetcher.refresh(JOB)
        here.pass_time(700)
        broken += _once_it_is_over(seat.fetcher.watch(JOB))
        here.settle()
    broken += surprises
    return Cell(trial.name, point, complete, said, len(received), mb, tuple(broken))


def _pages_hit(point: str, pages_held: int) -> Sequence[int]:
    """The numbers of the pages whose requests are hit."""
    return {"refresh": range(PAGES), "held page": [pages_held - 1], "page walk": [3], "last page": [PAGES - 1]}.get(
        point, [0]
    )


def _cursor(point: str, hit: Sequence[int]) -> Any:
    """The cursor of the requests that are hit: of the first page those without one, which tell the state."""
    return ... if point == "refresh" else f"page_{hit[0]:04d}" if hit[0] else None


def _about_rows(
    trial: Trial, point: str, hit: Sequence[int], job: SimulatedJob, kept: Snapshot, seen: Snapshot
) -> Iterator[str]:
    """Each page that is shown is the service's, of now or of before it ranked the rows anew, as the trial alters it."""
    rows = list(seen.rows)
    if len(rows) < len(kept.rows):
        yield f"{len(kept.rows)} rows were there, and {len(rows)} are left"
    if isinstance(trial.expects[point], Said) and point == "refresh" and rows != ROWS:
        yield "stored rows were replaced"
    at = 0
    for number in range(PAGES):
        final = [dict(row) for row in job.page_rows(number, reranked=True)]
        forms = [trial.alters(final)] if number in hit else [final]
        if isinstance(trial.expects[point], Said):  # not all is read anew, or it is not over yet
            running = [dict(row) for row in job.page_rows(number, reranked=False)]
            forms = [
                form for rows in (final, running) for form in (rows, trial.alters(rows) if number in hit else rows)
            ]
        right = next((form for form in forms if form == rows[at : at + len(form)]), None)
        if right is None and at < len(rows):
            yield f"page {number} of {len(rows)} rows is not the service's"
            return
        at += len(right or ())
    if at != len(rows):
        yield f"{len(rows)} rows, of which {at} are the service's"


def _about_words(trial: Trial, point: str, seen: Snapshot) -> Iterator[str]:
    expected, problem = trial.expects[point], seen.problem
    if isinstance(expected, Said):
        if problem is None or not (
            re.fullmatch(expected.kind, problem.kind) and re.search(expected.words, problem.message)
        ):
            yield f"it says {problem} and not {expected}"
        return
    if not seen.final or len(seen.rows) != len(ROWS):
        yield f"it is not complete: {seen}"
    if expected is Whole.CHECKED and problem is not None:
        yield f"it should be complete, and says {problem}"
    if expected is Whole.UNCHECKED and (problem is None or problem.message != NO_MANIFEST):
        yield f"there is no manifest, and it says {problem}"


def _asked_too_early(received: list[ReceivedRequest], asks: float) -> Iterator[str]:
    """Requests before the time that the service stated, but for those that were under way just then."""
    for last, following in pairwise(sorted(request.at for request in received)):
        if last < following < last + asks:
            yield f"asked again {following - last:g} s after it was told to wait for {asks:g} s"


def _once_it_is_over(seen: Snapshot) -> Iterator[str]:
    if not seen.final or seen.problem is not None:
        yield f"it is over, and the job is not final: {seen}"
    elif list(seen.rows) != ROWS:
        yield f"it is over, and {len(seen.rows)} rows are not the service's"


@contextmanager
def _world_for(
    trial: Trial, job: SimulatedJob, folder: Path, judge: Judge
) -> Iterator[tuple[World, Seat, Callable[[Any], None], Callable[[], None]]]:
    """A world, and how the trial begins (with the cursor of the requests that it hits) and ends in it."""
    with ExitStack() as stack:
        slow = {} if trial.limits is None else {"sleep": None}
        here = stack.enter_context(world(folder, job, **slow))
        detour = Detour()
        seat = here.seat(transport=detour, limits=trial.limits, judge=judge)
        where, context = closed_port(), None
        if trial.way == "dns":
            stack.enter_context(nobody_knows(UNKNOWN_NAME))
            where = f"http://{UNKNOWN_NAME}"
        elif trial.way in ("host", "authority"):
            name = "elsewhere.example" if trial.way == "host" else "127.0.0.1"
            where, context = stack.enter_context(tls(folder, name, trusted=trial.way == "host"))

        def begin(cursor: Any) -> None:
            if trial.fault is not None:
                here.service.faults = (replace(trial.fault, cursor=cursor),)
            else:
                detour.elsewhere, detour.context, detour.cursor = where, context, cursor

        def end() -> None:
            here.service.faults = ()
            detour.elsewhere = None

        yield here, seat, begin, end


def _begin_of_peak() -> float | None:
    """Have the system measure the peak anew; what is held now, or None where it cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return held_mb()


def _peak_above(held: float | None) -> float | None:
    peak = peak_mb()
    return None if held is None or peak is None else max(0.0, peak - held)
