"""The key is nowhere, nothing from the service runs or leaves its place, and what is kept is the user's alone."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings

from tests.bench.measure import ROOT
from xl_openfunnel import JobStatus, Page, Rows, Snapshot, Store, files
from xl_openfunnel.simulator import Fault, SimulatedJob, Simulator, companies

from .world import world

SECRET = "of_live_Zq7-s3cr3t-0123456789abcdef"
FORMS = (
    *(SECRET.encode(), SECRET.encode("utf-16-le"), base64.b64encode(SECRET.encode()), SECRET.encode().hex().encode()),
    SECRET[3:].encode(),
)
JOB = SimulatedJob(companies(120, seed=1))
EVIL = "../../../evil"


# ---- the key -----------------------------------------------------------------------------------------------------


def texts_of(path: Path) -> Iterator[bytes]:
    """A file's bytes, and those of what is packed in it."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield from (packed.read(name) for name in packed.namelist())


def kept_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A whole session in a process of its own: its folder, all that it printed, and the list of processes meanwhile."""
    home = tmp_path_factory.mktemp("home")
    out = home / "out"
    out.mkdir()
    places = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA")
    echo = b'{"detail": "Key %b is not valid"}' % SECRET.encode()
    with Simulator([JOB], api_key=SECRET) as service:
        service.faults = (Fault("status", status=401, body=echo, cursor="no page"),)
        environ = {
            **os.environ,
            **dict.fromkeys(places, str(home)),
            "OPENFUNNEL_CACHE_DIR": str(home / "cache"),
            "OPENFUNNEL_BASE_URL": service.base_url,
            "OPENFUNNEL_API_KEY": SECRET,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        told = json.dumps({"job_id": JOB.job_id, "folder": str(out)})
        command = [sys.executable, "-X", "faulthandler", "-m", f"{__package__}.secrecy_child", told]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) as process:
            assert process.stdout is not None
            printed = b""
            while not printed.endswith(b"ready\n"):
                line = process.stdout.readline()
                assert line, printed.decode()[-2_000:]
                printed += line
            arguments = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
            service.faults = (Fault("status", status=401, body=echo),)
            rest, _ = process.communicate(b"\n")
        assert process.returncode == 1
    return home, (printed + rest).decode("utf-8", "replace"), arguments.decode("utf-8", "replace")


def test_the_key_is_in_nothing_that_a_session_prints_at_its_loudest(session: tuple[Path, str, str]) -> None:
    _, printed, _ = session
    assert "a program that ends in a crash" in printed
    assert "urllib3.connectionpool" in printed, "the session was not as loud as it can be"
    assert "was refused (HTTP 401)" in printed
    for form in FORMS:
        assert form.decode("latin-1") not in printed


def test_the_key_is_in_no_argument_of_any_process(session: tuple[Path, str, str]) -> None:
    assert SECRET not in session[2]


def test_the_key_is_in_no_file(session: tuple[Path, str, str]) -> None:
    found = kept_below(session[0])
    names = {path.name for path in found}
    assert {"store.sqlite3", "xl-openfunnel.log", "rows.xlsx", "rows.csv", "OpenFunnel.xlsm"} <= names
    for path in found:
        for content in texts_of(path):
            assert not [form for form in FORMS if form in content], path.name


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_is_kept_is_the_users_alone_whatever_the_umask(session: tuple[Path, str, str]) -> None:
    cache = session[0] / "cache"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    open_to_others = [path.name for path in kept_below(cache) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []


# ---- what a service may do ---------------------------------------------------------------------------------------


def test_no_name_from_the_service_becomes_a_place(tmp_path: Path) -> None:
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
    with world(inside, job, faults=faults) as here:
        seat = here.seat()
        seat.fetcher.watch("the-job")
        assert here.until(lambda: seat.fetcher.watch("the-job").final, 600)
        files.write(seat.fetcher.watch("the-job"), inside / "rows.xlsx")
        paths = {request.path.partition("?")[0] for request in here.service.received}
    assert paths == {"/api/v1/account/search-lookalikes-bulk/the-job"}
    names = {path.relative_to(tmp_path).as_posix() for path in kept_below(tmp_path)}
    assert names <= {f"a/b/cache/{name}" for name in ("store.sqlite3", "rows.xlsx")}, names


def test_a_label_is_no_place_either(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache" / "store.sqlite3", "http://127.0.0.1:1")
    store.label("job", f"{EVIL}'; DROP TABLE job; --")
    assert store.labelled(f"{EVIL}'; drop table job; --") == "job"
    assert {path.parent for path in kept_below(tmp_path)} == {tmp_path / "cache"}


# ---- what an export may do ---------------------------------------------------------------------------------------

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
def test_nothing_in_an_export_runs(tmp_path: Path, attacks: list[tuple[str, str, str]], word: str) -> None:
    rows = [{"name": name, "domain": domain, "industries": [other], other: word} for name, domain, other in attacks]
    page = Page(JobStatus.COMPLETED, row_count=len(rows), rows_json=json.dumps(rows).encode())
    manifest = {"count": len(rows), "derived_query": word, word: word, "resolved_seed_domains": [word]}
    seen = Snapshot("job", status=JobStatus(word), stage=word, manifest=manifest, rows=Rows.of([page]), final=True)
    for suffix in (".xlsx", ".csv", ".tsv"):
        files.write(seen, tmp_path / f"rows{suffix}")
    _assert_no_workbook_part_runs(tmp_path / "rows.xlsx")
    # Which separator a spreadsheet takes is a setting of the computer, whatever the file's.
    for suffix, separator in ((suffix, separator) for suffix in (".csv", ".tsv") for separator in ",;\t"):
        text = (tmp_path / f"rows{suffix}").read_bytes().decode("utf-8-sig")
        lines = [*csv.reader(io.StringIO(text, newline=""), delimiter=separator)]
        if suffix == ".tsv":
            lines += csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=csv.QUOTE_NONE)
        for cell in (cell for line in lines for cell in line):
            assert not cell.strip(' \t\r\n"').startswith(("=", "+", "-", "@", "＝")), (suffix, separator, cell)


def _assert_no_workbook_part_runs(path: Path) -> None:
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
