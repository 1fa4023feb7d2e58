from __future__ import annotations

import re

from xl_openfunnel.fields import EMPLOYEE_BANDS
from xl_openfunnel.workbook.pivot import Axis, Pivot


def pivot(caption: str = "Country") -> Pivot:
    columns = Axis("band", "Employees", EMPLOYEE_BANDS)
    return Pivot("Rows", ["rank", "country", "band"], Axis("country", caption), columns, "rank", "Companies")


def test_without_companies_the_pivot_has_one_blank_row_and_column() -> None:
    assert pivot().cells == [
        ["Companies", "Employees", ""],
        ["Country", "(blank)", "Total"],
        ["(blank)", "", ""],
        ["Total", "", ""],
    ]


def test_bands_are_listed_in_order_and_marked_as_missing() -> None:
    cached = re.findall(r'<s v="([^"]+)"/>', pivot()._cache_xml().split('name="band"')[1])
    assert cached == list(EMPLOYEE_BANDS)
    field = pivot()._table_xml("A1:B2").split('axis="axisCol"')[1].split("</items>")[0]
    items = re.findall(r'<item( m="1")? x="(\d)"/>', field)
    assert [not missing for missing, _ in items] == [False for _ in EMPLOYEE_BANDS] + [True]


def test_texts_are_escaped_in_xml() -> None:
    assert "rowHeaderCaption='A&amp;B \"&lt;C&gt;'" in pivot('A&B "<C>')._table_xml("A1:B2")
