"""Reads what the user of Calc selected: a range, whole columns, a table, or the list that a single cell stands in.

A table is a database range. Needs no UNO of its own, but the objects of a document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ..known_list import SelectedCells, check_size

_CHUNK: Final = 20_000
"""Cells read by one call on the main thread: so few that the user does not notice."""


@dataclass(frozen=True)
class Selection:
    """Cells of a document, as far as the sheet is used.

    Attributes:
        title: the name of their table, else of their sheet.
        parts: the ranges to read, one below the other; the names of a table's columns may be one of them.
        hidden: whether some of their rows are hidden.
    """

    title: str
    parts: tuple[Any, ...]
    hidden: bool

    def read(self, run_on_main_thread: Callable[[Callable[[], object]], object]) -> SelectedCells:
        """The values; to be called on another thread than the main one, which can do other things in between."""
        rows: list[tuple[object, ...]] = []
        for part in self.parts:
            run_on_main_thread(lambda part=part: rows.extend(part.getDataArray()))  # type: ignore[misc]
        return SelectedCells(rows, self.hidden)


def find_selection(document: Any) -> Selection | None:
    """The selected cells; None if there are none, or several blocks. To be called on the main thread.

    Raises:
        ConfigurationError: they are too many.
    """
    controller = document.CurrentController
    selected: Any = controller.getSelection() if controller is not None else None
    if selected is None or not hasattr(selected, "RangeAddress"):
        return None
    sheet, area = selected.Spreadsheet, selected.RangeAddress
    table = next((each for each in document.DatabaseRanges if _holds(each.DataArea, area)), None)
    if (area.StartRow, area.StartColumn) == (area.EndRow, area.EndColumn):
        cursor = sheet.createCursorByRange(selected)
        cursor.collapseToCurrentRegion()
        area = cursor.RangeAddress if table is None else table.DataArea
    title = str(sheet.Name if table is None else table.Name)
    used = sheet.createCursor()
    used.gotoEndOfUsedArea(False)  # noqa: FBT003 - UNO knows no keywords
    bottom = min(area.EndRow, used.RangeAddress.EndRow)
    right = min(area.EndColumn, used.RangeAddress.EndColumn)
    if bottom < area.StartRow or right < area.StartColumn:
        return Selection(title, (), hidden=False)
    check_size(bottom - area.StartRow + 1, right - area.StartColumn + 1)

    def rows(first: int, last: int) -> Any:
        return sheet.getCellRangeByPosition(area.StartColumn, first, right, last)

    height = max(1, _CHUNK // (right - area.StartColumn + 1))
    starts = range(area.StartRow, bottom + 1, height)
    parts = [rows(first, min(first + height - 1, bottom)) for first in starts]
    if table is not None and table.ContainsHeader and table.DataArea.StartRow < area.StartRow:
        parts.insert(0, rows(table.DataArea.StartRow, table.DataArea.StartRow))
    return Selection(title, tuple(parts), _has_hidden(rows(area.StartRow, bottom)))


def _holds(outer: Any, inner: Any) -> bool:
    """Whether a table's area holds the first cell of another."""
    return bool(
        outer.Sheet == inner.Sheet
        and outer.StartRow <= inner.StartRow <= outer.EndRow
        and outer.StartColumn <= inner.StartColumn <= outer.EndColumn
    )


def _has_hidden(cells: Any) -> bool:
    visible = {(part.StartRow, part.EndRow) for part in cells.queryVisibleCells().RangeAddresses}
    shown = sum(last - first + 1 for first, last in visible)
    return bool(shown < cells.RangeAddress.EndRow - cells.RangeAddress.StartRow + 1)
