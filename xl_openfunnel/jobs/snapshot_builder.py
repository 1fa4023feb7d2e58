"""Builds the public snapshot of a job from its state."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ..api.models import Page
from ..api.retry import is_blocked
from ..runtime.clock import FOREVER
from .policy.state import JobState, Moment, Phase, RequestGate, failed_problem
from .policy.steps import Wait, next_step
from .snapshot import Result, Rows, Snapshot, Source


def build_snapshot(state: JobState, gate: RequestGate, moment: Moment, *, is_tracked: bool = True) -> Snapshot:
    """The snapshot of a job. One that is no longer tracked is not polled, so it has no next try."""
    working = state.phase is not Phase.IDLE
    paused = working and gate.key_problem is not None
    step = next_step(state, gate, moment.now, max_requests=1) if working and is_tracked else Wait(FOREVER)
    next_try = None
    if isinstance(step, Wait) and step.until < FOREVER:
        next_try = moment.utc + timedelta(seconds=step.until - moment.now)
    if state.result is not None:
        snapshot = snapshot_of_result(state.job_id, state.result, state.source)
    elif state.first_page is not None and state.as_of is not None:
        snapshot = snapshot_of_page(state.job_id, state.first_page, state.rows, state.as_of)
    else:
        snapshot = Snapshot(state.job_id)
    problem = gate.key_problem if paused else state.problem
    stale = state.result is not None and (working or state.failures > 0)
    blocked = state.failures > 0 and state.problem is not None and is_blocked(state.problem.error)
    settled = not working or paused or blocked
    return replace(snapshot, settled=settled, stale=stale, problem=problem, next_try=next_try)


def snapshot_of_result(job_id: str, result: Result, source: Source | None) -> Snapshot:
    return Snapshot(
        job_id,
        status=result.status,
        stage=result.stage,
        processed=result.processed,
        pages=len(result.rows.counts),
        manifest=result.manifest,
        rows=result.rows,
        final=True,
        settled=True,
        source=source,
        as_of=result.as_of,
        problem=failed_problem(result, result.as_of),
        warnings=result.warnings,
    )


def snapshot_of_page(job_id: str, first: Page, rows: Rows, as_of: datetime) -> Snapshot:
    """The snapshot of a job that is not final, from its first page and the rows read so far."""
    return Snapshot(
        job_id,
        status=first.status,
        stage=first.stage,
        processed=first.processed,
        pages=sum(count > 0 for count in rows.counts),
        manifest=first.manifest,
        rows=rows,
        provisional=len(rows) > 0,
        as_of=as_of,
        problem=failed_problem(first, as_of),
    )
