"""The long form: a part that fails does not lose the results of the others."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fire import __main__ as long_form
from xl_openfunnel import IncompleteResultError


def _fails(options: argparse.Namespace, folder: Path) -> Iterator[long_form.Line]:
    yield "the first half", "all", ""
    raise IncompleteResultError("599 of 600 rows")


def _passes(options: argparse.Namespace, folder: Path) -> Iterator[long_form.Line]:
    yield "the other part", "all", ""


def test_a_part_that_fails_is_reported_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(long_form, "PARTS", {"model": _fails, "soak": _passes})
    assert long_form.main(["--only", "model,soak"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("|")[0].rpartition("|")[0] for line in lines[2:5]] == [
        "| model | the first half | all ",
        "| model |  | BROKEN: IncompleteResultError: 599 of 600 rows ",
        "| soak | the other part | all ",
    ]


def test_a_broken_promise_ends_with_code_1_and_none_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(options: argparse.Namespace, folder: Path) -> Iterator[long_form.Line]:
        yield "something", "", "a row is missing"

    for part, code in ((_passes, 0), (broken, 1)):
        monkeypatch.setattr(long_form, "PARTS", {"soak": part})
        assert long_form.main(["--only", "soak"]) == code
