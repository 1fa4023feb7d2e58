"""workbook: builds the Excel workbook, and replaces none unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from xl_openfunnel.workbook import builder


def test_it_builds_the_workbook_where_it_is_told_to_and_says_where_and_what_next(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.xlsm"
    ran = run("workbook", "-o", file)
    assert (ran.code, ran.out) == (0, f"{file}\n")
    assert ran.err.startswith("Next: open it in Excel")
    assert file.read_bytes() == builder.build_workbook()


def test_without_a_name_it_is_made_here(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("workbook").code == 0
    assert [path.name for path in tmp_path.glob("*.xlsm")] == ["OpenFunnel.xlsm"]


def test_it_builds_the_addin_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("workbook", "--add-in")
    assert (ran.code, ran.out) == (0, f"{tmp_path / 'OpenFunnel.xlam'}\n")
    assert "xl-openfunnel install" in ran.err
    assert Path("OpenFunnel.xlam").read_bytes() == builder.build_addin()
    assert "end 'mine.xlsm' in .xlam" in run("workbook", "--add-in", "-o", "mine.xlsm").err
    assert ". is a folder" in run("workbook", "-o", ".").err


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "OpenFunnel.xlsm"
    file.write_bytes(b"somebody's work")
    ran = run("workbook", "-o", file)
    assert (ran.code, ran.out, file.read_bytes()) == (2, "", b"somebody's work")
    assert "--force" in ran.err
    assert run("workbook", "-o", file, "--force").code == 0
    assert file.read_bytes() == builder.build_workbook()


@pytest.mark.parametrize(
    ("name", "says"), [("book.xlsx", "end 'book.xlsx' in .xlsm"), ("nowhere/book.xlsm", "nowhere is not there")]
)
def test_it_says_what_is_wrong(run: Run, tmp_path: Path, name: str, says: str) -> None:
    ran = run("workbook", "-o", tmp_path / name)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_a_file_that_cannot_be_replaced_now_is_left(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "OpenFunnel.xlsm"
    file.write_bytes(b"open in Excel")

    def held(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", held)
    ran = run("workbook", "-o", file, "--force")
    assert (ran.code, file.read_bytes()) == (1, b"open in Excel")
    assert "it is open in another program" in ran.err
