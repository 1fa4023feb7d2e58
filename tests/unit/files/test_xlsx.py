"""Workbooks, read back cell by cell."""

from __future__ import annotations

import gc
import re
import sys
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from tests.unit.files.conftest import HOSTILE, ROWS, MakeSnapshot
from xl_openfunnel import ConfigurationError, FileWriteError, table
from xl_openfunnel.files import Content, write, xlsx
from xl_openfunnel.files.links import MAX_LINKS
from xl_openfunnel.files.xlsx import table_headers
from xl_openfunnel.simulator import companies

pytestmark = pytest.mark.dependencies


def cells(path: Path, sheet: str = "Companies") -> list[list[Any]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[sheet].iter_rows()]


def test_text_round_trips_as_text(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.xlsx", ["name"])
    _, *rows = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Companies"].iter_rows()
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
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Companies"]
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
    facts = {row[1]: row[2] for row in cells(tmp_path / "rows.xlsx", "Summary")}
    assert facts["Texts cut"].startswith("2 longer than")


def test_a_table_without_rows_is_a_valid_file(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot([]), tmp_path / "rows.xlsx", ["rank", "name"])
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Companies"]
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
            return parts.read("xl/worksheets/sheet2.xml").count(b"<c ")

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
    (table,) = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Companies"].tables.values()
    assert table.column_names == head
    assert dict(zip(head, row, strict=True)).items() >= {"name": 1, "Name 2": "a", "[x]": "y", "#'@": True}.items()


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as parts:
        return parts.read(name).decode()


def test_excel_has_nothing_to_calculate_and_nothing_to_save(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.xlsx")
    assert '<calcPr calcId="191029"/>' in part(tmp_path / "rows.xlsx", "xl/workbook.xml")
    for sheet in ("sheet1", "sheet2"):
        assert "<f>" not in part(tmp_path / "rows.xlsx", f"xl/worksheets/{sheet}.xml")


def test_excel_does_not_warn_of_numbers_that_are_text(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.xlsx")
    for sheet in ("sheet1", "sheet2"):
        ignored = part(tmp_path / "rows.xlsx", f"xl/worksheets/{sheet}.xml").partition("<ignoredErrors>")[2]
        assert re.match(r'<ignoredError sqref="A1:XFD\d+" numberStoredAsText="1"/>', ignored)


def test_all_columns_come_in_reading_order_with_ours_among_them(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(companies(40)), tmp_path / "rows.xlsx")
    head, *rows = cells(tmp_path / "rows.xlsx")
    assert head[:8] == [
        *("rank", "name", "domain", "linkedin_url", "country", "city", "employee_count", "employee_band")
    ]
    assert head[-3:] == ["match_reason", "tagline", "description"]
    frame = table.frame(companies(40), ["country", "city", "employee_band"])
    for name in frame.columns:
        shown = [row[head.index(name)] for row in rows]
        assert shown == [None if pd.isna(value) else value for value in frame[name]]


def test_chosen_columns_keep_their_order(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    names = ["match_reason", "name", "rerank_score", "rank"]
    write(snapshot(companies(3)), tmp_path / "rows.xlsx", names)
    assert cells(tmp_path / "rows.xlsx")[0] == names
    assert hidden_columns(tmp_path / "rows.xlsx") == []


def hidden_columns(path: Path) -> list[str]:
    sheet = openpyxl.load_workbook(path)["Companies"]
    return [
        str(sheet.cell(1, column).value)
        for letter, dimension in sheet.column_dimensions.items()
        if dimension.hidden
        for column in range(dimension.min, dimension.max + 1)
    ]


def test_a_column_without_any_value_is_hidden(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    rows = [{"name": "a", "rerank_score": None, "tagline": ""}, {"name": "b", "rerank_score": None, "tagline": None}]
    write(snapshot(rows), tmp_path / "rows.xlsx")
    assert hidden_columns(tmp_path / "rows.xlsx") == ["country", "city", "employee_band", "rerank_score", "tagline"]
    assert "rerank_score" in cells(tmp_path / "rows.xlsx")[0]
    write(snapshot([]), tmp_path / "rows.xlsx")
    assert hidden_columns(tmp_path / "rows.xlsx") == []


def test_names_are_bold_ranks_grey_and_revenues_have_their_thousands(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot([{"name": "a", "revenue_usd": 29_938_000_000}]), tmp_path / "rows.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Companies"]
    by_name = {head.value: cell for head, cell in zip(*sheet.iter_rows(max_row=2), strict=True)}
    assert by_name["name"].font.bold
    assert by_name["rank"].font.color.rgb == "FF5B6472"
    assert (by_name["revenue_usd"].value, by_name["revenue_usd"].number_format) == (29_938_000_000, '"$"#,##0')


def test_a_page_holds_the_first_columns_and_repeats_the_header(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(companies(40)), tmp_path / "rows.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "rows.xlsx")["Companies"]
    first, last = sheet.print_area.replace("$", "").rpartition("!")[2].split(":")
    assert (first, sheet[f"{last[:-2]}1"].value, last[-2:]) == ("A1", "headquarters", "41")
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert "&P of &N" in openpyxl.load_workbook(tmp_path / "rows.xlsx")["Companies"].oddFooter.right.text.replace(
        "[Page]", "P"
    )


def links(path: Path) -> dict[str, str]:
    """The links of the sheet by the text of their cell."""
    sheet = openpyxl.load_workbook(path)["Companies"]
    return {cell.value: cell.hyperlink.target for row in sheet.iter_rows() for cell in row if cell.hyperlink}


def test_a_linked_cell_keeps_its_text(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    rows = [
        {"domain": "Acme.com", "linkedin_url": "http://de.linkedin.com/school/Acme/?x=1"},
        {"domain": "javascript:alert(1)", "linkedin_url": "https://evil.example/company/acme"},
        {"domain": None, "linkedin_url": "https://www.linkedin.com/company/a_x0041_"},
    ]
    write(snapshot(rows), tmp_path / "rows.xlsx")
    assert links(tmp_path / "rows.xlsx") == {
        "Acme.com": "https://acme.com",
        "http://de.linkedin.com/school/Acme/?x=1": "https://www.linkedin.com/company/acme",
    }
    _, _, plain, escaped = cells(tmp_path / "rows.xlsx")
    assert plain[1:3] == ["javascript:alert(1)", "https://evil.example/company/acme"]
    assert escaped[1:3] == [None, "https://www.linkedin.com/company/a_x0041_"]


def test_a_sheet_has_no_links_where_they_are_more_than_excel_reads(
    snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_LINKS == 65_530
    rows = [{"domain": f"{number}.example"} for number in range(4)]
    for limit, expected in ((4, 4), (3, 0)):
        monkeypatch.setattr(xlsx, "MAX_LINKS", limit)
        write(snapshot(rows), tmp_path / "rows.xlsx")
        assert len(links(tmp_path / "rows.xlsx")) == expected
        assert [row[1] for row in cells(tmp_path / "rows.xlsx")[1:]] == [row["domain"] for row in rows]
    facts = {row[1]: row[2] for row in cells(tmp_path / "rows.xlsx", "Summary")}
    assert facts["Links"] == "none, because they are more than the 3 of a sheet"


@pytest.mark.parametrize(
    ("columns", "cell"),
    [("rank,name,domain", "C2"), ("name,country", "B2"), ("domain,name", "A2"), ("name", "A2"), ("rank,country", "B2")],
)
def test_what_names_a_company_stays_visible_where_it_comes_first(
    snapshot: MakeSnapshot, tmp_path: Path, columns: str, cell: str
) -> None:
    write(snapshot(), tmp_path / "rows.xlsx", columns.split(","))
    assert openpyxl.load_workbook(tmp_path / "rows.xlsx")["Companies"].freeze_panes == cell
