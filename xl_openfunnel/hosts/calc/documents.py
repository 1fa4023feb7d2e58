"""The open spreadsheets of the office that this runs in: finding formulas and having them calculated."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import unohelper
from com.sun.star.awt import XCallback

from ...functions.catalog import CATALOG
from . import identifiers
from .array_size import Size

_FORMULAS: Final = 16  # com.sun.star.sheet.CellFlags.FORMULA
_CONTENT: Final = 1 | 2 | 4 | _FORMULAS  # and VALUE, DATETIME, STRING
_ANY_RESULT: Final = 1 | 2 | 4  # com.sun.star.sheet.FormulaResult
_ANY_CALL: Final = re.compile(
    "|".join(re.escape(f"{text}(") for name in CATALOG for text in identifiers.names_in_formulas(name.name))
)
_MAIN_THREAD_TIMEOUT: Final = 60.0
"""Seconds to wait for the office's own thread, which may show a dialog of the system."""


@dataclass(frozen=True)
class CalcArray:
    """A formula in one cell, or entered into several as an array.

    Attributes:
        sheet: its sheet.
        area: its cells, a CellRangeAddress.
        single: whether each of the cells has a plain formula of its own.
        document: what tells its document from others that are open.
    """

    sheet: Any
    area: Any
    single: bool = False
    document: str = ""

    # Whatever the office is asked for is remembered: there may be hundreds of these, and its user waits.

    @cached_property
    def size(self) -> Size:
        """The rows and columns of each formula."""
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
        """The formula, of several the first."""
        text: str = self.cells.getArrayFormula() or self.cells.getFormulaArray()[0][0]
        return text

    @property
    def plain(self) -> bool:
        """Whether it calls nothing of ours among its arguments."""
        return self.single or is_plain(self.text)

    def ends_like(self, area: Any) -> bool:
        """Whether its last cell is the area's."""
        return bool(self.area.EndRow == area.EndRow and self.area.EndColumn == area.EndColumn)

    def formulas(self) -> Iterator[CalcArray]:
        """The formulas one by one."""
        if not self.single:
            yield self
            return
        for row in range(self.area.StartRow, self.area.EndRow + 1):
            for column in range(self.area.StartColumn, self.area.EndColumn + 1):
                yield _array_at(self.sheet, row, column, self.document)

    def calculate(self) -> None:
        """Asking which results formulas have has them calculated, if they have to be."""
        self.cells.queryFormulaCells(_ANY_RESULT) if self.single else self.cells.getCellByPosition(0, 0).getError()

    @cached_property
    def key(self) -> Hashable:
        """Where it stands and what its formula is."""
        area = self.area
        cells = area.Sheet, area.StartRow, area.StartColumn, area.EndRow, area.EndColumn
        return self.document, cells, self.text

    def shows(self, row: int, cells: list[str | float | bool]) -> bool:
        """Whether that row shows this; the last one is -1."""
        line = row % self.size.rows
        (shown,) = self.cells.getCellRangeByPosition(0, line, self.size.columns - 1, line).getDataArray()
        return list(shown) == cells

    def enter(self) -> None:
        """Enter each formula once more, which has it calculated: nothing to undo, and nothing to save."""
        if self.sheet.isProtected():
            return
        document = self.sheet.DrawPage.Forms.Parent
        modified, undo = document.isModified(), document.UndoManager
        undo.lock()
        try:
            for one in self.formulas():
                if one.cells.getArrayTokens():
                    one.cells.setArrayTokens(one.cells.getArrayTokens())
                else:
                    cell = one.cells.getCellByPosition(0, 0)
                    cell.setTokens(cell.getTokens())
                one.calculate()
            document.setModified(modified)
        finally:
            undo.unlock()

    def resize(self, size: Size) -> CalcArray | None:
        """Enter the formula into cells of another size; None where other things are in the way, or where it may not."""
        if self.sheet.isProtected():
            return None
        formula, old = self._formula(), self.cells
        cursor = self.sheet.createCursorByRange(old)
        cursor.collapseToSize(size.columns, size.rows)
        fresh = CalcArray(self.sheet, cursor.RangeAddress)
        if fresh.size != size or not all(strip.blank for strip in self._added_cells(size)):
            return None
        old.clearContents(_FORMULAS)
        fresh.cells.setArrayTokens(formula)
        return fresh

    @property
    def blank(self) -> bool:
        """Whether there is nothing in its cells."""
        return not self.cells.queryContentCells(_CONTENT).Count

    def _formula(self) -> Any:
        return self.cells.getArrayTokens() or self.cells.getCellByPosition(0, 0).getTokens()

    def _added_cells(self, size: Size) -> Iterator[CalcArray]:
        """The cells that another size takes besides: those on the right, and those below."""
        old, own = self.area, self.size
        last_row, last_column = old.StartRow + size.rows - 1, old.StartColumn + size.columns - 1
        if size.columns > own.columns:
            yield self._part(old.StartRow, old.EndColumn + 1, last_row, last_column)
        if size.rows > own.rows:
            yield self._part(old.EndRow + 1, old.StartColumn, last_row, last_column)

    def _part(self, top: int, left: int, bottom: int, right: int) -> CalcArray:
        return CalcArray(self.sheet, self.sheet.getCellRangeByPosition(left, top, right, bottom).RangeAddress)


class Documents:
    """The spreadsheets that are open.

    Args:
        context: the office's component context.
    """

    def __init__(self, context: Any) -> None:
        self._desktop = context.getByName("/singletons/com.sun.star.frame.theDesktop")
        self._main = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.AsyncCallback", context)

    def run_on_main_thread(self, run: Callable[[], object]) -> None:
        """Run something on the office's own thread, and wait until it is done.

        Raises:
            TimeoutError: the office does something else for a minute.
        """
        callback = _Callback(run)
        self._main.addCallback(callback, None)
        if not callback.done.wait(_MAIN_THREAD_TIMEOUT):
            raise TimeoutError("the office does not answer")
        if callback.error is not None:
            raise callback.error

    def calculate(self) -> bool:
        """Asking which results formulas have has them calculated, but not where the user calculates by hand."""
        documents = list(self._documents())
        for document in documents:
            for sheet in document.Sheets:
                sheet.queryFormulaCells(_ANY_RESULT)
        return all(document.isAutomaticCalculationEnabled() for document in documents)

    def arrays(self, name: str) -> Iterator[CalcArray]:
        """Where a formula is a call of that function and nothing else."""
        for document in self._documents():
            yield from find_arrays(document, name)

    def _documents(self) -> Iterator[Any]:
        components = self._desktop.Components.createEnumeration()
        while components.hasMoreElements():
            component = components.nextElement()
            if hasattr(component, "Sheets") and component.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
                yield component


def find_arrays(document: Any, *names: str) -> Iterator[CalcArray]:
    """Where a formula of a document is a call of one of these functions and nothing else.

    Formulas in single cells that stand side by side are one array of single cells.
    """
    ours = "|".join(re.escape(text) for name in names for text in identifiers.names_in_formulas(name))
    calls = re.compile(rf"\{{?=(?P<around>(?:IFERROR|IFNA)\()?(?:{ours})\(")
    search = "|".join(f"{name}\\(" for name in names)
    own = str(document.RuntimeUID)
    for sheet in document.Sheets:
        for area in sheet.queryContentCells(_FORMULAS).RangeAddresses:
            # An array that stands alone needs no search, which takes a microsecond for each of its cells.
            alone = _array_at(sheet, area.StartRow, area.StartColumn, own)
            if not alone.ends_like(area):
                for hit in _search(sheet, area, search):
                    yield from _arrays_in(sheet, hit, calls, own)
            elif is_call(alone.text, calls):
                yield alone


def is_call(text: str, calls: re.Pattern[str]) -> bool:
    """Whether a formula is nothing but a call: the bracket that it opens is closed by the last character.

    Or a call as the first argument of IFERROR or IFNA, which leave our texts and numbers as they are, and their places.
    """
    start = calls.match(text)
    if start is None:
        return False
    rest = text[start.end() :].removesuffix("}")
    if start["around"]:
        rest = rest[_closing_bracket(rest) + 1 :]
        if not rest.startswith((",", ";")):  # as the document's own grammar has it
            return False
    return rest != "" and _closing_bracket(rest) == len(rest) - 1


def _closing_bracket(rest: str) -> int:
    """Where the bracket is closed that was open before; -1 for nowhere."""
    depth, quote = 1, ""
    for place, letter in enumerate(rest):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if depth == 0:
                return place
    return -1


def is_plain(text: str) -> bool:
    """Whether a formula that is a call has no other one among its arguments."""
    return len(_ANY_CALL.findall(text)) == 1


def _search(sheet: Any, area: Any, text: str) -> Iterable[Any]:
    cells = CalcArray(sheet, area).cells
    search = cells.createSearchDescriptor()
    search.SearchString = text
    search.SearchRegularExpression = True
    search.SearchType = 0  # in formulas
    hits = cells.findAll(search)
    return hits.RangeAddresses if hits is not None else ()


def _arrays_in(sheet: Any, area: Any, calls: re.Pattern[str], document: str) -> Iterator[CalcArray]:
    """The arrays of an area that has nothing else, and the single cells: as one where all are calls."""
    texts = CalcArray(sheet, area).cells.getFormulaArray()
    if all(is_call(text, calls) and is_plain(text) and not text.startswith("{") for row in texts for text in row):
        yield CalcArray(sheet, area, single=True, document=document)
        return
    done: set[tuple[int, int]] = set()
    for row in range(area.StartRow, area.EndRow + 1):
        for column in range(area.StartColumn, area.EndColumn + 1):
            if (row, column) not in done:
                found = _array_at(sheet, row, column, document)
                last = found.area
                done.update(itertools.product(range(row, last.EndRow + 1), range(column, last.EndColumn + 1)))
                if is_call(found.text, calls):
                    yield found


def _array_at(sheet: Any, row: int, column: int, document: str) -> CalcArray:
    """What the formula of a cell was entered into."""
    cursor = sheet.createCursorByRange(sheet.getCellByPosition(column, row))
    cursor.collapseToCurrentArray()
    return CalcArray(sheet, cursor.RangeAddress, document=document)


class _Callback(unohelper.Base, XCallback):  # type: ignore[misc]
    """Something to run once."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run = run
        self.done = threading.Event()
        self.error: BaseException | None = None

    def notify(self, _: object) -> None:
        """Called by the office, on its own thread."""
        try:
            self._run()
        except BaseException as error:
            self.error = error
        finally:
            self.done.set()
