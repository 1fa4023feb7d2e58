"""Links that are put into the file of a copy to send."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
import xlsxwriter

from xl_openfunnel.files.links import MAX_LINKS
from xl_openfunnel.hosts.excel.addresses import CellRange
from xl_openfunnel.hosts.excel.com import copy_links
from xl_openfunnel.hosts.excel.com.copy_links import add_links, links_in

ACME = "https://www.linkedin.com/company/acme"


def package(*names: str, link: str = "", full: bool = False) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name in names:
            sheet = book.add_worksheet(name)
            sheet.write("A1", "text")
            if link:
                sheet.write_url("A2", link)
            if full:  # what stands before and behind links
                sheet.data_validation("B1", {"validate": "integer", "criteria": ">", "value": 0})
                sheet.conditional_format("B2", {"type": "blanks", "format": book.add_format({"bold": True})})
                sheet.merge_range("C1:D1", "both")
                chart = book.add_chart({"type": "column"})
                chart.add_series({"values": [name, 0, 0, 1, 0]})
                sheet.insert_chart("F1", chart)
                sheet.set_header("&Chead")
                sheet.add_table("H1:I3")
                sheet.ignore_errors({"number_stored_as_text": "A1"})
    return file.getvalue()


def read(file: bytes, sheet: str) -> dict[str, str]:
    found: Any = openpyxl.load_workbook(io.BytesIO(file))[sheet]
    return {cell.coordinate: cell.hyperlink.target for row in found for cell in row if cell.hyperlink}


@pytest.mark.parametrize("full", [False, True])
def test_cells_get_their_links(full: bool) -> None:
    links = {"B & C": {"A1": "https://acme.com", "B9": ACME, "B10": ACME}, "gone": {"A1": ACME}, "A": {}}
    file, left_out = add_links(package("A", "B & C", full=full), links)
    assert (read(file, "B & C"), read(file, "A"), left_out) == (links["B & C"], {}, [])


@pytest.mark.parametrize(
    "inner",
    [
        "<conditionalFormatting><cfRule><extLst><ext/></extLst></cfRule></conditionalFormatting>",  # a data bar
        "<customSheetViews><customSheetView><pageMargins/><headerFooter/></customSheetView></customSheetViews>",
        "<autoFilter><extLst><ext/></extLst></autoFilter>",
        '<sheetProtection/><dataValidations count="0"/>',
    ],
)
@pytest.mark.parametrize("after", ["", '<pageMargins left="1"/><extLst><ext/></extLst>', "<tableParts/>"])
@pytest.mark.parametrize("cells", ["<sheetData/>", "<sheetData><row><c><v>1</v></c></row></sheetData>"])
def test_links_stand_in_the_sheet_itself_before_what_follows_them(cells: str, inner: str, after: str) -> None:
    name = "xl/worksheets/sheet1.xml"
    file, target = io.BytesIO(package("A")), io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w") as changed:
        for entry in source.namelist():
            content = source.read(entry)
            if entry == name:
                root = content[content.index(b"<worksheet") :].partition(b">")[0] + b">"
                content = root + f"{cells}{inner}{after}</worksheet>".encode()
            changed.writestr(entry, content)
    linked, _ = add_links(target.getvalue(), {"A": {"A1": ACME}})
    with zipfile.ZipFile(io.BytesIO(linked)) as archive:
        sheet = ET.fromstring(archive.read(name))  # noqa: S314 - written above

    def names(fragment: str) -> list[str]:
        return [each.tag for each in ET.fromstring(f"<x>{fragment}</x>")]  # noqa: S314

    expected = [*names(cells + inner), "hyperlinks", *names(after)]
    assert [each.tag.rpartition("}")[2] for each in sheet] == expected
    assert [each.get("ref") for each in sheet.iterfind("{*}hyperlinks/{*}hyperlink")] == ["A1"]


def test_links_of_the_user_stay() -> None:
    file, _ = add_links(package("A", link="https://example.com/mine"), {"A": {"A1": ACME}})
    assert read(file, "A") == {"A1": ACME, "A2": "https://example.com/mine"}


def test_more_links_than_excel_takes_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_LINKS == 65_530
    monkeypatch.setattr(copy_links, "MAX_LINKS", 2)
    before = package("A", "B", link="https://example.com/mine")
    file, left_out = add_links(before, {"A": {"A1": ACME, "A3": ACME}, "B": {"A1": ACME}})
    assert left_out == ["A"]
    assert (len(read(file, "A")), len(read(file, "B"))) == (1, 2)


def test_without_links_the_file_stays_as_it_is(tmp_path: Path) -> None:
    before = package("A")
    assert add_links(before, {"A": {}}) == (before, [])


def test_links_are_those_of_the_columns_that_are_named() -> None:
    rows = [["name", "Domain", "linkedin_url"], ["booking.com", "acme.com", "linkedin.com/company/acme"]]
    assert links_in([*rows, ["x", "1-2", None]], CellRange(4, 2, 6, 4)) == (
        {"C5": "https://acme.com", "D5": ACME},
        [1, 2],
    )
    assert links_in(rows[1:], CellRange(4, 2, 4, 4)) == ({}, [])
    assert links_in([[1.0, "domain"], [2.0, "acme.com"]], CellRange(1, 1, 2, 2)) == ({}, [])
