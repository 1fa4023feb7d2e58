"""Pivots from files of columns: what the comparison with those from rows (tests/fire/pivots.py) does not reach."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import pivot as column_pivot
from xl_openfunnel.columns.companies import JobFile
from xl_openfunnel.columns.connection import UnavailableError
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.columns.pivot import can_answer
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.functions.limits import Cancellation, GivenUpError
from xl_openfunnel.pivot_rules import FUNCTIONS, Question

from .stored_rows import ORIGIN, stored

pytestmark = pytest.mark.dependencies

Row = dict[str, Any]
Ask = Callable[..., Block]

JOB_IDS = [f"job{number}" for number in range(3)]


@pytest.fixture
def ask(folder: ColumnFolder) -> Ask:
    """Asks jobs with these rows."""
    contents = map(str, count())

    def ask(jobs: list[list[Row]], *question: Any) -> Block:
        files = []
        for job_id, rows in zip(JOB_IDS, jobs, strict=False):
            path = folder.make(job_id, stored(rows, next(contents)), None)
            files.append(JobFile(job_id, path, len(rows)))
        return column_pivot.pivot(folder.path, files, Question.of(*question))

    return ask


def countries(*names: str | None) -> list[Row]:
    return [{"hq_country": name} for name in names]


def test_of_equally_frequent_spellings_that_of_the_first_job_is_shown(ask: Ask) -> None:
    assert ask([countries("PERU"), countries("Peru", "Chile")], ["country"])[1] == ["PERU", 2.0]
    assert ask([countries("Peru"), countries("PERU", "Peru")], ["country"])[1] == ["Peru", 3.0]
    lists: list[Row] = [{"industries": ["b", "A"]}, {"industries": ["a", "B"]}]
    assert ask([lists], ["industries"])[1:3] == [["A", 2.0], ["b", 2.0]]


def test_rank_starts_over_with_each_job(ask: Ask) -> None:
    jobs = [countries("a", "b"), countries("c")]
    assert ask(jobs, ["rank"])[1:] == [[1.0, 2.0], [2.0, 1.0], ["Total", 3.0]]
    assert ask(jobs, ["job_id"], [], "rank", "max")[1:] == [["job0", 2.0], ["job1", 1.0], ["Total", 2.0]]


def test_ids_of_jobs_are_counted_as_they_are(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "JOB_IDS", ["job", "Job", "JOB"])
    jobs = [countries("Peru", "Chile"), countries("Peru"), countries("peru", "peru", "peru")]
    assert ask(jobs, ["job_id"])[1:] == [["JOB", 3.0], ["job", 2.0], ["Job", 1.0], ["Total", 6.0]]
    assert ask(jobs, ["country"], [], "job_id", "nunique")[1:] == [["peru", 3.0], ["Chile", 1.0], ["Total", 3.0]]


def test_a_company_without_a_page_is_that_of_its_host_in_another_job(ask: Ask) -> None:
    acme = "https://www.linkedin.com/company/acme"
    jobs: list[list[Row]] = [
        [{"linkedin_url": acme, "domain": "acme.com"}, {"linkedin_url": None, "domain": "facebook.com"}],
        [{"linkedin_url": None, "domain": "acme.com"}, {"linkedin_url": None, "domain": "facebook.com"}],
        [{"linkedin_url": None, "domain": "b.example"}, {"linkedin_url": None, "domain": "www.b.example"}],
    ]
    assert ask(jobs, ["country"], [], None, "companies") == [
        ["country", "unique companies"],
        ["(blank)", 4.0],
        ["Total", 4.0],
    ]


def test_too_many_values_columns_and_cells_are_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Row] = [{"name": f"n{number}", "city": f"c{number % 50}"} for number in range(2_001)]
    with pytest.raises(ConfigurationError, match=r"2,001 columns, more than 2,000\. Name fields"):
        ask([rows], ["city"], ["name"])
    with pytest.raises(ConfigurationError, match=r"3,928,324 cells, more than 1,000,000\. Name fields"):
        ask([rows[:1_980]], ["name"], ["rank"])
    monkeypatch.setattr(column_pivot, "MAX_CELLS", 1_979)
    with pytest.raises(ConfigurationError, match=r"1,980 rows, more than 1,979\. Name fields"):
        ask([rows[:1_980]], ["name"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_folder_and_a_job_may_have_any_name(tmp_path: Path, function: str) -> None:
    folder, name = (
        ColumnFolder(tmp_path / ("o'clock=1 [x]" + "*" * (sys.platform != "win32")), ORIGIN),
        "'); DROP TABLE job; --",
    )
    path = folder.make(name, stored([{"industries": ["'"], "revenue_usd": 2}]), None)
    values = None if function == "companies" else "revenue_usd"
    shown = column_pivot.pivot(folder.path, [JobFile(name, path, 1)], Question.of(["industries"], [], values, function))
    assert [line[0] for line in shown] == ["industries", "'", "Total"]


def test_only_questions_about_known_fields_can_be_answered() -> None:
    assert can_answer(Question.of(["country", "rank"], ["employee_band"], "industries", "nunique"))
    for name in ("job_id", "origin", "other", "_band", "crm_id"):
        assert not can_answer(Question.of([name]))
        assert not can_answer(Question.of(["country"], [], name))


def test_a_file_that_is_gone_is_an_error_of_its_own(folder: ColumnFolder) -> None:
    path = folder.make("job", stored(countries("a")), None)
    path.unlink()
    with pytest.raises(UnavailableError):
        column_pivot.pivot(folder.path, [JobFile("job", path, 1)], Question.of(["country"]))


def test_a_question_that_runs_is_given_up(folder: ColumnFolder) -> None:
    """Cancelled from another thread in the middle of a statement, or between two."""
    rows: list[Row] = [
        {"name": f"n{number}", "industries": [f"i{n}" for n in range(number % 40)]} for number in range(3_000)
    ]
    file = JobFile("job", folder.make("job", stored(rows), None), len(rows))
    cancellation = Cancellation()
    asked = threading.Event()

    class Watched(Cancellation):
        def check(self) -> None:
            asked.set()
            cancellation.check()

        interrupting = cancellation.interrupting

    def cancel() -> None:
        asked.wait(60)
        cancellation.cancel()

    def ask_on() -> None:
        while True:
            column_pivot.pivot(folder.path, [file], Question.of(["industries"], ["employee_band"]), (), Watched())

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(GivenUpError):
        ask_on()
    thread.join()
