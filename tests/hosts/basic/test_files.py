"""Our files, opened by LibreOffice: a reader that shares no code with the others."""

from __future__ import annotations

from pathlib import Path

from tests.hosts.basic.libreoffice import LibreOffice
from tests.unit.files.conftest import make_snapshot
from xl_openfunnel.files import write

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
    assert [cell for (cell,) in running.values("Rows", f"A2:A{len(CELLS) + 1}")] == list(CELLS.values())
