"""A sheet: what its cells show, the formulas behind them, and how results spill."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.hosts.excel.fake import formulas, refs
from tests.hosts.excel.fake.formulas import ERRORS, CellError, Node, Rows, Scalar
from tests.hosts.excel.fake.refs import Area, Key
from tests.hosts.excel.fake.sheet_objects import Button, Pivot, Table

if TYPE_CHECKING:
    from tests.hosts.excel.fake.model import Book

REFUSED = 0x800A03EC - (1 << 32)  # what nearly everything that Excel refuses comes with


class Verbatim(str):
    """A text that is no formula, also where it begins like one."""

    __slots__ = ()


def convert_typed(text: str) -> Any:
    """What Excel makes of a text, as far as the tests enter such: nothing, truth, a number, a date, an error."""
    if not text:
        return None
    if text.upper() in {"TRUE", "FALSE"}:
        return text.upper() == "TRUE"
    if text in ERRORS:
        return ERRORS[text]
    if re.fullmatch(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?", text.strip()):
        return float(text)
    if found := re.fullmatch(r"(\d{1,2})[-/](\d{1,2})", text.strip()):
        with contextlib.suppress(ValueError):
            return float((date(2026, int(found[2]), int(found[1])) - date(1899, 12, 30)).days)
    return text


class ExcelError(Exception):
    """Excel refuses what was asked of it."""

    def __init__(self, text: str, scode: int = REFUSED) -> None:
        super().__init__(text)
        self.scode = scode


@dataclasses.dataclass(slots=True, eq=False)
class Formula:
    """A formula and where its result went."""

    text: str
    node: Node
    single: bool = False  # entered through Formula, not Formula2: shows one value only
    array: Area | None = None  # entered with Ctrl+Shift+Enter over these cells
    dirty: bool = True
    result: Rows = ((None,),)
    spill: Area | None = None
    blocked: Area | None = None  # where it would spill if nothing stood there


class Sheet:
    """One sheet, and what a user at the keyboard does to it. Cells are named as in a formula: `A5`, `A5:C7`."""

    def __init__(self, book: Book, name: str) -> None:
        self.book = book
        self.name = name
        self.protected = False
        self.broken = False  # it refuses every call
        self.visible = -1
        self.values: dict[Key, Scalar] = {}
        self.formulas: dict[Key, Formula] = {}
        self.spills: dict[Key, Key] = {}  # a cell filled by a neighbour, and that neighbour
        self.formats: dict[Key, str] = {}  # number formats other than General
        self.notes: dict[Key, str] = {}
        self.links: dict[Key, str] = {}  # of Insert > Link, which stay on their cells when something is entered there
        self.colors: dict[Key, int] = {}  # of fonts
        self.hidden: set[int] = set()  # rows
        self.tables: list[Table] = []
        self.pivots: list[Pivot] = []
        self.buttons: list[Button] = []
        self.widths: dict[int, float] = {}

    # What a user sees and does.

    def enter(self, address: str, formula: str) -> None:
        """Enter a formula into a cell, as a user does: its result may spill."""
        self.book.excel.undoable.append(f"enter {address}")
        self.put(refs.parse(address).key, formula)

    def type(self, address: str, value: Any) -> None:
        """Type something over a cell; a list of rows fills the block that begins there."""
        rows = value if isinstance(value, list) else [[value]]
        self.book.excel.undoable.append(f"type {address}")
        top, left = refs.parse(address).key
        for i, row in enumerate(rows):
            for j, one in enumerate(row):
                self.put((top + i, left + j), one)

    def clear(self, address: str) -> None:
        """Press Delete on cells."""
        self.book.excel.undoable.append(f"clear {address}")
        for key in list(self.filled(refs.parse(address))):
            self.put(key, None)

    def value(self, address: str) -> Scalar:
        """What a cell shows; an error value is the number that Value2 gives."""
        return self.values.get(refs.parse(address).key)

    def formula(self, address: str) -> str | None:
        """The formula of a cell that has one of its own."""
        found = self.formulas.get(refs.parse(address).key)
        return found.text if found else None

    def block(self, address: str) -> list[list[Scalar]]:
        """What the formula in this cell shows: one cell, or all it spills over."""
        key = refs.parse(address).key
        found = self.formulas.get(key)
        area = (found.array or found.spill if found else None) or Area.at(key)
        return [[self.values.get(one) for one in row] for row in area.rows()]

    def block_of(self, address: str) -> list[list[Scalar]]:
        """What cells show."""
        return [[self.values.get(key) for key in row] for row in refs.parse(address).rows()]

    def insert_rows(self, at: int, count: int = 1) -> None:
        """Insert rows before row `at`; nothing is recalculated, as long as only places change."""
        self._shift(at, count)

    def delete_rows(self, at: int, count: int = 1) -> None:
        """Delete rows from row `at` on; what referred to them shows #REF!."""
        self._shift(at, -count)

    def sort(self, area: Area, column: int) -> None:
        """Sort lines by a column, blanks last; what is on a cell moves with it, and hidden lines stay."""
        lines = [row for row in range(area.top, area.bottom + 1) if row not in self.hidden]
        ranked = sorted(lines, key=lambda row: _sort_key(self.values.get((row, column))))
        columns = range(area.left, area.right + 1)
        self._move({(old, c): (new, c) for old, new in zip(ranked, lines, strict=True) for c in columns})

    def remove(self, area: Area) -> None:
        """Remove cells; those below move up, and a table around them becomes smaller."""
        self._check_unprotected()
        last = max(self.used().bottom, area.bottom)
        columns = range(area.left, area.right + 1)
        self._move(dict.fromkeys(area.cells()))
        below = range(area.bottom + 1, last + 1)
        self._move({(row, c): (row - area.height, c) for row in below for c in columns}, gone=True)
        for table in self.tables:
            if table.area.intersection(area) == area and (area.left, area.right) == (table.area.left, table.area.right):
                table.area = dataclasses.replace(table.area, bottom=table.area.bottom - area.height)

    def table(self, name: str, address: str) -> Table:
        """Make a table of cells."""
        self.tables.append(Table(name, refs.parse(address)))
        return self.tables[-1]

    def rename(self, name: str) -> None:
        """Rename the sheet, also where formulas name it."""
        old, self.name = self.name, name
        for sheet in self.book.sheets:
            sheet.rewrite(lambda named, where: refs.prefix(name) + where if _is_same_name(named, old) else None)
        self.book.saved = False

    def delete(self) -> None:
        """Delete the sheet; what referred to it shows #REF!."""
        self.book.sheets.remove(self)
        for sheet in self.book.sheets:
            sheet.rewrite(lambda named, where: "#REF!" if _is_same_name(named, self.name) else None)
        self.book.saved = False
        self.book.excel.recalculate()

    # Cells.

    def used(self) -> Area:
        """The used range, as far as it has content."""
        keys = self.values.keys() | self.formulas.keys()
        if not keys:
            return Area(1, 1, 1, 1)
        rows, columns = [key[0] for key in keys], [key[1] for key in keys]
        return Area(min(rows), min(columns), max(rows), max(columns))

    def filled(self, area: Area) -> Iterator[Key]:
        """The cells of an area that have content, which may be far fewer than it has cells."""
        here = area.intersection(self.used())
        return (key for key in (here.cells() if here else ()) if key in self.values or key in self.formulas)

    def read(self, area: Area) -> Scalar | list[list[Scalar]]:
        """What Value2 gives."""
        if area.single:
            return self.values.get(area.key)
        return [[self.values.get(key) for key in row] for row in area.rows()]

    def owner(self, key: Key) -> Key | None:
        """The cell whose formula fills this one, itself included."""
        if key in self.formulas:
            return key
        return self.spills.get(key)

    def put(
        self, key: Key, content: Any, *, single: bool = False, array: Area | None = None, later: bool = False
    ) -> None:
        """Set a cell to a value or, if it begins with an equals sign, a formula.

        With `later` its dependents are not calculated: `settle` is to be called for all cells together.
        """
        self._check_unprotected()
        owner = self.owner(key)
        whole = self.formulas[owner].array if owner else None
        if whole and not whole.single and whole != array:
            raise ExcelError("You can't change part of an array.")
        formula = None
        if isinstance(content, str) and content.startswith("=") and not isinstance(content, Verbatim):
            try:
                formula = Formula(content, formulas.parse(content), single=single, array=array)
            except ValueError as error:
                raise ExcelError(f"There's a problem with this formula. ({error})") from error
        shown = (self.formulas[owner].spill if owner else None) or Area.at(key)
        if owner:
            self._unspill(owner)
        self.formulas.pop(key, None)
        self.values.pop(key, None)
        if formula:
            self.formulas[key] = formula
            self.values[key] = 0.0
            shown_text = formulas.link_text(formula.node)
            if shown_text is not None:
                self.values[key], formula.result, formula.spill = shown_text, ((shown_text,),), Area.at(key)
                formula.dirty = False
        elif content is not None:
            self.values[key] = _to_scalar(content)
            if owner and owner != key:
                self._block(owner)
        self.book.saved = False
        if later and shown.single:
            return
        self._unblock(key)
        self.book.excel.mark_dependents(self, shown)
        self.book.excel.recalculate(None if formula is None else (self, key))

    def settle(self, area: Area) -> None:
        """Calculate what depends on cells that were put, and the formulas among them."""
        for formula in self.formulas.values():
            if formula.blocked and formula.blocked.intersection(area):
                formula.dirty = True
        self.book.excel.mark_dependents(self, area)
        self.book.excel.recalculate()
        for key in self.filled(area):
            if key in self.formulas and self.formulas[key].dirty:
                self.book.excel.recalculate((self, key))

    def _check_unprotected(self) -> None:
        if self.protected:
            raise ExcelError("The cell or chart you're trying to change is on a protected sheet.")

    def _move(self, places: dict[Key, Key | None], *, gone: bool = False) -> None:
        """Put what is on these cells on others, or nowhere; only single cells may have formulas there."""
        self._check_unprotected()
        everything: tuple[dict[Key, Any], ...] = (self.values, self.formulas, self.formats, self.notes, self.colors)
        for held in everything:
            taken = {key: held.pop(key) for key in places if key in held}
            held.update({there: one for key, one in taken.items() if (there := places[key])})
            if held is self.formulas:
                for key, formula in taken.items():
                    if there := places[key]:
                        if not gone:
                            formula.text = formulas.shift_rows(formula.text, there[0] - key[0])
                            formula.node = formulas.parse(formula.text)
                        formula.spill, formula.dirty = Area.at(there), True
        self.book.saved = False
        rows, columns = [key[0] for key in places], [key[1] for key in places]
        if places:
            self.book.excel.mark_dependents(self, Area(min(rows), min(columns), max(rows), max(columns)))
        self.book.excel.recalculate()

    def show(self, key: Key, rows: Rows) -> bool:
        """Show a result, and say whether anything looks different now."""
        formula = self.formulas[key]
        if formula.array:
            area = formula.array
        elif formula.single or not self.book.excel.dynamic_arrays:
            area = Area.at(key)
        else:
            area = Area.at(key, len(rows), len(rows[0]))
        before = {one: self.values.get(one) for one in (formula.spill or Area.at(key)).cells()}
        self._unspill(key)
        formula.result = rows
        if not formula.array and (refs.WHOLE.intersection(area) != area or self._is_blocked(key, area)):
            formula.blocked, area, rows = area, Area.at(key), ((ERRORS["#SPILL!"],),)
        formula.spill = area
        for i, row in enumerate(area.rows()):
            for j, one in enumerate(row):
                inside = i < len(rows) and j < len(rows[0])
                # A formula never shows an empty cell: nothing becomes zero.
                value = rows[i][j] if inside else ERRORS["#N/A"]
                self.values[one] = 0.0 if value is None else value
                if one != key:
                    self.spills[one] = key
        return before != {one: self.values.get(one) for one in area.cells()}

    def _is_blocked(self, key: Key, area: Area) -> bool:
        return any(one != key for one in self.filled(area))

    def _unspill(self, key: Key) -> None:
        formula = self.formulas[key]
        if formula.spill:
            for one in formula.spill.cells():
                if self.spills.get(one) == key:
                    del self.spills[one]
                    self.values.pop(one, None)
        formula.spill = formula.blocked = None

    def _block(self, key: Key) -> None:
        self.show(key, self.formulas[key].result)

    def _unblock(self, key: Key) -> None:
        for formula in self.formulas.values():
            if formula.blocked and key in formula.blocked:
                formula.dirty = True

    # Places.

    def rewrite(self, change: Any) -> None:
        """Change references in this sheet's formulas, without recalculating any that still means the same."""
        for formula in self.formulas.values():
            text = formulas.rewrite_references(formula.text, change)
            if text != formula.text:
                formula.text, formula.node = text, formulas.parse(text)
                formula.dirty = formula.dirty or "#REF!" in text

    def _shift(self, at: int, count: int) -> None:
        self._check_unprotected()
        end = at if count > 0 else at - count

        def place(key: Key) -> Key | None:
            return None if at <= key[0] < end else (key[0] + count * (key[0] >= end), key[1])

        for key in self.formulas:
            self._unspill(key)
        moved = [(place(key), formula) for key, formula in self.formulas.items()]
        self.values = {there: value for key, value in self.values.items() if (there := place(key))}
        self.formulas = {there: formula for there, formula in moved if there}
        for sheet in self.book.sheets:

            def change(named: str | None, where: str, sheet: Sheet = sheet) -> str | None:
                if not (_is_same_name(named, self.name) if named else sheet is self):
                    return None
                text = formulas.move_address(where, at, count)
                return "#REF!" if text is None else (refs.prefix(named) if named else "") + text

            sheet.rewrite(change)
        for key, formula in self.formulas.items():
            if formula.array:
                formula.array = Area.at(key, formula.array.height, formula.array.width)
            self.show(key, formula.result)
        self.book.saved = False
        self.book.excel.recalculate()


def _is_same_name(named: str | None, name: str) -> bool:
    return named is not None and named.casefold() == name.casefold()


def _sort_key(value: Scalar) -> tuple[int, Any]:
    """Excel's order: numbers, text, logical values, errors, blanks."""
    if value is None:
        return 4, 0
    if isinstance(value, CellError):
        return 3, 0
    if isinstance(value, bool):
        return 2, value
    return (1, value.casefold()) if isinstance(value, str) else (0, value)


def _to_scalar(content: Any) -> Scalar:
    if isinstance(content, Verbatim):
        return str(content)
    if isinstance(content, (bool, str, CellError)) or content is None:
        return content
    return float(content)


def as_rows(result: Any) -> Rows:
    """A result of a function as rows; a flat one is one row, as everything that comes through COM is."""
    if not isinstance(result, Sequence) or isinstance(result, str):
        return ((result,),)
    if result and isinstance(result[0], Sequence) and not isinstance(result[0], str):
        return tuple(map(tuple, result))
    return (tuple(result),) if result else ((ERRORS["#VALUE!"],),)
