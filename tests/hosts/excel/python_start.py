"""The calls of Windows that VBA's modules OpenFunnelStart and OpenFunnelWindows make, made in Python.

LibreOffice runs VBA's own text, with stand-ins for these calls (tests/hosts/basic); here the calls are real. What VBA
decides by the time and remembers of failures is tested there only.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, Final

import pythoncom
import win32com.client.dynamic

from tests.hosts.excel.win32 import STRUCTURES, Calls
from tests.hosts.shipped import ARGUMENTS, DLL, constant, number
from xl_openfunnel.workbook.sources import START, WINDOWS, xlwings_version

_windows: Any = ctypes

# VBA's own constants: what holds with them here holds there.
PYTHON_VARIABLE: Final = constant(START, "PythonVariable")
LOOK_AFTER: Final = number(START, "LookAfter")
_ASK_DOCTOR: Final = constant(START, "AskDoctor")
_FLAGS: Final = {
    name: number(WINDOWS, name)
    for name in (
        *("ForReading", "ForAppending", "ForAll", "OnlyNew", "OnlyExisting", "NoWindow", "UseStandardHandles"),
        *("StillActive", "FromSystem", "FromEnd", "CurrentUser", "OnlyText", "TailBytes"),
    )
}
_STARTING: Final = "Python is starting. Try again in a few seconds."
_LONGEST_VARIABLE: Final = 32_767
_TAIL_BYTES: Final = _FLAGS["TailBytes"]


class RefusedError(Exception):
    """The reason why there is no Python, for the user."""


class StillStartingError(Exception):
    """Python was started and does not serve yet."""


class _Variant(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_ushort),
        ("reserved", ctypes.c_ushort * 3),
        ("value", ctypes.c_void_p),
        ("more", ctypes.c_void_p),
    ]


def activate(dll: str, command: str, mode: int) -> Any:
    """Call the DLL as VBA does; the server, None for other modes than 1.

    Raises:
        RuntimeError: there is none; the message is the DLL's.
    """
    function = _windows.WinDLL(dll).XLPyDLLActivateAuto
    function.restype = ctypes.c_long
    function.argtypes = [ctypes.POINTER(_Variant), ctypes.c_char_p, ctypes.c_long]
    result = _Variant()
    try:
        if function(ctypes.byref(result), command.encode("ascii"), mode):
            has_text = result.kind == pythoncom.VT_BSTR and result.value
            raise RuntimeError(ctypes.wstring_at(result.value) if has_text else "no reason")
        if mode != 1:
            return None
        return win32com.client.dynamic.Dispatch(pythoncom.ObjectFromAddress(result.value, pythoncom.IID_IDispatch))
    finally:
        _windows.windll.oleaut32.VariantClear(ctypes.byref(result))


class PythonStart:
    """Starts Python for this process, which plays Excel, and finds it once it serves.

    Args:
        interpreter: what the user's setting says.
        arguments: of Python, before the GUID.
        another: "" for this Excel's own Python; else the name of another one, as if this were another Excel.
    """

    def __init__(self, interpreter: str, *, arguments: str = ARGUMENTS, another: str = "") -> None:
        self.interpreter = interpreter
        self.arguments = arguments
        self.windows = Calls()
        self._python_variable = PYTHON_VARIABLE + another
        self._looked_at = 0
        self._dll = ""

    # ---- OpenFunnelStart -------------------------------------------------------------------------------------

    def running_python(self) -> Any:
        """Python, if it serves.

        Raises:
            StillStartingError: it does not yet.
            RefusedError: it does not start.
        """
        known = self._recalled()
        if known:
            ended, code = self.has_ended(known[2])
            if ended:
                self._note_end(known, code)
                known = None
        if not known:
            self._start_python()
            raise StillStartingError(_STARTING)
        if known[4] == "served" or (self._ticks() - self._looked_at) % (1 << 32) >= LOOK_AFTER:
            self._looked_at = self._ticks()
            found = self._found_server(known[1])
            if found is not None:
                if known[4] != "served":
                    known[4] = "served"
                    self._set_variable(self._python_variable, "|".join(known))
                return found
        raise StillStartingError(_STARTING)

    def process_handle(self) -> int | None:
        """The handle of the Python that was started last."""
        known = self._recalled()
        return int(known[2]) if known else None

    def forget(self) -> None:
        """Begin again, as a new Excel would."""
        self._set_variable(self._python_variable, "")

    def _note_end(self, known: list[str], code: int) -> None:
        last = _last_line(self._tail_of(known[5]))
        self._set_variable(self._python_variable, "")
        self.windows("CloseHandle", int(known[2]))
        self.windows("DeleteFileW", known[5])
        if known[4] != "served":
            raise RefusedError(f"Python ended while it started (exit code {code}). {_ASK_DOCTOR} {last}")

    def _start_python(self) -> None:
        python = self.interpreter
        if self.windows("GetFileAttributesW", python) == -1:
            raise RefusedError(f"Python is not there any more. It was {python}")
        folder = _folder_of(python)
        places = (f"{place}\\{DLL}" for place in (folder, _folder_of(folder)))
        self._dll = next((dll for dll in places if self.windows("LoadLibraryW", dll)), "")
        if not self._dll:
            raise RefusedError(f"{DLL} is missing or blocked, perhaps by an antivirus program.")
        guid = self._new_guid()
        errors = f"{self._temporary_folder()}xl-openfunnel-{guid[1:-1]}.log"
        process_id = self.windows("GetCurrentProcessId")
        command = f'"{python}"{self.arguments}{guid} {process_id} "{errors}"'
        handle, failure = self._started_process(python, command, folder, errors)
        if not handle:
            self.windows("DeleteFileW", errors)
            raise RefusedError(f"Python did not start. {_ASK_DOCTOR} {failure}")
        self._looked_at = self._ticks()
        known = (process_id, guid, handle, self._looked_at, "", errors)
        self._set_variable(self._python_variable, "|".join(map(str, known)))

    def _recalled(self) -> list[str] | None:
        parts = self._variable(self._python_variable).split("|", 5)
        mine = len(parts) == 6 and parts[0] == str(self.windows("GetCurrentProcessId"))
        return parts if mine else None

    def _ticks(self) -> int:
        ticks: int = self.windows("GetTickCount")
        return ticks

    # ---- OpenFunnelWindows -----------------------------------------------------------------------------------

    def setting_text(self, program: str, section: str, name: str) -> str:
        """A value that VBA's SaveSetting would write; "" where there is none."""
        key = rf"Software\VB and VBA Program Settings\{program}\{section}"
        buffer, size = ctypes.create_unicode_buffer(_LONGEST_VARIABLE), ctypes.c_int32(65_534)
        flags = _FLAGS["OnlyText"]
        if self.windows("RegGetValueW", _FLAGS["CurrentUser"], key, name, flags, 0, buffer, size):
            return ""
        return _text(buffer, size.value // 2 - 1)

    def xlwings_in(self, folder: str) -> str:
        """The version of an xlwings whose DLL is in a folder, or ""."""
        pattern = DLL.replace(xlwings_version(), "*")
        buffer = ctypes.create_unicode_buffer(296)
        search = self.windows("FindFirstFileW", f"{folder}\\{pattern}", buffer)
        if search == -1:
            return ""
        self.windows("FindClose", search)
        name = "".join(buffer[22:]).partition("\0")[0]
        return name[pattern.index("*") : len(name) - len(pattern) + pattern.index("*") + 1]

    def _found_server(self, guid: str) -> Any:
        if not self._dll:  # as another workbook's VBA, which did not start Python
            folder = Path(self.interpreter).parent
            self._dll = str(next(file for file in (folder / DLL, folder.parent / DLL) if file.is_file()))
        try:
            return activate(self._dll, guid, 1)
        except RuntimeError:
            return None

    def _variable(self, name: str) -> str:
        buffer = ctypes.create_unicode_buffer(_LONGEST_VARIABLE)
        size = self.windows("GetEnvironmentVariableW", name, buffer, _LONGEST_VARIABLE)
        return _text(buffer, size)

    def _set_variable(self, name: str, text: str) -> None:
        self.windows("SetEnvironmentVariableW", name, text)

    def _temporary_folder(self) -> str:
        buffer = ctypes.create_unicode_buffer(1024)
        return _text(buffer, self.windows("GetTempPathW", 1024, buffer))

    def _new_guid(self) -> str:
        guid, buffer = STRUCTURES["GUID"](), ctypes.create_unicode_buffer(39)
        self.windows("CoCreateGuid", guid)
        self.windows("StringFromGUID2", guid, buffer, 39)
        return _text(buffer, 38)

    def _started_process(self, program: str, command: str, folder: str, errors: str) -> tuple[int, str]:
        startup, process = STRUCTURES["STARTUPINFOW"](), STRUCTURES["PROCESS_INFORMATION"]()
        security = STRUCTURES["SECURITY_ATTRIBUTES"]()
        security.nLength, security.bInheritHandle = ctypes.sizeof(security), 1
        file = self.windows(
            "CreateFileW", errors, _FLAGS["ForAppending"], _FLAGS["ForAll"], security, _FLAGS["OnlyNew"], 0, 0
        )
        startup.cb = ctypes.sizeof(startup)
        if file != -1:
            startup.dwFlags, startup.hStdError = _FLAGS["UseStandardHandles"], file
        no_window, failure = _FLAGS["NoWindow"], ""
        if not self.windows("CreateProcessW", program, command, 0, 0, 1, no_window, 0, folder, startup, process):
            failure = self._system_words(_windows.get_last_error()).replace("%1", program)
        else:
            self.windows("CloseHandle", process.hThread)
        if file != -1:
            self.windows("CloseHandle", file)
        return process.hProcess, failure

    def has_ended(self, handle: str) -> tuple[bool, int]:
        code = ctypes.c_int32()
        if not self.windows("GetExitCodeProcess", int(handle), code):
            return True, 0
        if code.value != _FLAGS["StillActive"]:
            return True, code.value
        return self.windows("WaitForSingleObject", int(handle), 0) == 0, code.value

    def _tail_of(self, path: str) -> str:
        security, count = STRUCTURES["SECURITY_ATTRIBUTES"](), ctypes.c_int32()
        security.nLength = ctypes.sizeof(security)
        file = self.windows(
            "CreateFileW", path, _FLAGS["ForReading"], _FLAGS["ForAll"], security, _FLAGS["OnlyExisting"], 0, 0
        )
        if file == -1:
            return ""
        self.windows("SetFilePointer", file, -_TAIL_BYTES, 0, _FLAGS["FromEnd"])
        buffer, text = ctypes.create_string_buffer(_TAIL_BYTES), ctypes.create_unicode_buffer(_TAIL_BYTES)
        self.windows("ReadFile", file, buffer, _TAIL_BYTES, count, 0)
        self.windows("CloseHandle", file)
        if not count.value:
            return ""
        return _text(text, self.windows("MultiByteToWideChar", 0, 0, buffer, count.value, text, _TAIL_BYTES))

    def _system_words(self, number: int) -> str:
        buffer = ctypes.create_unicode_buffer(1024)
        size = self.windows("FormatMessageW", _FLAGS["FromSystem"], 0, number, 0, buffer, 1024, 0)
        return f"{_text(buffer, size).strip()} ({number})"


def _folder_of(path: str) -> str:
    return path.rpartition("\\")[0] or path


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    last = lines[-1] if lines else ""
    return f"...{last[-120:]}" if len(last) > 120 else last


def _text(buffer: ctypes.Array[ctypes.c_wchar], size: int) -> str:
    return "".join(buffer[:size])
