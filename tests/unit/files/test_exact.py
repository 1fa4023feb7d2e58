"""Numbers of any size and texts of any characters through every way out, as independent readers see them."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.files.conftest import make_snapshot
from xl_openfunnel.cell_values import MAX_CELL_UNITS
from xl_openfunnel.files import write
from xl_openfunnel.files.xlsx_cells import write_cell
from xl_openfunnel.table import block

pytestmark = pytest.mark.dependencies

EDGES = [sign * (2**power + step) for power in (53, 63, 64, 1024) for step in (-1, 0, 1, 2) for sign in (1, -1)]
WHOLE = st.integers(-(10**400), 10**400) | st.integers(-(2**65), 2**65) | st.sampled_from([*EDGES, 10**15, 10**22])
EDGE_FLOATS = [1.0000000000000002, -0.0, 5e-324, sys.float_info.min, sys.float_info.max, 1e15, 1e16, 0.1 + 0.2]
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(EDGE_FLOATS)
NUMBERS = st.lists(WHOLE, min_size=1, max_size=25) | st.lists(FLOATS, min_size=1, max_size=25)

CONTROLS = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFFFE, 0xFFFF, 0xD800, 0xDFFF]
PIECES = [*map(chr, CONTROLS), "_x0041_", "_x000D_", "_x0041_x0042_", "_x00", "<r>", "</r>", '"', "a", " ", "é", "😀"]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), min_size=1, max_size=25)


def written(path: Path, values: Sequence[Any], *, raw: bool = True) -> Path:
    """A file with the values in three columns: alone, beside another text in the last row, and in lists."""
    rows = [{"alone": value, "mixed": value, "lists": [value]} for value in values]
    write(make_snapshot([*rows, {"mixed": "a text"}]), path, ["alone", "mixed", "lists"], raw=raw)
    return path


def read_xlsx(path: Path) -> dict[Any, list[Any]]:
    head, *rows = openpyxl.load_workbook(path)["Companies"].iter_rows(values_only=True)
    return dict(zip(head, map(list, zip(*rows[:-1], strict=True)), strict=True))


def read_delimited(path: Path) -> dict[str, list[str]]:
    file = io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
    head, *rows = csv.reader(file, delimiter="," if path.suffix == ".csv" else "\t")
    return dict(zip(head, map(list, zip(*rows[:-1], strict=True)), strict=True))


def in_a_sheet(number: float) -> str | float:
    """A number as a cell: text if it is a whole one that a float cannot hold."""
    try:
        return float(number) if float(number) == number else str(number)
    except OverflowError:
        return str(number)


def bits(cells: Sequence[object]) -> list[str]:
    """Cells that can be compared: numbers by their bits, also where a reader gives 1 for 1.0."""
    return [float(cell).hex() if isinstance(cell, (int, float)) else repr(cell) for cell in cells]


@settings(max_examples=12)
@given(NUMBERS)
def test_a_number_keeps_its_digits_everywhere(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    folder = tmp_path_factory.mktemp("numbers")
    expected = bits(list(map(in_a_sheet, numbers)))
    frame = make_snapshot([*({"alone": n, "mixed": n} for n in numbers), {"mixed": "a text"}]).frame()
    alone, mixed = zip(*block(frame[["alone", "mixed"]], headers=False)[:-1], strict=True)
    assert bits(alone) == bits(mixed) == expected
    cells = read_xlsx(written(folder / "rows.xlsx", numbers))
    assert bits(cells["alone"]) == bits(cells["mixed"]) == expected
    by_pandas = pd.read_excel(folder / "rows.xlsx", sheet_name="Companies", dtype=object, engine="openpyxl")[
        "mixed"
    ].tolist()[:-1]
    assert by_pandas == list(map(in_a_sheet, numbers))  # it reads -0.0 as 0
    for suffix in (".csv", ".tsv"):
        texts = read_delimited(written(folder / f"rows{suffix}", numbers))
        assert texts["alone"] == texts["mixed"]
        assert [type(number)(text) for number, text in zip(numbers, texts["alone"], strict=True)] == numbers
        assert [json.loads(text) for text in texts["lists"]] == numbers
    assert [row["mixed"] for row in json.loads(written(folder / "rows.json", numbers).read_text())[:-1]] == numbers
    assert [row["alone"] for row in json.loads((folder / "rows.json").read_text())[:-1]] == numbers


@settings(max_examples=10)
@given(NUMBERS)
def test_a_number_keeps_its_digits_in_parquet(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = written(tmp_path_factory.mktemp("numbers") / "rows.parquet", numbers)
    for column in parquet.read_table(path).to_pydict().values():
        assert list(map(json.loads, column[:-1])) in (numbers, [[number] for number in numbers])


def as_kept(text: str) -> str:
    """A text as a workbook keeps it, character by character."""
    text = text.replace("\r\n", "\n")
    kept = dict.fromkeys(range(0x1C), "") | dict.fromkeys(range(0x1C, 0x20), " ")
    kept |= {ord("\t"): "\t"} | dict.fromkeys(map(ord, "\n\r\v\f"), "\n")
    return text.translate(kept | dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\ufffd"))


@settings(max_examples=12)
@given(TEXTS)
def test_a_text_is_read_from_a_workbook_without_escapes(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    cells = read_xlsx(written(tmp_path_factory.mktemp("texts") / "rows.xlsx", texts))
    assert [cell or "" for cell in cells["alone"]] == list(map(as_kept, texts))
    assert cells["alone"] == cells["mixed"] == cells["lists"]


@settings(max_examples=12)
@given(TEXTS)
def test_a_text_is_read_from_csv_and_tsv(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    for suffix, separator in ((".csv", ","), (".tsv", "\t")):
        path = written(folder / f"rows{suffix}", texts)
        cells = read_delimited(path)
        assert cells["alone"] == cells["mixed"] == cells["lists"]
        if suffix == ".csv":
            sent = [json.loads(json.dumps(text)).replace("\0", "") for text in texts]  # JSON joins surrogates to pairs
            assert cells["alone"] == [text.encode("utf-8", "replace").decode() for text in sent]
        read = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        assert read["alone"].tolist()[:-1] == cells["alone"]


def test_a_line_break_in_a_workbook_is_one_line_feed(tmp_path: Path) -> None:
    assert read_xlsx(written(tmp_path / "rows.xlsx", ["First line\r\nsecond\rthird"]))["alone"] == [
        "First line\nsecond\nthird"
    ]


def test_a_cell_without_a_format_keeps_a_text_like_an_escape() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        assert not write_cell(sheet, 0, 0, "_x0041_<r>")
        assert write_cell(sheet, 1, 0, "_x0041_" * 5_000)
    first, second = (row[0] for row in openpyxl.load_workbook(file).active.values)
    assert (first, len(second), second[:7], second[-1]) == ("_x0041_<r>", MAX_CELL_UNITS, "_x0041_", "…")
