"""The fault matrix; what takes long stands at one point here, and at all of them in the long form."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import matrix

CELLS = [
    (trial, point)
    for trial in matrix.trials()
    for point in matrix.POINTS
    if not trial.slow or point in ("later poll" if trial.limits else "page walk")
]


@pytest.mark.parametrize(("trial", "point"), CELLS, ids=[f"{trial.name}-{point}" for trial, point in CELLS])
def test_a_fault_leaves_the_result_complete_or_is_said_and_costs_no_row(
    trial: matrix.Trial, point: str, tmp_path: Path
) -> None:
    assert matrix.cell(trial, point, tmp_path).broken == ()


def test_the_matrix_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xl_openfunnel.jobs.walk.check", lambda pages: None)
    short = next(trial for trial in matrix.trials() if trial.name == "empty page, said so")
    assert matrix.cell(short, "page walk", tmp_path).broken != ()
