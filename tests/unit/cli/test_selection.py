"""``rows`` with ``--criteria``, ``--sort`` and ``--top``."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.unit.cli.conftest import ROWS as COMPANIES
from tests.unit.cli.conftest import Run, Serve
from xl_openfunnel.simulator import SimulatedJob

ROWS = [{"name": name, "employee_count": count} for name, count in (("Beta", 60), ("alpha", 700), ("Gamma", None))]
ONE = SimulatedJob(ROWS, "one")
TWO = SimulatedJob([{"name": "Delta", "employee_count": 90, "size": "new"}], "two")


def test_companies_are_chosen_sorted_and_cut(serve: Serve, run: Run) -> None:
    serve(ONE)
    done = run("rows", "one", "--columns", "rank,name", "--criteria", "employee_count<>", "--sort=-employee_count")
    assert (done.code, done.out) == (0, "rank\tname\n2\talpha\n1\tBeta\n")
    assert run("rows", "one", "--columns", "name", "--sort", "name", "--top", 1).out == "name\nalpha\n"


def test_several_jobs_are_chosen_from_as_one(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(ONE, TWO)
    file = tmp_path / "companies.csv"
    done = run("rows", "one", "two", "--columns", "rank,name", "--sort", "-employee_count", "--top", 2, "-o", file)
    assert file.read_text("utf-8-sig").splitlines() == ["job_id,rank,name", "one,2,alpha", "two,1,Delta"]
    assert f"2 of 4 companies written to {file}" in done.err


def test_a_workbook_says_what_its_companies_were_chosen_by(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(ONE)
    file = tmp_path / "companies.xlsx"
    assert (
        run("rows", "one", "--criteria", "name=*a; employee_count>0", "--sort", "name", "--top", 1, "-o", file).code
        == 0
    )
    book = load_workbook(file)
    assert [row[1].value for row in book["Companies"].iter_rows()] == ["name", "alpha"]
    texts = [str(cell.value) for row in book["Summary"].iter_rows() for cell in row if cell.value]
    words = "with name=*a; employee_count>0; sorted by name; the first 1"
    assert any(f"Chosen from 3 companies: those {words}." in text for text in texts)
    assert words in texts


def test_an_option_that_comes_again_adds_to_the_first(serve: Serve, run: Run) -> None:
    serve(SimulatedJob([*ROWS, {"name": "Beta", "employee_count": 70}], "one"))
    many, names = ("--criteria", "employee_count>65"), ("--columns", "rank,name")
    assert run("rows", "one", *names, *many, "--criteria", "name=beta").out == "rank\tname\n4\tBeta\n"
    assert run("rows", "one", *names, "--criteria", "name=beta", *many).out == "rank\tname\n4\tBeta\n"
    for again in (["--sort", "name", "--sort=-employee_count"], ["--sort", "name", "--sort=-employee_count,-name"]):
        assert run("rows", "one", *names, *again).out.split()[2::2] == ["2", "4", "1", "3"]


@pytest.mark.parametrize("form", [(), ("--format", "csv")])
def test_a_pipe_without_a_match_is_told_so(serve: Serve, run: Run, form: tuple[str, ...]) -> None:
    serve(ONE)
    says = "0 of 3 companies match."
    assert run("rows", "one", "--columns", "name", "--criteria", "name=x", *form).err.splitlines()[-1] == says
    assert "match" not in run("rows", "one", "--columns", "name", "--criteria", "name=beta", *form).err


@pytest.mark.parametrize("form", [(), ("--format", "csv"), ("-o", "FILE")])
def test_a_similar_value_is_asked_for_where_nothing_matches(
    serve: Serve, run: Run, tmp_path: Path, form: tuple[str, ...]
) -> None:
    serve(ONE)
    given = [tmp_path / "some.csv" if each == "FILE" else each for each in form]
    done = run("rows", "one", "--criteria", "name=alphha", *given)
    assert (done.code, "Did you mean name=alpha?" in done.err) == (0, True)


def test_nothing_that_matches_is_no_error(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(ONE)
    file = tmp_path / "companies.csv"
    done = run("rows", "one", "--columns", "name", "--criteria", "name=nobody", "-o", file)
    assert (done.code, file.read_text("utf-8-sig")) == (0, "name\n")
    assert f"0 of 3 companies written to {file}" in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--criteria", "Germany"], "'Germany' is no criterion."),
        (["--criteria", "name=of_0123456789abcdef"], "That holds an API key, and is no criterion. Remove it."),
        (["--sort", "*"], "Sorting by '*' is not possible."),
        (["--sort", "name desc"], "Sorting by 'name desc' is not possible: -name sorts downwards."),
        (["--sort", "employee_count: ASC"], "is not possible: employee_count sorts upwards."),
        (["--sort", "-name descending"], "is not possible: -name sorts downwards."),
        (["--top", "0"], "Give a whole number from 1 as top, not '0'."),
    ],
)
def test_what_cannot_be_understood_is_refused_before_any_request(
    serve: Serve, run: Run, arguments: list[str], says: str
) -> None:
    service = serve(ONE)
    done = run("rows", "one", *arguments)
    assert (done.code, done.out, service.received) == (2, "", [])
    assert says in done.err
    assert "0123456789abcdef" not in done.err


@pytest.mark.parametrize("arguments", [["--criteria", "nmae=x"], ["--sort", "nmae"], ["--columns", "nmae"]])
def test_a_misspelt_column_is_told_at_the_first_page(serve: Serve, run: Run, arguments: list[str]) -> None:
    job = SimulatedJob(COMPANIES, ending="paused")
    serve(job)
    done = run("rows", job.job_id, *arguments)
    assert (done.code, done.out) == (2, "")
    assert "There is no column 'nmae'. Did you mean name?" in done.err
