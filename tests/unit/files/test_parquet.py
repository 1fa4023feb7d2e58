"""Parquet files have the same columns for every job, each of one type, and lose nothing without a word."""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from tests.unit.files.conftest import ROWS, MakeSnapshot, make_snapshot
from xl_openfunnel import ConfigurationError, FileWriteError, UnknownColumnError
from xl_openfunnel.columns import connection
from xl_openfunnel.files import parquet as parquet_module
from xl_openfunnel.files import write
from xl_openfunnel.jobs.stacking import stacked_snapshot
from xl_openfunnel.selection import Selection, parse_sort

parquet = pytest.importorskip("pyarrow.parquet")
pytestmark = pytest.mark.dependencies

KNOWN = ("name", "domain", "headquarters", "employee_count", "revenue_usd", "industries", "match_score")
ODD: list[dict[str, Any]] = [
    {"name": "a", "industries": "Mining", "revenue_usd": 2.5, "rank": 7, "tagline": None},
    {"name": 5, "company_size": "51-200", "industries": ["x", 1], "Name": "b"},
]


def read(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def others(path: Path) -> list[Any]:
    return [row["other"] and json.loads(row["other"]) for row in read(path)]


def test_values_lists_and_nulls_are_kept_and_unknown_fields_are_json(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write(snapshot(), path)
    assert [{name: row[name] for name in KNOWN} for row in read(path)] == [
        {name: row[name] for name in KNOWN} for row in ROWS
    ]
    assert others(path) == [{name: row[name] for name in row if name not in KNOWN} for row in ROWS]
    assert [row["rank"] for row in read(path)] == list(range(1, len(ROWS) + 1))


def test_the_schema_is_the_same_whatever_the_job_holds(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    dataset = pytest.importorskip("pyarrow.dataset")
    for name, rows in {"full": ROWS, "none": [], "odd": ODD, "nulls": [{"name": None}]}.items():
        write(snapshot(rows), tmp_path / f"{name}.parquet")
    schemas = [parquet.read_schema(path).remove_metadata() for path in tmp_path.iterdir()]
    assert all(schema.equals(schemas[0]) for schema in schemas)
    assert not any(name.startswith("_") for name in schemas[0].names)
    assert dataset.dataset(sorted(tmp_path.iterdir())).to_table().num_rows == len(ROWS) + len(ODD) + 1


def test_what_a_column_cannot_hold_is_in_other_and_is_told(
    snapshot: MakeSnapshot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rows.parquet"
    with caplog.at_level(logging.WARNING):
        write(snapshot(ODD), path)
    assert caplog.messages == ["Values of another type than their column: 4. They stand in the column other."]
    assert others(path) == [
        {"rank": 7, "industries": "Mining", "revenue_usd": 2.5},
        {"Name": "b", "name": 5, "industries": ["x", 1]},
    ]
    first, second = read(path)
    assert (first["name"], first["industries"], first["revenue_usd"]) == ("a", None, None)
    assert (second["name"], second["employee_count"], second["company_size"]) == (None, None, "51-200")
    assert second["employee_band"] == "51–200"


def test_chosen_columns_tell_what_they_leave_out(
    snapshot: MakeSnapshot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rows.parquet"
    with caplog.at_level(logging.WARNING):
        write(snapshot(ODD), path, ["revenue_usd", "tagline"])
    assert read(path) == [{"revenue_usd": None, "tagline": None}] * 2
    assert "Values of another type than their column: 1. They are left out" in caplog.text


def test_chosen_columns_stand_in_their_order_and_unknown_ones_are_json(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write(snapshot(), path, ["country", "mixed", "NAME"])
    assert read(path) == [
        {"country": None, "mixed": None if row["mixed"] is None else json.dumps(row["mixed"]), "name": row["name"]}
        for row in ROWS
    ]
    write(snapshot(), path, ["name", "mixed", "*"])
    names = parquet.read_schema(path).names
    assert names[:3] == ["name", "mixed", "rank"]
    assert names[-1] == "other"
    with pytest.raises(UnknownColumnError):
        write(snapshot(), path, ["nmae"])


def test_several_jobs_stand_under_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    both = stacked_snapshot([make_snapshot([{"name": "a"}, {"name": "b"}]), make_snapshot([{"name": "c"}])])
    write(both, path)
    assert [(row["job_id"], row["rank"], row["name"]) for row in read(path)] == [
        ("a-job", 1, "a"),
        ("a-job", 2, "b"),
        ("a-job", 1, "c"),
    ]
    write(both, path, ["name"])
    assert [list(row) for row in read(path)] == [["job_id", "name"]] * 3


def test_chosen_companies_stand_in_the_chosen_order(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    jobs = [
        make_snapshot([{"name": "a", "odd": 1}, {"name": "b", "odd": 2}]),
        dataclasses.replace(make_snapshot([{"name": "b", "odd": 3}]), job_id="b-job"),
    ]
    both = dataclasses.replace(stacked_snapshot(jobs), selection=Selection(sort=parse_sort("-name"), top=2))
    write(both, path, ["odd", "*"])
    rows = read(path)
    assert [(row["job_id"], row["rank"], row["name"]) for row in rows] == [("a-job", 2, "b"), ("b-job", 1, "b")]
    assert [(row["odd"], row["other"]) for row in rows] == [("2", '{"odd": 2}'), ("3", '{"odd": 3}')]
    write(dataclasses.replace(jobs[0], selection=Selection(top=1)), path)
    assert [(row["rank"], row["name"]) for row in read(path)] == [(1, "a")]


def test_many_companies_are_written_part_by_part(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_module, "_AT_ONCE", 7)
    path = tmp_path / "rows.parquet"
    write(snapshot(), path, ["rank", "name", "mixed", "*"])
    assert [(row["rank"], row["name"]) for row in read(path)] == [
        (rank, row["name"]) for rank, row in enumerate(ROWS, 1)
    ]
    assert [json.loads(row["mixed"] or "null") for row in read(path)] == [row["mixed"] for row in ROWS]
    assert json.loads(parquet.read_schema(path).metadata[b"PANDAS_ATTRS"])["job_id"] == "a-job"
    assert [each.name for each in tmp_path.iterdir()] == ["rows.parquet"]


def test_pandas_reads_whole_numbers_exactly_and_what_is_known_of_the_job(
    snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    write(snapshot([{"revenue_usd": 2**53 + 1}, {}]), path)
    frame = pd.read_parquet(path)
    assert frame["revenue_usd"].tolist() == [2**53 + 1, pd.NA]
    expected = snapshot([{"revenue_usd": 2**53 + 1}, {}]).frame()
    assert frame.attrs == expected.attrs
    assert str(frame["revenue_usd"].dtype) == str(expected["revenue_usd"].dtype) == "Int64"


def test_halves_of_characters_become_question_marks(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    rows = [{"name": "a\ud800", "industries": ["\udfff"], "mixed": 1, "\ud800": True}, {"mixed": "\ud800"}]
    write(snapshot(rows), path)
    assert [(row["name"], row["industries"]) for row in read(path)] == [("a?", ["?"]), (None, None)]
    assert others(path) == [{"mixed": 1, "?": True}, {"mixed": "?"}]


def test_a_folder_with_any_name_takes_a_file(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    path = tmp_path / "it's [a] folder é" / "rows.parquet"
    path.parent.mkdir()
    write(snapshot(), path)
    assert len(read(path)) == len(ROWS)


def test_where_duckdb_does_not_load_no_file_is_begun(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xl_openfunnel.files.loading_error", lambda: "a policy forbids it")
    with pytest.raises(ConfigurationError, match=r"DuckDB .* a policy forbids it"):
        write(snapshot(), tmp_path / "rows.parquet")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_duckdb_leaves_the_file_as_it_was(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.parquet"
    write(snapshot(), path)
    before = path.read_bytes()
    monkeypatch.setattr(connection, "loading_error", lambda: "gone")
    with pytest.raises(FileWriteError, match="gone"):
        write(snapshot(ODD), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["rows.parquet"]


def test_a_full_folder_for_parts_is_told_in_words_with_the_cure(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object) -> None:
        with connection.connect(path.parent):
            raise duckdb.IOException(f'IO Error: Could not write file "{path}": No space left on device')

    parts = tmp_path / "parts"
    parts.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(parts))
    monkeypatch.setattr(parquet_module, "write_table", full)
    sentence = f"could not be made: No space left on device. Make room in {re.escape(str(parts))}, where its parts are"
    with pytest.raises(FileWriteError, match=sentence):
        write(snapshot(), tmp_path / "rows.parquet")
    assert list(tmp_path.rglob("*")) == [parts]
    parts.rmdir()
    with pytest.raises(FileWriteError, match="Make room in"):
        write(snapshot(), tmp_path / "rows.parquet")


def test_a_full_folder_of_the_file_is_told_in_words(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(
        FileWriteError, match=r"rows\.parquet could not be written: No space left on device\. Try another"
    ):
        write(snapshot(), tmp_path / "rows.parquet")
