"""install and uninstall on systems without Excel; tests/hosts/excel/windows has the rest."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run


@pytest.mark.skipif(sys.platform == "win32", reason="it would really install")
@pytest.mark.parametrize("call", [("install",), ("install", "--repair"), ("uninstall",)])
@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_other_systems_than_windows_are_refused_and_nothing_is_changed(
    run: Run, call: tuple[str, ...], system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.install.sys.platform", system)
    result = run(*call)
    assert (result.code, result.out) == (2, "")
    if call == ("uninstall",):
        assert "Nothing of Excel is installed here" in result.err
    else:
        assert "Excel can be set up on Windows only" in result.err
        assert "xl-openfunnel rows JOB -o companies.xlsx" in result.err
    assert (f"xl-openfunnel {call[0]} --calc" in result.err) == (system == "linux")
    assert list(tmp_path.iterdir()) == []


def test_the_help_says_what_it_does(run: Run) -> None:
    assert "Needs no administrator" in " ".join(run("install", "--help").out.replace("│", " ").split())
