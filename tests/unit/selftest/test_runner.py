"""The rounds, with made-up checks and a time that only passes when somebody waits."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xl_openfunnel.selftest import Outcome, OutcomeState, checks
from xl_openfunnel.selftest.check_context import (
    LONG_TEXT,
    NUMBER_LIKE_TEXTS,
    TIMEOUT,
    CheckContext,
    CheckFailedError,
    CheckSkippedError,
    external_links,
    rows,
)
from xl_openfunnel.selftest.runner import CHECKS, Check, run_each
from xl_openfunnel.simulator import ManualClock, Simulator


@pytest.fixture
def time() -> ManualClock:
    return ManualClock()


@pytest.fixture
def stage(time: ManualClock, tmp_path: Path) -> Iterator[CheckContext]:
    clock = ManualClock()
    with Simulator(clock=clock) as service:
        yield CheckContext(SimpleNamespace(), service, clock, tmp_path / "OpenFunnel.xlsm", now=time, sleep=time.sleep)


def holds(_: CheckContext) -> str:
    """It holds."""
    return "at once"


def does_not(_: CheckContext) -> None:
    """It does not."""
    raise CheckFailedError("the cell is red")


def untried(_: CheckContext) -> None:
    """It is not tried."""
    raise CheckSkippedError("there is no cell")


def raises(_: CheckContext) -> None:
    """It raises."""
    raise ZeroDivisionError("division\nby zero")


def outlasts(stage: CheckContext) -> None:
    """It never comes."""
    stage.wait_until(lambda: "pending", "running", "the cell")


def test_each_check_has_its_outcome_in_words(stage: CheckContext) -> None:
    told: list[str] = []
    outcomes = list(
        run_each(map(Check, (holds, does_not, untried, raises, outlasts, holds)), stage, about_to=told.append)
    )
    assert outcomes == [
        Outcome("It holds", OutcomeState.PASSED, "at once"),
        Outcome("It does not", OutcomeState.FAILED, "the cell is red"),
        Outcome("It is not tried", OutcomeState.SKIPPED, "there is no cell"),
        Outcome("It raises", OutcomeState.FAILED, "ZeroDivisionError: division by zero"),
        Outcome("It never comes", OutcomeState.FAILED, "after 30 s the cell is 'pending' and not 'running'"),
        Outcome("It holds", OutcomeState.PASSED, "at once"),
    ]
    assert told == [outcome.check for outcome in outcomes]


@pytest.mark.parametrize("first", [does_not, untried, raises])
def test_what_needs_a_check_that_did_not_hold_is_not_tried(
    stage: CheckContext, first: Callable[[CheckContext], str | None]
) -> None:
    outcomes = list(run_each([Check(first, required=True), Check(holds), Check(raises)], stage))
    assert [outcome.state for outcome in outcomes[1:]] == [OutcomeState.SKIPPED] * 2
    assert outcomes[1].detail == f"this did not hold: {outcomes[0].check}"


def test_waiting_ends_as_soon_as_it_is_seen(stage: CheckContext, time: ManualClock) -> None:
    began, seen = time(), iter(["loading", "pending", "running"])
    stage.wait_until(lambda: next(seen), "running", "the cell")
    assert 0 < time() - began < 1


def test_an_excel_that_is_busy_is_asked_again(stage: CheckContext) -> None:
    answers: Iterator[Any] = iter([OSError("call rejected"), "running"])

    def look() -> object:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    stage.wait_until(look, "running", "the cell")
    assert list(answers) == []


def test_waiting_for_an_excel_that_is_always_busy_says_so(stage: CheckContext, time: ManualClock) -> None:
    def look() -> object:
        raise OSError("call rejected")

    began = time()
    with pytest.raises(CheckFailedError, match="after 30 s the cell is 'OSError: call rejected' and not 'running'"):
        stage.wait_until(look, "running", "the cell")
    assert time() - began == pytest.approx(TIMEOUT, abs=0.5)


def test_what_has_to_stay_is_looked_at_to_the_end(stage: CheckContext, time: ManualClock) -> None:
    began = time()
    stage.check_unchanged(lambda: "pending", "pending", "the cell")
    assert time() - began >= 6
    late = time() + 5
    with pytest.raises(CheckFailedError, match="the cell became 'running', it was 'pending'"):
        stage.check_unchanged(lambda: "running" if time() >= late else "pending", "pending", "the cell")


def test_an_excel_without_buttons_is_said_to_offer_no_undo(stage: CheckContext) -> None:
    assert not stage.make_undoable_change(SimpleNamespace(Activate=lambda: None))


def test_processes_nobody_can_look_at_are_no_failure(stage: CheckContext) -> None:
    with pytest.raises(CheckSkippedError, match="processes"):
        stage.python_processes()


def test_a_job_waits_until_it_is_told_to_go_on(stage: CheckContext) -> None:
    from xl_openfunnel import Client

    job, ended = stage.job(), stage.job(ended=True)
    with Client(stage.service.base_url, stage.service.api_key) as client:
        assert [client.page(one.job_id).status for one in (job, ended)] == ["pending", "completed"]
        job.run()
        assert client.page(job.job_id).status == "running"
        job.end()
        assert client.page(job.job_id).status == "completed"
    assert (job.polls(), ended.polls()) == (3, 1)


def test_the_companies_have_what_excel_could_spoil() -> None:
    made = rows()
    assert tuple(row["name"] for row in made[: len(NUMBER_LIKE_TEXTS)]) == NUMBER_LIKE_TEXTS
    assert made[0]["match_reason"] == LONG_TEXT
    assert len(LONG_TEXT) > 255


def test_every_check_has_a_name_of_its_own_and_is_made() -> None:
    functions = {
        function
        for name, function in vars(checks).items()
        if callable(function) and not name.startswith("_") and getattr(function, "__module__", "") == checks.__name__
    }
    assert {check.run for check in CHECKS} == functions
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert not any(name.endswith(".") or "\n" in name for name in names)
    assert [check.run for check in CHECKS if check.required] == [checks.opens, checks.answers]


def test_what_links_name_is_read_from_a_saved_file(tmp_path: Path) -> None:
    file = tmp_path / "linked.xlsx"
    with zipfile.ZipFile(file, "w") as parts:
        for number, target in enumerate(("OpenFunnel.xlam", r"file:///C:\Users\me\OpenFunnel.xlam"), 1):
            name = f"xl/externalLinks/_rels/externalLink{number}.xml.rels"
            parts.writestr(name, f'<Relationships><Relationship Id="rId1" Target="{target}"/></Relationships>')
        parts.writestr("xl/_rels/workbook.xml.rels", '<Relationships><Relationship Target="other"/></Relationships>')
    assert external_links(file) == ["OpenFunnel.xlam", r"file:///C:\Users\me\OpenFunnel.xlam"]
