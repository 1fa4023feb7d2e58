"""The key leaks nowhere, nothing from the service is executed or becomes a path, and stored files are private."""

from __future__ import annotations

import csv
import io
import json
import stat
import sys
import zipfile
from pathlib import Path

import hypothesis.strategies as st
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings

from xl_openfunnel import JobStatus, Page, Rows, Snapshot, Store, files
from xl_openfunnel.simulator import Fault, SimulatedJob

from . import known_secrecy, secrecy
from .environment import running_environment
from .secrecy import files_below

EVIL = "../../../evil"


# ---- the key -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> secrecy.SessionOutput:
    return secrecy.session(tmp_path_factory.mktemp("home"))


def test_the_key_is_not_in_the_debug_output_of_a_session(output: secrecy.SessionOutput) -> None:
    assert "a program that ends in a crash" in output.printed
    assert "urllib3.connectionpool" in output.printed, "the session did not print all debug output"
    assert "was refused (HTTP 401)" in output.printed
    assert not secrecy.holds_key(output.printed.encode())


@pytest.mark.parametrize("kind", ["cell", "table", "copy"])
def test_the_key_is_in_no_cell_table_or_copy(kind: str, output: secrecy.SessionOutput) -> None:
    lines = [line for line in output.printed.splitlines() if line.startswith(f"{kind}: ")]
    assert any("[key]" in line for line in lines), "the service did not repeat the key there"
    assert not secrecy.holds_key("".join(lines).encode())


def test_the_key_is_no_process_argument(output: secrecy.SessionOutput) -> None:
    if output.processes is None:
        pytest.skip("the system has no list of processes in /proc")
    assert output.processes > 1
    assert output.leaking_arguments == ()


def test_the_key_is_in_no_file(output: secrecy.SessionOutput) -> None:
    names = {path.name for path in output.files}
    assert {"store.sqlite3", "xl-openfunnel.log", "rows.xlsx", "rows.csv", "OpenFunnel.xlsm"} <= names
    assert b"[key]" in (output.home / "out" / "rows.csv").read_bytes(), "the service did not repeat the key"
    assert secrecy.files_with_the_key(output) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_stored_files_are_private_under_any_umask(output: secrecy.SessionOutput) -> None:
    cache = output.home / "cache"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    open_to_others = [path.name for path in files_below(cache) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []


# ---- known lists -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known_output(tmp_path_factory: pytest.TempPathFactory) -> secrecy.SessionOutput:
    return known_secrecy.run(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("source"))


def test_nothing_of_a_known_list_is_printed_or_logged(known_output: secrecy.SessionOutput) -> None:
    lines = known_output.printed.splitlines()
    assert "could not be read" in known_output.printed, "no error was provoked"
    assert "the first row seems to hold a company" in known_output.printed
    asked = [line for line in lines if line.startswith("cell why: ") and known_secrecy.NOTED in line]
    assert asked, "no company of the job was known"
    repeated = [line for line in lines if line.startswith(known_secrecy.REPEATS)]
    assert [known_secrecy.marks_in(line) for line in repeated] == [["zq9xtext"]] * 2
    rest = [line for line in lines if line not in (*asked, *repeated)]
    assert [line for line in rest if known_secrecy.marks_in(line)] == []
    assert {mark for line in asked for mark in known_secrecy.marks_in(line)} == {known_secrecy.NOTED.lower()}


def test_the_service_learns_nothing_of_a_known_list(known_output: secrecy.SessionOutput) -> None:
    assert len(known_output.requests) > 0
    for text in known_output.requests:
        assert known_secrecy.marks_in(text) == []
        assert known_secrecy.LIST_NAME.split()[0].lower() not in text.lower()


def test_only_the_list_itself_holds_what_is_in_it_until_it_is_removed(known_output: secrecy.SessionOutput) -> None:
    kept = [line for line in known_output.printed.splitlines() if line.startswith("kept")]
    lists = [f"cache/known/{digest}.known.json" for digest in ("0e4a63bccac449b5b27af2f6", "19a9f208af56b7ccd8c2e77e")]
    assert kept == [f"kept: {lists}", "kept after known remove: []", "kept after forget: []"]
    names = {path.name for path in known_output.files}
    assert {"new.xlsx", "new.csv", "new.json", "new.parquet", "rows.xlsx", "xl-openfunnel.log"} <= names
    assert known_secrecy.files_with_marks(known_output.home) == []
    log = known_output.home / "cache" / "xl-openfunnel.log"
    assert known_secrecy.LIST_NAME not in log.read_text("utf-8")


# ---- paths ---------------------------------------------------------------------------------------


def test_no_text_from_the_service_becomes_a_path(tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b" / "cache"
    inside.mkdir(parents=True)
    job = SimulatedJob(
        [{"name": f"{EVIL}.xlsx", "domain": f"/{EVIL}"}] * 3,
        job_id="the-job",
        derived_query=EVIL,
        error_message=EVIL,
        extra={"progress_message": EVIL, "request_id": EVIL},
        manifest={"file": EVIL, "partial": EVIL},
    )
    faults = [Fault("envelope", envelope={"page": EVIL, "next_cursor": EVIL}, times=2)]
    with running_environment(inside, job, faults=faults) as env:
        process = env.start_process()
        files.write(env.final(process, "the-job"), inside / "rows.xlsx")
        paths = {request.path.partition("?")[0] for request in env.service.received}
    assert paths == {"/api/v1/account/search-lookalikes-bulk/the-job"}
    names = {path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)}
    assert names <= {f"a/b/cache/{name}" for name in ("store.sqlite3", "rows.xlsx")}, names


def test_a_label_never_becomes_a_path_or_sql(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache" / "store.sqlite3", "http://127.0.0.1:1")
    store.label("job", f"{EVIL}'; DROP TABLE job; --")
    assert store.job_id_of(f"{EVIL}'; drop table job; --") == "job"
    assert {path.parent for path in files_below(tmp_path)} == {tmp_path / "cache"}


# ---- exports ---------------------------------------------------------------------------------------

MARK = "zq9x"
_attacks = st.sampled_from(
    [
        *(
            f"={MARK}()",
            f"+{MARK}",
            f"-{MARK}",
            f"@{MARK}",
            f"=cmd|' /c {MARK}'!A0",
            f'=HYPERLINK("http://{MARK}","x")',
        ),
        *(f'=WEBSERVICE("http://{MARK}")', f"\t={MARK}", f"\r={MARK}", f"\n={MARK}", f'=DDE("{MARK}")', f"＝{MARK}"),
        *(f"http://{MARK}.example", f"file://{MARK}/share", f"mailto:{MARK}@x", f"internal:{MARK}!A1", f"{{={MARK}}}"),
        *(f"[{MARK}.xlsx]Sheet1!A1", f"<f>{MARK}</f>", f'"={MARK}', f"'={MARK}", f";={MARK}", f",={MARK}", f"{MARK}"),
        *(f"plain;={MARK};y", f"plain; +{MARK}", f"plain\t={MARK}", f"plain\n={MARK}", f"plain\r@{MARK}"),
        *(f'plain;"={MARK}', f'plain;"\n={MARK}', 'plain;"', f"plain\n;\t={MARK}", f"plain,={MARK}"),
    ]
)


@settings(max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(_attacks, _attacks, _attacks), min_size=1, max_size=4), _attacks)
def test_nothing_in_an_export_is_executed(tmp_path: Path, attacks: list[tuple[str, str, str]], attack: str) -> None:
    rows = [{"name": name, "domain": domain, "industries": [other], other: attack} for name, domain, other in attacks]
    page = Page(JobStatus.COMPLETED, row_count=len(rows), rows_json=json.dumps(rows).encode())
    manifest = {"count": len(rows), "derived_query": attack, attack: attack, "resolved_seed_domains": [attack]}
    snapshot = Snapshot(
        "job", status=JobStatus(attack), stage=attack, manifest=manifest, rows=Rows.of([page]), final=True
    )
    for suffix in (".xlsx", ".csv", ".tsv"):
        files.write(snapshot, tmp_path / f"rows{suffix}")
    _assert_no_part_is_executable(tmp_path / "rows.xlsx")
    # A spreadsheet splits at the separator of the computer's settings, not at the file's.
    for suffix, separator in ((suffix, separator) for suffix in (".csv", ".tsv") for separator in ",;\t"):
        text = (tmp_path / f"rows{suffix}").read_bytes().decode("utf-8-sig")
        lines = [*csv.reader(io.StringIO(text, newline=""), delimiter=separator)]
        if suffix == ".tsv":
            lines += csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=csv.QUOTE_NONE)
        for cell in (cell for line in lines for cell in line):
            assert not cell.strip(' \t\r\n"').startswith(("=", "+", "-", "@", "＝")), (suffix, separator, cell)


def _assert_no_part_is_executable(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    for sheet in book:
        for cell in (cell for line in sheet.iter_rows() for cell in line):
            assert cell.hyperlink is None
            assert cell.data_type != "f" or MARK not in str(cell.value), cell.value
    with zipfile.ZipFile(path) as packed:
        parts = packed.namelist()
        assert not [part for part in parts if "external" in part.lower() or "vba" in part.lower() or "embed" in part]
        for part in parts:
            content = packed.read(part).decode("utf-8", "replace")
            assert "<hyperlink" not in content, part
            assert "ddeLink" not in content, part
            if part.endswith(".rels"):
                assert 'TargetMode="External"' not in content, part
