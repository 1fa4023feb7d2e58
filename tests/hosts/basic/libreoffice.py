"""A LibreOffice that runs our VBA, in place of Excel."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, cast

from xl_openfunnel.workbook import sources

_HERE: Final = Path(__file__).parent
_PYTHON: Final = "/usr/bin/python3"
"""The system's: LibreOffice's bindings are built for it, and no other Python has them."""


_STAND_INS: Final = {
    r"\bApplication\.Range\(": "excel.CellAt(",
    r"\bApplication\.": "excel.",
    r"\bActiveCell\b": "excel.SelectedOne()",
    r"\bActiveWindow\b": "excel.SelectedWindow()",
    r"\bAs IRibbonControl\b": "As FakeControl",
    r"\bAs IRibbonUI\b": "As FakeRibbon",
    r"\bThisWorkbook\.IsAddin\b": "excel.IsAddin",
    r"\bMsgBox\b": "ShowBox",
    r"\bInputBox\b": "ShowInput",
    r"\bNow\b": "FakeNow()",
    r"\bErr\.LastDllError\b": "lastDllError",
    r"\bStrPtr\((\w+)\)": r"\1",  # by reference, so that a stand-in can write into it
    r"\bVarPtr\((\w+)\(0\)\)": r"\1",
    r"\bLenB\((\w+)\)": r'SizeIn("\1")',
    r"\bCLngPtr\(": "CLng(",
    r"\bAs LongPtr\b": "As Long",
}
"""What LibreOffice lacks, or the tests control, as patterns; and the stand-ins of Fakes and FakeWindows."""


@functools.cache
def why_missing() -> str:
    """Why LibreOffice cannot be used here; "" if it can."""
    if shutil.which("soffice") is None:
        return "needs LibreOffice (soffice is not on the path)"
    found = subprocess.run([_PYTHON, "-c", "import uno"], capture_output=True, check=False)
    return "" if found.returncode == 0 else f"needs python3-uno ({_PYTHON} can't import uno)"


def to_basic(text: str, *, mac: bool = False) -> str:
    """Convert VBA to LibreOffice's Basic: resolve conditions, drop Windows declarations, and use a stand-in for Excel.

    Raises:
        ValueError: the source has a condition that the bridge is not known to have.
    """
    known = {"#If Mac = 0 Then": not mac, "#If Mac Then": mac, "#If Win64 Then": True, "#If LibreOffice Then": False}
    lines, included = ["Option VBASupport 1"], [True]
    for line in text.splitlines():
        if (condition := line.split(" '")[0]) in known:
            included.append(known[condition])
        elif line.startswith("#Const LibreOffice = False"):
            continue
        elif line == "#Else":
            included[-1] = not included[-1]
        elif line == "#End If":
            included.pop()
        elif line.startswith("#"):
            raise ValueError(f"not known: {line}")
        elif all(included) and not line.startswith(("Attribute ", "Private Declare ")):
            for vba, basic in _STAND_INS.items():
                line = re.sub(vba, basic, line)
            lines.append(line)
    return "\n".join(lines) + "\n"


def project(modules: Mapping[str, str] | None = None, *, mac: bool = False) -> dict[str, str]:
    """The modules of workbook and add-in, with stand-ins for Excel, Windows, the DLL and Python.

    Args:
        modules: an add-in's modules; by default those of today's.
        mac: whether VBA is to believe that it runs on a Mac.
    """
    ours = {n: text for n, text in (modules or sources.addin_modules()).items() if n != sources.THIS_WORKBOOK}
    # Every file's own code has a ThisWorkbook; LibreOffice's is the document, which is no add-in.
    ours[sources.ADDIN] = ours[sources.ADDIN].replace("ThisWorkbook.", "excel.Addin.")
    fakes = {path.stem: path.read_text() for path in sorted(_HERE.glob("*.bas"))}
    return fakes | {name: to_basic(text, mac=mac) for name, text in (ours | _event_modules()).items()}


def _event_modules() -> dict[str, str]:
    """The event handlers of workbook and add-in, as modules whose procedures tests call by name."""
    in_basic = {
        "Private Sub ": "Public Sub ",
        "(cancel As Boolean)": "(cancel As Variant)",
        "Private WithEvents host As Application": "Private host As FakeExcel",
        "Set host = Application": "Set host = excel",
        " As Workbook": " As FakeBook",
        "(ByVal sheet As Object)": "(sheet As Variant)",
        "Me.": "excel.Addin.",
    }
    texts = {"AtOpening": sources.modules(), "AtOpeningAddin": sources.addin_modules()}
    modules_by_name = {}
    for module, module_sources in texts.items():
        modules_by_name[module] = module_sources[sources.THIS_WORKBOOK]
        for vba, basic in in_basic.items():
            modules_by_name[module] = modules_by_name[module].replace(vba, basic)
    return modules_by_name


class BasicError(Exception):
    """LibreOffice's error for a request that failed."""


class LibreOffice:
    """A running LibreOffice with one document. Leaving the context kills every process that it started."""

    def __init__(self, profile: Path, environ: Mapping[str, str] | None = None, *, window: bool = False) -> None:
        self.timeout: float = 60  # seconds for one answer
        command = [_PYTHON, str(_HERE / "uno_server.py"), shutil.which("soffice") or "", str(profile)]
        command += ["window"] if window else []
        # A session of its own, so that LibreOffice and its helpers can be killed together.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environ
        )

    def __enter__(self) -> LibreOffice:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.communicate(timeout=min(self.timeout, 20))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process.wait()

    def open(self, modules: Mapping[str, str], cells: Mapping[str, object] | None = None) -> None:
        """Open a new document with these modules and cells, in place of the current one.

        Raises:
            BasicError: a module does not compile.
        """
        self.new(modules, cells)
        if self.call("Fakes.Ready") != "ready":
            raise BasicError("a module doesn't compile")

    def new(self, modules: Mapping[str, str], cells: Mapping[str, object] | None = None) -> None:
        """Open a new document in place of the current one, without checking that its modules compile."""
        self._request({"modules": dict(modules), "cells": dict(cells or {})})

    def load(self, file: Path, *, macros: bool = False) -> None:
        """Open a workbook in place of the current document: read-only, or with macros and writable.

        Raises:
            BasicError: it cannot be opened.
        """
        self._request({"file": str(file), "macros": macros})

    def add(self, modules: Mapping[str, str]) -> None:
        """Add modules to the workbook."""
        self._request({"add": dict(modules)})

    def calculate(self) -> None:
        """Calculate every formula of the workbook."""
        self._request({"calculate": True})

    def values(self, sheet: str, area: str) -> list[list[object]]:
        """The values of cells."""
        return cast(list[list[object]], self._request({"look": sheet, "at": area}))

    def wait_for_change(
        self, sheet: str, area: str, before: list[list[object]], seconds: float = 55
    ) -> list[list[object]]:
        """The values of cells as soon as they differ from `before`.

        Raises:
            BasicError: they did not change within so many seconds.
        """
        request = {"changed": sheet, "at": area, "before": before, "seconds": seconds}
        return cast(list[list[object]], self._request(request))

    def wait_until(self, sheet: str, area: str, right: Callable[[object], bool]) -> list[list[list[object]]]:
        """All that the cells show one after the other, until the first of them shows what is right."""
        shown = [self.values(sheet, area)]
        while not right(shown[-1][0][0]):
            shown.append(self.wait_for_change(sheet, area, shown[-1]))
        return shown

    def enter(self, sheet: str, area: str, content: str | float, *, array: bool = False) -> None:
        """Enter a formula, a text or a number, or with `array` an array formula into all cells of the area."""
        self._request({"enter": content, "sheet": sheet, "at": area, "array": array})

    def extent(self, sheet: str, cell: str) -> tuple[str, int, int]:
        """A cell's formula, and the rows and columns of the array into which it was entered."""
        formula, rows, columns = cast(tuple[str, int, int], self._request({"extent": sheet, "at": cell}))
        return formula, rows, columns

    def protect(self, sheet: str) -> None:
        """Protect a sheet without a password."""
        self._request({"protect": sheet})

    def macro(self, name: str) -> None:
        """Run a macro of the workbook, as its buttons do."""
        self._request({"macro": name})

    def show(self, sheet: str) -> None:
        """Bring a sheet to the front of the window."""
        self._request({"show": sheet})

    def button(self, caption: str) -> tuple[int, int]:
        """The position on the display of a button of the sheet in front."""
        right, down = cast(tuple[int, int], self._request({"button": caption}))
        return right, down

    def save(self, file: Path, filter_name: str) -> None:
        """Save a copy with the export filter of this name."""
        self._request({"save": str(file), "filter": filter_name})

    def close(self) -> None:
        """Close the document."""
        self._request({"close": True})

    def pivots(self, sheet: str, *, refresh: bool = True) -> dict[str, list[list[object]]]:
        """The cells of each pivot of the sheet by its name, by default after a refresh."""
        shown = self._request({"pivots": sheet, "refresh": refresh})
        return dict(cast(list[tuple[str, list[list[object]]]], shown))

    def buttons(self, sheet: str) -> dict[str, str]:
        """The macro of each button of the sheet, by its caption."""
        return dict(cast(list[tuple[str, str]], self._request({"buttons": sheet})))

    def call(self, function: str, *arguments: object) -> object:
        """Call a function of the document.

        Raises:
            BasicError: there is no such function, or it failed.
        """
        return self._request({"call": function, "arguments": arguments})

    def _request(self, request: object) -> object:
        pipe, answers = self._process.stdin, self._process.stdout
        assert pipe is not None
        assert answers is not None
        pipe.write(json.dumps(request) + "\n")
        pipe.flush()
        if not select.select([answers], [], [], self.timeout)[0]:
            raise BasicError(f"no answer within {self.timeout} s")
        line = answers.readline()
        if not line:
            raise BasicError("LibreOffice has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise BasicError(answer["error"])
        return answer["value"]
