"""Workbooks and their recalculation, without any COM: what the fake Excel does, on any system."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from tests.hosts.excel.fake import formulas, refs
from tests.hosts.excel.fake.formulas import ERRORS, Call, CellError, Constant, Node, Operation, Reference, Rows, Scalar
from tests.hosts.excel.fake.refs import Area, Key
from tests.hosts.excel.fake.sheet import ExcelError, Sheet, as_rows

AUTOMATIC = -4105
MANUAL = -4135
ENGLISH = 0x409
_MAX_CALCULATIONS = 1000  # so often no cell is calculated in one go, unless two of them chase each other


@dataclasses.dataclass(frozen=True, slots=True)
class Cells:
    """Cells that a function is given; never as an object of Excel's, always to be read."""

    sheet: Sheet
    area: Area

    @property
    def key(self) -> Key:
        return self.area.key

    @property
    def external(self) -> str:
        """As Range.Address(External:=True) gives it."""
        return refs.prefix(self.sheet.name, self.sheet.book.name) + self.area.address()


Function = Callable[[str, list[Any], Cells], Any]  # its name, its arguments and the calling cell


class Book:
    """A workbook; the path is empty until it is saved."""

    def __init__(self, excel: Excel, name: str, path: str, sheets: tuple[str, ...]) -> None:
        self.excel = excel
        self.name = name
        self.path = path
        self.saved = True
        self.structure_protected = False
        self.password = self.write_password = False
        self.names: dict[str, tuple[str, Area] | None] = {}  # of a sheet's cells; None for something else
        self.links: list[str] = []
        self.ole_links: list[str] = []
        self.stubborn_links: set[str] = set()  # which stand where they can't be broken
        self.impersonal = self.hidden = self.auto_save = False
        self.macros = name.endswith((".xlsm", ".xlam"))
        self.macros_run = True  # as a rule; where macros are off our functions are unknown
        self.sheets = [Sheet(self, sheet) for sheet in sheets]
        self.front = self.sheets[0]

    @property
    def full_name(self) -> str:
        return f"{self.path}\\{self.name}" if self.path else self.name

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name, which is added if there is none."""
        for sheet in self.sheets:
            if sheet.name.casefold() == name.casefold():
                return sheet
        self.sheets.append(Sheet(self, name))
        self.saved = False
        return self.sheets[-1]

    def save_as(self, name: str, path: str = "") -> None:
        self.name, self.path, self.saved = name, path or self.path, True

    def close(self, *, ask: bool = True) -> None:
        """Close it, as its user does; or without a question, as a program may."""
        if ask and not self.saved:
            self.excel.asked.append(self.name)
        self.excel.on_closed(self)


class Excel:
    """The application."""

    def __init__(self) -> None:
        self.books: list[Book] = []
        self.calculation = AUTOMATIC
        self.dynamic_arrays = True
        self.calculating = False
        self.copying = 0  # CutCopyMode: 1 copies, 2 cuts
        self.dirty_recalculates = True  # in automatic mode, as its documentation says; else it only marks
        self.max_array_text = 255  # characters in an array of Variants that a function gives (xlwings/xlwings#456)
        self.dirty_ignored = False  # said of Dirty on a sheet that is not the active one
        self.range_calculate_ignored = (
            False  # no report of it is known; code that calls Range.Calculate has to hold all the same
        )
        self.text_cells_take_apostrophes = True  # in a cell for text; what Excel does is not known
        self.lcid = ENGLISH  # the locale of the call that is answered
        self.tells_types = False  # whether a Range says that it is one; Excel's does
        self.undoable: list[str] = []  # what its user can undo
        self.asked: list[str] = []  # the names of the books that its user closed and was asked whether to save
        self.functions: dict[str, Function] = {}
        self.other_functions: Function | None = None  # what has none of its own above
        self.calls: Counter[str] = Counter()  # how often each cell was calculated, by its external address

    def open(self, name: str, path: str = "", sheets: tuple[str, ...] = ("Sheet1",)) -> Book:
        """Open a workbook that is saved already (or, without a path, add a new one)."""
        book = Book(self, name, path, sheets)
        self.books.append(book)
        return book

    def on_closed(self, book: Book) -> None:
        self.books.remove(book)

    # Its language is German, which shows in calls with another locale than English (mhammond/pywin32#2663).

    def local_format(self, text: str) -> str:
        return "Standard" if text == "General" and self.lcid != ENGLISH else text

    def english_format(self, text: str) -> str:
        if self.lcid == ENGLISH:
            return text
        if text == "General" or "y" in text:
            raise ExcelError("Unable to set the NumberFormat property of the Range class")
        return "General" if text == "Standard" else text

    def local_formula(self, text: str) -> str:
        return text if self.lcid == ENGLISH else _exchange(text, ",", ";")

    def english_formula(self, text: str) -> str:
        if self.lcid == ENGLISH:
            return text
        if _exchange(text, ",", "") != text:
            raise ExcelError("Application-defined or object-defined error")
        return _exchange(text, ";", ",")

    # Recalculation.

    def mark_dependents(self, sheet: Sheet, area: Area, but: Key | None = None) -> None:
        """Mark everything that refers to these cells, directly or not, as to be calculated."""
        for other in sheet.book.sheets:
            for key, formula in other.formulas.items():
                if formula.dirty or (other is sheet and key == but):
                    continue
                if any(
                    found is sheet and where.intersection(area)
                    for found, where in self._precedents(other, formula.node)
                ):
                    formula.dirty = True
                    self.mark_dependents(other, formula.spill or Area.at(key), but)

    def mark_dirty(self, sheet: Sheet, area: Area) -> None:
        """What Range.Dirty does; in its documentation's example Excel then asks whether to save the book."""
        sheet.book.saved = False
        for key in list(sheet.filled(area)):
            owner = sheet.owner(key)
            if owner and not sheet.formulas[owner].dirty:
                sheet.formulas[owner].dirty = True
                self.mark_dependents(sheet, sheet.formulas[owner].spill or Area.at(owner))

    def recalculate(self, entered: tuple[Sheet, Key] | None = None) -> None:
        """After a change: everything that is marked or, in manual mode, only the formula just entered."""
        if self.calculation != MANUAL:
            self.calculate()
        elif entered:
            self._calculate_only(*entered)

    def calculate(self) -> None:
        """What Application.Calculate does."""
        if self.calculating:
            return
        self.calculating = True
        turns: Counter[tuple[int, Key]] = Counter()
        try:
            while found := next(self._dirty_cells(), None):
                sheet, key = found
                turns[id(sheet), key] += 1
                if turns[id(sheet), key] > _MAX_CALCULATIONS:
                    raise ExcelError(f"{Cells(sheet, Area.at(key)).external} is calculated without end")
                self._evaluate(sheet, key, [])
        finally:
            self.calculating = False

    def calculate_cells(self, sheet: Sheet, area: Area) -> None:
        """What Range.Calculate does: these cells, marked or not, and nothing else."""
        for owner in {sheet.owner(key) for key in sheet.filled(area)} - {None}:
            assert owner
            self._calculate_only(sheet, owner)

    def _calculate_only(self, sheet: Sheet, key: Key) -> None:
        if not self.calculating:
            self.calculating = True
            try:
                self._evaluate(sheet, key, [], alone=True)
            finally:
                self.calculating = False

    @property
    def pending(self) -> bool:
        return next(self._dirty_cells(), None) is not None

    def _dirty_cells(self) -> Iterator[tuple[Sheet, Key]]:
        for book in self.books:
            for sheet in book.sheets:
                for key, formula in sheet.formulas.items():
                    if formula.dirty:
                        yield sheet, key

    def _precedents(self, sheet: Sheet, node: Node) -> Iterator[tuple[Sheet | None, Area]]:
        for reference in formulas.references(node):
            yield self._resolve(sheet, reference)

    def _resolve(self, sheet: Sheet, reference: Reference) -> tuple[Sheet | None, Area]:
        found: Sheet | None = sheet
        if reference.sheet is not None:
            wanted = reference.sheet.casefold()
            found = next((one for one in sheet.book.sheets if one.name.casefold() == wanted), None)
        area = reference.area
        if reference.spilled and found:
            formula = found.formulas.get(area.key)
            return (found, formula.spill or area) if formula else (None, area)
        return found, area

    def _evaluate(self, sheet: Sheet, key: Key, busy: list[Key | Sheet], *, alone: bool = False) -> None:
        formula = sheet.formulas[key]
        formula.dirty = False
        if not alone:
            for other, area in self._precedents(sheet, formula.node):
                for one in (
                    [k for k, f in other.formulas.items() if f.dirty and area.intersection(f.spill or Area.at(k))]
                    if other
                    else ()
                ):
                    if other and other.formulas[one].dirty:
                        self._evaluate(other, one, busy)
        caller = Cells(sheet, formula.array or Area.at(key))
        self.calls[caller.external] += 1
        result = self._fit(self._rows(self._value(sheet, formula.node, caller)))
        if sheet.formulas.get(key) is not formula:
            return  # replaced while its function ran
        before = formula.spill or Area.at(key)
        if sheet.show(key, result):
            sheet.book.saved = False
            self.mark_dependents(sheet, before, key)
            self.mark_dependents(sheet, formula.spill or Area.at(key), key)

    # Values.

    def _fit(self, rows: Rows) -> Rows:
        """What becomes of a function's result: one text that is too long makes an array fail as a whole."""
        is_array = len(rows) * len(rows[0]) > 1
        texts = [value for row in rows for value in row if isinstance(value, str)] if is_array else []
        too_long = any(len(text.encode("utf-16-le")) > 2 * self.max_array_text for text in texts)
        return ((ERRORS["#VALUE!"],),) if too_long else rows

    def _rows(self, value: Any) -> Rows:
        if isinstance(value, Cells):
            value = value.sheet.read(value.area.intersection(value.sheet.used()) or Area.at(value.key))
        return as_rows(value)

    def _value(self, sheet: Sheet, node: Node, caller: Cells) -> Any:
        match node:
            case Constant():
                return node.value
            case Reference():
                found, area = self._resolve(sheet, node)
                return Cells(found, area) if found else ERRORS["#REF!"]
            case Operation():
                left, right = (self._rows(self._value(sheet, side, caller))[0][0] for side in (node.left, node.right))
                return _apply(node.sign, left, right)
            case Call() if node.name == "IF":
                condition = self._rows(self._value(sheet, node.args[0], caller))[0][0]
                if isinstance(condition, CellError):
                    return condition
                return self._value(sheet, node.args[1 if condition else 2], caller)
            case Call():
                return self._call(node.name, [self._value(sheet, arg, caller) for arg in node.args], caller)

    def _call(self, name: str, args: list[Any], caller: Cells) -> Any:
        if name in {"SUM", "COUNTA"}:
            flat = [one for arg in args for row in self._rows(arg) for one in row]
            if name == "COUNTA":
                return float(sum(one is not None for one in flat))
            return next((one for one in flat if isinstance(one, CellError)), None) or sum(
                one for one in flat if isinstance(one, float)
            )
        if name == "HYPERLINK":
            return args[-1]
        function = self.functions.get(name, self.other_functions) if caller.sheet.book.macros_run else None
        return ERRORS["#NAME?"] if function is None else function(name, args, caller)


def _exchange(formula: str, old: str, new: str) -> str:
    """Exchange what separates arguments, but not within texts."""
    return '"'.join(
        part if within else part.replace(old, new) for within, part in zip(cycle((0, 1)), formula.split('"'))
    )


def _apply(sign: str, left: Scalar, right: Scalar) -> Scalar:
    for side in (left, right):
        if isinstance(side, CellError):
            return side
    if sign == "&":
        return "".join(
            "" if side is None else f"{side:g}" if isinstance(side, float) else str(side) for side in (left, right)
        )
    try:
        one, other = (0.0 if side is None else float(side) for side in (left, right))
    except ValueError:
        return ERRORS["#VALUE!"]
    if sign == "/":
        return one / other if other else ERRORS["#DIV/0!"]
    return {"+": one + other, "-": one - other, "*": one * other}[sign]
