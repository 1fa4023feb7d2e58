"""What the fake Excel writes to disk, as good as a workbook's file for its own reading."""

from __future__ import annotations

import ntpath
import pickle
import zipfile
from typing import TYPE_CHECKING, Any

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
_WORKBOOK = '<workbook><x15ac:absPath url="%s"/><bookViews><workbookView%s/></bookViews></workbook>'


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
        package.writestr("xl/workbook.xml", _WORKBOOK % (ntpath.dirname(path), visibility))
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
