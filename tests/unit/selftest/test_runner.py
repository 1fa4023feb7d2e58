"""The order and the outcomes of checks, with invented checks and a clock that only moves when a check waits."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xl_openfunnel.hosts.excel.ports import HostBusyError
from xl_openfunnel.selftest import Outcome, OutcomeState, checks, table_checks
from xl_openfunnel.selftest.check_context import (
    LONG_TEXT,
    NUMBER_LIKE_TEXTS,
    TIMEOUT,
    CheckContext,
    CheckFailedError,
    CheckSkippedError,
    awkward_companies,
    external_links,
)
from xl_openfunnel.selftest.runner import CHECKS, Check, run_each
from xl_openfunnel.simulator import ManualClock, Simulator


@pytest.fixture
def time() -> ManualClock:
    return ManualClock()


@pytest.fixture
def context(time: ManualClock, tmp_path: Path) -> Iterator[CheckContext]:
    clock = ManualClock()
    with Simulator(clock=clock) as service:
        yield CheckContext(SimpleNamespace(), service, clock, tmp_path / "OpenFunnel.xlsm", now=time, sleep=time.sleep)


def passes(_: CheckContext) -> str:
    """It holds."""
    return "at once"


def fails(_: CheckContext) -> None:
    """It does not."""
    raise CheckFailedError("the cell is red")


def skipped(_: CheckContext) -> None:
    """It is not tried."""
    raise CheckSkippedError("there is no cell")


def raises(_: CheckContext) -> None:
    """It raises."""
    raise ZeroDivisionError("division\nby zero")


def finds_excel_busy(_: CheckContext) -> None:
    """It is busy."""
    raise HostBusyError("Excel let nobody in")


def times_out(context: CheckContext) -> None:
    """It never comes."""
    context.wait_until(lambda: "pending", "running", "the cell")


def test_outcomes_of_checks(context: CheckContext) -> None:
    started: list[str] = []
    outcomes = list(
        run_each(
            map(Check, (passes, fails, skipped, raises, finds_excel_busy, times_out, passes)),
            context,
            before_each=started.append,
        )
    )
    assert outcomes == [
        Outcome("It holds", OutcomeState.PASSED, "at once"),
        Outcome("It does not", OutcomeState.FAILED, "the cell is red"),
        Outcome("It is not tried", OutcomeState.SKIPPED, "there is no cell"),
        Outcome("It raises", OutcomeState.FAILED, "ZeroDivisionError: division by zero"),
        Outcome("It is busy", OutcomeState.FAILED, "Excel let nobody in"),
        Outcome("It never comes", OutcomeState.FAILED, "after 30 s the cell is 'pending' and not 'running'"),
        Outcome("It holds", OutcomeState.PASSED, "at once"),
    ]
    assert started == [outcome.check for outcome in outcomes]


@pytest.mark.parametrize("first", [fails, skipped, raises])
def test_checks_after_a_required_one_that_did_not_pass_are_skipped(
    context: CheckContext, first: Callable[[CheckContext], str | None]
) -> None:
    outcomes = list(run_each([Check(first, required=True), Check(passes), Check(raises)], context))
    assert [outcome.state for outcome in outcomes[1:]] == [OutcomeState.SKIPPED] * 2
    assert outcomes[1].detail == f"this did not hold: {outcomes[0].check}"


def test_waiting_ends_with_the_expected_value(context: CheckContext, time: ManualClock) -> None:
    started_at, values = time(), iter(["loading", "pending", "running"])
    context.wait_until(lambda: next(values), "running", "the cell")
    assert 0 < time() - started_at < 1


def test_errors_of_a_busy_excel_are_retried(context: CheckContext) -> None:
    results: Iterator[Any] = iter([OSError("call rejected"), "running"])

    def read() -> object:
        result = next(results)
        if isinstance(result, OSError):
            raise result
        return result

    context.wait_until(read, "running", "the cell")
    assert list(results) == []


def test_an_excel_that_stays_busy_fails_the_check_with_its_error(context: CheckContext, time: ManualClock) -> None:
    def read() -> object:
        raise OSError("call rejected")

    started_at = time()
    with pytest.raises(CheckFailedError, match="after 30 s the cell is 'OSError: call rejected' and not 'running'"):
        context.wait_until(read, "running", "the cell")
    assert time() - started_at == pytest.approx(TIMEOUT, abs=0.5)


def test_a_value_that_must_not_change_is_read_until_the_end(context: CheckContext, time: ManualClock) -> None:
    started_at = time()
    context.check_unchanged(lambda: "pending", "pending", "the cell")
    assert time() - started_at >= 6
    late = time() + 5
    with pytest.raises(CheckFailedError, match="the cell became 'running', it was 'pending'"):
        context.check_unchanged(lambda: "running" if time() >= late else "pending", "pending", "the cell")


def test_an_excel_without_buttons_offers_no_undo(context: CheckContext) -> None:
    assert not context.make_undoable_change(SimpleNamespace(Activate=lambda: None))


def test_unknown_processes_skip_a_check(context: CheckContext) -> None:
    with pytest.raises(CheckSkippedError, match="processes"):
        context.python_processes()


def test_a_job_makes_progress_only_when_moved_on(context: CheckContext) -> None:
    from xl_openfunnel import Client

    job, ended = context.job(), context.job(ended=True)
    with Client(context.service.base_url, context.service.api_key) as client:
        assert [client.page(job_id).status for job_id in (job.job_id, ended.job_id)] == ["pending", "completed"]
        job.run()
        assert client.page(job.job_id).status == "running"
        job.end()
        assert client.page(job.job_id).status == "completed"
    assert (job.poll_count(), ended.poll_count()) == (3, 1)


def test_the_companies_have_texts_that_excel_could_convert() -> None:
    rows = awkward_companies()
    assert tuple(row["name"] for row in rows[: len(NUMBER_LIKE_TEXTS)]) == NUMBER_LIKE_TEXTS
    assert rows[0]["match_reason"] == LONG_TEXT
    assert len(LONG_TEXT) > 255


def test_every_check_runs_and_has_a_unique_name() -> None:
    functions = {
        function
        for module in (checks, table_checks)
        for name, function in vars(module).items()
        if callable(function) and not name.startswith("_") and getattr(function, "__module__", "") == module.__name__
    }
    assert {check.run for check in CHECKS} == functions
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert not any(name.endswith(".") or "\n" in name for name in names)
    assert [check.run for check in CHECKS if check.required] == [checks.opens, checks.leaves_loading]


def test_link_targets_are_read_from_a_saved_file(tmp_path: Path) -> None:
    file = tmp_path / "linked.xlsx"
    with zipfile.ZipFile(file, "w") as parts:
        for number, target in enumerate(("OpenFunnel.xlam", r"file:///C:\Users\me\OpenFunnel.xlam"), 1):
            name = f"xl/externalLinks/_rels/externalLink{number}.xml.rels"
            parts.writestr(name, f'<Relationships><Relationship Id="rId1" Target="{target}"/></Relationships>')
        parts.writestr("xl/_rels/workbook.xml.rels", '<Relationships><Relationship Target="other"/></Relationships>')
    assert external_links(file) == ["OpenFunnel.xlam", r"file:///C:\Users\me\OpenFunnel.xlam"]
