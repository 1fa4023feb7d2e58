"""Tables, pivots, notes and buttons as other processes see them."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.hosts.excel.fake.com_server import Exposed, optional_argument
from tests.hosts.excel.fake.ranges import OnSheet, Range
from tests.hosts.excel.fake.refs import Area, Key
from tests.hosts.excel.fake.sheet import ExcelError
from tests.hosts.excel.fake.sheet_objects import Button, Pivot, Table

if TYPE_CHECKING:
    from tests.hosts.excel.fake.objects import Worksheet


class _OfSheet(OnSheet):
    def __init__(self, worksheet: Worksheet) -> None:
        self.worksheet, self.excel, self.sheet = worksheet, worksheet.excel, worksheet.sheet


class _Collection(_OfSheet, abc.ABC):
    """A collection that is asked by number, from 1, or by name."""

    default = "Item"
    Count = property(lambda self: len(list(self.items())))

    @abc.abstractmethod
    def items(self) -> Iterator[Any]:
        """What is in it, in order."""

    def Item(self, index: Any) -> Any:  # noqa: N802
        for number, one in enumerate(self.items(), 1):
            if index == number or (isinstance(index, str) and one.Name.casefold() == index.casefold()):
                return one
        raise ExcelError("Subscript out of range", -2147352565)  # DISP_E_BADINDEX


class ListObjects(_Collection):
    def items(self) -> Iterator[ListObject]:
        return (ListObject(self.worksheet, table) for table in self.sheet.tables)

    def at(self, key: Key) -> ListObject | None:
        return next((listed for listed in self.items() if key in listed.table.area), None)

    def Add(  # noqa: N802
        self,
        SourceType: Any = 1,  # noqa: N803
        Source: Any = None,  # noqa: N803
        LinkSource: Any = None,  # noqa: N803
        XlListObjectHasHeaders: Any = 0,  # noqa: N803
    ) -> ListObject:
        if (SourceType, optional_argument(LinkSource), XlListObjectHasHeaders) != (1, None, 1):
            raise ExcelError("The fake makes tables of cells with a header")
        table = Table(f"Table{len(self.sheet.tables) + 1}", Source.first)
        self.sheet.tables.append(table)
        return ListObject(self.worksheet, table)


class ListObject(_OfSheet):
    default = "Name"
    Range = property(lambda self: Range(self.worksheet, self.table.area))
    HeaderRowRange = property(lambda self: Range(self.worksheet, self.table.header))
    DataBodyRange = property(lambda self: Range(self.worksheet, self.table.body) if self.table.body else None)
    AutoFilter = property(lambda self: AutoFilter(self.worksheet, self.table))
    ListColumns = property(lambda self: ListColumns(self.worksheet, self.table))

    def __init__(self, worksheet: Worksheet, table: Table) -> None:
        super().__init__(worksheet)
        self.table = table

    def exists(self) -> bool:
        return super().exists() and self.table in self.sheet.tables

    @property
    def Name(self) -> str:  # noqa: N802
        return self.table.name

    @Name.setter
    def Name(self, value: str) -> None:  # noqa: N802
        taken = {table.name.casefold() for sheet in self.sheet.book.sheets for table in sheet.tables}
        if value.casefold() in taken - {self.table.name.casefold()}:
            raise ExcelError("A table with this name exists in this workbook")
        self.table.name = value

    @property
    def TableStyle(self) -> str:  # noqa: N802
        return self.table.style

    @TableStyle.setter
    def TableStyle(self, value: str) -> None:  # noqa: N802
        self.table.style = value

    @property
    def ShowTotals(self) -> bool:  # noqa: N802
        return self.table.totals

    @ShowTotals.setter
    def ShowTotals(self, value: Any) -> None:  # noqa: N802
        """The totals stand below the lines: here they only say so, in the first column."""
        below = self.table.area.bottom + 1, self.table.area.left
        if bool(value) != self.table.totals:
            self.sheet.put(below, "Total" if value else None)
        self.table.totals = bool(value)

    def Resize(self, area: Any) -> None:  # noqa: N802
        new, old = area.first, self.table.area
        if (new.top, new.left) != (old.top, old.left) or new.height < 2 or self.table.totals:
            raise ExcelError("The table can't be resized to this")
        self.table.area = new


class ListColumns(_Collection):
    def __init__(self, worksheet: Worksheet, table: Table) -> None:
        super().__init__(worksheet)
        self.table = table

    def items(self) -> Iterator[ListColumn]:
        columns = range(self.table.area.left, self.table.area.right + 1)
        return (ListColumn(self.worksheet, self.table, column) for column in columns)

    def Add(self, Position: Any = None) -> ListColumn:  # noqa: N802, N803
        area = self.table.area
        beside = dataclasses.replace(area, left=area.right + 1, right=area.right + 1)
        if optional_argument(Position) is not None or any(
            self.sheet.values.get(k) for row in beside.rows() for k in row
        ):
            raise ExcelError("The fake adds columns at the right, where cells are blank")
        self.table.area = dataclasses.replace(area, right=area.right + 1)
        self.sheet.put((area.top, area.right + 1), f"Column{area.right + 2 - area.left}")
        return ListColumn(self.worksheet, self.table, self.table.area.right)


class ListColumn(_OfSheet):
    default = "Name"

    def __init__(self, worksheet: Worksheet, table: Table, column: int) -> None:
        super().__init__(worksheet)
        self.table = table
        self.column = column

    def Delete(self) -> None:  # noqa: N802
        if self.column != self.table.area.right:
            raise ExcelError("The fake removes the last column of a table")
        for row in dataclasses.replace(self.table.area, left=self.column).rows():
            self.sheet.put(row[0], None)
        self.table.area = dataclasses.replace(self.table.area, right=self.column - 1)

    @property
    def Name(self) -> str:  # noqa: N802
        return str(self.sheet.values.get((self.table.area.top, self.column)))

    @Name.setter
    def Name(self, value: str) -> None:  # noqa: N802
        self.sheet.put((self.table.area.top, self.column), value)

    @property
    def Range(self) -> Range:  # noqa: N802
        return Range(self.worksheet, dataclasses.replace(self.table.area, left=self.column, right=self.column))


class AutoFilter(_OfSheet):
    def __init__(self, worksheet: Worksheet, table: Table) -> None:
        super().__init__(worksheet)
        self.table = table

    FilterMode = property(lambda self: self.table.filtered)

    def ShowAllData(self) -> None:  # noqa: N802
        self.table.filtered = False
        self.sheet.hidden -= set(range(self.table.area.top, self.table.area.bottom + 1))


class Comments(_Collection):
    def items(self) -> Iterator[Comment]:
        return (Comment(self.worksheet, key) for key in self.sheet.notes)


class Comment(_OfSheet):
    def __init__(self, worksheet: Worksheet, key: Key) -> None:
        super().__init__(worksheet)
        self.key = key

    Parent = property(lambda self: Range(self.worksheet, Area.at(self.key)))

    def Text(self) -> str:  # noqa: N802
        return self.sheet.notes[self.key]


class PivotTables(_Collection):
    def items(self) -> Iterator[PivotTable]:
        return (PivotTable(self.worksheet, pivot) for pivot in self.sheet.pivots)


class PivotTable(_OfSheet):
    default = "Name"
    Name = property(lambda self: self.pivot.name or f"Pivot{self.sheet.pivots.index(self.pivot) + 1}")
    CacheIndex = property(lambda self: self.pivot.index)

    def __init__(self, worksheet: Worksheet, pivot: Pivot) -> None:
        super().__init__(worksheet)
        self.pivot = pivot

    @property
    def SaveData(self) -> bool:  # noqa: N802
        return self.pivot.saves_data

    @SaveData.setter
    def SaveData(self, value: Any) -> None:  # noqa: N802
        self.pivot.saves_data = bool(value)

    def PivotCache(self) -> PivotCache:  # noqa: N802
        return PivotCache(self.worksheet, self.pivot)


class PivotCache(_OfSheet):
    Index = property(lambda self: self.pivot.index)
    SourceType = property(lambda self: self.pivot.kind)

    def __init__(self, worksheet: Worksheet, pivot: Pivot) -> None:
        super().__init__(worksheet)
        self.pivot = pivot

    @property
    def SourceData(self) -> str:  # noqa: N802
        if self.pivot.kind != 1:
            raise ExcelError("Application-defined or object-defined error")
        return self.pivot.source

    @property
    def RefreshOnFileOpen(self) -> bool:  # noqa: N802
        return self.pivot.refreshed_on_open

    @RefreshOnFileOpen.setter
    def RefreshOnFileOpen(self, value: Any) -> None:  # noqa: N802
        self.pivot.refreshed_on_open = bool(value)

    def Refresh(self) -> None:  # noqa: N802
        self.sheet._check_unprotected()
        for sheet in self.sheet.book.sheets:
            for pivot in sheet.pivots:
                if pivot.index == self.pivot.index:
                    pivot.refresh(self.sheet.book)


class Shapes(_Collection):
    def items(self) -> Iterator[Shape]:
        return (Shape(self.worksheet, button) for button in self.sheet.buttons)


class Shape(_OfSheet):
    default = "Name"
    Name = property(lambda self: f"Button {self.sheet.buttons.index(self.button) + 1}")
    OnAction = property(lambda self: self.button.macro)

    def __init__(self, worksheet: Worksheet, button: Button) -> None:
        super().__init__(worksheet)
        self.button = button

    def Delete(self) -> None:  # noqa: N802
        self.sheet.buttons.remove(self.button)


class WorksheetFunction(Exposed):
    def __init__(self, excel: Any) -> None:
        self.excel = excel

    def CountA(self, cells: Any) -> float:  # noqa: N802
        return float(sum(key in cells.sheet.values for area in cells.areas for key in cells.sheet.filled(area)))
