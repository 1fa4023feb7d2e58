"""The fault matrix; all points of each fault stand in the long form, here those that differ most, in turns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel.api.models import Row, read_rows

from . import matrix
from .trials import Trial, trials

TURNS = (("first poll", "held page", "page walk", "refresh"), ("later poll", "last page", "refresh"))


def points(number: int, trial: Trial) -> tuple[str, ...]:
    """Where the fault hits; what takes long, at one point."""
    if trial.slow:
        return ("later poll" if trial.limits else "refresh" if trial.large else "page walk",)
    return tuple(point for point in TURNS[number % 2] if point in trial.expects)


CELLS = [(trial, point) for number, trial in enumerate(trials()) for point in points(number, trial)]


@pytest.mark.parametrize(("trial", "point"), CELLS, ids=[f"{trial.name}-{point}" for trial, point in CELLS])
def test_a_fault_leaves_the_result_complete_or_is_said_and_costs_no_row(
    trial: Trial, point: str, tmp_path: Path
) -> None:
    assert matrix.cell(trial, point, tmp_path).broken == ()


def test_all_faults_have_names_of_their_own() -> None:
    assert len({trial.name for trial in trials()}) == len(trials())


def _two_in_each_others_place(rows_json: bytes) -> list[Row]:
    rows = read_rows(rows_json)
    return [*rows[:-2], *reversed(rows[-2:])]


@pytest.mark.parametrize(
    ("name", "point", "what", "instead", "complaint"),
    [
        (
            "empty page, said so",
            "page walk",
            "xl_openfunnel.jobs.policy.pagination.check",
            lambda pages: None,
            "it says",
        ),
        (
            "null manifest",
            "first poll",
            "xl_openfunnel.jobs.policy.steps.IncompleteResultError",
            lambda said: None,
            "no manifest",
        ),
        (
            "429, retry after 20",
            "page walk",
            "xl_openfunnel.api.error_mapping._seconds",
            lambda *_: None,
            "told to wait for 20 s",
        ),
        (
            "NaN",
            "first poll",
            "xl_openfunnel.jobs.snapshot.read_rows",
            _two_in_each_others_place,
            "is not the service's",
        ),
        (
            "NaN",
            "last page",
            "xl_openfunnel.api.models._replace_lone_surrogates",
            lambda value: None,
            "it is not complete",
        ),
    ],
)
def test_the_matrix_can_fail(
    name: str,
    point: str,
    what: str,
    instead: Callable[..., Any],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(what, instead)
    trial = next(trial for trial in trials() if trial.name == name)
    assert complaint in "; ".join(matrix.cell(trial, point, tmp_path).broken)
