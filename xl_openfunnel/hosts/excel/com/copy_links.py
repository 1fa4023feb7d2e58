"""Adds links to the cells of a workbook's file, where Excel would need one call for each.

A file has the links of a sheet in one element behind its cells (ISO/IEC 29500-1, 18.3.1.47 and 18.3.1.48), and their
addresses among the relationships of the sheet.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from ....files.links import LINKS, MAX_LINKS
from ..addresses import CellRange, cell_address

_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_HYPERLINK: Final = f"{_RELATIONSHIPS}/hyperlink"

_FOLLOWING: Final = frozenset(
    (
        *("printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties"),
        *("cellWatches", "ignoredErrors", "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF"),
        *("picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst"),
    )
)
"""The elements that may follow the links of a sheet (CT_Worksheet)."""

_CELLS: Final = re.compile(rb"<sheetData\s*/>|<sheetData[\s>].*?</sheetData>", re.DOTALL)

SheetLinks = Mapping[str, str]
"""The links of a sheet by the addresses of their cells, such as ``C5``."""


def add_links(package: bytes, links: Mapping[str, SheetLinks]) -> tuple[bytes, list[str]]:
    """Add links to the sheets of a workbook (.xlsx), by the sheets' names.

    Returns:
        The file, and the names of the sheets that got none, because they would have more links than Excel takes.
    """
    parts = {}
    left_out = []
    with zipfile.ZipFile(io.BytesIO(package)) as source:
        paths = _sheet_paths(source) if any(links.values()) else {}
        for name, cells in links.items():
            if not cells or name not in paths:
                continue
            path = paths[name]
            xml = source.read(path)
            if xml.count(b"<hyperlink ") + len(cells) > MAX_LINKS:
                left_out.append(name)
                continue
            relationships = _relationships_path(path)
            before = source.read(relationships) if relationships in source.namelist() else b""
            parts[path], parts[relationships] = _with_links(xml, before, cells)
        if not parts:
            return package, left_out
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in source.infolist():
                part = parts.pop(entry.filename) if entry.filename in parts else source.read(entry)
                archive.writestr(entry, part)
            for path, part in parts.items():
                archive.writestr(path, part)
    return target.getvalue(), left_out


def _sheet_paths(source: zipfile.ZipFile) -> dict[str, str]:
    """The parts of the sheets by the sheets' names."""
    targets = {
        relationship.get("Id"): relationship.get("Target", "")
        for relationship in ET.fromstring(source.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - Excel wrote it
    }
    sheets = ET.fromstring(source.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")  # noqa: S314
    paths = {sheet.get("name", ""): targets.get(sheet.get(f"{{{_RELATIONSHIPS}}}id"), "") for sheet in sheets}
    return {name: path[1:] if path.startswith("/") else f"xl/{path}" for name, path in paths.items()}


def _relationships_path(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/_rels/{name}.rels"


def _with_links(xml: bytes, relationships: bytes, cells: SheetLinks) -> tuple[bytes, bytes]:
    """A sheet and its relationships with the links."""
    ids = {f"of{number}": link for number, link in enumerate(dict.fromkeys(cells.values()), 1)}
    id_of = {link: name for name, link in ids.items()}
    elements = "".join(
        f'<hyperlink ref="{cell}" r:id="{id_of[link]}" xmlns:r="{_RELATIONSHIPS}"/>' for cell, link in cells.items()
    ).encode()
    if b"</hyperlinks>" in xml:
        xml = xml.replace(b"</hyperlinks>", elements + b"</hyperlinks>", 1)
    else:
        place = _place(xml)
        xml = b"".join([xml[:place], b"<hyperlinks>", elements, b"</hyperlinks>", xml[place:]])
    added = "".join(
        f'<Relationship Id="{name}" Type="{_HYPERLINK}" Target={quoteattr(link)} TargetMode="External"/>'
        for name, link in ids.items()
    ).encode()
    relationships = relationships or f'<Relationships xmlns="{_PACKAGE}"></Relationships>'.encode()
    return xml, relationships.replace(b"</Relationships>", added + b"</Relationships>", 1)


def _place(xml: bytes) -> int:
    """Where in a sheet its links belong: before the first of its own elements that may follow them.

    Elements within others can have the same names: `extLst` in the rule of a data bar, `pageMargins` in a custom view.
    """
    found: list[int] = []
    depth = 0
    parser = expat.ParserCreate()

    def start(name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth == 2 and name in _FOLLOWING:
            found.append(parser.CurrentByteIndex)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1
        if depth == 0:
            found.append(parser.CurrentByteIndex)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    cells = _CELLS.search(xml)
    first, last = cells.span() if cells else (0, 0)
    parser.Parse(xml[:first] + xml[last:], True)  # noqa: FBT003 - the last part; without cells, which are most of it
    return found[0] + last - first


def links_in(values: Sequence[Sequence[object]], area: CellRange) -> tuple[SheetLinks, list[int]]:
    """The links of cells below a first row that names the columns, and the positions of the columns that have them.

    The first row alone tells what a column is: a formula may take columns and include_headers from other cells. In a
    block of names without headers whose first company is called ``domain``, a name such as ``booking.com`` would link
    to the host of that name, and no other cell would link anywhere.
    """
    header, *rows = values
    if not all(isinstance(name, str) for name in header):
        return {}, []
    columns = [column for column, name in enumerate(header) if str(name).casefold() in LINKS]
    found = {}
    for column in columns:
        make_link = LINKS[str(header[column]).casefold()]
        for row, cells in enumerate(rows, area.top + 1):
            if link := make_link(cells[column]):
                found[cell_address(row, area.left + column).replace("$", "")] = link
    return found, columns
