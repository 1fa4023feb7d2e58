"""demo: from a simulated job to a workbook, with a temporary store and service."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from tests.unit.cli.conftest import Run
from xl_openfunnel.simulator import companies

ROWS = [
    {**row, "name": name}
    for row, name in zip(
        companies(130, seed=9),
        ("=1+1", "+Oscar", "-2", "@sum", "TRUE", "99", "2-10", "#N/A", "https://a.example", "\tx", "1e5") * 12,
        strict=False,
    )
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "real.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return file


def test_demo_writes_every_row_of_the_file_in_order_and_text_as_text(run: Run, tmp_path: Path, source: Path) -> None:
    book = tmp_path / "demo.xlsx"
    result = run("demo", "--from", source, "--rows", 120, "--seconds", 0, "-o", book)
    assert result.code == 0
    assert result.out.splitlines()[-1] == str(book.resolve())
    sheet = openpyxl.load_workbook(book)["Companies"]
    head, *rows = sheet.iter_rows()
    names = [cell.value for cell in head]
    assert len(rows) == 120
    for rank, (cells, row) in enumerate(zip(rows, ROWS, strict=False), 1):
        shown = dict(zip(names, cells, strict=True))
        assert (shown["rank"].value, shown["name"].value, shown["name"].data_type) == (rank, row["name"], "s")


def test_demo_uses_neither_the_store_nor_the_key_of_the_user(run: Run, tmp_path: Path) -> None:
    assert run("demo", "--rows", 5, "--seconds", 0, "-o", tmp_path / "demo.xlsx").code == 0
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "home").exists()


def test_demo_shows_the_first_rows_and_its_progress_without_percentages(run: Run, tmp_path: Path) -> None:
    result = run("demo", "--seconds", 0, "-o", tmp_path / "demo.xlsx")
    assert result.out.split()[:2] == ["rank", "name"]
    assert "600 companies in 6 pages" in result.err
    assert "%" not in result.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "."], ". is a folder. Give the name of a file in it."),
        (["-o", "demo.csv"], "end 'demo.csv' in .xlsx"),
        (["-o", "nowhere/demo.xlsx"], "nowhere is not there"),
        (["--from", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--from", "broken.jsonl"], "broken.jsonl, line 1: one JSON object a line is wanted, and this is no JSON"),
        (["--from", "empty.jsonl"], "empty.jsonl holds no row: one JSON object a line is wanted."),
        (["--rows", "0"], "--rows takes a number from 1 to 50,000, and not '0'."),
        (["--rows", "12345678"], "--rows takes a number from 1 to 50,000, and not '12345678'."),
        (["--rows", "many"], "--rows takes a number from 1 to 50,000, and not 'many'."),
        (["--seconds", "many"], "--seconds takes a number of seconds, for example --seconds 600, and not 'many'."),
    ],
)
def test_demo_reports_wrong_arguments_before_it_starts(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.jsonl").write_text("no json")
    (tmp_path / "empty.jsonl").touch()
    result = run("demo", *arguments)
    assert (result.code, result.out) == (2, "")
    assert says in result.err
