"""Adds a pivot table to a workbook's file, because XlsxWriter cannot.

The file has no cached records of the source. Excel reads the source when it opens the workbook, as it does for pivots
saved without their data, so the pivot cannot contradict its source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

from xlsxwriter.utility import xl_range

from ..pivot_rules import BLANK, TOTAL
from .package import RELATIONSHIPS, Package

PIVOT_NAME: Final = "OpenFunnelPivot"

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_CACHE: Final = "xl/pivotCache/pivotCacheDefinition1.xml"
_TABLE: Final = "xl/pivotTables/pivotTable1.xml"
_WORKBOOK: Final = "xl/workbook.xml"
_THOUSANDS: Final = 3  # the built-in number format #,##0
_DATA: Final = 0xFFFFFFFE  # the index that stands for the data field

# Sorts a field by the counts, exactly as Excel writes it.
_BY_NUMBER: Final = (
    '<autoSortScope><pivotArea dataOnly="0" outline="0" fieldPosition="0"><references count="1">'
    f'<reference field="{_DATA}" count="1" selected="0"><x v="0"/></reference>'
    "</references></pivotArea></autoSortScope>"
)


@dataclass(frozen=True)
class Axis:
    """A field whose values become rows or columns.

    Attributes:
        field: the source's column.
        caption: the text above its values.
        order: all possible values in their order; empty to sort by the counts.
    """

    field: str
    caption: str
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pivot:
    """A pivot that counts the rows of a table, which has one blank row until Excel reads it.

    ``counted`` is a column that no row leaves blank.
    """

    source: str
    fields: Sequence[str]
    rows: Axis
    columns: Axis
    counted: str
    caption: str

    @property
    def cells(self) -> list[list[str]]:
        """The pivot's cells, as Excel lays them out."""
        return [
            [self.caption, self.columns.caption, ""],
            [self.rows.caption, BLANK, TOTAL],
            [BLANK, "", ""],
            [TOTAL, "", ""],
        ]

    def add_to(self, package: Package, sheet: str, row: int, column: int) -> None:
        """Add the pivot, whose cells the sheet must already contain.

        Its first cell is given by row and column, from 0.
        """
        package.add_part(_CACHE, "spreadsheetml.pivotCacheDefinition", self._cache_xml())
        last = (row + len(self.cells) - 1, column + len(self.cells[0]) - 1)
        package.add_part(_TABLE, "spreadsheetml.pivotTable", self._table_xml(xl_range(row, column, *last)))
        package.add_relationship(_TABLE, "pivotCacheDefinition", _CACHE)
        package.add_relationship(sheet, "pivotTable", _TABLE)
        relationship_id = package.add_relationship(_WORKBOOK, "pivotCacheDefinition", _CACHE)
        caches = f'<pivotCaches><pivotCache cacheId="1" r:id="{relationship_id}"/></pivotCaches>'
        (calculation,) = re.findall(r"<calcPr[^>]*/>", package.parts[_WORKBOOK].decode())
        package.replace(_WORKBOOK, calculation, calculation + caches)

    def _cache_xml(self) -> str:
        shared = {axis.field: _axis_items(axis) for axis in (self.rows, self.columns)}
        fields = "".join(_cache_field_xml(name, shared.get(name, [])) for name in self.fields)
        return (
            f'<pivotCacheDefinition xmlns="{_MAIN}" xmlns:r="{RELATIONSHIPS}" saveData="0" refreshOnLoad="1" '
            'createdVersion="6" refreshedVersion="6" minRefreshableVersion="3">'
            f'<cacheSource type="worksheet"><worksheetSource name={quoteattr(self.source)}/></cacheSource>'
            f'<cacheFields count="{len(self.fields)}">{fields}</cacheFields></pivotCacheDefinition>'
        )

    def _table_xml(self, area: str) -> str:
        row, column, counted = map(self.fields.index, (self.rows.field, self.columns.field, self.counted))
        fields = {
            row: _axis_field_xml("axisRow", self.rows),
            column: _axis_field_xml("axisCol", self.columns),
            counted: '<pivotField dataField="1" showAll="0"/>',
        }
        pivot_fields = "".join(fields.get(index, '<pivotField showAll="0"/>') for index in range(len(self.fields)))
        return (
            f'<pivotTableDefinition xmlns="{_MAIN}" name="{PIVOT_NAME}" cacheId="1" applyNumberFormats="0" '
            'applyBorderFormats="0" applyFontFormats="0" applyPatternFormats="0" applyAlignmentFormats="0" '
            f'applyWidthHeightFormats="1" dataCaption="Values" grandTotalCaption="{TOTAL}" updatedVersion="6" '
            'minRefreshableVersion="3" itemPrintTitles="1" createdVersion="6" indent="0" outline="1" outlineData="1" '
            f'multipleFieldFilters="0" rowHeaderCaption={quoteattr(self.rows.caption)} '
            f"colHeaderCaption={quoteattr(self.columns.caption)}>"
            f'<location ref="{area}" firstHeaderRow="1" firstDataRow="2" firstDataCol="1"/>'
            f'<pivotFields count="{len(self.fields)}">{pivot_fields}</pivotFields>'
            f'<rowFields count="1"><field x="{row}"/></rowFields>{_axis_lines("rowItems", self.rows)}'
            f'<colFields count="1"><field x="{column}"/></colFields>{_axis_lines("colItems", self.columns)}'
            f'<dataFields count="1"><dataField name={quoteattr(self.caption)} fld="{counted}" subtotal="count" '
            f'baseField="0" baseItem="0" numFmtId="{_THOUSANDS}"/></dataFields>'
            '<pivotTableStyleInfo name="PivotStyleLight16" showRowHeaders="1" showColHeaders="1" showRowStripes="0" '
            'showColStripes="0" showLastColumn="1"/></pivotTableDefinition>'
        )


def _axis_items(axis: Axis) -> list[tuple[str, bool]]:
    """The values of an axis in display order, each with whether it is present; ``""`` is the blank.

    Absent bands are listed too: Excel keeps their order, and would otherwise sort 10001+ before 1001–5000.
    """
    return [*((name, False) for name in axis.order), ("", True)]


def _cache_field_xml(name: str, items: Sequence[tuple[str, bool]]) -> str:
    texts = [value for value, _ in items if value]
    values = "".join("<m/>" if not value else f"<s v={quoteattr(value)}/>" for value, _ in items)
    attributes = "" if texts else ' containsNonDate="0" containsString="0"'
    if len(texts) < len(items):
        attributes += ' containsBlank="1"'
    shared = f'<sharedItems{attributes} count="{len(items)}">{values}</sharedItems>' if items else "<sharedItems/>"
    return f'<cacheField name={quoteattr(name)} numFmtId="0">{shared}</cacheField>'


def _axis_field_xml(kind: str, axis: Axis) -> str:
    items = _axis_items(axis)
    values = "".join(
        f'<item{"" if present else " m=" + quoteattr("1")} x="{x}"/>' for x, (_, present) in enumerate(items)
    )
    item_list = f'<items count="{len(items) + 1}">{values}<item t="default"/></items>'
    sort, scope = ("", "") if axis.order else (' sortType="descending"', _BY_NUMBER)
    return f'<pivotField axis="{kind}" showAll="0"{sort}>{item_list}{scope}</pivotField>'


def _axis_lines(kind: str, axis: Axis) -> str:
    """The lines that are shown: the blank one, which is the last item, and the total."""
    blank = f'<i><x v="{len(axis.order)}"/></i>' if axis.order else "<i><x/></i>"
    return f'<{kind} count="2">{blank}<i t="grand"><x/></i></{kind}>'
