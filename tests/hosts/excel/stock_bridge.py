"""The part that the stock xlwings add-in plays between Excel's cells and xlwings' server, in Python.

It makes the calls that the VBA says which xlwings' own generator writes, with Excel's objects as arguments, and starts
the server by the command that xlwings.bas makes (XLPyCommand).
"""

from __future__ import annotations

import re
from typing import Any

import pywintypes

from tests.hosts import xlwings_wrappers
from tests.hosts.excel.bridge import MISSING, Bridge, to_variant
from tests.hosts.excel.fake.com_server import wrap
from tests.hosts.excel.fake.excel import FakeExcel
from tests.hosts.excel.fake.model import Cells
from tests.hosts.excel.fake.objects import Workbook, Worksheet
from tests.hosts.excel.fake.ranges import Range

BOOK = r"C:\\Books\\Rows.xlsm"  # backslashes are doubled for the text within the command
COMMAND = (
    r'cmd.exe  /K ""%OPENFUNNEL_PYTHON%" -B -c "import sys, os;import xlwings.utils;'
    rf"xlwings.utils.prepare_sys_path(\"true;{BOOK};{BOOK};;;;\");import xlwings; xlwings.serve('$(CLSID)')"
    '""'
)

_FUNCTION = re.compile(r"Function (\w+)\((.*)\)")
_CALL = re.compile(r"XLPy\.CallUDF\(\"([\w.]+)\", \"(\w+)\", Array\((.*)\), ThisWorkbook, Application\.Caller\)$")


class Wrapper:
    """One generated function: its parameters, and the expressions that it passes."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        [head] = filter(None, map(_FUNCTION.fullmatch, lines))
        [call] = filter(None, map(_CALL.search, lines))
        self.name = head[1]
        self.parameters = [each.removeprefix("Optional ") for each in filter(None, head[2].split(", "))]
        self.module, self.function, expressions = call.groups()
        self.expressions = expressions.split(", ")


class StockBridge(Bridge):
    """Calls the functions in a server of xlwings' own."""

    def __init__(self, excel: FakeExcel, folder: str) -> None:
        super().__init__(excel, folder, command=COMMAND)
        texts = xlwings_wrappers.generate().split("End Function\n")
        self.wrappers = {each.name: each for each in (Wrapper(text) for text in texts if text.strip())}

    def install(self) -> None:
        self.excel.tells_types = True
        super().install()

    def wait(self) -> Any:
        return self.connect()  # the DLL waits

    def call(self, name: str, args: list[Any], caller: Cells) -> Any:
        wrapper = self.wrappers[name]
        cell = self._range(caller)
        known = dict(zip(wrapper.parameters, args, strict=False)) | {"Application.Caller": caller}
        passed = [self._variant(known[each]) if each in known else MISSING for each in wrapper.expressions]
        assert set(known) <= {*wrapper.expressions}
        book = wrap(Workbook(self.excel, caller.sheet.book))
        try:
            return self.connect().CallUDF(wrapper.module, wrapper.function, passed, book, cell)
        except pywintypes.com_error as error:
            return (error.excepinfo and error.excepinfo[2]) or error.strerror  # Err.Description

    def call_from_vba(self, name: str, *args: Any) -> Any:
        """What a macro of the user gets, which calls a function without a cell."""
        wrapper = self.wrappers[name]
        known = dict(zip(wrapper.parameters, args, strict=False)) | {"Application.Caller": pywintypes.com_error}
        no_caller = -2146826265  # Error 2023, as Application.Caller then gives it
        passed = [
            no_caller if known.get(e) is pywintypes.com_error else known.get(e, MISSING) for e in wrapper.expressions
        ]
        return self.connect().CallUDF(wrapper.module, wrapper.function, passed, None, no_caller)

    def _range(self, cells: Cells) -> Any:
        return wrap(Range(Worksheet(self.excel, cells.sheet), cells.area))

    def _variant(self, value: Any) -> Any:
        return self._range(value) if isinstance(value, Cells) else to_variant(value)
