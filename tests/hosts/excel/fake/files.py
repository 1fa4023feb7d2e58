"""What the fake Excel writes to disk, as good as a workbook's file for its own reading."""

from __future__ import annotations

import ntpath
import pickle
import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from tests.hosts.excel.fake import formulas
from tests.hosts.excel.fake.sheet import ExcelError, Formula

if TYPE_CHECKING:
    from tests.hosts.excel.fake.model import Book, Excel

_OF_SHEET = (
    "protected",
    "visible",
    "values",
    "spills",
    "formats",
    "notes",
    "links",
    "colors",
    "hidden",
    "tables",
    "pivots",
    "buttons",
)
_OF_BOOK = ("names", "links", "ole_links", "stubborn_links", "macros", "structure_protected", "impersonal")
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_WORKBOOK = (
    f'<workbook {_MAIN} {_R} xmlns:x15ac="x"><x15ac:absPath url="%s"/><bookViews><workbookView%s/></bookViews>'
    "<sheets>%s</sheets></workbook>"
)
_RELATIONSHIPS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
)
_SHEET = f'<worksheet {_MAIN}><sheetData/><pageMargins left="1"/></worksheet>'


def save(book: Book, path: str, *, macros: bool = True) -> None:
    """Write a book, its cells with what they show."""
    sheets = [
        {name: getattr(sheet, name) for name in _OF_SHEET}
        | {"name": sheet.name}
        | {"formulas": {key: (f.text, f.single, f.array, f.result, f.spill) for key, f in sheet.formulas.items()}}
        for sheet in book.sheets
    ]
    held = {name: getattr(book, name) for name in _OF_BOOK} | {"macros": macros and book.macros}
    front = book.sheets.index(book.front)
    with zipfile.ZipFile(path, "w") as package:
        visibility = ' visibility="hidden"' if book.hidden else ""
        numbered = [(number, quoteattr(sheet.name)) for number, sheet in enumerate(book.sheets, 1)]
        listed = "".join(f'<sheet name={name} sheetId="{number}" r:id="rId{number}"/>' for number, name in numbered)
        package.writestr("xl/workbook.xml", _WORKBOOK % (ntpath.dirname(path), visibility, listed))
        targets = (f'<Relationship Id="rId{number}" Target="worksheets/sheet{number}.xml"/>' for number, _ in numbered)
        package.writestr("xl/_rels/workbook.xml.rels", _RELATIONSHIPS % "".join(targets))
        for number, _ in numbered:
            package.writestr(f"xl/worksheets/sheet{number}.xml", _SHEET)
        package.writestr("docProps/core.xml", "<x><cp:lastModifiedBy>The user</cp:lastModifiedBy></x>")
        package.writestr("held", pickle.dumps({"book": held, "sheets": sheets, "front": front}))


def load(excel: Excel, path: str, *, macros: bool) -> Book:
    """Open a book. In automatic mode its formulas are calculated at once, which Excel may do or not."""
    try:
        with zipfile.ZipFile(path) as package:
            held: dict[str, Any] = pickle.loads(package.read("held"))  # noqa: S301
            hidden = b'visibility="hidden"' in package.read("xl/workbook.xml")
    except OSError as error:
        raise ExcelError(f"Sorry, we couldn't find {path}.") from error
    folder, name = ntpath.split(path)
    if any(book.name.casefold() == name.casefold() for book in excel.books):
        raise ExcelError("You can't open two workbooks with the same name.")
    book = excel.open(name, folder, tuple(sheet["name"] for sheet in held["sheets"]))
    for attribute, value in held["book"].items():
        setattr(book, attribute, value)
    book.front = book.sheets[held["front"]]
    book.hidden = hidden
    book.macros_run = macros and book.macros
    for sheet, stored in zip(book.sheets, held["sheets"], strict=True):
        for attribute in _OF_SHEET:
            setattr(sheet, attribute, stored[attribute])
        for key, (text, single, array, result, spill) in stored["formulas"].items():
            sheet.formulas[key] = Formula(text, formulas.parse(text), single, array, False, result, spill)
    if excel.calculation != -4135:  # xlCalculationManual
        for sheet in book.sheets:
            for formula in sheet.formulas.values():
                formula.dirty = True
        excel.recalculate()
    book.saved = True
    for pivot in [pivot for sheet in book.sheets for pivot in sheet.pivots if pivot.refreshed_on_open]:
        pivot.refresh(book)
        book.saved = False
    return book
