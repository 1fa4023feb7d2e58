"""A job's state in words, on one line and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from xl_openfunnel.api.models import JobStatus
from xl_openfunnel.cli import words
from xl_openfunnel.jobs.snapshot import Rows, Snapshot

RUNNING = Snapshot("job", status=JobStatus("running"), processed=437, pages=4, rows=Rows((400,), lambda _: ()))


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({}, "running · 400 of 437 companies read · 4 pages, provisional"),
        ({"processed": 400}, "running · 400 companies so far · 4 pages, provisional"),
        ({"processed": None}, "running · 400 companies so far · 4 pages, provisional"),
        ({"rows": Rows((), lambda _: ()), "pages": 0}, "running · 0 of 437 companies read"),
        ({"rows": Rows((), lambda _: ()), "pages": 0, "processed": None}, "running"),
    ],
)
def test_what_the_service_has_and_what_was_read_are_two_numbers(changed: dict[str, Any], line: str) -> None:
    assert words.line(dataclasses.replace(RUNNING, **changed)) == line
