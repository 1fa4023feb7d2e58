"""Criteria against LibreOffice's own COUNTIFS, in a workbook as Excel writes it: wildcards on, whole cells.

Left out is where Excel and LibreOffice differ, or where criteria differ on purpose (the guide's page criteria.md):
wildcards on numbers, which only LibreOffice turns into text; ``~`` before any other character; ``TRUE``; thousands
separators; blanks at the ends, decomposed letters and ``ß``, which `comparable` evens out; ``|``; a sign after a sign.
"""

from __future__ import annotations

import random
from pathlib import Path

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from tests.hosts.basic.libreoffice import LibreOffice
from xl_openfunnel.criteria import parse_pairs

TEXTS = (
    "Germany", "germany", "Austria", "Österreich", "Élan", "élan", "eclair", "Zebra", "zürich", "Zurich",
    "Ñandú", "nandu", "ø", "Øre", "ł", "œ", "æ", "ÿ", "y", "Çelik", "café", "Å", "ﬁ", "Ω", "日本", "I", "m", "n",
    "o'neil", "99", "1e3", "50", "007", "-5", "50%", "10-50", "100 Co", "9 Co", "3M", "a", "b", "ab", "aab",
    "abb", "a*b", "a?b", "a;b", "a. b", "a, b", "a-b", "a'b", "a  b", "a+", "a.c", "a/b", "a:b", "a&b", "AT&T",
    "*", "?", "~", "x_y", "x-y", "x y", "xy", "[a]", "(b)", "{z}", "_", "!x", "#1", "$x", "%x", "+a", "@x",
    "^x", "`x", '"q"', "Soft ware", "software", "Pre-Software Inc", "STRASSE",
)  # fmt: skip
NUMBERS = (0, 1, -5, 50, 99, 0.5, 2.5, 7, 1000, 1000.5, 1e15)
AS_NUMBERS = (*map(str, NUMBERS), "1e3", "50%", "50.0", ".5")
SIGNS = ("", "=", "<>", ">", ">=", "<", "<=")
COLUMNS, ROWS, CRITERIA = 16, 40, 120


def any_value(rng: random.Random, *, only_texts: bool) -> str | float | None:
    if rng.random() < 0.1:
        return None
    return rng.choice(TEXTS) if only_texts or rng.random() < 0.7 else rng.choice(NUMBERS)


def any_criterion(rng: random.Random, *, wildcards: bool) -> str:
    sign, kind = rng.choice(SIGNS), rng.random()
    if kind < 0.05:
        return rng.choice(["=", "<>"])
    if kind < 0.3:
        return sign + rng.choice(AS_NUMBERS)
    text = rng.choice([text for text in TEXTS if not set("<=>~*?") & set(text)])
    if not wildcards or sign not in SIGNS[:3] or kind < 0.5:
        return sign + text
    for _ in range(rng.randint(1, 2)):
        begin = rng.randint(0, len(text))
        text = text[:begin] + rng.choice(["*", "*", "?", "~*", "~?", "~~"]) + text[rng.choice([begin, begin + 1]) :]
    return sign + text


def test_criteria_find_as_many_cells_as_countifs_of_libreoffice(running: LibreOffice, tmp_path: Path) -> None:
    rng = random.Random(22)
    cells = [[any_value(rng, only_texts=bool(column % 2)) for _ in range(ROWS)] for column in range(COLUMNS)]
    criteria = [[any_criterion(rng, wildcards=bool(column % 2)) for _ in range(CRITERIA)] for column in range(COLUMNS)]
    with xlsxwriter.Workbook(tmp_path / "countifs.xlsx") as book:
        sheet, counts = book.add_worksheet("Cells"), book.add_worksheet("Counts")
        for column in range(COLUMNS):
            for row, value in enumerate(cells[column]):
                if value is not None:
                    (sheet.write_string if isinstance(value, str) else sheet.write_number)(row, column, value)
            area = f"Cells!{xl_rowcol_to_cell(0, column, True, True)}:{xl_rowcol_to_cell(ROWS - 1, column, True, True)}"
            for row, criterion in enumerate(criteria[column]):
                counts.write_string(row, COLUMNS + column, criterion)
                counts.write_formula(row, column, f"=COUNTIFS({area},{xl_rowcol_to_cell(row, COLUMNS + column)})")
    running.load(tmp_path / "countifs.xlsx")
    running.calculate()
    shown = running.values("Counts", f"A1:{xl_rowcol_to_cell(CRITERIA - 1, COLUMNS - 1)}")
    different = []
    for column in range(COLUMNS):
        for row, criterion in enumerate(criteria[column]):
            (only,) = parse_pairs([("x", criterion)])
            found = [value for value in cells[column] if only.matcher()(value)]
            if len(found) != shown[row][column]:
                different.append((criterion, shown[row][column], found))
    assert different == []
