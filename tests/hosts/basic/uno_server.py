"""Controls a private LibreOffice over UNO. Runs in the system's Python, the only one with UNO, on its standard library.

Reads one JSON request per line, and answers each with one line, ``{"value": ...}`` or ``{"error": "..."}``, until its
input ends. The requests:

- ``{"modules": {...}, "cells": {...}}`` opens a new document.
- ``{"file": "..."}`` opens a workbook read-only; with ``"macros": true``, with its macros and writable.
- ``{"add": {...}}`` adds modules to the document.
- ``{"call": "Module.Function", "arguments": [...]}`` calls a function of the document.
- ``{"macro": "Module.Sub"}`` runs a macro of the workbook.
- ``{"protect": "Sheet"}`` protects a sheet.
- ``{"calculate": true}`` calculates the whole document.
- ``{"look": "Sheet", "at": "A1:B2"}`` returns the values of cells.
- ``{"changed": "Sheet", "at": "A1:B2", "before": [...], "seconds": 55}`` returns them as soon as they differ from
  ``before``, and fails if they don't within ``seconds``.
- ``{"enter": "=A1", "sheet": "Sheet", "at": "B1"}`` enters a formula, a text or a number; with ``"array": true``, an
  array formula.
- ``{"extent": "Sheet", "at": "B1"}`` returns a cell's formula, and the rows and columns of its array.
- ``{"pivots": "Sheet", "refresh": true}`` refreshes the sheet's pivots and returns their cells.
- ``{"buttons": "Sheet"}`` returns the name and the macro of each button.
- ``{"save": "...", "filter": "..."}`` saves a copy.
- ``{"close": true}`` closes the document.

With ``window`` as the third argument, LibreOffice shows a window, and two more requests work:

- ``{"show": "Sheet"}`` brings a sheet to the front.
- ``{"button": "caption"}`` returns the position of a button on the display.
"""

import json
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import uno

_STANDARD, _CLASS = 1, 2  # com.sun.star.script.ModuleType
_SIZE = 1400, 860
_POSITION_AND_SIZE = 15  # com.sun.star.awt.PosSize
_MANY = 1_000
_ALWAYS = 4  # com.sun.star.document.MacroExecMode.ALWAYS_EXECUTE_NO_WARN


def _make_struct(name: str, **fields: object) -> Any:
    made = uno.createUnoStruct(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def _start(soffice: str, profile: Path, *, window: bool) -> tuple["subprocess.Popen[bytes]", Any]:
    pipe = f"pipe,name=of{uuid.uuid4().hex};urp;"
    switches = ["--norestore", "--nologo", "--nodefault", "--nolockcheck", "--nofirststartwizard"]
    if not window:
        switches.append("--headless")
    command = [soffice, *switches, f"-env:UserInstallation={profile.as_uri()}", f"--accept={pipe}"]
    # Discard LibreOffice's output, which would be mistaken for an answer.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
    while True:
        try:
            context = resolver.resolve(f"uno:{pipe}StarOffice.ComponentContext")
            return process, context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        except Exception:  # UNO raises nothing more specific for a pipe that does not exist yet
            if process.poll() is not None:
                raise
            time.sleep(0.05)


def _add_modules(document: Any, modules: dict[str, str]) -> None:
    libraries = document.BasicLibraries
    libraries.VBACompatibilityMode = True
    if not libraries.hasByName("Standard"):
        libraries.createLibrary("Standard")
    library = libraries.getByName("Standard")
    for name, text in modules.items():
        kind = _CLASS if "\nOption ClassModule\n" in text else _STANDARD
        library.insertModuleInfo(name, _make_struct("com.sun.star.script.ModuleInfo", ModuleType=kind))
        library.insertByName(name, text)


def _new_document(desktop: Any, modules: dict[str, str], cells: dict[str, object]) -> Any:
    hidden = _make_struct("com.sun.star.beans.PropertyValue", Name="Hidden", Value=True)
    document = desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, (hidden,))
    _add_modules(document, modules)
    sheet = document.Sheets.getByIndex(0)
    for address, value in cells.items():
        cell = sheet.getCellRangeByName(address)
        if isinstance(value, str):
            cell.String = value
        else:
            cell.Value = value
    return document


def _load(desktop: Any, path: str, *, macros: bool, window: bool) -> Any:
    options: dict[str, object] = {"Hidden": not window, "ReadOnly": not macros}
    if macros:
        options["MacroExecutionMode"] = _ALWAYS
    values = tuple(
        _make_struct("com.sun.star.beans.PropertyValue", Name=name, Value=value) for name, value in options.items()
    )
    document = desktop.loadComponentFromURL(Path(path).as_uri(), "_blank", 0, values)
    if window:
        document.CurrentController.Frame.ContainerWindow.setPosSize(0, 0, *_SIZE, _POSITION_AND_SIZE)
        document.CurrentController.ShowPageBreaks = False  # lines that other programs do not show
    return document


def _pivots(sheet: Any, *, refresh: bool) -> list[object]:
    found: list[object] = []
    for pivot in sheet.DataPilotTables:
        if refresh:
            pivot.refresh()
        area = pivot.OutputRange
        corners = (area.StartColumn, area.StartRow, area.EndColumn, area.EndRow)
        found.append([pivot.Name, sheet.getCellRangeByPosition(*corners).DataArray])
    return found


def _buttons(sheet: Any) -> list[object]:
    """The name and the macro of each shape that runs one."""
    found: list[object] = []
    for shape in sheet.DrawPage:
        event = {each.Name: each.Value for each in shape.Events.getByName("OnClick") or ()}
        if "Script" in event:
            found.append([shape.Name, event["Script"]])
    return found


def _wait_for_change(cells: Any, before: object, seconds: float) -> object:
    end = time.monotonic() + seconds
    while [list(row) for row in cells.DataArray] == before:
        if time.monotonic() > end:
            raise TimeoutError(f"still {str(before)[:200]} after {seconds} s")
        time.sleep(0.02)
    return cells.DataArray


def _enter(cells: Any, content: object, *, array: bool) -> None:
    if array:
        cells.setArrayFormula(content)
    elif not isinstance(content, str):
        cells.Value = content
    elif content.startswith("="):
        cells.Formula = content
    else:
        cells.String = content


def _extent(sheet: Any, at: str) -> object:
    cell = sheet.getCellRangeByName(at)
    cursor = sheet.createCursorByRange(cell)
    cursor.collapseToCurrentArray()
    area = cursor.RangeAddress
    formula = cursor.getArrayFormula() or cell.Formula
    return [formula, area.EndRow - area.StartRow + 1, area.EndColumn - area.StartColumn + 1]


def _save(document: Any, path: str, filter_name: str) -> None:
    chosen = _make_struct("com.sun.star.beans.PropertyValue", Name="FilterName", Value=filter_name)
    document.storeToURL(Path(path).as_uri(), (chosen,))


def _edit(document: Any, request: dict[str, Any]) -> object:
    sheets = document.Sheets
    if "changed" in request:
        return _wait_for_change(
            sheets.getByName(request["changed"]).getCellRangeByName(request["at"]),
            request["before"],
            request["seconds"],
        )
    if "extent" in request:
        return _extent(sheets.getByName(request["extent"]), request["at"])
    if "macro" in request:
        return _call(document, request["macro"], [], "VBAProject")
    if "add" in request:
        _add_modules(document, request["add"])
    elif "protect" in request:
        sheets.getByName(request["protect"]).protect("")
    elif "enter" in request:
        cells = sheets.getByName(request["sheet"]).getCellRangeByName(request["at"])
        _enter(cells, request["enter"], array=request["array"])
    else:
        _save(document, request["save"], request["filter"])
    return None


def _button(document: Any, caption: str) -> object:
    """The center of a button of the sheet in front."""
    seen = _accessible(document.CurrentController.Frame.ComponentWindow.AccessibleContext, caption)
    if seen is None:
        raise LookupError(caption)
    place, size = seen.getLocationOnScreen(), seen.getSize()
    return [place.X + size.Width // 2, place.Y + size.Height // 2]


def _accessible(parent: Any, name: str) -> Any:
    """What is seen under that name, or None. A sheet's cells, of which there are billions, are passed over."""
    if parent.getAccessibleName() == name:
        return parent
    count = parent.getAccessibleChildCount()
    for place in range(count if count < _MANY else 0):
        found = _accessible(parent.getAccessibleChild(place).getAccessibleContext(), name)
        if found is not None:
            return found
    return None


def _handle(document: Any, request: dict[str, Any]) -> object:
    if "call" in request:
        return _call(document, request["call"], request["arguments"])
    if "button" in request:
        return _button(document, request["button"])
    if "show" in request:
        return document.CurrentController.setActiveSheet(document.Sheets.getByName(request["show"]))
    if {"add", "changed", "enter", "extent", "macro", "protect", "save"} & request.keys():
        return _edit(document, request)
    if "calculate" in request:
        return document.calculateAll()
    if "look" in request:
        return document.Sheets.getByName(request["look"]).getCellRangeByName(request["at"]).DataArray
    if "pivots" in request:
        return _pivots(document.Sheets.getByName(request["pivots"]), refresh=request["refresh"])
    return _buttons(document.Sheets.getByName(request["buttons"]))


def _call(document: Any, function: str, arguments: list[object], library: str = "Standard") -> object:
    url = f"vnd.sun.star.script:{library}.{function}?language=Basic&location=document"
    return document.getScriptProvider().getScript(url).invoke(tuple(arguments), (), ())[0]


def main() -> None:
    """Serve until the input ends, then end LibreOffice."""
    window = "window" in sys.argv[3:]
    process, desktop = _start(sys.argv[1], Path(sys.argv[2]), window=window)
    document: Any = None
    try:
        for line in sys.stdin:
            request = json.loads(line)
            answer: dict[str, object] = {"value": None}
            try:
                if "modules" in request or "file" in request or "close" in request:
                    if document is not None:
                        document.close(True)
                    document = None
                if "modules" in request:
                    document = _new_document(desktop, request["modules"], request["cells"])
                elif "file" in request:
                    document = _load(desktop, request["file"], macros=request["macros"], window=window)
                elif "close" not in request:
                    answer["value"] = _handle(document, request)
            except Exception as error:  # reported to the test
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)  # noqa: T201
    finally:
        try:
            if document is not None:
                document.close(True)  # otherwise a window would ask whether to save it
            desktop.terminate()
            process.wait(10)
        finally:
            process.kill()


if __name__ == "__main__":
    main()
