"""Tables of known companies from files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from xl_openfunnel import ConfigurationError
from xl_openfunnel.known.tables import make_list, read_table

pytestmark = pytest.mark.dependencies

TABLE = [["Account", "Website", "Owner"], ["Acmé", "https://acme.com", "Jo; 1"], ["Foo", "n/a", "Al"]]


def text_file(encoding: str, delimiter: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "accounts.csv"
        lines = [delimiter.join(f'"{cell}"' for cell in row) for row in TABLE]
        path.write_bytes("\r\n".join(lines).encode(encoding))
        return path

    return write


def workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    book.create_sheet("Accounts")
    for row in TABLE:
        book["Accounts"].append(row)
    book.save(folder / "accounts.xlsx")
    return folder / "accounts.xlsx"


def workbook_with_summary(folder: Path) -> Path:
    """As `rows JOB -o FILE.xlsx` writes it: what a first sheet says, with a host or two in it, is no table."""
    path = workbook(folder)
    book = openpyxl.load_workbook(path)
    for row in (["Companies", 600], ["seeds", "acme.com; beta.de"], *([country, 7] for country in "ABCDEFGHIJ")):
        book["Sheet"].append(row)
    book.save(path)
    return path


def parquet(folder: Path) -> Path:
    pd.DataFrame(TABLE[1:], columns=TABLE[0]).to_parquet(folder / "accounts.parquet")
    return folder / "accounts.parquet"


def records(suffix: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / f"accounts{suffix}"
        pd.DataFrame(TABLE[1:], columns=TABLE[0]).to_json(path, orient="records", lines=suffix == ".jsonl")
        return path

    return write


FILES: dict[str, Callable[[Path], Path]] = {
    **{
        f"{encoding} with {delimiter!r}": text_file(encoding, delimiter)
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252")
        for delimiter in ",;\t|"
    },
    "workbook": workbook,
    "workbook with a summary": workbook_with_summary,
    "Parquet": parquet,
    "JSON": records(".json"),
    "JSON lines": records(".jsonl"),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_has_the_same_rows(kind: str, tmp_path: Path) -> None:
    assert read_table(FILES[kind](tmp_path)).rows == TABLE


def test_a_workbook_that_opens_on_a_summary_is_read_from_the_sheet_with_companies(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book["Sheet"].append(["Accounts of June"])
    book["Sheet"].append(["rows", 2])
    for sheet in (book.create_sheet("Accounts"), book.create_sheet("Other")):
        for row in TABLE if sheet.title == "Accounts" else TABLE[:2]:
            sheet.append(row)
    book.save(tmp_path / "accounts.xlsx")
    assert read_table(tmp_path / "accounts.xlsx").rows == TABLE


def test_of_a_workbook_without_companies_the_first_sheet_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book["Sheet"].append(["Number", "Owner"])
    book.create_sheet("Other").append(["Number"])
    book.save(tmp_path / "accounts.xlsx")
    assert read_table(tmp_path / "accounts.xlsx").rows == [["Number", "Owner"]]


SHEETS: dict[str, list[list[object]]] = {
    "People": [["E-mail", "Owner"], ["jo@people.com", "Jo"], ["al@people.com", "Al"]],
    "Old": [["Website", "Team"], ["n/a", "North"], ["", "South"]],
    "Accounts": [["Accounts of June"], ["Website", "Team"], ["acme.com", "North"], ["foo.com", "South"]],
}


@pytest.mark.parametrize(
    ("columns", "note", "sheet"),
    [
        ((), None, "People"),
        (("website",), None, "Accounts"),
        (("Website",), "team", "Accounts"),
        (("Team",), None, "Old"),
        ((), "Team", "Accounts"),
        (("Website",), "Owner", "People"),
        (("Nothing",), None, "People"),
    ],
)
def test_of_several_sheets_the_one_with_the_named_columns_is_read(
    tmp_path: Path, columns: tuple[str, ...], note: str | None, sheet: str
) -> None:
    book = openpyxl.Workbook()
    for name, rows in SHEETS.items():
        for row in rows:
            (book[name] if name in book.sheetnames else book.create_sheet(name)).append(row)
    book.save(tmp_path / "accounts.xlsx")
    found = read_table(tmp_path / "accounts.xlsx", columns, note)
    assert (found.name, found.sheets, found.rows[0]) == (sheet, 4, SHEETS[sheet][-3])


@pytest.mark.parametrize(
    "name",
    ["missing.csv", "damaged.json", "damaged.jsonl", "damaged.xlsx", "damaged.parquet", "accounts.pdf", "folder.csv"],
)
def test_what_cannot_be_read_is_said_without_its_content(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for damaged in ("damaged.json", "damaged.jsonl", "damaged.xlsx", "damaged.parquet"):
        (tmp_path / damaged).write_bytes(b"secret")
    with pytest.raises(ConfigurationError) as refused:
        read_table(tmp_path / name)
    assert name in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_list_has_keys_and_the_column_that_was_asked_for() -> None:
    known = make_list("CRM", TABLE, note_column="owner")
    assert (known.name, known.companies, known.skipped) == ("CRM", 1, 1)
    assert (known.columns, known.note_column) == (("Website",), "Owner")
    assert known.keys.hosts == {"acme.com": "Jo; 1"}
    assert known.keys.names == {"acmé": "Jo; 1", "foo": "Al"}


def test_without_a_note_column_nothing_but_keys_is_kept() -> None:
    known = make_list("CRM", TABLE)
    assert known.keys.hosts == {"acme.com": ""}


def test_named_columns_are_taken_whatever_they_hold() -> None:
    assert make_list("CRM", [["a", "b"], ["x.com", "y.com"]], columns=["B"]).keys.hosts == {"y.com": ""}


def test_a_named_column_without_a_key_is_refused_and_makes_no_empty_list() -> None:
    with pytest.raises(ConfigurationError, match="No column has"):
        make_list("CRM", TABLE, columns=["Owner"])


@pytest.mark.parametrize("columns", [["Web site"], ["nothing like it"]])
def test_an_unknown_column_is_refused_with_those_there_are(columns: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="Website"):
        make_list("CRM", TABLE, columns)


@pytest.mark.parametrize("table", [[], [["Account"], ["Acme"]]])
def test_a_table_without_keys_is_refused(table: list[list[object]]) -> None:
    with pytest.raises(ConfigurationError, match="No column has"):
        make_list("CRM", table)


def test_a_list_counts_what_each_column_gave_without_titles_and_empty_rows() -> None:
    rows: list[list[object]] = [
        [None, "", None],
        ["Accounts", None, None],
        ["Site", "Phone", " "],
        ["acme.com", 4930.0, "linkedin.com/company/acme"],
        ["", None, " "],
        ["foo.com", "", None],
        [None, 4930.0, None],
    ]
    known = make_list("CRM", rows)
    assert (known.companies, known.skipped) == (2, 1)
    assert (known.columns, known.counts) == (("Site", "column 3"), (2, 1))


@pytest.mark.parametrize("asked", [{"columns": ["Website"]}, {"note_column": "Owner"}, {"columns": ["secrets.com"]}])
def test_a_first_row_with_a_company_is_not_shown_as_headers(asked: Any) -> None:
    with pytest.raises(ConfigurationError, match="the first row") as refused:
        make_list("CRM", [["secret.com", "secret owner"], ["foo.com", "x"]], **asked)
    assert "secret.com" not in str(refused.value)
    assert "owner" not in str(refused.value).replace("'Owner'", "")


def test_titles_above_the_headers_and_blank_rows_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("Accounts of all\n,,\nAs of 1/2/2026,,\nAccount,Website,Owner\n,,\nAcme,acme.com,Jo\n", "utf-8")
    assert read_table(path).rows == [["Account", "Website", "Owner"], ["Acme", "acme.com", "Jo"]]


@pytest.mark.parametrize("lines", [["Acme", "Foo"], ["acme.com", "foo.com"], ["Website", "acme.com", "foo.com,x"]])
def test_a_first_row_that_is_no_title_stays(lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines), "utf-8")
    assert [row[0] for row in read_table(path).rows] == [line.split(",")[0] for line in lines]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('sep=;\r\nAccount;Site\r\n"A, b; ""c""";acme.com', ['A, b; "c"', "acme.com"]),
        ('Account;Site\n"A, b, c, d";"acme.com, acme.de"\nB;b.com, c.com', ["A, b, c, d", "acme.com, acme.de"]),
        ('Account|Notes\n"A\nb;c";x;y;z', ["A\nb;c", "x;y;z"]),
    ],
)
def test_the_delimiter_is_the_one_that_all_rows_have(text: str, row: list[str], tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(text.replace('"A\nb;c";x', '"A\nb;c"|x').encode())
    assert read_table(path).rows[1] == row


@pytest.mark.parametrize("name", ["accounts [1].parquet", "accounts's.parquet"])
def test_a_parquet_file_is_found_by_its_very_name(name: str, tmp_path: Path) -> None:
    parquet(tmp_path).rename(tmp_path / name)
    assert read_table(tmp_path / name).rows == TABLE
    with pytest.raises(ConfigurationError, match="No such file"):
        read_table(tmp_path / "other [1].parquet")


@pytest.mark.skipif(sys.platform == "win32", reason="no file name has an asterisk there")
def test_a_parquet_file_is_no_pattern(tmp_path: Path) -> None:
    parquet(tmp_path).rename(tmp_path / "a*.parquet")
    parquet(tmp_path).rename(tmp_path / "ab.parquet")
    assert read_table(tmp_path / "a*.parquet").rows == TABLE


@pytest.mark.parametrize(
    "text",
    [
        'Account,Website\n"Acme,acme.com\nSecret,secret.com\n',
        'Account;Website\nA;a.com\nB;"secret.com',
        'sep=;\nWebsite\n"secret.com\r\nb.com\r\n\r\n',
    ],
)
def test_a_quote_that_is_never_closed_swallows_no_rows(text: str, tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(text, "utf-8", newline="")
    with pytest.raises(ConfigurationError, match="never closed") as refused:
        read_table(path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ['A,"b"\n', 'A,b "x"\n', '"b\nc","d"\n', "A,b\n\n\n", '"A",""', 'A,"""b"""'])
def test_other_quotes_are_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(text, "utf-8")
    assert len(read_table(path).rows) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_a_pipe_is_refused_and_not_waited_for(suffix: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"pipe{suffix}")
    with pytest.raises(ConfigurationError, match="no ordinary file"):
        read_table(tmp_path / f"pipe{suffix}")


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZ100000"])
def test_a_cell_far_away_ends_no_process(cell: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book["Sheet"]["A1"] = "acme.com"
    book["Sheet"][cell] = "secret"
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(ConfigurationError, match=f"reaches to cell {cell}"):
        read_table(tmp_path / "far.xlsx")


def test_long_and_wide_sheets_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cell in ("A1", "XFD1", "A9"):
        book["Sheet"][cell] = "acme.com"
    book.save(tmp_path / "wide.xlsx")
    assert len(read_table(tmp_path / "wide.xlsx").rows[0]) == 16384


def test_an_encrypted_workbook_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "locked.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    with pytest.raises(ConfigurationError, match="encrypted"):
        read_table(path)


def test_lists_in_parquet_are_read_as_texts(tmp_path: Path) -> None:
    path = tmp_path / "accounts.parquet"
    pd.DataFrame({"sites": [["acme.com", None, "acme.de"]]}).to_parquet(path)
    assert make_list("CRM", read_table(path).rows).keys.hosts == {"acme.com": "", "acme.de": ""}


def test_a_reader_that_does_not_load_is_no_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a computer whose policies stop libraries."""
    path = tmp_path / "accounts.xlsx"
    openpyxl.Workbook().save(path)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(ConfigurationError, match="because a library does not load"):
        read_table(path)
