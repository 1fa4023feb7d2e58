"""A LibreOffice that runs our VBA: its nearest relative here to Excel."""

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
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, cast

from xl_openfunnel.workbook import sources

_HERE: Final = Path(__file__).parent
_PYTHON: Final = "/usr/bin/python3"
"""The system's: LibreOffice's bindings are built for it, and no other Python has them."""


@functools.cache
def why_missing() -> str:
    """Why no LibreOffice can be had, or "" where one can."""
    if shutil.which("soffice") is None:
        return "needs LibreOffice (soffice is not on the path)"
    found = subprocess.run([_PYTHON, "-c", "import uno"], capture_output=True, check=False)
    return "" if found.returncode == 0 else f"needs python3-uno ({_PYTHON} can't import uno)"


def to_basic(text: str, *, mac: bool = False) -> str:
    """VBA as LibreOffice's Basic takes it: conditions decided, nothing of Windows, and a stand-in for Excel.

    Raises:
        ValueError: if a condition isn't one of those that the bridge is known to have.
    """
    known = {"#If Mac = 0 Then": not mac, "#If Mac Then": mac, "#If Win64 Then": True, "#If LibreOffice Then": False}
    lines, taken = ["Option VBASupport 1"], [True]
    for line in text.splitlines():
        if (condition := line.split(" '")[0]) in known:
            taken.append(known[condition])
        elif line.startswith("#Const LibreOffice = False"):
            continue
        elif line == "#Else":
            taken[-1] = not taken[-1]
        elif line == "#End If":
            taken.pop()
        elif line.startswith("#"):
            raise ValueError(f"not known: {line}")
        elif all(taken) and not line.startswith(("Attribute ", "Private Declare ")):
            lines.append(re.sub(r"\bMsgBox\b", "ShowBox", re.sub(r"\bApplication\.", "excel.", line)))
    return "\n".join(lines) + "\n"


def project(*, mac: bool = False) -> dict[str, str]:
    """The modules of workbook and add-in that need no Excel, with stand-ins for Windows, the DLL and Python."""
    ours = {name: text for name, text in sources.addin_modules().items() if name != sources.THIS_WORKBOOK}
    # Every file's own code has a ThisWorkbook; LibreOffice's is the document, which is no add-in.
    ours[sources.ADDIN] = ours[sources.ADDIN].replace("ThisWorkbook.", "excel.Addin.")
    fakes = {path.stem: path.read_text() for path in sorted(_HERE.glob("*.bas"))}
    return fakes | {name: to_basic(text, mac=mac) for name, text in (ours | _event_modules()).items()}


def _event_modules() -> dict[str, str]:
    """What workbook and add-in do when Excel opens them, as modules whose events are called by name."""
    in_basic = {
        "Private Sub ": "Public Sub ",
        "Private WithEvents host As Application": "Private host As FakeExcel",
        "Set host = Application": "Set host = excel",
        " As Workbook": " As FakeBook",
        "Me.": "excel.Addin.",
    }
    texts = {"AtOpening": sources.modules(), "AtOpeningAddin": sources.addin_modules()}
    made = {}
    for module, held in texts.items():
        made[module] = held[sources.THIS_WORKBOOK]
        for vba, basic in in_basic.items():
            made[module] = made[module].replace(vba, basic)
    return made


class BasicError(Exception):
    """What LibreOffice said of a call that failed."""


class LibreOffice:
    """A running LibreOffice with one document. Leaving it ends every process that it started, whatever happened."""

    def __init__(self, profile: Path, environ: Mapping[str, str] | None = None, *, window: bool = False) -> None:
        self.timeout: float = 60  # the longest that one answer may take
        command = [_PYTHON, str(_HERE / "uno_server.py"), shutil.which("soffice") or "", str(profile)]
        command += ["window"] if window else []
        # A session of its own, so that the office and its helpers can be ended together.
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
        """Opens a new document with these modules and cells, in place of the one before.

        Raises:
            BasicError: if a module does not compile.
        """
        self.new(modules, cells)
        if self.call("Fakes.Ready") != "ready":
            raise BasicError("a module doesn't compile")

    def new(self, modules: Mapping[str, str], cells: Mapping[str, object] | None = None) -> None:
        """Opens a new document, whatever its modules are, in place of the one before."""
        self._request({"modules": dict(modules), "cells": dict(cells or {})})

    def load(self, file: Path, *, macros: bool = False) -> None:
        """Opens a workbook to be read, or with its macros and to be changed, in place of the document before.

        Raises:
            BasicError: if it can't be opened.
        """
        self._request({"file": str(file), "macros": macros})

    def add(self, modules: Mapping[str, str]) -> None:
        """Adds modules to the workbook, beside its own."""
        self._request({"add": dict(modules)})

    def calculate(self) -> None:
        """Calculates every formula of the workbook."""
        self._request({"calculate": True})

    def values(self, sheet: str, area: str) -> list[list[object]]:
        """What cells of the workbook show."""
        return cast(list[list[object]], self._request({"look": sheet, "at": area}))

    def wait_for_change(self, sheet: str, area: str, before: list[list[object]]) -> list[list[object]]:
        """What cells show as soon as it is something else.

        Raises:
            BasicError: if that takes half a minute.
        """
        return cast(list[list[object]], self._request({"changed": sheet, "at": area, "before": before}))

    def enter(self, sheet: str, area: str, content: str | float, *, array: bool = False) -> None:
        """Enters a formula, a text or a number; or an array formula into all cells of the area."""
        self._request({"enter": content, "sheet": sheet, "at": area, "array": array})

    def extent(self, sheet: str, cell: str) -> tuple[str, int, int]:
        """A cell's formula, with the rows and columns that it was entered into."""
        formula, rows, columns = cast(tuple[str, int, int], self._request({"extent": sheet, "at": cell}))
        return formula, rows, columns

    def protect(self, sheet: str) -> None:
        """Protects a sheet, without a password."""
        self._request({"protect": sheet})

    def macro(self, name: str) -> None:
        """Runs a macro of the workbook, as its buttons do."""
        self._request({"macro": name})

    def show(self, sheet: str) -> None:
        """Brings a sheet to the front of the window."""
        self._request({"show": sheet})

    def button(self, caption: str) -> tuple[int, int]:
        """Where on the display a button of the sheet in front is."""
        right, down = cast(tuple[int, int], self._request({"button": caption}))
        return right, down

    def save(self, file: Path, filter_name: str) -> None:
        """Saves a copy, in the format of that name."""
        self._request({"save": str(file), "filter": filter_name})

    def close(self) -> None:
        """Closes the document."""
        self._request({"close": True})

    def pivots(self, sheet: str, *, refresh: bool = True) -> dict[str, list[list[object]]]:
        """What each pivot of the sheet shows, by its name, after it was brought up to date or as it is."""
        shown = self._request({"pivots": sheet, "refresh": refresh})
        return dict(cast(list[tuple[str, list[list[object]]]], shown))

    def buttons(self, sheet: str) -> dict[str, str]:
        """The macro of each button of the sheet, by its caption."""
        return dict(cast(list[tuple[str, str]], self._request({"buttons": sheet})))

    def call(self, function: str, *arguments: object) -> object:
        """What a function gives.

        Raises:
            BasicError: if there is no such function, or it ended with an error.
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
