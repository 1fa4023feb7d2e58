"""The workbook, opened by LibreOffice: the only program here that shows one."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import pandas as pd
import pytest

from tests.hosts.basic.libreoffice import LibreOffice
from tests.unit.files.conftest import make_snapshot
from tests.unit.pivots import pivot
from xl_openfunnel.cell_values import Cell
from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.simulator import companies
from xl_openfunnel.table import block
from xl_openfunnel.workbook import builder, commands, data_sheets
from xl_openfunnel.workbook.package import Package
from xl_openfunnel.workbook.sources import sheet_texts

COUNT = 250
JOB = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"
LIBREOFFICES = {"(empty)": "(blank)", "Total Result": "Total"}
"""LibreOffice has words of its own for what is blank and for totals."""


@pytest.fixture
def opened(running: LibreOffice, tmp_path: Path) -> LibreOffice:
    file = tmp_path / builder.WORKBOOK_FILE_NAME
    builder.write_workbook(file)
    running.load(file)
    return running


def with_companies(frame: pd.DataFrame) -> bytes:
    """The workbook with these ranks, countries and bands in its table, and its pivot not yet refreshed."""
    package = Package(builder.build_workbook())
    first = data_sheets.FIRST_ROW + 2
    rows = [
        f'<row r="{row}"><c r="A{row}"><v>{rank}</v></c>{_text(f"H{row}", country)}{_text(f"I{row}", band)}</row>'
        for row, (rank, country, band) in enumerate(block(frame)[1:], first)
    ]
    package.replace("xl/worksheets/sheet3.xml", "</sheetData>", f"{''.join(rows)}</sheetData>")
    table = "xl/tables/table1.xml"
    package.parts[table] = package.parts[table].replace(b":I5", b":I%d" % (first + len(rows) - 1))
    return package.to_bytes()


def _text(cell: str, value: Cell) -> str:
    return f'<c r="{cell}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>' if value else ""


def test_the_pivot_refreshes_and_counts_the_table(running: LibreOffice, tmp_path: Path) -> None:
    frame = make_snapshot(companies(COUNT)).frame(["rank", "country", "employee_band"])
    (tmp_path / "companies.xlsm").write_bytes(with_companies(frame))
    running.load(tmp_path / "companies.xlsm")
    ((name, cells),) = running.pivots("Pivot").items()
    assert name == "OpenFunnelPivot"
    _, head, *lines = [[LIBREOFFICES.get(str(cell), cell) for cell in line] for line in cells]
    own = pivot(frame, ["country"], ["employee_band"])
    assert head[1:] == [band for band in (*EMPLOYEE_BANDS, "(blank)", "Total") if band in own[0]]
    counts = {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines}
    assert counts == {line[0]: dict(zip(own[0][1:], line[1:], strict=True)) for line in own[1:]}
    totals = [line[-1] for line in lines[:-1]]
    assert totals == sorted(totals, reverse=True)  # type: ignore[type-var]


def test_the_pivot_of_the_shipped_workbook_refreshes(opened: LibreOffice) -> None:
    assert list(opened.pivots("Pivot")) == ["OpenFunnelPivot"]
    assert opened.values("Start", "C8") == [["◄ Put the job here"]]


def test_without_the_add_in_the_macros_name_the_remedy(running: LibreOffice, tmp_path: Path) -> None:
    file = tmp_path / builder.WORKBOOK_FILE_NAME
    builder.write_workbook(file)
    running.load(file, macros=True)
    running.enter("Start", "B8", JOB)
    running.calculate()
    said = "#OF! Run `xl-openfunnel install --calc` in a terminal, then restart LibreOffice."
    assert [running.values("Start", "B13"), running.values("Rows", "A4")] == [[[said]], [[said]]]


def test_without_macros_and_the_add_in_words_stand_in_place_of_errors(opened: LibreOffice) -> None:
    opened.enter("Start", "B8", JOB)
    opened.calculate()
    texts = sheet_texts()
    assert opened.values("Start", "B13:B14") == [[texts.start.no_macros], [texts.start.allow_macros]]
    for sheet, place in (("Start", "B23"), ("Rows", "A4"), ("Charts", "A22")):
        assert opened.values(sheet, place) == [[texts.no_functions]]
    assert opened.values("Start", "G13") == [[texts.start.no_country]]
    assert opened.values("Rows", "A1") == [[JOB]]


def test_each_button_is_bound_to_its_macro(opened: LibreOffice) -> None:
    where = f"vnd.sun.star.script:VBAProject.{commands.MODULE}.%s?language=Basic&location=document"
    assert opened.buttons("Start") == {
        "Refresh": where % "OpenFunnelRefreshBook",
        "Insert as table": where % "OpenFunnelInsertTable",
        "Refresh pivots": where % "OpenFunnelRefreshPivots",
        "Save values copy": where % "OpenFunnelSaveValuesCopy",
    }
