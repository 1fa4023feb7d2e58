"""Finds formulas in LibreOffice's open spreadsheets, and makes Calc recalculate, re-enter or resize them."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import unohelper
from com.sun.star.awt import XCallback

from ...cell_values import NotAvailable
from ...functions.catalog import CATALOG, is_only_call
from . import identifiers
from .array_size import Size

_FORMULAS: Final = 16  # com.sun.star.sheet.CellFlags.FORMULA
_CONTENT: Final = 1 | 2 | 4 | _FORMULAS  # and VALUE, DATETIME, STRING
_ANY_RESULT: Final = 1 | 2 | 4  # com.sun.star.sheet.FormulaResult
_ANY_CALL: Final = re.compile(
    "|".join(re.escape(f"{text}(") for name in CATALOG for text in identifiers.names_in_formulas(name.name))
)
_MAIN_THREAD_TIMEOUT: Final = 60.0
"""Seconds to wait for LibreOffice's main thread, which a system dialog can block."""


@dataclass(frozen=True)
class CalcArray:
    """A formula in one cell, an array formula in several, or several cells with a formula each.

    Attributes:
        sheet: its sheet.
        area: its cells, a CellRangeAddress.
        single: whether each of the cells has a formula of its own.
        document: an identifier of its document among the open ones.
    """

    sheet: Any
    area: Any
    single: bool = False
    document: str = ""

    # Calls to LibreOffice are cached: there may be hundreds of these objects while the user waits.

    @cached_property
    def size(self) -> Size:
        """The size of each formula."""
        if self.single:
            return Size(1, 1)
        return Size(self.area.EndRow - self.area.StartRow + 1, self.area.EndColumn - self.area.StartColumn + 1)

    @cached_property
    def cells(self) -> Any:
        """The range."""
        area = self.area
        return self.sheet.getCellRangeByPosition(area.StartColumn, area.StartRow, area.EndColumn, area.EndRow)

    @cached_property
    def text(self) -> str:
        """The formula; the first one if there are several."""
        text: str = "" if self.single else self.cells.getArrayFormula()
        return text or str(self.cells.getFormulaArray()[0][0])

    @property
    def plain(self) -> bool:
        """Whether none of its arguments calls one of our functions."""
        return self.single or is_plain(self.text)

    def ends_like(self, area: Any) -> bool:
        """Whether its last cell is that of the area."""
        return bool(self.area.EndRow == area.EndRow and self.area.EndColumn == area.EndColumn)

    def formulas(self) -> Iterator[CalcArray]:
        """Each formula as an object of its own."""
        if not self.single:
            yield self
            return
        for row in range(self.area.StartRow, self.area.EndRow + 1):
            for column in range(self.area.StartColumn, self.area.EndColumn + 1):
                yield _array_at(self.sheet, row, column, self.document)

    def calculate(self) -> None:
        """Make Calc calculate the formulas that are dirty: asking for the kind of a result does."""
        self.cells.queryFormulaCells(_ANY_RESULT) if self.single else self.cells.getCellByPosition(0, 0).getError()

    @cached_property
    def key(self) -> Hashable:
        """Its cells and its formula."""
        area = self.area
        cells = area.Sheet, area.StartRow, area.StartColumn, area.EndRow, area.EndColumn
        return self.document, cells, self.text

    def shows(self, row: int, cells: list[str | float | bool]) -> bool:
        """Whether this row (-1 for the last) shows these values."""
        index = row % self.size.rows
        (values,) = self.cells.getCellRangeByPosition(0, index, self.size.columns - 1, index).getDataArray()
        return list(values) == [None if isinstance(cell, NotAvailable) else cell for cell in cells]

    def enter(self) -> None:
        """Enter each formula again, so that Calc calculates it.

        Adds no undo step and does not mark the document as modified. Does nothing on a protected sheet.
        """
        if self.sheet.isProtected():
            return
        with _unmodified(self.sheet.DrawPage.Forms.Parent):
            for formula in self.formulas():
                cell = formula.cells.getCellByPosition(0, 0)
                if tokens := formula.cells.getArrayTokens():
                    formula.cells.setArrayTokens(tokens)
                elif tokens := cell.getTokens():  # none if the user has put something else there since it was found
                    cell.setTokens(tokens)
                formula.calculate()

    def resize(self, size: Size) -> CalcArray | None:
        """Enter the formula as an array of another size; None if the cells are not free or the sheet is protected."""
        if self.sheet.isProtected():
            return None
        tokens = self.cells.getArrayTokens() or self.cells.getCellByPosition(0, 0).getTokens()
        cursor = self.sheet.createCursorByRange(self.cells)
        cursor.collapseToSize(size.columns, size.rows)
        resized = CalcArray(self.sheet, cursor.RangeAddress)
        if resized.size != size or not all(part.blank for part in self._added_cells(size)):
            return None
        self.cells.clearContents(_FORMULAS)
        resized.cells.setArrayTokens(tokens)
        return resized

    @property
    def blank(self) -> bool:
        """Whether its cells are empty."""
        return not self.cells.queryContentCells(_CONTENT).Count

    def _added_cells(self, size: Size) -> Iterator[CalcArray]:
        """The additional cells of another size: those to the right, and those below."""
        old, own = self.area, self.size
        last_row, last_column = old.StartRow + size.rows - 1, old.StartColumn + size.columns - 1
        if size.columns > own.columns:
            yield self._part(old.StartRow, old.EndColumn + 1, last_row, last_column)
        if size.rows > own.rows:
            yield self._part(old.EndRow + 1, old.StartColumn, last_row, last_column)

    def _part(self, top: int, left: int, bottom: int, right: int) -> CalcArray:
        return CalcArray(self.sheet, self.sheet.getCellRangeByPosition(left, top, right, bottom).RangeAddress)


class Documents:
    """The open spreadsheets."""

    def __init__(self, context: Any) -> None:
        self._desktop = context.getByName("/singletons/com.sun.star.frame.theDesktop")
        self._main = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.AsyncCallback", context)

    def run_on_main_thread(self, run: Callable[[], object]) -> None:
        """Run a function on LibreOffice's main thread, and wait until it is done.

        Raises:
            TimeoutError: the main thread was busy for a minute.
        """
        callback = _Callback(run)
        self._main.addCallback(callback, None)
        if not callback.done.wait(_MAIN_THREAD_TIMEOUT):
            raise TimeoutError("LibreOffice does not answer")
        if callback.error is not None:
            raise callback.error

    def calculate(self) -> bool:
        """Make Calc calculate all dirty formulas, except in documents without automatic calculation.

        Returns:
            Whether all documents calculate automatically.
        """
        documents = list(self._documents())
        for document in documents:
            for sheet in document.Sheets:
                sheet.queryFormulaCells(_ANY_RESULT)
        return all(document.isAutomaticCalculationEnabled() for document in documents)

    def arrays(self, name: str) -> Iterator[CalcArray]:
        """The formulas that are nothing but a call of this function."""
        for document in self._documents():
            yield from find_arrays(document, name)

    def _documents(self) -> Iterator[Any]:
        components = self._desktop.Components.createEnumeration()
        while components.hasMoreElements():
            component = components.nextElement()
            if hasattr(component, "Sheets") and component.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
                yield component


def find_arrays(document: Any, *names: str) -> Iterator[CalcArray]:
    """The formulas of a document that are nothing but a call of one of these functions.

    Adjacent cells with a formula each are yielded as one object.
    """
    ours = "|".join(re.escape(text) for name in names for text in identifiers.names_in_formulas(name))
    calls = re.compile(rf"\{{?=(?P<around>(?:IFERROR|IFNA)\()?(?:{ours})\(")
    search = "|".join(f"{name}\\(" for name in names)
    document_id = str(document.RuntimeUID)
    for sheet in document.Sheets:
        for area in sheet.queryContentCells(_FORMULAS).RangeAddresses:
            # An area that is a single array needs no search, which takes a microsecond per cell.
            first = _array_at(sheet, area.StartRow, area.StartColumn, document_id)
            if not first.ends_like(area):
                for hit in _search(sheet, area, search):
                    yield from _arrays_in(sheet, hit, calls, document_id)
            elif is_only_call(first.text, calls):
                yield first


def enter_saved(document: Any) -> None:
    """Enter each call of our functions again that Calc shows with the result saved in the document, but arrays.

    Of Excel's files, Calc takes the results for good: it never calls the functions, and the cells follow no job. It
    calculates arrays. Formulas on a protected sheet stay as they are.
    """
    search = "|".join(f"{function.name}\\(" for function in CATALOG)
    for sheet in document.Sheets:
        hits = [
            hit
            for area in sheet.queryContentCells(_FORMULAS).RangeAddresses
            if not sheet.isProtected()
            for hit in _search(sheet, area, search)
        ]
        with _unmodified(document) if hits else nullcontext():
            for hit in hits:
                cells = CalcArray(sheet, hit).cells
                for row, texts in enumerate(cells.getFormulaArray()):
                    for column, text in enumerate(texts):
                        if not text.startswith("{"):
                            cell = cells.getCellByPosition(column, row)
                            cell.setTokens(cell.getTokens())


def is_plain(text: str) -> bool:
    """Whether a formula calls our functions exactly once."""
    return len(_ANY_CALL.findall(text)) == 1


@contextmanager
def _unmodified(document: Any) -> Iterator[None]:
    """What is done to the document adds no undo step, and does not mark it as modified."""
    modified, undo = document.isModified(), document.UndoManager
    undo.lock()
    try:
        yield
        document.setModified(modified)
    finally:
        undo.unlock()


def _search(sheet: Any, area: Any, text: str) -> Iterable[Any]:
    cells = CalcArray(sheet, area).cells
    descriptor = cells.createSearchDescriptor()
    descriptor.SearchString = text
    descriptor.SearchRegularExpression = True
    descriptor.SearchType = 0  # in formulas
    hits = cells.findAll(descriptor)
    return hits.RangeAddresses if hits is not None else ()


def _arrays_in(sheet: Any, area: Any, calls: re.Pattern[str], document: str) -> Iterator[CalcArray]:
    """The formulas in an area of formulas that are calls: as one object if each cell has a plain call of its own."""
    cells = CalcArray(sheet, area, single=True, document=document)
    texts = cells.cells.getFormulaArray()
    if all(is_only_call(text, calls) and is_plain(text) and not text.startswith("{") for row in texts for text in row):
        yield cells
        return
    done: set[tuple[int, int]] = set()
    for row in range(area.StartRow, area.EndRow + 1):
        for column in range(area.StartColumn, area.EndColumn + 1):
            if (row, column) not in done:
                array = _array_at(sheet, row, column, document)
                last = array.area
                done.update(itertools.product(range(row, last.EndRow + 1), range(column, last.EndColumn + 1)))
                if is_only_call(array.text, calls):
                    yield array


def _array_at(sheet: Any, row: int, column: int, document: str) -> CalcArray:
    """The formula of a cell with all cells into which it was entered."""
    cursor = sheet.createCursorByRange(sheet.getCellByPosition(column, row))
    cursor.collapseToCurrentArray()
    return CalcArray(sheet, cursor.RangeAddress, document=document)


class _Callback(unohelper.Base, XCallback):  # type: ignore[misc]
    """Runs a function once, and records its error."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run = run
        self.done = threading.Event()
        self.error: BaseException | None = None

    def notify(self, _: object) -> None:
        """Called by LibreOffice on its main thread."""
        try:
            self._run()
        except BaseException as error:
            self.error = error
        finally:
            self.done.set()
