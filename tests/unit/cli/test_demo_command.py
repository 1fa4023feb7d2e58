"""demo: from a simulated job to a workbook, with a store and a service of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
    ran = run("demo", "--from", source, "--rows", 120, "--seconds", 0, "-o", book)
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == str(book.resolve())
    sheet = openpyxl.load_workbook(book)["Rows"]
    head, *rows = sheet.iter_rows()
    names = [cell.value for cell in head]
    assert len(rows) == 120
    for rank, (cells, row) in enumerate(zip(rows, ROWS, strict=False), 1):
        shown = dict(zip(names, cells, strict=True))
        assert (shown["rank"].value, shown["name"].value, shown["name"].data_type) == (rank, row["name"], "s")


def test_demo_touches_no_store_and_needs_no_key_of_the_users(run: Run, tmp_path: Path) -> None:
    assert run("demo", "--rows", 5, "--seconds", 0, "-o", tmp_path / "demo.xlsx").code == 0
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "home").exists()


def test_demo_shows_the_first_rows_and_tells_its_life_without_percentages(run: Run, tmp_path: Path) -> None:
    ran = run("demo", "--seconds", 0, "-o", tmp_path / "demo.xlsx")
    assert ran.out.split()[:2] == ["rank", "name"]
    assert "600 companies in 6 pages" in ran.err
    assert "%" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-o", "."], 2, ". is a folder. Give the name of a file in it."),
        (["-o", "demo.csv"], 2, "end 'demo.csv' in .xlsx"),
        (["-o", "nowhere/demo.xlsx"], 2, "nowhere is not there"),
        (["--from", "nowhere.jsonl"], 2, "nowhere.jsonl"),
        (["--from", "broken.jsonl"], 2, "broken.jsonl, line 1: one JSON object a line is wanted, and this is no JSON"),
        (["--from", "empty.jsonl"], 2, "empty.jsonl holds no row: one JSON object a line is wanted."),
        (["--rows", "0"], 2, "--rows takes a number from 1 to 50,000, and not '0'."),
        (["--rows", "12345678"], 2, "--rows takes a number from 1 to 50,000, and not '12345678'."),
        (["--rows", "many"], 2, "--rows takes a number from 1 to 50,000, and not 'many'."),
        (["--seconds", "many"], 2, "--seconds takes a number of seconds, for example --seconds 600, and not 'many'."),
    ],
)
def test_demo_says_what_is_wrong_before_it_begins(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.jsonl").write_text("no json")
    (tmp_path / "empty.jsonl").touch()
    ran = run("demo", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


def test_demo_says_so_where_the_workbook_is_open_elsewhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "demo.xlsx"
    book.write_bytes(b"old")

    def held(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", held)
    ran = run("demo", "--rows", 5, "--seconds", 0, "-o", book)
    assert (ran.code, book.read_bytes()) == (1, b"old")
    assert ran.err.splitlines()[-1].startswith(f"error: {book} could not be written: it is open in another program")
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_stand_in_that_may_run_for_weeks_remembers_only_the_last_requests(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def made(*_: object, **options: Any) -> None:
        given.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr("xl_openfunnel.simulator.Simulator", made)
    assert run("simulate").code == 130
    assert given["max_received"] == 1_000
