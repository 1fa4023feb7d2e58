"""Excel's objects as other processes see them: the members that the code under test uses, and their neighbours."""

from __future__ import annotations

import abc
import ntpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.hosts.excel.fake import files, ranges, refs, sheet_members
from tests.hosts.excel.fake.com_server import Exposed, optional_argument, takes_index
from tests.hosts.excel.fake.model import Book
from tests.hosts.excel.fake.ranges import OnSheet
from tests.hosts.excel.fake.refs import Area
from tests.hosts.excel.fake.sheet import ExcelError, Sheet

if TYPE_CHECKING:
    from tests.hosts.excel.fake.excel import FakeExcel

SHOWN = -1  # xlSheetVisible
BAD_INDEX = -2147352565  # DISP_E_BADINDEX


def _setting(name: str) -> Any:
    """A property that is kept as it is."""
    return property(
        lambda self: self.excel.settings[name], lambda self, value: self.excel.settings.__setitem__(name, value)
    )


class Application(Exposed):
    default = "Name"
    Name = property(lambda self: "Microsoft Excel")
    Version = property(lambda self: "16.0")
    Hwnd = property(lambda self: self.excel.hwnd)
    Ready = property(lambda self: self.excel.ready)
    Interactive = _setting("Interactive")
    StatusBar = _setting("StatusBar")
    EnableEvents = _setting("EnableEvents")
    DisplayAlerts = _setting("DisplayAlerts")
    Visible = _setting("Visible")
    AutoCorrect = property(lambda self: AutoCorrect(self.excel))
    AutomationSecurity = _setting("AutomationSecurity")
    WorksheetFunction = property(lambda self: sheet_members.WorksheetFunction(self.excel))
    Workbooks = property(lambda self: Workbooks(self.excel))

    def __init__(self, excel: FakeExcel) -> None:
        self.excel = excel

    @property
    def ActiveWorkbook(self) -> Workbook | None:  # noqa: N802
        return Workbook(self.excel, self.excel.books[-1]) if self.excel.books else None

    @property
    def CutCopyMode(self) -> int:  # noqa: N802
        return self.excel.copying

    @CutCopyMode.setter
    def CutCopyMode(self, value: int) -> None:  # noqa: N802
        self.excel.copying = int(value) if int(value) in {1, 2} else 0

    @property
    def Calculation(self) -> int:  # noqa: N802
        return self.excel.calculation

    @Calculation.setter
    def Calculation(self, value: int) -> None:  # noqa: N802
        self.excel.calculation = int(value)
        self.excel.recalculate()

    @property
    def CalculationState(self) -> int:  # noqa: N802
        return 1 if self.excel.calculating else 2 if self.excel.pending else 0

    def Calculate(self) -> None:  # noqa: N802
        self.excel.copying = 0
        self.excel.calculate()


class AutoCorrect(Exposed):
    AutoFillFormulasInLists = _setting("AutoFillFormulasInLists")

    def __init__(self, excel: FakeExcel) -> None:
        self.excel = excel


class _Named(Exposed, abc.ABC):
    """A collection that is asked by number, from 1, or by name."""

    default = "Item"
    Count = property(lambda self: len(list(self.items())))

    @abc.abstractmethod
    def items(self) -> Iterator[Any]:
        """What is in it, in order."""

    @takes_index
    def Item(self, index: Any) -> Any:  # noqa: N802
        for number, one in enumerate(self.items(), 1):
            if index == number or (isinstance(index, str) and one.Name.casefold() == index.casefold()):
                return one
        raise ExcelError("Subscript out of range", BAD_INDEX)


class Workbooks(_Named):
    def __init__(self, excel: FakeExcel) -> None:
        self.excel = excel

    def items(self) -> Iterator[Workbook]:
        return (Workbook(self.excel, book) for book in self.excel.books)

    def Open(self, Filename: Any, UpdateLinks: Any = None, ReadOnly: Any = None) -> Workbook:  # noqa: N802, N803
        security = self.excel.settings["AutomationSecurity"]
        return Workbook(self.excel, files.load(self.excel, Filename, macros=security != 3))


class Sheets(_Named):
    Parent = property(lambda self: Workbook(self.excel, self.book))

    def __init__(self, excel: FakeExcel, book: Book) -> None:
        self.excel, self.book = excel, book

    def items(self) -> Iterator[Worksheet]:
        return (Worksheet(self.excel, sheet) for sheet in self.book.sheets)

    def Add(self, Before: Any = None, After: Any = None) -> Worksheet:  # noqa: N802, N803
        """Only as it is used: behind another, or before the one in front; the new one is in front."""
        if self.book.structure_protected:
            raise ExcelError("Workbook is protected and cannot be changed.")
        assert optional_argument(Before) is None
        added = self.book.sheet(f"Sheet{len(self.book.sheets) + 1}")
        self.book.sheets.remove(added)
        behind = optional_argument(After)
        front = self.book.front if self.book.front in self.book.sheets else self.book.sheets[0]
        at = self.book.sheets.index(behind.sheet) + 1 if behind else self.book.sheets.index(front)
        self.book.sheets.insert(at, added)
        self.book.front = added
        return Worksheet(self.excel, added)


class Workbook(Exposed):
    default = "Name"
    Name = property(lambda self: self.book.name)
    Path = property(lambda self: self.book.path)
    FullName = property(lambda self: self.book.full_name)
    Worksheets = Sheets = property(lambda self: Sheets(self.excel, self.book))
    Parent = property(lambda self: self.excel.application)
    ProtectStructure = property(lambda self: self.book.structure_protected)
    HasPassword = property(lambda self: self.book.password)
    WriteReserved = property(lambda self: self.book.write_password)
    ActiveSheet = property(lambda self: Worksheet(self.excel, self.book.front))
    Names = property(lambda self: Names(self.excel, self.book))
    Windows = property(lambda self: Windows(self.excel, self.book))

    def __init__(self, excel: FakeExcel, book: Book) -> None:
        self.excel, self.book = excel, book

    def exists(self) -> bool:
        return self.book in self.excel.books

    @property
    def Saved(self) -> bool:  # noqa: N802
        return self.book.saved

    @Saved.setter
    def Saved(self, value: Any) -> None:  # noqa: N802
        self.book.saved = bool(value)

    @property
    def AutoSaveOn(self) -> bool:  # noqa: N802
        return self.book.auto_save

    def Save(self) -> None:  # noqa: N802
        self.book.saved = True

    def SaveCopyAs(self, Filename: Any) -> None:  # noqa: N802, N803
        files.save(self.book, Filename)

    def SaveAs(self, Filename: Any, FileFormat: Any) -> None:  # noqa: N802, N803
        if FileFormat != 51 or (self.book.macros and self.excel.settings["DisplayAlerts"]):
            raise ExcelError("Excel would ask whether the macros may go")
        try:
            files.save(self.book, Filename, macros=False)
        except OSError as error:
            raise ExcelError(f"Microsoft Excel cannot access the file '{Filename}'.") from error
        self.book.macros = False
        self.book.save_as(ntpath.basename(Filename), ntpath.dirname(Filename))

    def LinkSources(self, Type: Any) -> list[str] | None:  # noqa: N802, N803
        return list(self._links(Type)) or None

    def BreakLink(self, Name: Any, Type: Any) -> None:  # noqa: N802, N803
        if Name not in self.book.stubborn_links:
            self._links(Type).remove(Name)

    def _links(self, kind: int) -> list[str]:
        return {1: self.book.links, 2: self.book.ole_links}[kind]

    @property
    def RemovePersonalInformation(self) -> bool:  # noqa: N802
        return self.book.impersonal

    @RemovePersonalInformation.setter
    def RemovePersonalInformation(self, value: Any) -> None:  # noqa: N802
        self.book.impersonal = bool(value)

    def Close(self, SaveChanges: Any = None) -> None:  # noqa: N802, N803
        self.book.close(ask=optional_argument(SaveChanges) is None and self.excel.settings["DisplayAlerts"])


class Worksheet(OnSheet):
    default = "Name"
    Type = property(lambda self: -4167)  # xlWorksheet
    Parent = property(lambda self: Workbook(self.excel, self.sheet.book))
    Index = property(lambda self: self.sheet.book.sheets.index(self.sheet) + 1)
    ProtectContents = property(lambda self: self.sheet.protected)
    Visible = property(lambda self: self.sheet.visible)
    ListObjects = property(lambda self: sheet_members.ListObjects(self))
    Comments = property(lambda self: sheet_members.Comments(self))
    Shapes = property(lambda self: sheet_members.Shapes(self))
    UsedRange = property(lambda self: ranges.Range(self, self.sheet.used()))

    def __init__(self, excel: FakeExcel, sheet: Sheet) -> None:
        self.excel, self.sheet = excel, sheet

    @property
    def Name(self) -> str:  # noqa: N802
        return self.sheet.name

    @Name.setter
    def Name(self, value: str) -> None:  # noqa: N802
        self.sheet.rename(value)

    def PivotTables(self) -> sheet_members.PivotTables:  # noqa: N802
        return sheet_members.PivotTables(self)

    def Activate(self) -> None:  # noqa: N802
        if self.sheet.visible != SHOWN or self.sheet.book.hidden:
            raise ExcelError("Activate method of Worksheet class failed")
        self.sheet.book.front = self.sheet

    @takes_index
    def Range(self, Cell1: Any, Cell2: Any = None) -> ranges.Range:  # noqa: N802, N803
        corners = []
        for cell in (Cell1, Cell1 if Cell2 is None else Cell2):
            try:
                areas = cell.areas if isinstance(cell, ranges.Range) else [*map(refs.parse, str(cell).split(","))]
            except ValueError as error:
                raise ExcelError("Method 'Range' of object '_Worksheet' failed") from error
            corners.append(areas)
        if Cell2 is None:
            return ranges.Range(self, *corners[0])
        first, last = corners[0][0], corners[1][0]
        return ranges.Range(
            self,
            Area(
                min(first.top, last.top),
                min(first.left, last.left),
                max(first.bottom, last.bottom),
                max(first.right, last.right),
            ),
        )

    @takes_index
    def Cells(self, row: Any = None, column: Any = None) -> ranges.Range:  # noqa: N802
        whole = ranges.Range(self, refs.WHOLE)
        return whole if row is None else whole.Item(row, column)

    def Calculate(self) -> None:  # noqa: N802
        self.excel.calculate_cells(self.sheet, refs.WHOLE)


class Names(_Named):
    def __init__(self, excel: FakeExcel, book: Book) -> None:
        self.excel, self.book = excel, book

    def items(self) -> Iterator[Name]:
        return (Name(self.excel, self.book, name) for name in self.book.names)


class Name(Exposed):
    default = "Name"
    Name = property(lambda self: self.name)

    def __init__(self, excel: FakeExcel, book: Book, name: str) -> None:
        self.excel, self.book, self.name = excel, book, name

    @property
    def RefersToRange(self) -> ranges.Range:  # noqa: N802
        meant = self.book.names[self.name]
        if meant is None:
            raise ExcelError("Application-defined or object-defined error")
        return ranges.Range(Worksheet(self.excel, self.book.sheet(meant[0])), meant[1])


class Windows(_Named):
    def __init__(self, excel: FakeExcel, book: Book) -> None:
        self.excel, self.book = excel, book

    def items(self) -> Iterator[ShownWindow]:
        yield ShownWindow(self.excel, self.book)


class ShownWindow(Exposed):
    """A workbook's window as its user shows and hides it."""

    default = Name = "Caption"
    Caption = property(lambda self: self.book.name)

    def __init__(self, excel: FakeExcel, book: Book) -> None:
        self.excel, self.book = excel, book

    @property
    def Visible(self) -> bool:  # noqa: N802
        return not self.book.hidden

    @Visible.setter
    def Visible(self, value: Any) -> None:  # noqa: N802
        self.book.hidden = not value


class Window(Exposed):
    default = "Caption"
    Hwnd = property(lambda self: self.hwnd)
    Caption = property(lambda self: self.book.name)

    def __init__(self, excel: FakeExcel, book: Book, hwnd: int) -> None:
        self.excel, self.book, self.hwnd = excel, book, hwnd
