"""The workbook, opened by LibreOffice: the only program here that shows one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.basic.libreoffice import LibreOffice
from tests.unit.workbook.examples import JOB, example, snapshot, without_formulas
from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.pivot import pivot
from xl_openfunnel.workbook import builder, commands
from xl_openfunnel.workbook.sources import sheet_texts

COUNT = 250
LIBREOFFICES = {"(empty)": "(blank)", "Total Result": "Total"}
"""LibreOffice has words of its own for what is blank and for totals."""


@pytest.fixture
def opened(running: LibreOffice, tmp_path: Path) -> LibreOffice:
    file = tmp_path / "example.xlsm"
    file.write_bytes(example(COUNT))
    running.load(file)
    return running


def test_single_values_are_in_the_file_before_calculation(running: LibreOffice, tmp_path: Path) -> None:
    (tmp_path / "example.xlsx").write_bytes(without_formulas(example(COUNT)))  # arrays are calculated on opening
    running.load(tmp_path / "example.xlsx")
    assert running.values("Start", "B8") == [[JOB]]
    assert running.values("Start", "B13:C13") == [["completed", COUNT]]
    assert running.values("Start", "B16") == [[f"{COUNT} companies, completed"]]


def test_the_table_has_numbers_and_texts_of_the_companies(opened: LibreOffice) -> None:
    frame = snapshot(COUNT).frame(["rank", "name", "country"])
    rows = opened.values("Table", f"A5:H{COUNT + 4}")
    assert [row[0] for row in rows] == frame["rank"].to_list()
    assert [row[1] for row in rows] == [name.replace("\r", "\n") for name in frame["name"]]  # as LibreOffice reads it
    assert [row[7] for row in rows] == frame["country"].fillna("").to_list()


def test_the_pivot_refreshes_and_counts_the_table(opened: LibreOffice) -> None:
    ((name, cells),) = opened.pivots("Pivot").items()
    assert name == "OpenFunnelPivot"
    _, head, *lines = [[LIBREOFFICES.get(str(cell), cell) for cell in line] for line in cells]
    own = pivot(snapshot(COUNT).frame(["country", "employee_band"]), ["country"], ["employee_band"])
    assert head[1:] == [band for band in (*EMPLOYEE_BANDS, "(blank)", "Total") if band in own[0]]
    counts = {line[0]: dict(zip(head[1:], line[1:], strict=True)) for line in lines}
    assert counts == {line[0]: dict(zip(own[0][1:], line[1:], strict=True)) for line in own[1:]}
    totals = [line[-1] for line in lines[:-1]]
    assert totals == sorted(totals, reverse=True)  # type: ignore[type-var]


def test_the_pivot_of_the_shipped_workbook_refreshes(running: LibreOffice, tmp_path: Path) -> None:
    file = tmp_path / builder.WORKBOOK_FILE_NAME
    builder.write_workbook(file)
    running.load(file)
    assert list(running.pivots("Pivot")) == ["OpenFunnelPivot"]
    assert running.values("Start", "C8") == [["◄ Put the job here"]]


def test_without_the_add_in_the_macros_name_the_remedy(running: LibreOffice, tmp_path: Path) -> None:
    file = tmp_path / "example.xlsm"
    file.write_bytes(example(COUNT))
    running.load(file, macros=True)
    running.calculate()
    said = "#OF! Run `xl-openfunnel install --calc` in a terminal, then restart LibreOffice."
    assert [running.values("Start", "B13"), running.values("Rows", "A4")] == [[[said]], [[said]]]


def test_without_macros_and_the_add_in_words_stand_in_place_of_errors(running: LibreOffice, tmp_path: Path) -> None:
    file = tmp_path / builder.WORKBOOK_FILE_NAME
    builder.write_workbook(file)
    running.load(file)
    running.enter("Start", "B8", JOB)
    running.calculate()
    texts = sheet_texts()
    assert running.values("Start", "B13:B14") == [[texts.start.no_macros], [texts.start.allow_macros]]
    for sheet, place in (("Start", "B23"), ("Rows", "A4"), ("Charts", "A22")):
        assert running.values(sheet, place) == [[texts.no_functions]]
    assert running.values("Start", "G13") == [[texts.start.no_country]]
    assert running.values("Rows", "A1") == [[JOB]]


def test_each_button_is_bound_to_its_macro(opened: LibreOffice) -> None:
    where = f"vnd.sun.star.script:VBAProject.{commands.MODULE}.%s?language=Basic&location=document"
    assert opened.buttons("Start") == {
        "Refresh": where % "OpenFunnelRefreshBook",
        "Insert as table": where % "OpenFunnelInsertTable",
        "Refresh pivots": where % "OpenFunnelRefreshPivots",
        "Save values copy": where % "OpenFunnelSaveValuesCopy",
    }


def test_the_values_of_blocks_are_in_the_file(running: LibreOffice, tmp_path: Path) -> None:
    file = tmp_path / "values.xlsm"
    # LibreOffice calculates blocks, whatever they show, and does not know the functions.
    file.write_bytes(without_formulas(example(COUNT)))
    running.load(file)
    names = [row[0] for row in running.values("Rows", f"B4:B{COUNT + 4}")]
    assert names == ["name", *(row[0] for row in running.values("Table", f"B5:B{COUNT + 4}"))]
    head, largest = running.values("Charts", "A22:B23")
    assert (head, largest[0]) == (["country", "1–10"], "United States")
    assert running.values("Charts", "O23") == running.values("Start", "G13") == [["United States"]]
