"""Workbooks, read back cell by cell."""

from __future__ import annotations

import gc
import math
import re
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.unit.files.conftest import HOSTILE, MANIFEST, ROWS, MakeSnapshot
from xl_openfunnel import ConfigurationError, FileWriteError
from xl_openfunnel.files import Content, write, xlsx
from xl_openfunnel.files.xlsx import table_headers

pytestmark = pytest.mark.dependencies


def cells(path: Path, sheet: str = "Rows") -> list[list[Any]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[sheet].iter_rows()]


def test_text_round_trips_as_text(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.xlsx", ["name"])
    _, *rows = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Rows"].iter_rows()
    for (cell,), text in zip(rows, HOSTILE, strict=True):
        assert (cell.value or "") == text.replace("\r\n", "\n").replace("\r", "\n").replace("\x07", "")
        assert cell.data_type == ("s" if text else "n")
        assert cell.hyperlink is None


def test_other_values_keep_their_types(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.xlsx")
    head, *rows = cells(tmp_path / "rows.xlsx")
    assert len(rows) == len(ROWS)
    for rank, (read, row) in enumerate(zip(rows, ROWS, strict=True), 1):
        shown = dict(zip(head, read, strict=True))
        assert shown["rank"] == rank
        for name in ("employee_count", "revenue_usd", "match_score", "public", "mixed"):
            assert (shown[name], type(shown[name]) is bool) == (row[name], type(row[name]) is bool)
        assert shown["industries"] == (None if row["industries"] is None else "; ".join(row["industries"]))
        assert shown["big"] == (row["big"] if rank == 1 else str(row["big"]))  # a float holds 2**60, not the others


def test_the_rows_are_a_real_table_with_a_frozen_header(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.xlsx", ["rank", "name", "domain"])
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Rows"]
    (table,) = sheet.tables.values()
    assert (table.ref, table.column_names) == (f"A1:C{len(ROWS) + 1}", ["rank", "name", "domain"])
    assert sheet.freeze_panes == "C2"


def test_long_texts_are_whole_up_to_excels_limit_and_cut_visibly_beyond(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    texts = ["x" * 32_767, "x" * 32_768, "🚀" * 16_383, "🚀" * 20_000]
    write(snapshot([{"description": text} for text in texts]), tmp_path / "rows.xlsx", ["description"])
    whole, cut, rockets, cut_rockets = (row[0] for row in cells(tmp_path / "rows.xlsx")[1:])
    assert (whole, rockets) == (texts[0], texts[2])
    assert cut == "x" * 32_766 + "…"
    assert cut_rockets == "🚀" * 16_383 + "…"
    assert dict(row for row in cells(tmp_path / "rows.xlsx", "Manifest") if row[0])["texts_cut"].startswith("2 ")


def test_a_table_without_rows_is_a_valid_file(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot([]), tmp_path / "rows.xlsx", ["rank", "name"])
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Rows"]
    assert next([cell.value for cell in row] for row in sheet.iter_rows()) == ["rank", "name"]
    assert sheet.tables["Companies"].ref == "A1:B2"


def test_blank_cells_of_a_vast_table_are_not_written(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, result = tmp_path / "rows.xlsx", snapshot([{"name": "a"}, {"tagline": ""}, {"domain": "c.example"}])
    expected = [["a", None, None], [None] * 3, [None, "c.example", None]]

    def count_written_cells() -> int:
        write(result, path, ["name", "domain", "tagline"])
        assert cells(path)[1:] == expected
        with zipfile.ZipFile(path) as parts:
            return parts.read("xl/worksheets/sheet1.xml").count(b"<c ")

    monkeypatch.setattr(xlsx, "MAX_BORDERED_CELLS", 9)
    assert count_written_cells() == 12
    monkeypatch.setattr(xlsx, "MAX_BORDERED_CELLS", 8)
    assert count_written_cells() == 5


def test_more_rows_than_a_sheet_has_are_rejected(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert xlsx.MAX_ROWS == 2**20 - 1
    monkeypatch.setattr(xlsx, "MAX_ROWS", 10)
    with pytest.raises(ConfigurationError, match=r"more than a sheet of Excel has.*\.csv"):
        write(snapshot(), tmp_path / "rows.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_raises_exactly_one_error(snapshot: MakeSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)
    with pytest.raises((OSError, FileWriteError), match="No space left"):
        xlsx.write_xlsx(Path("/dev/full"), Content(snapshot(), snapshot().frame()))
    gc.collect()
    assert printed == []


def test_a_failed_write_leaves_no_temporary_files(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(FileWriteError, match=f"No space left on device. Make room in {re.escape(str(temporary))}"):
        write(snapshot(), tmp_path / "rows.xlsx")
    assert list(temporary.iterdir()) == []
    temporary.rmdir()
    with pytest.raises(FileWriteError, match="Make room in"):
        write(snapshot(), tmp_path / "rows.xlsx")


def test_the_manifest_sheet_has_all_facts(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.xlsx")
    rows = [row for row in cells(tmp_path / "rows.xlsx", "Manifest") if row[1] is not None or row[0] in MANIFEST]
    facts = {row[0]: row[1] for row in rows}
    assert (
        facts.items()
        >= {
            "job_id": "a-job",
            "status": "completed",
            "as_of": "2026-07-05 12:30:15 UTC",
            "rows": len(ROWS),
            "read_from": "the service",
            "derived_query": "=HYPERLINK(1)",
            "resolved_seed_domains": "a.example; b.example",
            "unresolved_seed_domains": None,
            "partial": False,
            "extra": '{"deep": [1]}',
        }.items()
    )
    assert facts["written_by"].startswith("XL OpenFunnel ")


def test_the_file_contains_no_user_and_no_path(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.xlsx")
    book = openpyxl.load_workbook(tmp_path / "rows.xlsx")
    assert not book.properties.creator
    assert not book.properties.lastModifiedBy
    with zipfile.ZipFile(tmp_path / "rows.xlsx") as parts:
        content = b"".join(parts.read(name) for name in parts.namelist())
    assert str(tmp_path).encode() not in content


def test_the_same_result_gives_the_same_file(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "a.xlsx")
    write(snapshot(), tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").properties.created == datetime(2026, 7, 5, 12, 30, 15)


def test_table_headers_are_short_and_unique_regardless_of_case() -> None:
    names = ["name", "Name", "NAME 2", "name", "", " a\nb ", "x" * 300, "_x0041_"]
    headers = table_headers(names)
    assert headers[:6] == ["name", "Name 2", "NAME 2 2", "name 3", "column 5", "a b"]
    assert max(map(len, headers)) <= 255
    assert headers[7] == "_ x0041_"
    assert len({header.lower() for header in headers}) == len(names)


def test_rows_with_odd_fields_give_a_workbook_that_opens(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    rows = [{"name": 1, "Name": "a", "": None, "[x]": "y", "a\tb": [1, "2"], "#'@": True}]
    write(snapshot(rows), tmp_path / "rows.xlsx")
    head, row = cells(tmp_path / "rows.xlsx")
    (table,) = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Rows"].tables.values()
    assert table.column_names == head
    assert dict(zip(head, row, strict=True)).items() >= {"name": 1, "Name 2": "a", "[x]": "y", "#'@": True}.items()


def test_infinity_is_written_as_text(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(manifest={"credits_consumed": math.inf}), tmp_path / "rows.xlsx")
    assert ["credits_consumed", "inf"] in cells(tmp_path / "rows.xlsx", "Manifest")


def test_an_unknown_date_is_blank(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(as_of=None, manifest=None), tmp_path / "rows.xlsx")
    facts = {row[0]: row[1] for row in cells(tmp_path / "rows.xlsx", "Manifest")}
    assert facts["as_of"] is None
    assert facts["none"] is None


def test_as_of_is_in_utc(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(as_of=datetime(2026, 1, 1, tzinfo=UTC)), tmp_path / "rows.xlsx")
    facts = {row[0]: row[1] for row in cells(tmp_path / "rows.xlsx", "Manifest")}
    assert facts["as_of"] == "2026-01-01 00:00:00 UTC"
