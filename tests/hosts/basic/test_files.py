"""Our files, opened by LibreOffice: a reader that shares no code with the others."""

from __future__ import annotations

from pathlib import Path

from tests.hosts.basic.libreoffice import LibreOffice
from tests.unit.files.conftest import make_snapshot
from tests.unit.pivots import pivot
from xl_openfunnel import table
from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.files import write
from xl_openfunnel.pivot_rules import BLANK, TOTAL
from xl_openfunnel.simulator import companies

SAME = ("_x0041_", "_x000D_", "_x0041_x0042_", "_x005F_x0041_", "<r>a</r>", "=1+1", '"Yes" "')
CELLS: dict[object, object] = {
    "First line\r\nsecond\rthird": "First line\nsecond\nthird",
    "page\fbell\x07null\x00end": "page\nbellnullend",
    "half\ud83d no\uffff": "half\ufffd no\ufffd",
    **{text: text for text in SAME},
    **{number: float(number) for number in (2**53, 1.0000000000000002, 0.1 + 0.2, 1e308, -1.5, 10**22)},
    **{number: str(number) for number in (2**53 + 1, 2**64 - 1, 10**400)},
}


def test_a_workbook_shows_every_text_and_number(running: LibreOffice, tmp_path: Path) -> None:
    write(make_snapshot([{"value": value} for value in CELLS]), tmp_path / "rows.xlsx", ["value"])
    running.load(tmp_path / "rows.xlsx")
    assert [cell for (cell,) in running.values("Companies", f"A2:A{len(CELLS) + 1}")] == list(CELLS.values())


def test_the_summary_agrees_with_of_pivot_and_the_companies_are_all_there(running: LibreOffice, tmp_path: Path) -> None:
    rows = companies(300)
    write(make_snapshot(rows), tmp_path / "rows.xlsx")
    running.load(tmp_path / "rows.xlsx")
    header, *lines = pivot(table.frame(rows, ["country", "employee_band"]), ["country"], ["employee_band"])
    sizes = [*EMPLOYEE_BANDS, BLANK, TOTAL]
    expected = [
        [line[0], *(line[header.index(size)] or 0 if size in header else 0 for size in sizes)] for line in lines
    ]
    found = [line for line in running.values("Summary", "F1:P60") if line[0] != ""]
    start = found.index(["Country", *sizes]) + 1
    assert found[start : start + len(lines)] == expected
    names = [cell for (cell,) in running.values("Companies", f"B2:B{len(rows) + 1}")]
    assert names == [row["name"] for row in rows]
