"""Excel's Range as other processes see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.com_server import Exposed, takes_index
from tests.hosts.excel.fake.formulas import CellError, to_r1c1
from tests.hosts.excel.fake.refs import Area, Key
from tests.hosts.excel.fake.sheet import ExcelError, Sheet, Verbatim, convert_typed
from tests.hosts.excel.fake.sheet import Formula as CellFormula

if TYPE_CHECKING:
    from tests.hosts.excel.fake import objects

FORMULAS = -4123  # xlCellTypeFormulas
MAX_ARRAY_TEXT = 8_203  # of a text in an array that is written; said by many, documented nowhere
MAX_FORMULA_TEXT = 8_221  # characters of a text that Formula gives; of a longer one nothing (xlwings/xlwings#887)


class OnSheet(Exposed):
    sheet: Sheet

    def exists(self) -> bool:
        there = self.sheet in self.sheet.book.sheets and self.sheet.book in self.excel.books
        return there and not self.sheet.broken


class Range(OnSheet):
    default = "Default"
    Row = property(lambda self: self.first.top)
    Column = property(lambda self: self.first.left)
    Count = CountLarge = property(
        lambda self: len(self.parts) if self.parts else sum(a.height * a.width for a in self.areas)
    )
    Worksheet = Parent = property(lambda self: self.worksheet)
    Areas = property(lambda self: self._with_parts([Range(self.worksheet, area) for area in self.areas]))
    Rows = property(lambda self: self._with_parts([self._rows(n) for n in range(1, min(self.first.height, 1000) + 1)]))
    CurrentRegion = property(lambda self: self._at(self.first.region(set(self.sheet.filled(self.sheet.used())))))
    ListObject = property(lambda self: self.worksheet.ListObjects.at(self.first.key))
    HasFormula = property(lambda self: self._common_value(lambda key: self._formula(key) is not None))
    HasArray = property(lambda self: self._common_value(lambda key: self._array(key) is not None))
    HasSpill = property(lambda self: self._common_value(lambda key: self._spilled(key) is not None))

    def __init__(self, worksheet: objects.Worksheet, *areas: Area, parts: list[Range] | None = None) -> None:
        self.worksheet, self.areas, self.parts = worksheet, list(areas), parts
        self.excel, self.sheet = worksheet.excel, worksheet.sheet

    @property
    def first(self) -> Area:
        return self.areas[0]

    # Shape.

    @property
    def Columns(self) -> Range:  # noqa: N802
        area = self.first
        return self._with_parts([self._at(Area(area.top, c, area.bottom, c)) for c in range(area.left, area.right + 1)])

    @takes_index
    def Address(  # noqa: N802
        self,
        RowAbsolute: Any = True,  # noqa: N803
        ColumnAbsolute: Any = True,  # noqa: N803
        ReferenceStyle: Any = 1,  # noqa: N803
        External: Any = False,  # noqa: N803
        RelativeTo: Any = None,  # noqa: N803
    ) -> str:
        before = refs.prefix(self.sheet.name, self.sheet.book.name) if External is True else ""
        row, column = RowAbsolute is not False, ColumnAbsolute is not False
        return ",".join(before + area.address(row=row, column=column) for area in self.areas)

    @takes_index
    def Item(self, row: Any, column: Any = None) -> Range:  # noqa: N802
        if self.parts is not None:
            return self.parts[int(row) - 1]
        if column is None:
            row, column = divmod(int(row) - 1, self.first.width)
            row, column = row + 1, column + 1
        place = Area.at((self.first.top + int(row) - 1, self.first.left + int(column) - 1))
        if refs.WHOLE.intersection(place) is None:
            raise ExcelError("Application-defined or object-defined error")
        return self._at(place)

    @takes_index
    def Cells(self, row: Any = None, column: Any = None) -> Range:  # noqa: N802
        return self if row is None else self.Item(row, column)

    @takes_index
    def Default(self, row: Any = None, column: Any = None) -> Any:  # noqa: N802
        return self.Value2 if row is None else self.Item(row, column)

    @takes_index
    def Offset(self, rows: Any = 0, columns: Any = 0) -> Range:  # noqa: N802
        place = self.first.top + int(rows), self.first.left + int(columns)
        return self._at(Area.at(place, self.first.height, self.first.width))

    @takes_index
    def Resize(self, rows: Any = None, columns: Any = None) -> Range:  # noqa: N802
        return self._at(Area.at(self.first.key, int(rows or self.first.height), int(columns or self.first.width)))

    def items(self) -> Iterator[Range]:
        if self.parts is not None:
            return iter(self.parts)
        return (self._at(Area.at(key)) for area in self.areas for key in area.cells())

    # Content.

    @property
    def Value2(self) -> Any:  # noqa: N802
        return self.sheet.read(self.first)

    @Value2.setter
    def Value2(self, value: Any) -> None:  # noqa: N802
        rows = value if isinstance(value, (tuple, list)) else ()
        if any(isinstance(one, str) and len(one) > MAX_ARRAY_TEXT for row in rows for one in row):
            raise ExcelError("Application-defined or object-defined error")
        for area in self.areas:
            self._fill(area, value, single=False)

    Value = Value2

    @property
    def Formula2(self) -> Any:  # noqa: N802
        return self._formulas(lambda text, formula: "=@" + text[1:] if formula.single and text[1:2] != "@" else text)

    @Formula2.setter
    def Formula2(self, value: Any) -> None:  # noqa: N802
        for area in self.areas:
            self._fill(area, value, single=False)

    @property
    def Formula(self) -> Any:  # noqa: N802
        return self._formulas(lambda text, formula: "=" + text[1:].removeprefix("@"))

    @Formula.setter
    def Formula(self, value: Any) -> None:  # noqa: N802
        # What is entered this way shows one value: Excel puts an @ before it.
        for area in self.areas:
            self._fill(area, value, single=self.excel.dynamic_arrays)

    @property
    def FormulaR1C1(self) -> Any:  # noqa: N802
        texts = self.Formula
        rows = [[texts]] if self.first.single else texts
        found = [
            [to_r1c1(text, key) if self._formula(key) else text for text, key in zip(line, keys, strict=True)]
            for line, keys in zip(rows, self.first.rows(), strict=True)
        ]
        return found[0][0] if self.first.single else found

    @property
    def FormulaArray(self) -> Any:  # noqa: N802
        return self.Formula

    @FormulaArray.setter
    def FormulaArray(self, value: Any) -> None:  # noqa: N802
        self.excel.copying = 0
        for key in list(self.sheet.filled(self.first)):
            self.sheet.put(key, None, array=self.first)
        self.sheet.put(self.first.key, value, array=self.first)

    @property
    def NumberFormat(self) -> str | None:  # noqa: N802
        """One for all cells, or nothing."""
        found = {self.sheet.formats.get(key, "General") for area in self.areas for key in area.cells()}
        return self.excel.local_format(found.pop()) if len(found) == 1 else None

    @NumberFormat.setter
    def NumberFormat(self, value: str) -> None:  # noqa: N802
        self.sheet._check_unprotected()
        value = self.excel.english_format(value)
        for area in self.areas:
            for key in area.cells():
                self.sheet.formats[key] = value
                if value == "General":
                    del self.sheet.formats[key]
        self.sheet.book.saved = False

    @property
    def Font(self) -> Font:  # noqa: N802
        return Font(self)

    def ClearHyperlinks(self) -> None:  # noqa: N802
        self.sheet._check_unprotected()
        for key in [key for area in self.areas for key in area.cells()]:
            self.sheet.links.pop(key, None)

    @property
    def EntireRow(self) -> WholeRows:  # noqa: N802
        return WholeRows(self)

    @property
    def ColumnWidth(self) -> float:  # noqa: N802
        return self.sheet.widths.get(self.first.left, 8.43)

    @ColumnWidth.setter
    def ColumnWidth(self, value: float) -> None:  # noqa: N802
        for column in range(self.first.left, self.first.right + 1):
            self.sheet.widths[column] = float(value)

    def Sort(  # noqa: N802
        self,
        Key1: Any,  # noqa: N803
        Order1: Any = 1,  # noqa: N803
        Key2: Any = None,  # noqa: N803
        Type: Any = None,  # noqa: N803
        Order2: Any = None,  # noqa: N803
        Key3: Any = None,  # noqa: N803
        Order3: Any = None,  # noqa: N803
        Header: Any = 2,  # noqa: N803
        OrderCustom: Any = 1,  # noqa: N803
        MatchCase: Any = False,  # noqa: N803
        Orientation: Any = 1,  # noqa: N803
    ) -> None:
        """Only as it is used: by one column, upwards, without a header."""
        if (Order1, Header, Orientation) != (1, 2, 1):
            raise ExcelError("The fake sorts by one column, upwards, without a header")
        self.excel.copying = 0
        self.sheet.sort(self.first, Key1.first.left)

    def Delete(self, Shift: Any = None) -> None:  # noqa: N802, N803
        if Shift != -4162:  # xlShiftUp
            raise ExcelError("The fake moves cells up only")
        self.excel.copying = 0
        self.sheet.remove(self.first)

    def Insert(self, Shift: Any = None) -> None:  # noqa: N802, N803
        if self.first.width < refs.WHOLE.width:
            raise ExcelError("The fake inserts whole rows only")
        self.excel.copying = 0
        self.sheet.insert_rows(self.first.top, self.first.height)

    def Copy(self) -> None:  # noqa: N802
        self.excel.copying = 1  # xlCopy; nothing is pasted here

    def ClearContents(self) -> None:  # noqa: N802
        self.excel.copying = 0
        for key in [key for area in self.areas for key in self.sheet.filled(area)]:
            self.sheet.put(key, None)

    @property
    def SpillParent(self) -> Range:  # noqa: N802
        parent = self._spilled(self.first.key)
        if parent is None:
            raise ExcelError("No cells were found.")
        return self._at(Area.at(parent))

    @property
    def SpillingToRange(self) -> Range:  # noqa: N802
        formula = self.sheet.formulas.get(self.first.key)
        if formula is None or formula.spill is None or formula.spill.single:
            raise ExcelError("No cells were found.")
        return self._at(formula.spill)

    @property
    def CurrentArray(self) -> Range:  # noqa: N802
        array = self._array(self.first.key)
        if array is None:
            raise ExcelError("No cells were found.")
        return self._at(array)

    def SpecialCells(self, Type: Any, Value: Any = None) -> Range:  # noqa: N802, N803
        if self.sheet.protected:
            raise ExcelError("You cannot use this command on a protected sheet.")
        if Type != FORMULAS:
            raise ExcelError("Unable to get the SpecialCells property of the Range class")
        # One cell stands for the whole sheet.
        areas = [self.sheet.used()] if len(self.areas) == 1 and self.first.single else self.areas
        found = [key for area in areas for key in self.sheet.filled(area) if self._formula(key) is not None]
        if not found:
            raise ExcelError("No cells were found.")
        return Range(self.worksheet, *map(Area.at, found))

    # Recalculation.

    def Dirty(self) -> None:  # noqa: N802
        if self.excel.dirty_ignored:
            return
        for area in self.areas:
            self.excel.mark_dirty(self.sheet, area)
        if self.excel.dirty_recalculates:
            self.excel.recalculate()

    def Calculate(self) -> None:  # noqa: N802
        for area in self.areas if not self.excel.range_calculate_ignored else ():
            self.excel.calculate_cells(self.sheet, area)

    # Within.

    def _at(self, area: Area) -> Range:
        return Range(self.worksheet, area)

    def _rows(self, n: int) -> Range:
        row = self.first.top + n - 1
        return self._at(Area(row, self.first.left, row, self.first.right))

    def _with_parts(self, parts: list[Range]) -> Range:
        return Range(self.worksheet, *self.areas, parts=parts)

    def _common_value(self, of: Callable[[Key], bool]) -> bool | None:
        answers = {of(key) for area in self.areas for key in area.cells()}
        return answers.pop() if len(answers) == 1 else None

    def _owner_formula(self, key: Key) -> CellFormula | None:
        owner = self.sheet.owner(key)
        return self.sheet.formulas[owner] if owner else None

    def _formula(self, key: Key) -> CellFormula | None:
        """The formula that the cell shows in the formula bar, in grey if it stands in a neighbour."""
        return self._owner_formula(key) if self.excel.spilled_cells_have_formulas else self.sheet.formulas.get(key)

    def _array(self, key: Key) -> Area | None:
        formula = self._owner_formula(key)
        if formula and not formula.array and self.excel.spilled_cells_have_arrays:
            return formula.spill
        return formula.array if formula else None

    def _spilled(self, key: Key) -> Key | None:
        owner = self.sheet.owner(key)
        formula = self.sheet.formulas[owner] if owner else None
        return owner if formula and not formula.array and formula.spill and not formula.spill.single else None

    def _formulas(self, text_of: Callable[[str, CellFormula], str]) -> Any:
        def shown(key: Key) -> str:
            formula = self._formula(key)
            if formula:
                return self.excel.local_formula(text_of(formula.text, formula))
            value = self.sheet.values.get(key)
            if value is None:
                return ""
            if isinstance(value, str) and len(value) > MAX_FORMULA_TEXT:
                raise ExcelError("Application-defined or object-defined error")
            return f"{value:g}" if isinstance(value, float) else str(value)

        rows = [[shown(key) for key in row] for row in self.first.rows()]
        return rows[0][0] if self.first.single else rows

    def _fill(self, area: Area, value: Any, *, single: bool) -> None:
        self.excel.copying = 0
        for i, row in enumerate(area.rows()):
            for j, key in enumerate(row):
                one = value
                if isinstance(one, (tuple, list)):
                    line = one[i] if i < len(one) and isinstance(one[i], (tuple, list)) else one
                    one = line[j] if j < len(line) else None
                content = CellError(one) if isinstance(one, int) and one < -2146826200 else self._convert(key, one)
                self.sheet.put(key, content, single=single, later=True)
        self.sheet.settle(area)

    def _convert(self, key: Key, content: Any) -> Any:
        """What Excel makes of what is entered: it takes texts for numbers, dates and formulas wherever it can."""
        is_text = self.sheet.formats.get(key) == "@"
        if is_text and isinstance(content, (int, float)):
            return str(content).upper() if isinstance(content, bool) else f"{content:.15g}"
        if not isinstance(content, str):
            return content
        if content.startswith("=") and not is_text:
            content = self.excel.english_formula(content)
        if content.startswith("'") and (not is_text or self.excel.text_cells_take_apostrophes):
            return Verbatim(content[1:])
        return Verbatim(content) if is_text and content else convert_typed(content)


class Font(OnSheet):
    """The font of cells."""

    def __init__(self, cells: Range) -> None:
        self.excel, self.sheet, self.cells = cells.excel, cells.sheet, cells

    @property
    def Color(self) -> int | None:  # noqa: N802
        found = {self.sheet.colors.get(key, 0) for area in self.cells.areas for key in area.cells()}
        return found.pop() if len(found) == 1 else None

    @Color.setter
    def Color(self, value: Any) -> None:  # noqa: N802
        self.sheet.colors |= {key: int(value) for area in self.cells.areas for key in area.cells()}
        self.sheet.book.saved = False


class WholeRows(OnSheet):
    """Whole rows."""

    def __init__(self, cells: Range) -> None:
        self.excel, self.sheet, self.cells = cells.excel, cells.sheet, cells

    @property
    def Hidden(self) -> bool | None:  # noqa: N802
        hidden = {row in self.sheet.hidden for row in range(self.cells.first.top, self.cells.first.bottom + 1)}
        return hidden.pop() if len(hidden) == 1 else None

    @Hidden.setter
    def Hidden(self, value: Any) -> None:  # noqa: N802
        rows = set(range(self.cells.first.top, self.cells.first.bottom + 1))
        self.sheet.hidden = self.sheet.hidden | rows if value else self.sheet.hidden - rows
