"""install and uninstall where there is no Excel to be set up; tests/hosts/excel/windows has the rest."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run


@pytest.mark.skipif(sys.platform == "win32", reason="there it would be done")
@pytest.mark.parametrize("call", [("install",), ("install", "--repair"), ("uninstall",)])
@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_elsewhere_than_on_windows_it_says_so_and_does_nothing(
    run: Run, call: tuple[str, ...], system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.install.sys.platform", system)
    ran = run(*call)
    assert (ran.code, ran.out) == (2, "")
    assert "Excel can be set up on Windows only" in ran.err
    assert (f"xl-openfunnel {call[0]} --calc" in ran.err) == (system == "linux")
    assert "xl-openfunnel rows JOB -o companies.xlsx" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_help_says_what_it_does(run: Run) -> None:
    assert "Needs no administrator" in " ".join(run("install", "--help").out.replace("│", " ").split())
