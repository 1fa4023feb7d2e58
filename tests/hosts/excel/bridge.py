"""The part that the workbook's VBA plays between Excel's cells and our server, in Python.

It does what VBA would do, word for word where words matter: the same calls of Windows and of the real DLL, the same
arguments to CallUDF, the same text in a cell when that fails. It knows nothing of what the functions do.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pythoncom
import pywintypes
import win32api
import win32com.client.dynamic

from tests.hosts.excel.fake.excel import FakeExcel
from tests.hosts.excel.fake.formulas import Omitted
from tests.hosts.excel.fake.model import Cells
from tests.hosts.excel.fake.refs import Area
from tests.hosts.excel.python_start import PythonStart, RefusedError, StillStartingError, activate
from tests.hosts.shipped import ARGUMENTS, DLL, MODULE
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.workbook.vba import wrappers

_ARGUMENTS = {function.name: len(function.arguments) for function in CATALOG}
MISSING = 0x80020004 - (1 << 32)  # DISP_E_PARAMNOTFOUND: what an omitted Optional argument of VBA arrives as
GONE = frozenset({462, *(code - (1 << 32) for code in (0x800706BA, 0x800706BE, 0x80010007, 0x80010108))})

_START, _KILL = 1, -1
_windows: Any = ctypes  # what only Windows' ctypes has


class Bridge:
    """Calls functions in the server, which the first call starts.

    Attributes:
        start: starts Python as VBA does, and finds it.
        starting_cells: the cells that wait for Python, by their addresses.
    """

    def __init__(
        self,
        excel: FakeExcel,
        folder: str,
        *,
        command: str = "",
        arguments: str = ARGUMENTS,
        another: str = "",
        module: str = MODULE,
        wrapper_version: int = wrappers.VERSION,
    ) -> None:
        """Make ready to start the server.

        Args:
            excel: Whose cells call.
            folder: That of the Python with pythonw.exe and the DLL in it, or the DLL in the folder above.
            command: What the DLL is to run, and to wait for, as in workbooks of version 0.1; "" for today's start.
            arguments: of Python in today's start.
            another: as `PythonStart` has it.
            wrapper_version: of the wrappers whose calls are made; 0 passes the calling cell behind the arguments.
            module: Where the server looks for the functions.
        """
        self.excel = excel
        self.folder = folder
        self.command = command
        self.module = module
        self.wrapper_version = wrapper_version
        self.start = PythonStart(rf"{folder}\pythonw.exe", arguments=arguments, another=another)
        self.starting_cells: dict[str, Cells] = {}
        self._server: Any = None

    def install(self) -> None:
        """Have cells call every function here that has none of its own in the fake."""
        self.excel.other_functions = self.call

    def connect(self) -> Any:
        """The server, if it serves.

        Raises:
            StillStartingError: it was started, and does not serve yet.
            RefusedError: it does not start.
        """
        if self._server is None:
            self._server = self._started_by_dll() if self.command else self.start.running_python()
        return self._server

    def wait(self) -> Any:
        """Start the server, and let Excel's calls in until it serves."""

        def serves() -> bool:
            try:
                self.connect()
            except StillStartingError:
                return False
            return True

        self.excel.pump(serves)
        return self._server

    def kill(self) -> None:
        """End the server."""
        self._server = None
        if self.command:
            activate(self._dll(), self.command, _KILL)
            return
        handle = self.start.process_handle()
        if handle is not None:
            if not self.start.has_ended(str(handle))[0]:
                win32api.TerminateProcess(handle, 1)
            win32api.CloseHandle(handle)
        self.start.forget()

    def calculate_starting(self) -> None:
        """What OnTime does: have the cells calculated that wait for Python, once it serves or does not start."""
        try:
            self.connect()
        except StillStartingError:
            return
        except RefusedError:
            pass
        waiting, self.starting_cells = self.starting_cells, {}
        for cells in waiting.values():
            self.excel.calculate_cells(cells.sheet, cells.area)

    def _dll(self) -> str:
        # In a virtual environment Python is in the folder Scripts, and the DLL in the folder above.
        beside, above = Path(self.folder) / DLL, Path(self.folder).parent / DLL
        return str(beside if beside.is_file() else above)

    def _started_by_dll(self) -> Any:
        if not _windows.windll.kernel32.SetEnvironmentVariableW("OPENFUNNEL_PYTHON", self.folder + r"\pythonw.exe"):
            raise _windows.WinError()
        try:
            # The DLL passes the command on in an ANSI buffer of 2,048 bytes. cmd.exe puts the path in, so
            # that only this goes through the buffer, however long the path is.
            return activate(self._dll(), self.command, _START)
        except RuntimeError as reason:
            raise RefusedError(f"the server did not start: {reason}") from None

    def call(self, name: str, args: list[Any], caller: Cells) -> Any:
        """What a cell shows for this call."""
        self.starting_cells.pop(caller.external, None)
        where = f"{self.excel.hwnd} {'spill' if self.excel.dynamic_arrays else 'nospill'} {caller.external}"
        # A wrapper has all of its function's arguments.
        omitted = [Omitted.MISSING] * (_ARGUMENTS.get(name, 0) - len(args))
        values = [to_variant(value) for value in (*args, *omitted)]
        try:
            if name in _ARGUMENTS and self.wrapper_version:
                return self._ask("call_cell", [self.wrapper_version, where, name, *values])
            return self._ask(name, [*values, where])
        except pywintypes.com_error as error:
            description = (error.excepinfo and error.excepinfo[2]) or error.strerror or str(error)
            return "#OF! " + description.splitlines()[0]
        except StillStartingError:
            self.starting_cells[caller.external] = caller
            return "starting"
        except RefusedError as error:
            return f"#OF! {error}"[:255]

    def _ask(self, function: str, arguments: list[Any]) -> Any:
        """Call a function of the server; where that has gone, the one that is started in its place."""
        try:
            return self.connect().CallUDF(self.module, function, arguments, None, None)
        except pywintypes.com_error as error:
            if error.hresult not in GONE:
                raise
        except AttributeError:
            pass  # pywin32 says so where even the name of a method cannot be looked up
        self._server = None
        return self.connect().CallUDF(self.module, function, arguments, None, None)

    def press(self, action: str, cell: Cells | None = None, given: str = "", area: str = "") -> str:
        """What a macro does: Python is to do something for the selected cell, or for what its user was asked about.

        Gives why nothing is done, "" where it is. From now on the status bar tells of nothing else.
        """
        self.excel.settings["StatusBar"] = False
        address, text = _selection(cell)
        said: str = self.call_macro_function("act", str(self.excel.hwnd), action, address, area or text, given)
        return said

    def job_here(self, cell: Cells | None) -> str:
        """The job that a macro asks about."""
        said: str = self.call_macro_function("job_here", str(self.excel.hwnd), *_selection(cell))
        return said

    def call_macro_function(self, name: str, *args: str | bool) -> Any:
        """What the workbook's macros say to the server without a cell."""
        return self._ask(name, list(args))


def _selection(cell: Cells | None) -> tuple[str, str]:
    """The address and the text of a cell, as VBA's CStr has it; nothing where no cell is selected."""
    if cell is None:
        return "", ""
    value = cell.sheet.values.get(cell.key)
    text = "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
    return cell.external, text


def to_variant(arg: Any) -> Any:
    """A value as our VBA passes it."""
    if arg is Omitted.MISSING:
        return MISSING
    if isinstance(arg, Cells):
        used = arg.sheet.used()
        here = Area(1, 1, used.bottom, used.right).intersection(arg.area)
        arg = arg.sheet.read(here) if here else None
    elif isinstance(arg, tuple) and len(arg) == 1:
        arg = list(arg[0])  # VBA gets an array constant of one row as a vector
    if isinstance(arg, (list, tuple)):
        # Without this, pywin32 would take the arguments for one array of more dimensions.
        return win32com.client.VARIANT(pythoncom.VT_ARRAY | pythoncom.VT_VARIANT, arg)
    return arg
