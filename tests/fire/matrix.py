"""The fault matrix: everything that can happen to one request, at every point of a job's life where it can happen.

In each case the fault lasts for a while and then ends. While it lasts, the result is complete, or the right problem is
reported and the last good rows stay; afterwards, the result is complete. Memory, requests and time are limited.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tests.bench.measure import memory_mb, peak_above
from tests.unit.tls import tls_server
from xl_openfunnel import Snapshot
from xl_openfunnel.jobs.policy.download import NO_TOTAL
from xl_openfunnel.simulator import SimulatedJob
from xl_openfunnel.simulator.service import ReceivedRequest

from .environment import ClientProcess, Environment, SnapshotCheck, collect_errors, running_environment, text_error
from .fault_cases import PAGE, PAGES, ROWS, Complete, ExpectedError, FaultCase, fault_cases
from .network_faults import CLOSED_PORT, UNKNOWN_NAME, RedirectingAdapter, unresolvable

MAX_REQUESTS: Final = 120
"""While the fault lasts: 7 pages, each tried a dozen times, and three downloads of a result that does not agree."""

MAX_MB: Final = 250.0
"""Memory that one case may add: eight requests at once, and the service that answers them."""

JOB: Final = "the-job"


@dataclass(frozen=True)
class CaseResult:
    """The result of one fault at one point.

    Attributes:
        complete: whether the result was complete while the fault lasted.
        requests: sent while it lasted.
        mb: memory above that before the fault; None where it cannot be measured.
        errors: the promises that were broken.
    """

    fault: str
    point: str
    complete: bool = False
    requests: int = 0
    mb: float | None = None
    errors: tuple[str, ...] = ()


def all_cases() -> list[tuple[FaultCase, str]]:
    """Each fault at each point that it can hit."""
    return [(case, point) for case in fault_cases() for point in case.expected]


def run_case(case: FaultCase, point: str, folder: Path) -> CaseResult:
    running = 60.0 if point in ("later poll", "newest page") else 0.0
    job = SimulatedJob(ROWS, job_id=JOB, running=running, page_size=PAGE)
    text_errors: list[str] = []

    def check(before: Snapshot | None, snapshot: Snapshot) -> None:
        if error := text_error(snapshot):
            text_errors.append(error)

    with collect_errors() as logged, _environment_for(case, job, folder, check) as (env, process, begin, end):
        if running:
            process.fetcher.subscribe(JOB, lambda snapshot: None)
            env.run_until(lambda: process.fetcher.watch(JOB).pages >= 3, 60)
        elif point == "refresh":
            env.final(process, JOB)
        earlier = process.fetcher.watch(JOB)
        hit_pages = _hit_pages(point, earlier.pages)
        before, memory_before = len(env.service.received), _reset_peak()
        begin(_cursor(point, hit_pages))
        process.fetcher.refresh(JOB)
        env.advance(case.duration)
        snapshot = process.fetcher.watch(JOB)
        received, mb = env.service.received[before:], peak_above(memory_before)
        errors = [
            *text_errors,
            *_row_errors(case, point, hit_pages, job, earlier, snapshot),
            *_problem_errors(case, point, snapshot),
            *_early_requests(received, case.min_wait),
        ]
        if len(received) > MAX_REQUESTS:
            errors.append(f"{len(received)} requests")
        if mb is not None and mb > MAX_MB:
            errors.append(f"{mb:.0f} MB")
        complete = case.expected[point] is Complete.CHECKED
        end()
        process.fetcher.refresh(JOB)
        env.advance(700)
        errors += _recovery_errors(process.fetcher.watch(JOB))
        env.settle()
    errors += logged
    return CaseResult(case.name, point, complete, len(received), mb, tuple(errors))


def _hit_pages(point: str, page_count: int) -> Sequence[int]:
    """The numbers of the pages whose requests the fault hits."""
    return {"refresh": range(PAGES), "newest page": [page_count - 1], "page walk": [3], "last page": [PAGES - 1]}.get(
        point, [0]
    )


def _cursor(point: str, hit_pages: Sequence[int]) -> Any:
    """The cursor of the requests that the fault hits; None for polls, which read the first page without a cursor."""
    return ... if point == "refresh" else f"page_{hit_pages[0]:04d}" if hit_pages[0] else None


def _row_errors(
    case: FaultCase, point: str, hit_pages: Sequence[int], job: SimulatedJob, earlier: Snapshot, snapshot: Snapshot
) -> Iterator[str]:
    """Each page that is shown is the service's, before or after the final ranking, altered as the case says."""
    rows = list(snapshot.rows)
    if len(rows) < len(earlier.rows):
        yield f"{len(earlier.rows)} rows were shown, and {len(rows)} are left"
    if isinstance(case.expected[point], ExpectedError) and point == "refresh" and rows != ROWS:
        yield "stored rows were replaced"
    index = 0
    for number in range(PAGES):
        final = [dict(row) for row in job.page_rows(number, reranked=True)]
        forms = [case.alter(final)] if number in hit_pages else [final]
        # Else the download stopped before its end, or the job is not over.
        if isinstance(case.expected[point], ExpectedError):
            running = [dict(row) for row in job.page_rows(number, reranked=False)]
            forms = [
                form for rows in (final, running) for form in (rows, case.alter(rows) if number in hit_pages else rows)
            ]
        page = next((form for form in forms if form == rows[index : index + len(form)]), None)
        if page is None and index < len(rows):
            yield f"page {number} of {len(rows)} rows is not the service's"
            return
        index += len(page or ())
    if index != len(rows):
        yield f"{len(rows)} rows, of which {index} are the service's"


def _problem_errors(case: FaultCase, point: str, snapshot: Snapshot) -> Iterator[str]:
    expected, problem = case.expected[point], snapshot.problem
    if isinstance(expected, ExpectedError):
        if problem is None or not (
            re.fullmatch(expected.kind, problem.kind) and re.search(expected.message, problem.message)
        ):
            reported = problem and ExpectedError(problem.kind, problem.message)
            yield f"it reports {reported} and not {expected}"
        return
    if not snapshot.final or len(snapshot.rows) != len(ROWS):
        yield f"it is not complete: {snapshot}"
    if expected is not Complete.UNCHECKED and problem is not None:
        yield f"it should be complete, and reports {problem}"
    if bool(snapshot.warnings) is not (expected is Complete.WARNED):
        yield f"its warnings are {snapshot.warnings}"
    if expected is Complete.UNCHECKED and (problem is None or problem.message != NO_TOTAL):
        yield f"there is no manifest, and it reports {problem}"


def _early_requests(received: list[ReceivedRequest], min_wait: float) -> Iterator[str]:
    """Requests before the time that the service stated, except those sent at the same moment as the one it answered."""
    for last, following in pairwise(sorted(request.at for request in received)):
        if last < following < last + min_wait:
            yield f"a request {following - last:g} s after the service asked to wait for {min_wait:g} s"


def _recovery_errors(snapshot: Snapshot) -> Iterator[str]:
    if not snapshot.final or snapshot.problem is not None:
        yield f"the fault is over, and the job is not final: {snapshot}"
    elif list(snapshot.rows) != ROWS:
        yield f"the fault is over, and {len(snapshot.rows)} rows are not the service's"


@contextmanager
def _environment_for(
    case: FaultCase, job: SimulatedJob, folder: Path, check: SnapshotCheck
) -> Iterator[tuple[Environment, ClientProcess, Callable[[Any], None], Callable[[], None]]]:
    """An environment, and functions that begin the fault (for requests with this cursor) and end it."""
    with ExitStack() as stack:
        options = {} if case.limits is None else {"sleep": None}
        env = stack.enter_context(running_environment(folder, job, **options))
        adapter = RedirectingAdapter()
        process = env.start_process(transport=adapter, limits=case.limits, check=check)
        target, context = CLOSED_PORT, None
        if case.network == "dns":
            stack.enter_context(unresolvable(UNKNOWN_NAME))
            target = f"http://{UNKNOWN_NAME}"
        elif case.network in ("host", "authority"):
            name = "elsewhere.example" if case.network == "host" else "127.0.0.1"
            target = f"https://127.0.0.1:{stack.enter_context(tls_server(folder, name))}"
            if case.network == "host":
                context = ssl.create_default_context(cafile=folder / "cert.pem")

        def begin(cursor: Any) -> None:
            if case.fault is not None:
                env.service.faults = (replace(case.fault, cursor=cursor),)
            else:
                adapter.target, adapter.context, adapter.cursor = target, context, cursor

        def end() -> None:
            env.service.faults = ()
            adapter.target = None

        yield env, process, begin, end


def _reset_peak() -> float | None:
    """Restart the system's measurement of the peak; the memory held now, or None where that cannot be restarted."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return memory_mb()
