"""workbook: builds the Excel workbook, and replaces an existing file only with --force."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from xl_openfunnel.workbook import builder


def test_it_builds_the_workbook_and_prints_its_path_and_the_next_step(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.xlsm"
    result = run("workbook", "-o", file)
    assert (result.code, result.out) == (0, f"{file}\n")
    assert result.err.startswith("Next: open it in Excel")
    assert file.read_bytes() == builder.build_workbook()


def test_without_a_name_it_is_built_in_the_current_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("workbook").code == 0
    assert [path.name for path in tmp_path.glob("*.xlsm")] == ["OpenFunnel.xlsm"]


def test_it_builds_the_addin_too(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("workbook", "--add-in")
    assert (result.code, result.out) == (0, f"{tmp_path / 'OpenFunnel.xlam'}\n")
    assert "xl-openfunnel install" in result.err
    assert Path("OpenFunnel.xlam").read_bytes() == builder.build_addin()
    assert "end 'mine.xlsm' in .xlam" in run("workbook", "--add-in", "-o", "mine.xlsm").err
    assert ". is a folder" in run("workbook", "-o", ".").err


def test_an_existing_file_is_replaced_only_with_force(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "OpenFunnel.xlsm"
    file.write_bytes(b"somebody's work")
    result = run("workbook", "-o", file)
    assert (result.code, result.out, file.read_bytes()) == (2, "", b"somebody's work")
    assert "--force" in result.err
    assert run("workbook", "-o", file, "--force").code == 0
    assert file.read_bytes() == builder.build_workbook()


@pytest.mark.parametrize(
    ("name", "says"), [("book.xlsx", "end 'book.xlsx' in .xlsm"), ("nowhere/book.xlsm", "nowhere is not there")]
)
def test_wrong_file_names_are_refused(run: Run, tmp_path: Path, name: str, says: str) -> None:
    result = run("workbook", "-o", tmp_path / name)
    assert (result.code, result.out) == (2, "")
    assert says in result.err


@pytest.mark.parametrize(
    ("words", "name"), [(["workbook", "--force"], "a.xlsm"), (["demo", "--rows", 5, "--seconds", 0], "a.xlsx")]
)
def test_a_file_that_is_open_in_another_program_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[object], name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(b"open in Excel")

    def locked(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", locked)
    result = run(*words, "-o", file)
    assert (result.code, file.read_bytes()) == (3, b"open in Excel")
    assert result.err.splitlines()[-1].startswith(f"error: {file} could not be written: it is open in another program")
    assert list(tmp_path.glob(".*")) == []
