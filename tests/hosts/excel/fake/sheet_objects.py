"""What stands on a sheet beside cells: tables, pivots and buttons, without any COM."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tests.hosts.excel.fake.formulas import Rows
from tests.hosts.excel.fake.refs import Area

if TYPE_CHECKING:
    from tests.hosts.excel.fake.model import Book


@dataclasses.dataclass(eq=False)
class Table:
    """A table (ListObject); the area has its header, but not its totals."""

    name: str
    area: Area
    filtered: bool = False
    totals: bool = False
    style: str = "TableStyleMedium2"

    @property
    def header(self) -> Area:
        return dataclasses.replace(self.area, bottom=self.area.top)

    @property
    def body(self) -> Area | None:
        return dataclasses.replace(self.area, top=self.area.top + 1) if self.area.height > 1 else None


@dataclasses.dataclass(eq=False)
class Pivot:
    """A pivot of a table or, with another kind of source, of something else; it shows what it read last."""

    source: str
    index: int
    kind: int = 1  # xlDatabase
    shows: Rows = ()
    name: str = ""
    saves_data: bool = True
    refreshed_on_open: bool = False

    def refresh(self, book: Book) -> None:
        for sheet in book.sheets:
            for table in sheet.tables:
                if table.name == self.source:
                    self.shows = tuple(tuple(sheet.values.get(key) for key in row) for row in table.area.rows())


@dataclasses.dataclass(eq=False)
class Button:
    """A button and the macro behind it."""

    macro: str
