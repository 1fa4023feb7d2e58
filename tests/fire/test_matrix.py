"""The fault matrix: all points of each fault are in the long form; here the points that differ most, in turns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel import InvalidResponseError
from xl_openfunnel.api.models import Row, read_rows

from . import matrix
from .fault_cases import FaultCase, fault_cases

POINTS_IN_TURNS = (("first poll", "newest page", "page walk", "refresh"), ("later poll", "last page", "refresh"))


def points(number: int, case: FaultCase) -> tuple[str, ...]:
    """The points that the fault hits; a slow fault hits one."""
    if case.slow:
        return ("later poll" if case.limits else "refresh" if case.large else "page walk",)
    return tuple(point for point in POINTS_IN_TURNS[number % 2] if point in case.expected)


CELLS = [(case, point) for number, case in enumerate(fault_cases()) for point in points(number, case)]


@pytest.mark.parametrize(("case", "point"), CELLS, ids=[f"{case.name}-{point}" for case, point in CELLS])
def test_a_fault_leaves_the_result_complete_or_is_reported_and_costs_no_row(
    case: FaultCase, point: str, tmp_path: Path
) -> None:
    errors = matrix.run_case(case, point, tmp_path).errors
    assert not errors, "\n".join(errors)


def test_fault_names_are_unique() -> None:
    assert len({case.name for case in fault_cases()}) == len(fault_cases())


def _with_the_last_two_swapped(rows_json: bytes) -> list[Row]:
    rows = read_rows(rows_json)
    return [*rows[:-2], *reversed(rows[-2:])]


@pytest.mark.parametrize(
    ("name", "point", "target", "replacement", "error"),
    [
        (
            "empty page with count 0",
            "page walk",
            "xl_openfunnel.jobs.policy.pagination.check",
            lambda pages: None,
            "it reports",
        ),
        (
            "null manifest",
            "first poll",
            "xl_openfunnel.jobs.policy.steps.IncompleteResultError",
            lambda _: InvalidResponseError("Something else."),
            "no manifest",
        ),
        (
            "429, retry after 20",
            "page walk",
            "xl_openfunnel.api.error_mapping.seconds_to_wait",
            lambda *_: None,
            "the service asked to wait for 20 s",
        ),
        (
            "NaN",
            "first poll",
            "xl_openfunnel.jobs.snapshot.read_rows",
            _with_the_last_two_swapped,
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
    target: str,
    replacement: Callable[..., Any],
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(target, replacement)
    case = next(case for case in fault_cases() if case.name == name)
    assert error in "; ".join(matrix.run_case(case, point, tmp_path).errors)
