"""Adds a pivot table to a workbook's file, since XlsxWriter makes none.

The records that a pivot keeps of its source are left out, and Excel is told to read the source when it opens the
workbook, as it does for pivots that are saved without their data: so nothing here can contradict the source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from xml.sax.saxutils import quoteattr

from xlsxwriter.utility import xl_range

from ..functions.pivot import BLANK, TOTAL
from .package import RELATIONSHIPS, Package

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_CACHE: Final = "xl/pivotCache/pivotCacheDefinition1.xml"
_TABLE: Final = "xl/pivotTables/pivotTable1.xml"
_WORKBOOK: Final = "xl/workbook.xml"
_THOUSANDS: Final = 3  # the built-in number format #,##0
_DATA: Final = 0xFFFFFFFE  # stands for the numbers where a field is named

# How a field is sorted by the numbers of the pivot: written by Excel just so.
_BY_NUMBER: Final = (
    '<autoSortScope><pivotArea dataOnly="0" outline="0" fieldPosition="0"><references count="1">'
    f'<reference field="{_DATA}" count="1" selected="0"><x v="0"/></reference>'
    "</references></pivotArea></autoSortScope>"
)


@dataclass(frozen=True)
class Axis:
    """A field whose values become rows or columns.

    Attributes:
        field: the name of the source's column.
        caption: what stands above its values.
        order: all values that it can have, where their order matters and is not that of the numbers.
    """

    field: str
    caption: str
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pivot:
    """A pivot that counts the rows of a table.

    Attributes:
        source: the table's name.
        fields: the names of all its columns.
        rows: what becomes rows.
        columns: what becomes columns.
        counted: the column that is counted: one that no row leaves blank.
        caption: what the numbers are.
        pairs: for each row of the table its values in the two fields, ``""`` for a blank; none for a table that has
            nothing but one blank row.
    """

    source: str
    fields: Sequence[str]
    rows: Axis
    columns: Axis
    counted: str
    caption: str
    pairs: Sequence[tuple[str, str]] = ()

    @cached_property
    def cells(self) -> list[list[str | int]]:
        """What the pivot shows, as Excel lays it out."""
        counts: Counter[tuple[str, str]] = Counter(self.pairs)
        rows, columns = _shown(self._row_items), _shown(self._column_items)
        body = [[row or BLANK, *(counts[row, column] or "" for column in columns)] for row in rows]
        below = [sum(counts[row, column] for row in rows) or "" for column in columns]
        sums = [sum(counts[row, column] for column in columns) or "" for row in rows]
        return [
            [self.caption, self.columns.caption, *[""] * len(columns)],
            [self.rows.caption, *(column or BLANK for column in columns), TOTAL],
            *([*line, total] for line, total in zip(body, sums, strict=True)),
            [TOTAL, *below, len(self.pairs) or ""],
        ]

    def add_to(self, package: Package, sheet: str, row: int, column: int) -> None:
        """Adds the pivot; its cells have to be in the sheet already.

        Args:
            package: the workbook's file.
            sheet: the path of the sheet's part.
            row: of the pivot's first cell, from 0.
            column: of the same.
        """
        package.add(_CACHE, "pivotCacheDefinition", self._cache())
        last = (row + len(self.cells) - 1, column + len(self.cells[0]) - 1)
        package.add(_TABLE, "pivotTable", self._table(xl_range(row, column, *last)))
        package.relate(_TABLE, "pivotCacheDefinition", _CACHE)
        package.relate(sheet, "pivotTable", _TABLE)
        reference = package.relate(_WORKBOOK, "pivotCacheDefinition", _CACHE)
        caches = f'<pivotCaches><pivotCache cacheId="1" r:id="{reference}"/></pivotCaches>'
        (calculation,) = re.findall(r"<calcPr[^>]*/>", package.parts[_WORKBOOK].decode())
        package.replace(_WORKBOOK, calculation, calculation + caches)

    @cached_property
    def _row_items(self) -> list[tuple[str, bool]]:
        return _items(self.rows, [row for row, _ in self.pairs])

    @cached_property
    def _column_items(self) -> list[tuple[str, bool]]:
        return _items(self.columns, [column for _, column in self.pairs])

    def _cache(self) -> str:
        shared = {self.rows.field: self._row_items, self.columns.field: self._column_items}
        fields = "".join(_cache_field(name, shared.get(name, [])) for name in self.fields)
        return (
            f'<pivotCacheDefinition xmlns="{_MAIN}" xmlns:r="{RELATIONSHIPS}" saveData="0" refreshOnLoad="1" '
            'createdVersion="6" refreshedVersion="6" minRefreshableVersion="3">'
            f'<cacheSource type="worksheet"><worksheetSource name={quoteattr(self.source)}/></cacheSource>'
            f'<cacheFields count="{len(self.fields)}">{fields}</cacheFields></pivotCacheDefinition>'
        )

    def _table(self, area: str) -> str:
        row, column, counted = map(self.fields.index, (self.rows.field, self.columns.field, self.counted))
        fields = {
            row: _axis_field("axisRow", self._row_items, self.rows),
            column: _axis_field("axisCol", self._column_items, self.columns),
            counted: '<pivotField dataField="1" showAll="0"/>',
        }
        shown = "".join(fields.get(place, '<pivotField showAll="0"/>') for place in range(len(self.fields)))
        return (
            f'<pivotTableDefinition xmlns="{_MAIN}" name="OpenFunnelPivot" cacheId="1" applyNumberFormats="0" '
            'applyBorderFormats="0" applyFontFormats="0" applyPatternFormats="0" applyAlignmentFormats="0" '
            f'applyWidthHeightFormats="1" dataCaption="Values" grandTotalCaption="{TOTAL}" updatedVersion="6" '
            'minRefreshableVersion="3" itemPrintTitles="1" createdVersion="6" indent="0" outline="1" outlineData="1" '
            f'multipleFieldFilters="0" rowHeaderCaption={quoteattr(self.rows.caption)} '
            f"colHeaderCaption={quoteattr(self.columns.caption)}>"
            f'<location ref="{area}" firstHeaderRow="1" firstDataRow="2" firstDataCol="1"/>'
            f'<pivotFields count="{len(self.fields)}">{shown}</pivotFields>'
            f'<rowFields count="1"><field x="{row}"/></rowFields>{_lines("rowItems", self._row_items)}'
            f'<colFields count="1"><field x="{column}"/></colFields>{_lines("colItems", self._column_items)}'
            f'<dataFields count="1"><dataField name={quoteattr(self.caption)} fld="{counted}" subtotal="count" '
            f'baseField="0" baseItem="0" numFmtId="{_THOUSANDS}"/></dataFields>'
            '<pivotTableStyleInfo name="PivotStyleLight16" showRowHeaders="1" showColHeaders="1" showRowStripes="0" '
            'showColStripes="0" showLastColumn="1"/></pivotTableDefinition>'
        )


def _items(axis: Axis, values: Sequence[str]) -> list[tuple[str, bool]]:
    """The values of an axis in the order in which they show, and whether each is there; ``""`` is the blank."""
    counts = Counter(values or [""])
    if axis.order:
        # Excel keeps the order of values that are not there yet, and would sort 10001+ before 1001–5000.
        names = [*axis.order, *([""] if "" in counts else [])]
    else:
        names = sorted(counts, key=lambda value: (-counts[value], value == "", value))
    return [(name, name in counts) for name in names]


def _shown(items: Sequence[tuple[str, bool]]) -> list[str]:
    return [name for name, there in items if there]


def _cache_field(name: str, items: Sequence[tuple[str, bool]]) -> str:
    texts = [value for value, _ in items if value]
    values = "".join("<m/>" if not value else f"<s v={quoteattr(value)}/>" for value, _ in items)
    about = "" if texts else ' containsNonDate="0" containsString="0"'
    if len(texts) < len(items):
        about += ' containsBlank="1"'
    shared = f'<sharedItems{about} count="{len(items)}">{values}</sharedItems>' if items else "<sharedItems/>"
    return f'<cacheField name={quoteattr(name)} numFmtId="0">{shared}</cacheField>'


def _axis_field(kind: str, items: Sequence[tuple[str, bool]], axis: Axis) -> str:
    values = "".join(f'<item{"" if there else " m=" + quoteattr("1")} x="{x}"/>' for x, (_, there) in enumerate(items))
    listed = f'<items count="{len(items) + 1}">{values}<item t="default"/></items>'
    sort, scope = ("", "") if axis.order else (' sortType="descending"', _BY_NUMBER)
    return f'<pivotField axis="{kind}" showAll="0"{sort}>{listed}{scope}</pivotField>'


def _lines(kind: str, items: Sequence[tuple[str, bool]]) -> str:
    places = [place for place, (_, there) in enumerate(items) if there]
    lines = "".join(f'<i><x v="{place}"/></i>' if place else "<i><x/></i>" for place in places)
    return f'<{kind} count="{len(places) + 1}">{lines}<i t="grand"><x/></i></{kind}>'
