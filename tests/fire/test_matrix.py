"""The fault matrix; all points of each fault stand in the long form, here those that differ most, in turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import matrix

TURNS = (("first poll", "page walk", "refresh"), ("later poll", "last page", "refresh"))


def points(number: int, trial: matrix.Trial) -> tuple[str, ...]:
    """Where the fault hits; what takes long, at one point."""
    if trial.slow:
        return ("later poll" if trial.limits else "page walk",)
    return TURNS[number % 2]


CELLS = [(trial, point) for number, trial in enumerate(matrix.trials()) for point in points(number, trial)]


@pytest.mark.parametrize(("trial", "point"), CELLS, ids=[f"{trial.name}-{point}" for trial, point in CELLS])
def test_a_fault_leaves_the_result_complete_or_is_said_and_costs_no_row(
    trial: matrix.Trial, point: str, tmp_path: Path
) -> None:
    assert matrix.cell(trial, point, tmp_path).broken == ()


def test_the_matrix_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xl_openfunnel.jobs.walk.check", lambda pages: None)
    short = next(trial for trial in matrix.trials() if trial.name == "empty page, said so")
    assert matrix.cell(short, "page walk", tmp_path).broken != ()
