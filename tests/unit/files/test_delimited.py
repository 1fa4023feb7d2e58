"""CSV and TSV: every value can be read back, and no spreadsheet runs one as a formula."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.files.conftest import HOSTILE, ROWS, MakeSnapshot
from xl_openfunnel.files import write, write_text
from xl_openfunnel.files.delimited import escape_formulas


def read_csv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def read_tsv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""), "excel-tab"))


def expected(row: dict[str, object], name: str) -> str:
    value = row[name]
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def test_raw_csv_keeps_every_cell_unchanged(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.csv", raw=True)
    head, *rows = read_csv(tmp_path / "rows.csv")
    assert head[0] == "rank"
    for rank, (cells, row) in enumerate(zip(rows, ROWS, strict=True), 1):
        assert dict(zip(head, cells, strict=True)) == {"rank": str(rank)} | {name: expected(row, name) for name in row}


def test_csv_has_a_byte_order_mark_and_crlf(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot([{"name": "a"}, {"name": "b"}]), tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_bytes() == b"\xef\xbb\xbfrank,name\r\n1,a\r\n2,b\r\n"


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_no_cell_of_text_begins_like_a_formula(snapshot: MakeSnapshot, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    write(snapshot(), path, ["name"])
    names = [cells[0] for cells in (read_csv if suffix == ".csv" else read_tsv)(path)[1:]]
    assert len(names) == len(HOSTILE)
    for name, text in zip(names, HOSTILE, strict=True):
        dangerous = text.strip(" \t\r\n\"'\u200b")[:1] in tuple("=+-@＝") or text[:1] in ("\t", "\r", "\n")
        assert name.startswith("'") == (dangerous or text[:1] == "'")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t1", "\r1", " \u200b=1", '"=1', "＋1", "－1", "＠1", "-"])
def test_formula_like_text_gets_an_apostrophe(text: str) -> None:
    assert escape_formulas(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain;=1+1;y", "plain;'=1+1;y"),
        ("Oil; -Gas; +Coal", "Oil;' -Gas;' +Coal"),
        ("a\t=1", "a\t'=1"),
        ("a\r\n@x", "a\r\n'@x"),
        ('a;"=1"', 'a;\'"=1"'),
        ("a; b=1, -2", "a; b=1, -2"),
    ],
)
def test_a_formula_within_a_text_gets_an_apostrophe_where_a_cell_could_start(text: str, safe: str) -> None:
    assert escape_formulas(text) == safe


def test_only_in_tsv_where_a_comma_is_not_quoted_it_may_start_a_cell(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    for suffix, safe in ((".csv", '"a,=1"'), (".tsv", "a,'=1")):
        write(snapshot([{"name": "a,=1"}]), tmp_path / f"rows{suffix}", ["name"])
        assert (tmp_path / f"rows{suffix}").read_text("utf-8-sig").splitlines()[1] == safe


@pytest.mark.parametrize(
    "text", ["", "a=1", "1-800MD", "2-10", "a@b.example", "'quoted'", '"Yes"', "#N/A", "— dash", "\v\f" * 99]
)
def test_other_text_is_unchanged(text: str) -> None:
    assert escape_formulas(text) == text


def test_negative_numbers_stay_numbers(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot([{"change": -5, "share": -0.25, "text": "-5"}]), tmp_path / "rows.csv", ["change", "share", "text"])
    assert read_csv(tmp_path / "rows.csv")[1] == ["-5", "-0.25", "'-5"]


def test_every_company_is_one_line_of_tsv(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "rows.tsv", raw=True)
    data = (tmp_path / "rows.tsv").read_bytes()
    assert b"\r" not in data
    lines = data.decode("utf-8").splitlines()
    assert len(lines) == len(ROWS) + 1
    assert {line.count("\t") for line in lines} == {len(ROWS[0])}
    assert "carriage return" in data.decode()


QUOTED = ('"Yes" Ltd', '"', '""', 'the "best"', '5" pipe', '"open', "", '"a\tb"', '"; x')


@pytest.mark.parametrize("raw", [True, False])
def test_a_quotation_mark_swallows_no_row(snapshot: MakeSnapshot, tmp_path: Path, raw: bool) -> None:
    path = tmp_path / "rows.tsv"
    write(snapshot([{"name": name, "domain": str(index)} for index, name in enumerate(QUOTED)]), path, raw=raw)
    expected = [name.replace("\t", " ") for name in QUOTED]
    assert [cells[1:] for cells in read_tsv(path)[1:]] == [[name, str(index)] for index, name in enumerate(expected)]
    read = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    assert (read["name"].tolist(), len(read)) == (expected, len(QUOTED))


def test_the_values_that_got_an_apostrophe_are_counted(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    job = snapshot([{"name": "=1", "domain": "a,=1"}, {"name": "-", "domain": "-5", "change": -5}])
    counts = {separator: write(job, tmp_path / "rows.csv", separator=separator) for separator in (",", ";", "\t")}
    assert counts == {",": 3, ";": 4, "\t": 4}
    assert write(job, tmp_path / "rows.tsv") == 4
    assert write(job, tmp_path / "rows.csv", raw=True) == 0


def test_any_separator_can_be_read_back(snapshot: MakeSnapshot) -> None:
    file = io.StringIO()
    write_text(snapshot([{"name": 'a;b, "c"'}]), file, "csv", separator=";")
    assert file.getvalue() == 'rank;name\r\n1;"a;b, ""c"""\r\n'


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_an_empty_result_has_a_header(snapshot: MakeSnapshot, tmp_path: Path, suffix: str) -> None:
    write(snapshot([]), tmp_path / f"rows{suffix}", ["name", "domain"])
    assert (tmp_path / f"rows{suffix}").read_text("utf-8-sig").split() in (["name,domain"], ["name", "domain"])
