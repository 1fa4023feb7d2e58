"""JSON keeps types, nulls and lists."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.unit.files.conftest import ROWS, MakeSnapshot
from xl_openfunnel.files import write

pytestmark = pytest.mark.dependencies

EXPECTED = [{"rank": rank, **row} for rank, row in enumerate(ROWS, 1)]


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_json_round_trips_every_value(snapshot: MakeSnapshot, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    write(snapshot(), path)
    text = path.read_bytes().decode("utf-8")
    read = json.loads(text) if suffix == ".json" else [json.loads(line) for line in text.split("\n")[:-1]]
    assert read == EXPECTED
    assert [[type(value) for value in row.values()] for row in read] == [
        [type(value) for value in row.values()] for row in EXPECTED
    ]


def test_missing_fields_are_null(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot([{"name": "a"}, {"employee_count": 3}]), tmp_path / "rows.json")
    assert json.loads((tmp_path / "rows.json").read_text("utf-8")) == [
        {"rank": 1, "name": "a", "employee_count": None},
        {"rank": 2, "name": None, "employee_count": 3},
    ]


def test_infinite_numbers_are_null_at_any_depth(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    rows = [{"match_score": math.inf, "intent": {"a": [math.inf, 1, "é", -math.inf]}}]
    write(snapshot(rows), tmp_path / "rows.jsonl")
    expected = '{"rank": 1, "match_score": null, "intent": {"a": [null, 1, "é", null]}}\n'
    assert (tmp_path / "rows.jsonl").read_text("utf-8") == expected


def test_derived_columns_can_be_selected_by_name(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    rows = [{"headquarters": "Miami, United States", "employee_count": 3}]
    write(snapshot(rows), tmp_path / "rows.jsonl", ["country", "employee_band"])
    assert json.loads((tmp_path / "rows.jsonl").read_text("utf-8")) == {
        "country": "United States",
        "employee_band": "1–10",
    }


def test_a_field_named_like_a_column_of_ours_is_in_the_file(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot([{"rank": 7, "employee_count": 3, "employee_band": "S"}]), tmp_path / "rows.jsonl")
    assert json.loads((tmp_path / "rows.jsonl").read_text("utf-8")) == {
        "rank": 1,
        "employee_count": 3,
        "service_rank": 7,
        "service_employee_band": "S",
    }


@pytest.mark.parametrize(("suffix", "content"), [(".json", "[]\n"), (".jsonl", "")])
def test_an_empty_result_is_a_valid_file(snapshot: MakeSnapshot, tmp_path: Path, suffix: str, content: str) -> None:
    write(snapshot([]), tmp_path / f"rows{suffix}")
    assert (tmp_path / f"rows{suffix}").read_text("utf-8") == content
