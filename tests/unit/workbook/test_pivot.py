from __future__ import annotations

import re

from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.workbook.pivot import Axis, Pivot

PAIRS = [("Peru", "11–50"), ("Chad", "1–10"), ("Peru", "1–10"), ("", ""), ("Peru", "")]


def pivot(*pairs: tuple[str, str]) -> Pivot:
    columns = Axis("band", "Employees", EMPLOYEE_BANDS)
    return Pivot("Rows", ["rank", "country", "band"], Axis("country", "Country"), columns, "rank", "Companies", pairs)


def test_rows_are_sorted_by_count_and_bands_keep_their_order() -> None:
    assert pivot(*PAIRS).cells == [
        ["Companies", "Employees", "", "", ""],
        ["Country", "1–10", "11–50", "(blank)", "Total"],
        ["Peru", 1, 1, 1, 3],
        ["Chad", 1, "", "", 1],
        ["(blank)", "", "", 1, 1],
        ["Total", 2, 1, 2, 5],
    ]


def test_without_companies_the_pivot_has_one_blank_row_and_column() -> None:
    assert pivot().cells == [
        ["Companies", "Employees", ""],
        ["Country", "(blank)", "Total"],
        ["(blank)", "", ""],
        ["Total", "", ""],
    ]


def test_absent_bands_are_listed_in_order_and_marked_as_missing() -> None:
    made = pivot(*PAIRS)
    cached = re.findall(r'<s v="([^"]+)"/>', made._cache_xml().split('name="band"')[1])
    assert cached == list(EMPLOYEE_BANDS)
    field = made._table_xml("A1:B2").split('axis="axisCol"')[1].split("</items>")[0]
    items = re.findall(r'<item( m="1")? x="(\d)"/>', field)
    assert [not missing for missing, _ in items] == [band in ("1–10", "11–50") for band in EMPLOYEE_BANDS] + [True]


def test_values_are_escaped_in_xml() -> None:
    text = pivot(('A&B "<C>', "1–10"))._cache_xml()
    assert "v='A&amp;B \"&lt;C&gt;'" in text
