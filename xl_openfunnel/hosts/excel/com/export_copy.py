"""A copy of a workbook to send: Excel's own copy, without macros and links, with values in place of our formulas.

Its window is hidden, lest anybody types into it. Excel's questions are off during single calls only: who closes an
unsaved workbook meanwhile is asked, since across processes Excel does not put that switch back by itself.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from ..addresses import CellRange, CellRef
from ..ports import CopySaved, Fact, HostError
from ..table_merge import Value
from . import dispatch, ranges
from .app_settings import QUIET, temporarily_set, with_settings
from .dispatch import OMITTED, RetryingCaller
from .formulas import filled_range
from .hresults import error_text
from .scrub_metadata import strip_metadata

_XLSX: Final = 51  # xlOpenXMLWorkbook
_MANUAL: Final = -4135  # xlCalculationManual
_NO_MACROS: Final = 3  # msoAutomationSecurityForceDisable
_LINKS: Final = (1, 2)  # xlExcelLinks and xlOLELinks, and xlLinkTypeExcelLinks and xlLinkTypeOLELinks
_KEEP_LINKS: Final = 0
_UNSAVED: Final = False

_SHEET: Final = "Manifest"
_OUR_MACROS: Final = "OpenFunnel"
"""How the names of the macros behind our buttons begin."""

_LONGEST_PATH: Final = 218
"""Characters of a path that Excel opens."""


def save_copy(
    call: RetryingCaller,
    book: Any,
    without_functions: Callable[[str], Collection[CellRef]],
    facts: Iterable[Sequence[Fact]],
    documents: Path,
) -> CopySaved:
    """Save the copy beside the book, or among the documents: where that can't be, the book is new or in the cloud.

    Args:
        call: makes the calls.
        book: the book, which stays as it is.
        without_functions: gives where in a book, by its name, formulas stand that are to become values.
        facts: of each job what is known, for a sheet that is added.
        documents: the user's folder for documents.
    """
    if call.get(book, "HasPassword") or call.get(book, "WriteReserved"):
        raise HostError("The workbook has a password to open or change it. Remove it (File, Info), then send a copy.")
    if call.get(book, "ProtectStructure"):
        raise HostError("The workbook's structure is protected. Unprotect it (Review), then send a copy.")
    name, folder = PureWindowsPath(str(call.get(book, "Name"))), str(call.get(book, "Path"))
    saved = bool(folder)  # a new book has no suffix, whatever its name looks like
    folders = [Path(folder), documents] if saved and "://" not in folder else [documents]
    scratch = Path(tempfile.mkdtemp(prefix="openfunnel-"))
    try:
        # The copy needs a name of its own: Excel opens no two books of one name.
        file, bare = (
            scratch / f"{scratch.name}{name.suffix if saved else '.xlsx'}",
            scratch / f"{scratch.name}-values.xlsx",
        )
        with_settings(call, QUIET, lambda: dispatch.get(book, "SaveCopyAs", str(file)))
        with contextlib.ExitStack() as at_the_end:
            # In manual mode, since our functions are not known there: calculated, they would all show #NAME?.
            with contextlib.ExitStack() as meanwhile:
                call.retry(lambda: meanwhile.enter_context(_in_manual_mode(call)))
                copy = _opened(call, file)
                at_the_end.callback(_close, call, copy)
                _show(call, copy, visible=False)
                _put_values(call, copy, without_functions(file.name))
            _remove_buttons(call, copy)
            links = _break_links(call, copy)
            _add_manifest(call, copy, facts)
            with contextlib.suppress(HostError):  # an older Excel, which has no such thing
                call.put(copy, "RemovePersonalInformation", value=True)
            with_settings(call, QUIET, lambda: dispatch.get(copy, "SaveAs", str(bare), _XLSX))
        return CopySaved(
            _delivered(bare, [free_path(where, name.stem if saved else name.name) for where in folders]), links
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def free_path(folder: Path, stem: str) -> Path:
    """``<stem> (values).xlsx`` in the folder, with a number where that is taken."""
    number, path = 1, folder / f"{stem} (values).xlsx"
    while path.exists():
        number += 1
        path = folder / f"{stem} (values {number}).xlsx"
    return path


def _in_manual_mode(call: RetryingCaller) -> AbstractContextManager[None]:
    return temporarily_set(call, dispatch.application(call.process_id), "Calculation", _MANUAL)


def _opened(call: RetryingCaller, file: Path) -> Any:
    books = call.get(call.application, "Workbooks")
    settings = {"AutomationSecurity": _NO_MACROS, **QUIET}
    return with_settings(call, settings, lambda: dispatch.get(books, "Open", str(file), _KEEP_LINKS))


def _show(call: RetryingCaller, copy: Any, *, visible: bool) -> None:
    for window in call.items(call.get(copy, "Windows")):
        call.put(window, "Visible", visible)


def _close(call: RetryingCaller, copy: Any) -> None:
    with call.without_timeout():
        with_settings(call, {"EnableEvents": False}, lambda: dispatch.get(copy, "Close", _UNSAVED))


def _delivered(bare: Path, targets: Sequence[Path]) -> Path:
    """Where the copy is, without what tells of its author: the first of these that can be written."""
    try:
        package = strip_metadata(bare.read_bytes())
    except zipfile.BadZipFile:
        raise HostError("Excel encrypted the copy, so that nobody else could read it. Nothing was saved.") from None
    for target in targets[:-1]:
        with contextlib.suppress(OSError):  # a folder that is read-only or gone
            if len(str(target)) <= _LONGEST_PATH:
                return _written(target, package)
    return _written(targets[-1], package)


def _written(target: Path, package: bytes) -> Path:
    with target.open("xb") as file:
        try:
            file.write(package)
        except OSError:
            file.close()
            target.unlink(missing_ok=True)
            raise
    return target


def _put_values(call: RetryingCaller, copy: Any, places: Iterable[CellRef]) -> None:
    sheets, held = call.get(copy, "Worksheets"), []
    for place in places:
        sheet = call.get(sheets, "Item", place.sheet)
        if call.get(sheet, "ProtectContents"):
            raise HostError(f"The sheet {place.sheet} is protected. Unprotect it (Review), then send a copy.")
        area = filled_range(call, call.get(sheet, "Range", place.cell)) or CellRange.parse(place.cell)
        shown = [[_value(value) for value in line] for line in ranges.read(call, sheet, area)]
        held.append((sheet, area, shown))
    for sheet, area, shown in held:  # only now, when nothing more is read that depends on what is cleared
        cells = call.get(sheet, "Range", area.address)
        text_format = call.get(cells, "NumberFormat") == ranges.TEXT
        call.get(cells, "ClearContents")
        ranges.write(call, sheet, area, shown, text_format=text_format)


def _value(shown: Any) -> Value:
    """What a cell is to hold that shows this: what shows nothing is to hold nothing."""
    if type(shown) is int:
        return error_text(shown) or float(shown)
    value: Value = shown
    return None if value == "" else value


def _remove_buttons(call: RetryingCaller, copy: Any) -> None:
    """Without macros they would do nothing."""
    for sheet in call.items(call.get(copy, "Worksheets")):
        for shape in reversed(list(call.items(call.get(sheet, "Shapes")))):
            with contextlib.suppress(HostError):  # a shape that can have no macro, or a protected sheet
                if str(call.get(shape, "OnAction")).rpartition("!")[2].startswith(_OUR_MACROS):
                    call.get(shape, "Delete")


def _break_links(call: RetryingCaller, copy: Any) -> tuple[str, ...]:
    """What refers to other files becomes a value too; gives the names of those to which links are left."""
    for kind in _LINKS:
        for link in call.get(copy, "LinkSources", kind) or ():
            with contextlib.suppress(HostError):  # on a protected sheet
                call.get(copy, "BreakLink", link, kind)
    excels, others = (call.get(copy, "LinkSources", kind) or () for kind in _LINKS)
    paths = [*map(str, excels), *(str(link).partition("!")[0] for link in others)]
    return tuple(path.replace("/", "\\").rpartition("\\")[2] for path in paths)


def _add_manifest(call: RetryingCaller, copy: Any, facts: Iterable[Sequence[Fact]]) -> None:
    """A sheet with what is known of the jobs, one below the other."""
    lines: list[list[Value]] = []
    for known in facts:
        lines.append([])
        lines += ([name, value] for name, value in known)
    if not lines:
        return
    sheets, front = call.get(copy, "Worksheets"), call.get(copy, "ActiveSheet")
    sheet = call.get(sheets, "Add", OMITTED, call.get(sheets, "Item", call.get(sheets, "Count")))
    number, name = 1, _SHEET
    while call.item(sheets, name) is not None:
        number += 1
        name = f"{_SHEET} {number}"
    call.put(sheet, "Name", name)
    held = [[*line, None, None][:2] for line in lines[1:]]
    ranges.write(call, sheet, CellRange(1, 1, len(held), 2), held, text_format=False)
    for column, width in (("$A$1", 24), ("$B$1", 80)):
        call.put(call.get(sheet, "Range", column), "ColumnWidth", width)
    try:
        call.get(front, "Activate")
    except HostError:  # where Excel does not do so in a hidden window
        _show(call, copy, visible=True)
        call.get(front, "Activate")
        _show(call, copy, visible=False)
