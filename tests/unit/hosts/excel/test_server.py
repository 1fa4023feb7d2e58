"""How the server that Excel calls ends. What needs Windows is in tests/hosts/excel/windows/test_start.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from xl_openfunnel.hosts.excel import server, session


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_an_import_that_hangs_does_not_hold_up_the_end() -> None:
    """What holds it holds its lock too."""
    ended = run(
        "import sys; from xl_openfunnel.hosts.excel import server; server.finish();"
        " print('xl_openfunnel.hosts.excel.session' in sys.modules)"
    )
    assert (ended.stdout.strip(), ended.stderr) == ("False", "")


def test_what_answers_need_is_loaded_before_the_first_cell_calls() -> None:
    """Loading it holds Python for longer than a cell may wait. Cells ask `limits`, which must know."""
    code = """
import sys, types
from xl_openfunnel.functions import limits
from xl_openfunnel.hosts.excel import server

def serve(class_id, serving, *, quit_when_unused):
    print(limits.tables_loaded(), "duckdb" in sys.modules)
    serving()

com_server = types.ModuleType("com_server")  # the real one needs Windows
com_server.serve = serve
sys.modules["xl_openfunnel.hosts.excel.com_server"] = com_server
server.main()
"""
    assert run(code, "{class id}").stdout.split() == ["True", "True"]


@pytest.mark.parametrize("missing", ["pandas", "duckdb"])
def test_a_server_without_pandas_or_duckdb_serves_all_the_same(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from xl_openfunnel.hosts.excel import server;"
        " server.load_tables(); print('pandas' in sys.modules, 'duckdb' in sys.modules)"
    )
    assert run(code).stdout.split() == ["True", "True"]


def test_the_end_waits_for_the_last_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(session, "finish_requests", waited.append)
    server.finish()
    assert waited == [server.LAST_REQUEST_SECONDS]


def test_a_python_that_ends_with_excel_leaves_no_file_of_its_start(tmp_path: Path) -> None:
    errors = tmp_path / "errors.log"
    errors.write_text("a warning of the start")
    code = "import sys, pathlib; from xl_openfunnel.hosts.excel import server;"
    ended = run(f"{code} server._end_without(pathlib.Path(sys.argv[1]), 7)", str(errors))
    assert ended.returncode == 7
    assert not errors.exists()


@pytest.mark.parametrize(
    ("variable", "paused"),
    [(None, False), ("7|on", False), ("7|paused", True), ("8|paused", False), ("|paused", False)],
)
def test_cells_stay_paused_in_the_python_that_excel_starts_next(variable: str | None, *, paused: bool) -> None:
    assert server.was_paused(7, {} if variable is None else {server.LIVE_VARIABLE: variable}) is paused
