"""known, rows --new-against, and fetch_rows with new_against."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import pytest
from openpyxl import load_workbook

from tests.hosts.calc import analysis
from tests.tools.guide import GUIDE
from tests.unit.cli.conftest import Run, Serve
from xl_openfunnel import ConfigurationError, fetch_rows
from xl_openfunnel.known.lists import SHARED_HOSTS, KnownLists
from xl_openfunnel.known.tables import SUFFIXES
from xl_openfunnel.settings import store_path
from xl_openfunnel.simulator import SimulatedJob

ROWS: list[dict[str, Any]] = [
    {"name": "Acme", "domain": "acme.com", "employee_count": 5},
    {"name": "Beta", "domain": None, "employee_count": 9},
    {"name": "Gamma", "domain": "gamma.io", "employee_count": 7},
    {"name": "Delta", "domain": "delta.de", "employee_count": 900},
]
ONE = SimulatedJob(ROWS, "one")
TWO = SimulatedJob([*ROWS[2:], {"name": "Zeta", "domain": "zeta.io", "employee_count": 8}], "two")
READERS: Final[dict[str, Callable[[Path], pd.DataFrame]]] = {
    "csv": lambda path: pd.read_csv(path, encoding="utf-8-sig"),
    "tsv": lambda path: pd.read_csv(path, sep="\t"),
    "json": pd.read_json,
    "jsonl": lambda path: pd.read_json(path, lines=True),
    "parquet": lambda path: duckdb.read_parquet(str(path)).df(),
    "xlsx": lambda path: pd.read_excel(path, sheet_name="Companies", engine="openpyxl"),
}
SECRET_ACCOUNT = "confidential-account"


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    file = tmp_path / "accounts.csv"
    file.write_text(f"Account;Website;Owner\nA;www.ACME.com/de;Jo\nB;n/a;\nC;{SECRET_ACCOUNT}.com;Al\n", "utf-8")
    return file


def test_the_guide_shows_what_the_commands_print_and_the_formulas_of_its_picture(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (GUIDE / "known.md").read_text("utf-8")
    formulas = re.findall(r"^\| `(=.*?)` \|", page, re.MULTILINE)
    assert formulas == list(analysis.FORMULAS.values())
    serve()
    monkeypatch.chdir(tmp_path)
    analysis.write_accounts(tmp_path / "accounts.csv")
    (block,) = re.findall(r"^```console\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    for command, shown in re.findall(r"^\$ xl-openfunnel (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE):
        done = run(*shlex.split(command))
        printed = [line.rstrip() for line in (done.err + done.out).splitlines() if line.strip()]
        time = r"[\d-]{10} [\d:]{8}"
        assert [re.sub(time, "", line) for line in printed] == [re.sub(time, "", line) for line in shown.splitlines()]


def test_help_guide_and_refusal_name_the_same_kinds_of_files(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    (page,) = re.findall(r"^`known set` reads (.*?) files", (GUIDE / "known.md").read_text("utf-8"), re.MULTILINE)
    refused = run("known", "set", "crm", tmp_path / "accounts.pdf").err.partition("There are")[2]
    for text in (page, refused, run("known", "set", "--help").out.partition("NAME")[2].partition("Options")[0]):
        assert sorted(re.findall(r"\.[a-z]+", text)) == sorted(SUFFIXES), text
    assert set(SUFFIXES) >= {f".{suffix}" for suffix in READERS}


def test_the_sheet_that_was_read_is_named_where_there_are_several(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve()
    for sheets in (["Accounts"], ["People", "Accounts"]):
        with pd.ExcelWriter(tmp_path / "accounts.xlsx") as book:
            for sheet in sheets:
                column = "Website" if sheet == "Accounts" else "E-mail"
                pd.DataFrame({column: ["jo@acme.com", "al@beta.com"]}).to_excel(book, sheet_name=sheet, index=False)
        done = run("known", "set", "crm", tmp_path / "accounts.xlsx", "--columns", "Website")
        assert done.code == 0
        assert ("From the sheet 'Accounts', one of 2." in done.err) == (len(sheets) > 1)


@pytest.mark.parametrize("suffix", READERS)
def test_every_file_of_another_job_can_be_a_list(serve: Serve, run: Run, tmp_path: Path, suffix: str) -> None:
    serve(ONE, TWO)
    run("rows", "one", "-o", tmp_path / f"one.{suffix}")
    assert run("known", "set", "last", tmp_path / f"one.{suffix}", "--yes").code == 0
    new = run("rows", "two", "--new-against", "last", "--columns", "name", "--format", "jsonl").out
    assert json.loads(new) == {"name": "Zeta", "tier": "new"}


def test_a_list_is_set_listed_shown_and_removed(serve: Serve, run: Run, accounts: Path) -> None:
    serve()
    done = run("known", "set", "CRM", accounts, "--note", "owner", "--yes")
    assert done.code == 0
    assert "2 companies: 2 by Website; 1 row had none." in done.err
    assert run("known", "list").out.splitlines()[1].split("\t")[:4] == ["CRM", "2", "Website", "Owner"]
    shown = json.loads(run("known", "show", "crm", "--json").out)
    assert datetime.fromisoformat(shown.pop("set_at")).tzinfo
    assert shown == {
        "name": "CRM",
        "companies": 2,
        "columns": ["Website"],
        "note_column": "Owner",
        "rows_without_keys": 1,
        "linkedin_pages": 0,
        "domains": 2,
    }
    assert json.loads(run("known", "list", "--json").out)[0]["name"] == "CRM"
    assert run("known", "remove", "crm").code == 0
    assert (run("known", "list").out.splitlines(), run("known", "remove", "crm").code) == (
        ["name\tcompanies\tcolumns\tnoted\tset (UTC)"],
        2,
    )


def test_nothing_of_a_list_is_shown(serve: Serve, run: Run, accounts: Path) -> None:
    serve(ONE)
    outputs = [
        run("known", "set", "crm", accounts, "--yes", "--debug"),
        run("known", "set", "crm", accounts, "--columns", "Account name", "--debug"),
        run("known", "list", "--debug"),
        run("known", "show", "crm", "--debug"),
        run("rows", "one", "--new-against", "crm", "--debug"),
        run("rows", "one", "--new-against", "crmm", "--debug"),
        run("rows", "one", "--columns", "known:crm", "--sort", "known:crm", "--debug"),
        run("rows", "one", "--columns", "known:crmm", "--debug"),
    ]
    assert not any(SECRET_ACCOUNT in output.out + output.err for output in outputs)


def test_without_an_answer_or_a_known_column_nothing_is_kept(serve: Serve, run: Run, accounts: Path) -> None:
    serve()
    assert run("known", "set", "crm", accounts).code == 2  # no terminal to ask at
    wrong = run("known", "set", "crm", accounts, "--columns", "Web site")
    assert (wrong.code, "Did you mean Website?" in wrong.err) == (2, True)
    assert run("known", "set", "a/b", accounts, "--yes").code == 2
    assert KnownLists.beside(store_path()).all() == []


def test_rows_that_are_new_come_before_those_that_cannot_be_compared(
    serve: Serve, run: Run, accounts: Path, tmp_path: Path
) -> None:
    serve(ONE, TWO)
    run("known", "set", "crm", accounts, "--columns", "Website")
    done = run("rows", "one", "--columns", "rank,name", "--new-against", "crm")
    assert done.out.splitlines() == [
        "rank\tname\ttier",
        "3\tGamma\tnew",
        "4\tDelta\tnew",
        "2\tBeta\tnot comparable",
    ]
    both = tmp_path / "new.csv"
    arguments = ("--columns", "name", "--new-against", "CRM", "--criteria", "employee_count<100", "-o", both)
    written = run("rows", "one", "two", *arguments)
    assert both.read_text("utf-8-sig").splitlines() == [
        "job_id,name,tier",
        "two,Gamma,new",
        "two,Zeta,new",
        "one,Beta,not comparable",
    ]
    assert "3 of 7 companies" in written.err
    assert run("rows", "one", "--new-against", "crm", "-o", tmp_path / "new.xlsx").code == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], '2 new to "CRM", and 1 that cannot be compared'),
        (["--top", "1"], '2 new to "CRM", and 1 that cannot be compared; the first 1'),
        (["--criteria", "name=D*|A*"], '1 new to "CRM"; with name=D*|A*'),
        (["--criteria", "name=B*"], '0 new to "CRM", and 1 that cannot be compared; with name=B*'),
    ],
)
def test_a_file_of_new_companies_and_the_terminal_say_how_many_cannot_be_compared(
    serve: Serve, run: Run, accounts: Path, tmp_path: Path, options: list[str], told: str
) -> None:
    serve(ONE)
    run("known", "set", "CRM", accounts, "--yes")
    done = run("rows", "one", "--new-against", "CRM", *options, "-o", tmp_path / "new.xlsx")
    assert f"Chosen from 4 companies: {told}." in " ".join(done.err.split())
    cells = [
        cell for row in load_workbook(tmp_path / "new.xlsx")["Summary"].iter_rows(values_only=True) for cell in row
    ]
    assert f"Chosen from 4 companies: {told}." in cells
    assert told in cells
    assert f"Chosen from 4 companies: {told}." in " ".join(
        run("rows", "one", "--new-against", "CRM", *options, "--columns", "name").err.split()
    )


def test_the_column_that_comes_by_itself_is_told_where_it_is_named(serve: Serve, run: Run, accounts: Path) -> None:
    serve(ONE)
    run("known", "set", "crm", accounts, "--yes")
    refused = run("rows", "one", "--new-against", "crm", "--columns", "name,tier")
    assert (refused.code, "--new-against add it by themselves" in refused.err) == (2, True)


@pytest.mark.parametrize("name", ["none", " , "])
def test_a_list_that_is_not_there_is_refused_before_anything_is_fetched(serve: Serve, run: Run, name: str) -> None:
    service = serve(ONE)
    assert run("rows", "one", "--new-against", name).code == 2
    assert service.received == []


@pytest.mark.parametrize("given", ["crm,wrong", "wrong,crm", "crm,other,wrong"])
def test_of_several_names_the_one_that_is_unknown_is_told(serve: Serve, run: Run, accounts: Path, given: str) -> None:
    serve(ONE)
    for name in ("crm", "other"):
        run("known", "set", name, accounts, "--yes")
    columns = ",".join(f"known:{name}" for name in given.split(","))
    for words in (["--new-against", given], ["--columns", f"name,{columns}"]):
        assert "'wrong' is no known list." in run("rows", "one", *words).err
    with pytest.raises(ConfigurationError, match=r"^'wrong' is no known list\."):
        fetch_rows("one", new_against=given.split(","))


@pytest.mark.parametrize("words", [["show"], ["remove"]])
def test_a_name_that_is_a_key_is_not_repeated(serve: Serve, run: Run, words: list[str]) -> None:
    serve()
    refused = run("known", *words, "of_key_1234567890")
    assert (refused.code, "of_key" in refused.err, "is no known list" in refused.err) == (2, False, True)


def test_a_file_in_place_of_a_list_says_how_to_make_one(serve: Serve, run: Run, accounts: Path) -> None:
    serve(ONE)
    run("known", "set", "accounts", accounts, "--yes")
    refused = run("rows", "one", "--new-against", accounts)
    assert refused.code == 2
    assert f"To make one of it: xl-openfunnel known set NAME {accounts}" in " ".join(refused.err.split())


def test_fetch_rows_takes_lists_by_name(serve: Serve, run: Run, accounts: Path) -> None:
    serve(ONE)
    run("known", "set", "crm", accounts, "--yes")
    frame = fetch_rows("one", columns="name", new_against=["crm"])
    assert frame.to_numpy().tolist() == [["Gamma", "new"], ["Delta", "new"], ["Beta", "not comparable"]]
    with pytest.raises(ConfigurationError, match="Did you mean 'crm'"):
        fetch_rows("one", new_against="crmm")
    with pytest.raises(ConfigurationError, match="No known list is named"):
        fetch_rows("one", new_against=[])


def test_forgetting_everything_removes_the_lists(serve: Serve, run: Run, accounts: Path) -> None:
    serve()
    run("known", "set", "crm", accounts, "--yes")
    assert run("forget", "--all", "--yes").code == 0
    assert not KnownLists.beside(store_path()).folder.exists()


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"])
def test_a_file_has_the_column_of_a_list_where_it_is_named(
    serve: Serve, run: Run, accounts: Path, tmp_path: Path, suffix: str
) -> None:
    serve(ONE)
    run("known", "set", "CRM", accounts, "--note", "Owner", "--yes")
    file = tmp_path / f"rows.{suffix}"
    assert run("rows", "one", "--columns", "name,Known:Crm", "-o", file).code == 0
    frame = READERS[suffix](file)
    assert list(frame.columns) == ["name", "known:CRM"]
    values = [None if value != value or value == "" else value for value in frame["known:CRM"]]
    assert values == ["host", "not comparable", None, None]
    assert run("rows", "one", "--columns", "name", "--criteria", "known:crm=", "-o", file).code == 0
    assert READERS[suffix](file).to_numpy().tolist() == [["Gamma"], ["Delta"]]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"])
def test_only_a_workbook_has_it_by_default(serve: Serve, run: Run, accounts: Path, tmp_path: Path, suffix: str) -> None:
    serve(ONE, TWO)
    plain = tmp_path / f"plain.{suffix}"
    assert run("rows", "one", "-o", plain).code == 0
    run("known", "set", "CRM", accounts, "--note", "Owner", "--yes")
    run("known", "set", "more", accounts, "--yes")
    for jobs, columns in ((["one"], []), (["one", "two"], []), (["one"], ["--columns", "*"])):
        file = tmp_path / f"rows.{suffix}"
        done = run("rows", *jobs, *columns, "-o", file)
        names = [name for name in READERS[suffix](file).columns if name.startswith("known")]
        by_default = suffix == "xlsx" and not columns
        assert names == (["known:CRM", "known:more"] if by_default else [])
        assert ("known:CRM, known:more" in done.err) is by_default
        if jobs == ["one"] and not columns and suffix not in ("xlsx", "parquet"):
            assert file.read_bytes() == plain.read_bytes()


def test_the_summary_counts_the_new_companies_where_the_file_has_the_column(
    serve: Serve, run: Run, accounts: Path, tmp_path: Path
) -> None:
    serve(ONE)
    accounts.write_text("Website;Owner\nacme.com;Jo Secret\nhttps://shop.delta.de;Jo Secret\n", "utf-8")
    run("known", "set", "Our CRM", accounts, "--note", "Owner", "--yes")
    file = tmp_path / "rows.xlsx"

    def lines(*options: str) -> list[str]:
        run("rows", "one", "-o", file, *options)
        cells = [cell for row in load_workbook(file)["Summary"].iter_rows(values_only=True) for cell in row]
        assert not any("Secret" in str(cell) for cell in cells)
        return [cell for cell in cells if isinstance(cell, str) and "Our CRM" in cell]

    assert lines() == ['2 of 4 are new to "Our CRM"; 1 of these has a known site; 1 cannot be compared.']
    assert lines("--criteria", "employee_count<100") == ['1 of 3 are new to "Our CRM"; 1 cannot be compared.']
    assert lines("--columns", "name,known:our crm") == lines()
    assert lines("--columns", "name") == []
    assert lines("--columns", "*") == []


def test_a_list_that_the_companies_are_new_to_has_a_column_only_where_it_is_named(
    serve: Serve, run: Run, accounts: Path, tmp_path: Path
) -> None:
    serve(ONE)
    for name in ("Our CRM", "partners", "others"):
        run("known", "set", name, accounts, "--yes")
    file = tmp_path / "new.xlsx"
    for lists, options, expected in (
        ("our crm", [], ["known:others", "known:partners"]),
        ("partners, OUR CRM", [], ["known:others"]),
        ("our crm,partners,others", [], []),
        (
            "our crm",
            ["--criteria", "known:our crm=; known:others="],
            ["known:Our CRM", "known:others", "known:partners"],
        ),
        ("our crm", ["--columns", "name,known:our crm"], ["known:Our CRM"]),
    ):
        done = run("rows", "one", "--new-against", lists, *options, "-o", file)
        columns = pd.read_excel(file, sheet_name="Companies", engine="openpyxl").columns
        assert sorted(name for name in columns if name.startswith("known:")) == expected
        cells = [cell for row in load_workbook(file)["Summary"].iter_rows(values_only=True) for cell in row]
        assert '"Our CRM"' in " ".join(done.err.split())
        assert sum(" are new to " in str(cell) for cell in cells) == len(expected)
        assert ("It tells who is known to you" in done.err) == (bool(expected) and "--columns" not in options)


def test_fetch_rows_has_the_column_and_takes_criteria_on_it(serve: Serve, run: Run, accounts: Path) -> None:
    serve(ONE, TWO)
    run("known", "set", "crm", accounts, "--yes")
    frame = fetch_rows("one", columns=["name", "known:CRM"])
    assert frame["known:crm"].dropna().to_dict() == {0: "host", 1: "not comparable"}
    assert fetch_rows("one", columns="name", criteria="known:crm=")["name"].tolist() == ["Gamma", "Delta"]
    assert fetch_rows("one", columns="name", criteria={"known:crm": "<>"})["name"].tolist() == ["Acme", "Beta"]
    assert fetch_rows(["one", "two"], columns="known:crm")["known:crm"].count() == 2
    new = fetch_rows("one", columns="name,known:crm", new_against="crm")
    assert list(new.columns) == ["name", "known:crm", "tier"]
    assert not any("known" in name for name in fetch_rows("one").columns)
    for options in ({"columns": "known:crmm"}, {"criteria": "known:crmm="}):
        with pytest.raises(ConfigurationError, match="Did you mean 'crm'"):
            fetch_rows("one", **options)  # type: ignore[arg-type]


def test_a_column_of_a_list_that_is_not_there_is_refused_before_anything_is_fetched(serve: Serve, run: Run) -> None:
    service = serve(ONE)
    for options in (("--columns", "known:no"), ("--criteria", "known:no="), ("--sort", "-known:no")):
        assert run("rows", "one", *options).code == 2
    assert service.received == []


def test_hosts_that_the_user_calls_shared_take_no_company_away(serve: Serve, run: Run, accounts: Path) -> None:
    serve(ONE)
    folder = KnownLists.beside(store_path()).folder
    folder.mkdir(parents=True)
    (folder / SHARED_HOSTS).write_text("acme.com # a portal\n", "utf-8")
    for known_before in (False, True):
        if not known_before:
            assert run("known", "set", "crm", accounts, "--yes").code == 0
            assert json.loads(run("known", "show", "crm", "--json").out)["domains"] == 1
        else:  # a list that was set before the user named the host
            (folder / SHARED_HOSTS).unlink()
            run("known", "set", "crm", accounts, "--yes")
            assert "Acme" not in run("rows", "one", "--new-against", "crm", "--columns", "name").out
            (folder / SHARED_HOSTS).write_text("acme.com\n", "utf-8")
        assert "Acme\tnot comparable" in run("rows", "one", "--new-against", "crm", "--columns", "name").out
        assert "Acme" in fetch_rows("one", columns="name", new_against="crm")["name"].to_list()
        assert "Acme\tnot comparable" in run("rows", "one", "--columns", "name,known:crm").out


def test_an_option_that_takes_names_may_be_given_several_times(serve: Serve, run: Run, tmp_path: Path) -> None:
    serve(ONE)
    file = tmp_path / "two.csv"
    file.write_text("a,b\nacme.com,\n,gamma.io\n")
    for name, columns in (("first", ["a"]), ("second", ["b"]), ("both", ["a", "b"])):
        given = [text for column in columns for text in ("--columns", column)]
        assert run("known", "set", name, file, *given, "--yes").code == 0

    def names(*arguments: str) -> str:
        return str(run("rows", "one", "--columns", "rank", "--columns", "name", "--format", "csv", *arguments).out)

    new = names("--new-against", "first,second")
    assert [line.split(",")[1] for line in new.splitlines()] == ["name", "Delta", "Beta"]
    assert names("--new-against", "first", "--new-against", "second") == names("--new-against", "both") == new
    assert list(fetch_rows("one", new_against="first, second")["name"]) == ["Delta", "Beta"]
    with pytest.raises(ConfigurationError, match="names no list"):
        fetch_rows("one", new_against=" , ")


def test_a_name_that_a_list_and_a_job_have_is_told_whichever_comes_second(
    serve: Serve, run: Run, accounts: Path
) -> None:
    job = SimulatedJob(ROWS).job_id
    serve()
    told = "A known list and a job have the name 'crm': OF_NEW takes the list."
    assert told not in run("known", "set", "crm", str(accounts), "--yes").err
    assert told in run("label", job, "crm").err
    assert told in run("known", "set", "crm", str(accounts), "--yes").err
    assert told not in run("label", job, "last run").err
    assert f"have the name '{job}': OF_NEW" in run("known", "set", job, str(accounts), "--yes").err
    assert "OF_NEW takes" not in run("known", "set", f"not-{job}", str(accounts), "--yes").err
