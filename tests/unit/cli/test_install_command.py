"""install and uninstall where there is no Excel to be set up; tests/hosts/excel/windows has the rest."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run


@pytest.mark.skipif(sys.platform == "win32", reason="there it would be done")
@pytest.mark.parametrize("call", [("install",), ("install", "--repair"), ("uninstall",)])
def test_elsewhere_than_on_windows_it_says_so_and_does_nothing(run: Run, call: tuple[str, ...], tmp_path: Path) -> None:
    ran = run(*call)
    assert (ran.code, ran.out) == (2, "")
    assert "sets up Excel on Windows" in ran.err
    assert "xl-openfunnel rows JOB -o companies.xlsx" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_help_says_what_it_does(run: Run) -> None:
    assert "Needs no administrator" in " ".join(run("install", "--help").out.replace("│", " ").split())
