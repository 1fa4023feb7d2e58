"""From what a caretaker knows to what everybody may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from .plan import Wait, next_step
from .snapshot import Snapshot
from .state import FOREVER, Doing, Gate, Moment, State


def snapshot(state: State, gate: Gate, moment: Moment, *, cared_for: bool = True) -> Snapshot:
    """The job as everybody may see it."""
    working = state.doing is not Doing.RESTING
    held_up = working and gate.refused is not None
    step = next_step(state, gate, moment.now, most=1) if working and cared_for else Wait(FOREVER)
    next_try = None
    if isinstance(step, Wait) and step.until < FOREVER:
        next_try = moment.utc + timedelta(seconds=step.until - moment.now)
    seen = Snapshot(
        state.job_id,
        settled=not working or held_up,
        problem=gate.refused if held_up else state.problem,
        next_try=next_try,
    )
    if (result := state.result) is not None:
        return replace(
            seen,
            status=result.status,
            stage=result.stage,
            processed=result.processed,
            pages=len(result.rows.counts),
            manifest=result.manifest,
            rows=result.rows,
            final=True,
            source=state.source,
            as_of=result.as_of,
        )
    if (first := state.first) is None:
        return seen
    return replace(
        seen,
        status=first.status,
        stage=first.stage,
        processed=first.processed,
        pages=sum(count > 0 for count in state.shown.counts),
        manifest=first.manifest,
        rows=state.shown,
        provisional=len(state.shown) > 0,
        as_of=state.as_of,
    )
