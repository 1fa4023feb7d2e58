"""The part that the workbook's VBA plays between Excel's cells and our server, in Python.

It does what VBA would do, word for word where words matter: the same command for the real DLL, the same arguments to
CallUDF, the same text in a cell when that fails. It knows nothing of what the functions do.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pythoncom
import pywintypes
import win32com.client.dynamic

from tests.hosts.excel.fake.excel import FakeExcel
from tests.hosts.excel.fake.formulas import Omitted
from tests.hosts.excel.fake.model import Cells
from tests.hosts.excel.fake.refs import Area
from tests.hosts.shipped import COMMAND, DLL, MODULE
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.workbook.vba import wrappers

_ARGUMENTS = {function.name: len(function.arguments) for function in CATALOG}
MISSING = 0x80020004 - (1 << 32)  # DISP_E_PARAMNOTFOUND: what an omitted Optional argument of VBA arrives as

_START, _KILL = 1, -1
_windows: Any = ctypes  # what only Windows' ctypes has


class _Variant(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_ushort),
        ("reserved", ctypes.c_ushort * 3),
        ("value", ctypes.c_void_p),
        ("more", ctypes.c_void_p),
    ]


class Bridge:
    """Calls functions in the server, which the first call starts."""

    def __init__(
        self,
        excel: FakeExcel,
        folder: str,
        *,
        command: str = COMMAND,
        module: str = MODULE,
        wrapper_version: int = wrappers.VERSION,
    ) -> None:
        """Make ready to start the server.

        Args:
            excel: Whose cells call.
            folder: That of the Python with pythonw.exe and the DLL in it, or the DLL in the folder above.
            command: What the DLL is to run.
            wrapper_version: of the wrappers whose calls are made; 0 passes the calling cell behind the arguments.
            module: Where the server looks for the functions.
        """
        self.excel = excel
        self.folder = folder
        self.command = command
        self.module = module
        self.wrapper_version = wrapper_version
        self._server: Any = None

    def install(self) -> None:
        """Have cells call every function here that has none of its own in the fake."""
        self.excel.other_functions = self.call

    def start(self) -> Any:
        """Start the server, or find the one that runs already."""
        if not _windows.windll.kernel32.SetEnvironmentVariableW("OPENFUNNEL_PYTHON", self.folder + r"\pythonw.exe"):
            raise _windows.WinError()
        self._server = self._activate(_START)
        return self._server

    def kill(self) -> None:
        """End the server, as the menu of the workbook can."""
        self._server = None
        self._activate(_KILL)

    def _activate(self, mode: int) -> Any:
        # In a virtual environment Python is in the folder Scripts, and the DLL in the folder above.
        beside, above = Path(self.folder) / DLL, Path(self.folder).parent / DLL
        activate = _windows.WinDLL(str(beside if beside.is_file() else above)).XLPyDLLActivateAuto
        activate.restype = ctypes.c_long
        activate.argtypes = [ctypes.POINTER(_Variant), ctypes.c_char_p, ctypes.c_long]
        result = _Variant()
        try:
            # The DLL passes the command on in an ANSI buffer of 2,048 bytes. cmd.exe puts the path in, so whatever is
            # in the path, what goes through the buffer is this.
            if activate(ctypes.byref(result), self.command.encode("ascii"), mode):
                text = (
                    ctypes.wstring_at(result.value)
                    if result.kind == pythoncom.VT_BSTR and result.value
                    else "no reason"
                )
                raise RuntimeError(f"the server did not start: {text}")
            if mode != _START:
                return None
            return win32com.client.dynamic.Dispatch(pythoncom.ObjectFromAddress(result.value, pythoncom.IID_IDispatch))
        finally:
            _windows.windll.oleaut32.VariantClear(ctypes.byref(result))

    def call(self, name: str, args: list[Any], caller: Cells) -> Any:
        """What a cell shows for this call."""
        where = f"{self.excel.hwnd} {'spill' if self.excel.dynamic_arrays else 'nospill'} {caller.external}"
        try:
            server = self._server or self.start()
            # A wrapper has all of its function's arguments.
            omitted = [Omitted.MISSING] * (_ARGUMENTS.get(name, 0) - len(args))
            values = [_to_variant(value) for value in (*args, *omitted)]
            if name in _ARGUMENTS and self.wrapper_version:
                return server.CallUDF(
                    self.module, "call_cell", [self.wrapper_version, where, name, *values], None, None
                )
            return server.CallUDF(self.module, name, [*values, where], None, None)
        except pywintypes.com_error as error:
            description = (error.excepinfo and error.excepinfo[2]) or error.strerror or str(error)
            return "#OF! " + description.splitlines()[0]
        except RuntimeError as error:
            return "#OF! " + str(error).splitlines()[0]

    def press(self, action: str, cell: Cells | None = None, job: str = "") -> str:
        """What a macro does: Python is to do something for the selected cell, or the job that its user was asked about.

        Gives why nothing is done, "" where it is. From now on the status bar tells of nothing else.
        """
        self.excel.settings["StatusBar"] = False
        said: str = self.call_macro_function("act", str(self.excel.hwnd), action, *_selection(cell), job)
        return said

    def job_here(self, cell: Cells | None) -> str:
        """The job that a macro asks about."""
        said: str = self.call_macro_function("job_here", str(self.excel.hwnd), *_selection(cell))
        return said

    def call_macro_function(self, name: str, *args: str | bool) -> Any:
        """What the workbook's macros say to the server without a cell."""
        server = self._server or self.start()
        return server.CallUDF(self.module, name, list(args), None, None)


def _selection(cell: Cells | None) -> tuple[str, str]:
    """The address and the text of a cell, as VBA's CStr has it; nothing where no cell is selected."""
    if cell is None:
        return "", ""
    value = cell.sheet.values.get(cell.key)
    text = "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
    return cell.external, text


def _to_variant(arg: Any) -> Any:
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
