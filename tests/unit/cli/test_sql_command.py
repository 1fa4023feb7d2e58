"""sql: questions to the stored jobs, in DuckDB's own SQL."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.unit.cli.conftest import DONE, ROWS, SECRET, Result, Run, Serve
from xl_openfunnel import Store
from xl_openfunnel.columns import sql
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.columns.sql import COMPANY_COLUMNS, JOB_COLUMNS
from xl_openfunnel.settings import store_path
from xl_openfunnel.simulator import SimulatedJob

OTHER = SimulatedJob(ROWS[:30])
ODD = SimulatedJob([*ROWS[:3], {"name": 7}])
FAILED = SimulatedJob(ROWS, ending="failed", error_message="No more.")
RUNNING = SimulatedJob(ROWS, running=1e9)
NARROW = ("name", "domain", "linkedin_url", "employee_count", "industries")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A current folder that is empty, and stays so."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OPENFUNNEL_API_KEY", SECRET)
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def stored(serve: Serve, run: Run, here: Path) -> None:
    """Two jobs in the store, one of them with the label texas."""
    serve(DONE, OTHER, ODD, RUNNING, FAILED)
    for job in (DONE, OTHER):
        assert run("rows", job.job_id).code == 0
    run("label", OTHER.job_id, "texas")


def rows_of(result: Result) -> list[list[str]]:
    assert result.code == 0, result.err
    return list(csv.reader(io.StringIO(result.out)))


def test_companies_of_all_jobs_or_of_those_named_reach_a_pipe_as_csv(stored: None, run: Run) -> None:
    asked = "select job_id, count(*), min(rank), max(rank) from companies group by all order by 2"
    few, many = [OTHER.job_id, "30", "1", "30"], [DONE.job_id, "250", "1", "250"]
    assert rows_of(run("sql", asked))[1:] == [few, many]
    assert rows_of(run("sql", asked, "--job", "TEXAS"))[1:] == [few]
    assert rows_of(run("sql", asked, "--job", "texas", "--job", DONE.job_id))[1:] == [few, many]


def test_a_computer_without_any_stored_job_says_so(serve: Serve, run: Run, here: Path) -> None:
    service = serve(DONE)
    answer = run("--quiet", "sql", "select count(*) from companies")
    assert (answer.code, answer.out.split()) == (0, ["count_star()", "0"])
    assert answer.err == (
        f"warning: No job of {service.base_url} is stored here: companies is empty. xl-openfunnel rows JOB reads one.\n"
    )
    assert run("--quiet", "sql", "select count(*) from jobs").err == ""


def test_the_values_are_those_of_the_service(stored: None, run: Run) -> None:
    asked = "select name, domain, linkedin_url, employee_count, industries from companies order by rank"
    answer = run("sql", asked, "--job", "texas", "--format", "json")
    assert json.loads(answer.out) == [{name: row.get(name) for name in NARROW} for row in ROWS[:30]]


def test_jobs_is_the_ledger(stored: None, run: Run) -> None:
    run("status", RUNNING.job_id)
    answer = run("sql", "select * from jobs order by rows", "--format", "json")
    assert answer.err == ""  # it needs no companies
    found = json.loads(answer.out)
    assert [list(each) for each in found] == [list(JOB_COLUMNS)] * 3
    known = {each["job_id"]: each for each in json.loads(run("jobs", "--json").out)}
    for each in found:
        entry = known[each["job_id"]]
        assert {name: each[name] for name in ("label", "status", "rows", "credits", "query")} == {
            name: entry[name] for name in ("label", "status", "rows", "credits", "query")
        }
        assert (each["seeds"] or []) == entry["seeds"]
        assert each["first_seen"] == entry["first_seen"][:19].replace("T", " ")


def test_jobs_without_columns_are_named_and_the_others_answer(stored: None, run: Run) -> None:
    asked = "select count(*) from companies"
    run("status", RUNNING.job_id)
    answer = run("sql", asked)
    assert (answer.code, answer.out.split()) == (0, ["count_star()", "280"])
    assert (
        f"{RUNNING.job_id} is left out: it was running when it was last seen. To wait for the companies: xl-openfunnel"
        f" rows {RUNNING.job_id}" in answer.err
    )
    named = run("sql", asked, "--job", RUNNING.job_id, "--job", "texas")
    assert (named.code, named.out.split()[1]) == (3, "30")
    for command in ("status", "rows"):  # its companies are not stored yet, then they are
        run(command, FAILED.job_id)
        answer = run("sql", asked)
        assert (answer.code, answer.out.split()[1]) == (0, "280")
        assert f"{FAILED.job_id} is left out: it failed. xl-openfunnel rows {FAILED.job_id} --partial" in answer.err
    run("rows", ODD.job_id)
    for _ in range(2):  # found, then remembered
        answer = run("sql", asked)
        assert (answer.code, answer.out.split()[1]) == (1, "280")
        assert f"{ODD.job_id} is left out: in row 4, its column 'name' cannot hold 7 exactly." in answer.err
    unknown = run("sql", asked, "--job", "00000000-0000-4000-8000-000000000000", "--job", RUNNING.job_id)
    assert (unknown.code, unknown.out.split()[1]) == (1, "0")
    assert "its companies are not stored here" in unknown.err


def test_jobs_that_are_left_out_for_one_reason_share_a_line(stored: None, run: Run) -> None:
    others = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(1, 13)]
    named = [argument for job_id in others for argument in ("--job", job_id)]
    run("label", others[0], "bavaria")
    (line,) = run("sql", "select count(*) from companies", *named).err.splitlines()
    assert line.startswith("warning: bavaria, 00000002, 00000003, ")
    assert "0000000a and 2 more are left out: their companies are not stored here. To read them: xl-open" in line
    (line,) = run("sql", "from companies", "--job", others[1]).err.splitlines()
    assert line.endswith(
        f"{others[1]} is left out: its companies are not stored here. To read them: xl-openfunnel rows {others[1]}"
    )


@pytest.mark.parametrize("command", [("sql", "from companies", "--job"), ("export", "folder")])
def test_a_mistyped_label_is_asked_about(stored: None, run: Run, command: tuple[str, ...]) -> None:
    answer = run(*command, "texs")
    assert (answer.code, answer.out) == (run("status", "no job!").code, "")
    assert answer.err == "error: 'texs' is no job id, no job's URL and no label known here. Did you mean 'texas'?\n"


@pytest.mark.parametrize(
    ("asked", "reads"),
    [
        ("select rows as companies from jobs", False),
        ("select 'from companies' from jobs -- companies", False),
        ("with companies as (from jobs) from companies", False),
        ("select 1; select count(*) from Companies", True),
        ("select (select count(*) from main.companies)", True),
        ("create view v as from companies; from v", True),
        ("pivot companies on country", True),
        ("explain from companies", True),
        ("from query('from companies')", True),
    ],
)
def test_left_out_jobs_are_named_where_companies_are_read(stored: None, run: Run, asked: str, reads: bool) -> None:
    run("status", RUNNING.job_id)
    answer = run("sql", asked)
    assert (answer.code, "is left out" in answer.err) == (0, reads), answer.err


def test_missing_columns_are_made_first(stored: None, run: Run) -> None:
    with contextlib.closing(Store(store_path(), os.environ["OPENFUNNEL_BASE_URL"])) as store:
        ColumnFolder.beside(store.path, store.origin).forget_all()
    assert run("sql", "select count(*) from companies") == Result(0, "count_star()\r\n280\r\n", "")


def test_sql_comes_from_stdin_or_a_file(here: Path, run: Run, tmp_path: Path) -> None:
    assert run("sql", "-", stdin="select 5\n").out.split() == ["5", "5"]
    script = tmp_path / "ask.sql"
    script.write_text("create table a as select 'ö' b; -- two\nselect b from a;", "utf-8-sig")
    assert rows_of(run("sql", "--file", script)) == [["b"], ["ö"]]
    assert run("sql", "-f", tmp_path / "none.sql").code == 2


@pytest.mark.parametrize("arguments", [(), ("select 1", "--schema"), ("select 1", "--file", "a.sql")])
def test_one_source_of_sql_is_wanted(serve: Serve, run: Run, arguments: tuple[str, ...]) -> None:
    serve()
    answer = run("sql", *arguments)
    assert (answer.code, answer.err.startswith("error: Give one of these")) == (2, True)


@pytest.mark.parametrize(
    ("asked", "begin"),
    [
        ("select 1 2 3", "Parser Error"),
        ("from nothing", "Catalog Error"),
        ("select nothing from companies", "Binder Error"),
        ("select 'x'::int", "Conversion Error"),
        ("select cast(i as tinyint) from range(5000) t(i)", "Conversion Error"),
        ("from 'nothing.csv'", "IO Error"),
        ("", "There is no statement"),
        ("/* nothing */", "There is no statement"),
        ("from query_table('comp' || 'anies')", "Invalid Input Error: Write the name"),
        (f"select {SECRET}", "Binder Error"),
    ],
)
def test_errors_are_duckdbs_own_words(here: Path, run: Run, asked: str, begin: str) -> None:
    answer = run("sql", asked)
    first, *others = answer.err.splitlines()
    assert (answer.code, first.startswith(f"error: {begin}")) == (2, True), answer.err
    assert len(first) < 200
    assert "LINE" not in first
    assert others or "LINE" not in answer.err


def test_what_gives_no_rows_says_that_it_is_done(here: Path, run: Run, tmp_path: Path) -> None:
    for asked in ("create table a(b int)", "set threads = 1", f"copy (select 1) to '{tmp_path / 'own.csv'}'"):
        answer = run("sql", asked)
        assert (answer.code, answer.out, answer.err) == (0, "", "Done.\n"), asked
    assert (tmp_path / "own.csv").exists()
    for suffix in ("csv", "parquet"):
        answer = run("sql", "create table a(b int)", "-o", tmp_path / f"none.{suffix}")
        assert (answer.code, (tmp_path / f"none.{suffix}").exists()) == (2, False)


ALL_KINDS = """select 1 a, 2 a, 3 "A", 12345678901234567890123::hugeint h, 9007199254740993 i,
    1.10::decimal(9, 2) d, 12345678901234567890.12::decimal(38, 2) e, 5.00::decimal(9, 2) f, ['x', null, 'y'] l,
    date '2024-01-02' t, timestamp '2024-01-02 03:04:05' u, null n, '=1+1' k, true b, {'p': date '2024-01-02'} s,
    'NaN'::double q, interval 2 day v, blob 'z\\xFF' w; -- the end"""
NAMES = ["a", "a_1", "A_2", "h", "i", "d", "e", "f", "l", "t", "u", "n", "k", "b", "s", "q", "v", "w"]


def test_values_of_all_kinds_are_exact_in_text(here: Path, run: Run) -> None:
    assert rows_of(run("sql", ALL_KINDS)) == [
        NAMES,
        [
            *("1", "2", "3", "12345678901234567890123", "9007199254740993", "1.1", "12345678901234567890.12", "5"),
            *("x; y", "2024-01-02", "2024-01-02 03:04:05", "", "=1+1", "TRUE", '{"p":"2024-01-02"}', ""),
            *("2 days, 0:00:00", "z\\xFF"),
        ],
    ]
    (row,) = json.loads(run("sql", ALL_KINDS, "--format", "json").out)
    assert list(row) == NAMES
    assert (row["h"], row["e"], row["l"], row["n"], row["q"]) == (
        *(12345678901234567890123, "12345678901234567890.12", ["x", None, "y"], None, None),
    )


def test_values_of_all_kinds_are_exact_in_a_workbook_and_run_as_no_formula(
    here: Path, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "kinds.xlsx"
    assert "1 row written" in run("sql", ALL_KINDS, "-o", path).err
    with contextlib.closing(openpyxl.load_workbook(path)) as book:
        header, cells = book["Result"].iter_rows()
        shown: dict[Any, Any] = {name.value: cell for name, cell in zip(header, cells, strict=True)}
        assert list(book["Result"].tables) == ["Result"]
    assert (shown["k"].value, shown["k"].data_type) == ("=1+1", "s")
    assert (shown["h"].value, shown["i"].value) == ("12345678901234567890123", "9007199254740993")
    assert (shown["d"].value, shown["e"].value, shown["n"].value) == (1.1, "12345678901234567890.12", None)
    assert (shown["t"].is_date, str(shown["u"].value)) == (True, "2024-01-02 03:04:05")


def test_values_of_all_kinds_keep_their_types_in_parquet(here: Path, run: Run, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "kinds.parquet"
    assert (
        run("sql", "create table x as select 1; " + ALL_KINDS.replace("interval 2 day v, ", ""), "-o", path).code == 0
    )
    (row,) = parquet.read_table(path).to_pylist()
    assert (row["h"], str(row["e"]), row["l"]) == (12345678901234567890123, "12345678901234567890.12", ["x", None, "y"])


def test_formulas_get_an_apostrophe_in_a_csv_file_unless_raw(here: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    answer = run("sql", "select '=1+1' a, -1 b", "-o", path)
    assert (path.read_bytes(), "1 value got an apostrophe" in answer.err) == (b"\xef\xbb\xbfa,b\r\n'=1+1,-1\r\n", True)
    run("sql", "select '=1+1' a, -1 b", "-o", path, "--raw")
    assert path.read_bytes() == b"\xef\xbb\xbfa,b\r\n=1+1,-1\r\n"


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "xlsx", "parquet"])
def test_a_failing_query_leaves_the_file_as_it_was(here: Path, run: Run, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"before")
    assert run("sql", "select cast(i as tinyint) from range(5000) t(i)", "-o", path).code == 2
    assert {each.name: each.read_bytes() for each in tmp_path.glob("*a*.*")} == {path.name: b"before"}


def test_a_terminal_shows_a_table_of_a_hundred_rows(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: stream is sys.stdout)
    monkeypatch.setenv("COLUMNS", "100")
    answer = run("sql", "select i number, ['a', 'b'] list from range(250) t(i)")
    assert answer.err.strip().startswith("The first 100 rows.")
    assert answer.out.splitlines()[2].split() == ["0", "a;", "b"]
    assert len(answer.out.splitlines()) == 102
    assert run("sql", "select 1 a where false").err.strip() == "0 rows."
    assert "│" in run("sql", "explain select count(*) from companies").out


def test_the_schema_is_that_of_the_views(here: Path, run: Run) -> None:
    shown = [line[:3] for line in rows_of(run("sql", "--schema"))[1:]]
    described = {view: rows_of(run("sql", f"describe {view}"))[1:] for view in ("companies", "jobs")}
    assert shown == [[view, *line[:2]] for view, lines in described.items() for line in lines]
    assert [name for view, name, _ in shown if view == "companies"] == list(COMPANY_COLUMNS)


def test_the_key_is_out_of_reach(here: Path, run: Run) -> None:
    """No variable of ours and of the environment: `run` looks for the key in all that is printed."""
    assert run("sql", "select getenv('OPENFUNNEL_API_KEY')").code == 2
    for name in ("os", "environ", "run", "session", "settings", "text", "connection"):
        assert "Catalog Error" in run("sql", f"from {name}").err
    assert rows_of(run("sql", "select count(*) from duckdb_secrets()"))[1] == ["0"]
    assert run("sql", "from duckdb_settings()").code == 0
    off = "select count(*) from duckdb_settings() where name in ('autoinstall_known_extensions', "
    off += "'autoload_known_extensions', 'python_enable_replacements') and value = 'false'"
    assert rows_of(run("sql", off))[1] == ["3"]


def test_pandas_is_not_needed_for_a_table_or_csv(stored: None, here: Path) -> None:
    code = """if True:
        import sys
        from xl_openfunnel.cli import main
        try:
            main(["sql", "select name, industries, date '2024-01-02' d, 1.5::decimal(3, 1) e, uuid() u from companies"])
        finally:
            assert "pandas" not in sys.modules"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("\n") > 280) == (0, True), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT, and has a pipe with a name")
@pytest.mark.parametrize(
    ("then", "target"),
    [
        ("select count(*) from range(1000000000000)", ()),
        ("from range(1000000000000)", ("-o", "never.csv")),
        ("from range(1000000000000)", ("-o", "never.parquet")),
    ],
)
def test_ctrl_c_ends_a_query(
    here: Path, process: Callable[..., subprocess.Popen[str]], tmp_path: Path, then: str, target: Sequence[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    asked = f"copy (select 1) to '{pipe}' (format csv, use_tmp_file false); {then}"
    with process("sql", asked, *target, stdout=subprocess.DEVNULL) as started:
        pipe.read_bytes()  # until it is at work
        started.send_signal(signal.SIGINT)
        assert (started.communicate()[1], started.returncode) == ("Stopped.\n", 130)


def test_ctrl_c_ends_a_query_that_has_just_been_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class InterruptedPool(ThreadPoolExecutor):
        interruptions = 2

        def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
            future = super().submit(call, *args, **named)
            if call is not int and self.interruptions:
                self.interruptions -= 1
                raise KeyboardInterrupt
            return future

    monkeypatch.setattr(sql, "ThreadPoolExecutor", InterruptedPool)
    with sql.open_database(None, (), "https://api.openfunnel.dev") as database:
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                database.execute("select count(*) from range(1000000000000)")
        answer = database.execute("select 7")
        assert answer is not None
        assert list(answer.rows) == [(7,)]


def test_a_file_that_the_disk_does_not_hold_is_told_in_words(here: Path, run: Run, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs a limit of POSIX")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    try:
        refused = run("sql", "select uuid() from range(200000)", "-o", tmp_path / "large.parquet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.code == 1
    assert refused.err.endswith("large.parquet could not be written: File too large. Try another place.\n")


def test_rows_come_as_they_are_calculated(here: Path) -> None:
    """A reader that wants no more ends the query."""
    code = "from xl_openfunnel.cli import main; main(['sql', 'from range(1000000000000)'])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "range\n"
        started.stdout.close()
        assert started.wait(60) == 0
