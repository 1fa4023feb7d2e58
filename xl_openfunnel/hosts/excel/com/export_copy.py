"""Saves a copy of a workbook to send: without macros and links to files, with values in place of our formulas.

Excel makes the copy itself, in a hidden window, so that the user cannot type into it. Excel's questions are off only
during single calls: a user who closes an unsaved workbook meanwhile must be asked, and Excel does not restore that
setting by itself for another process.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from ....known.columns import Telling, without_known
from ....workbook import names
from ..addresses import CellRange, CellRef
from ..ports import CopySaved, Fact, HostError
from ..table_merge import Value
from . import dispatch, ranges
from .app_settings import QUIET, temporarily_set, with_settings
from .copy_links import SheetLinks, add_links, links_in
from .dispatch import OMITTED, RetryingCaller
from .formulas import filled_range
from .hresults import error_text
from .list_objects import ListObject, consecutive_runs, slice_columns
from .pivots import refresh_pivots
from .scrub_metadata import strip_metadata

_XLSX: Final = 51  # xlOpenXMLWorkbook
_MANUAL: Final = -4135  # xlCalculationManual
_NO_MACROS: Final = 3  # msoAutomationSecurityForceDisable
_LINKS: Final = (1, 2)  # xlExcelLinks and xlOLELinks, and xlLinkTypeExcelLinks and xlLinkTypeOLELinks
_KEEP_LINKS: Final = 0
_UNSAVED: Final = False

_SHEET: Final = "Manifest"
_MACRO_PREFIX: Final = "OpenFunnel"
"""The names of the macros behind our buttons start with this."""

_MAX_PATH: Final = 218
"""Characters of a path that Excel opens."""


def save_copy(
    call: RetryingCaller,
    book: Any,
    cells_to_replace: Callable[[str], Collection[CellRef]],
    facts: Iterable[Sequence[Fact]],
    documents: Path,
    telling_known: Mapping[tuple[str, str], Telling],
) -> CopySaved:
    """Save a copy beside the workbook, or in the documents folder if the workbook is new or in the cloud.

    ``cells_to_replace`` returns the cells of a workbook, by its name, whose formulas are to become values. What
    ``telling_known`` gives, by sheet and address, says which companies are in a known list.
    """
    if call.get(book, "HasPassword") or call.get(book, "WriteReserved"):
        raise HostError("The workbook has a password to open or change it. Remove it (File, Info), then save the copy.")
    if call.get(book, "ProtectStructure"):
        raise HostError("The workbook's structure is protected. Unprotect it (Review), then save the copy.")
    name, folder = PureWindowsPath(str(call.get(book, "Name"))), str(call.get(book, "Path"))
    is_saved = bool(folder)  # a new workbook has no suffix, even if its name has a dot
    folders = [Path(folder), documents] if is_saved and "://" not in folder else [documents]
    scratch = Path(tempfile.mkdtemp(prefix="openfunnel-"))
    try:
        # The copy needs its own name: Excel does not open two workbooks of the same name.
        file = scratch / f"{scratch.name}{name.suffix if is_saved else '.xlsx'}"
        values_file = scratch / f"{scratch.name}-values.xlsx"
        with_settings(call, QUIET, lambda: dispatch.get(book, "SaveCopyAs", str(file)))
        with contextlib.ExitStack() as cleanup:
            # Manual calculation, since the copy does not have our functions: calculated, they would show #NAME?.
            with contextlib.ExitStack() as manual_mode:
                call.retry(lambda: manual_mode.enter_context(_manual_calculation(call)))
                copy = _open(call, file)
                cleanup.callback(_close, call, copy)
                _set_visible(call, copy, visible=False)
                web_links, left_out = _replace_with_values(call, copy, cells_to_replace(file.name), telling_known)
                left_out |= _remove_known(call, copy)
            _remove_buttons(call, copy)
            links = _break_links(call, copy)
            _add_manifest(call, copy, facts)
            with contextlib.suppress(HostError):  # an older Excel without this property
                call.put(copy, "RemovePersonalInformation", value=True)
            with_settings(call, QUIET, lambda: dispatch.get(copy, "SaveAs", str(values_file), _XLSX))
        targets = [free_path(target, name.stem if is_saved else name.name) for target in folders]
        path, without_links = _deliver(values_file, targets, web_links)
        return CopySaved(path, links, without_links, left_out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def free_path(folder: Path, stem: str) -> Path:
    """``<stem> (values).xlsx`` in the folder, with a number if that exists."""
    number, path = 1, folder / f"{stem} (values).xlsx"
    while path.exists():
        number += 1
        path = folder / f"{stem} (values {number}).xlsx"
    return path


def _manual_calculation(call: RetryingCaller) -> AbstractContextManager[None]:
    return temporarily_set(call, dispatch.application(call.process_id), "Calculation", _MANUAL)


def _open(call: RetryingCaller, file: Path) -> Any:
    books = call.get(call.application, "Workbooks")
    settings = {"AutomationSecurity": _NO_MACROS, **QUIET}
    return with_settings(call, settings, lambda: dispatch.get(books, "Open", str(file), _KEEP_LINKS))


def _set_visible(call: RetryingCaller, copy: Any, *, visible: bool) -> None:
    for window in call.items(call.get(copy, "Windows")):
        call.put(window, "Visible", visible)


def _close(call: RetryingCaller, copy: Any) -> None:
    with call.without_timeout():
        with_settings(call, {"EnableEvents": False}, lambda: dispatch.get(copy, "Close", _UNSAVED))


def _deliver(
    values_file: Path, targets: Sequence[Path], links: Mapping[str, SheetLinks]
) -> tuple[Path, tuple[str, ...]]:
    """Write the copy, without its author's metadata and with links, to the first target that can be written.

    Returns:
        Where it is, and the sheets that got no links because they are too many.
    """
    try:
        package, without_links = add_links(strip_metadata(values_file.read_bytes()), links)
    except zipfile.BadZipFile:
        raise HostError("Excel encrypted the copy, so other people could not read it. Nothing was saved.") from None
    for target in targets[:-1]:
        with contextlib.suppress(OSError):  # the folder is read-only or gone
            if len(str(target)) <= _MAX_PATH:
                return _write_new_file(target, package), tuple(without_links)
    return _write_new_file(targets[-1], package), tuple(without_links)


def _write_new_file(target: Path, package: bytes) -> Path:
    with target.open("xb") as file:
        try:
            file.write(package)
        except OSError:
            file.close()
            target.unlink(missing_ok=True)
            raise
    return target


def _replace_with_values(
    call: RetryingCaller,
    copy: Any,
    cells_to_replace: Iterable[CellRef],
    telling_known: Mapping[tuple[str, str], Telling],
) -> tuple[Mapping[str, SheetLinks], bool]:
    """Replace our formulas by values.

    Returns:
        The links of these values by the names of their sheets, and whether some were left out that say which companies
        are in a known list.
    """
    sheets, blocks, left_out = call.get(copy, "Worksheets"), [], False
    for cell in cells_to_replace:
        sheet = call.get(sheets, "Item", cell.sheet)
        if call.get(sheet, "ProtectContents"):
            raise HostError(f"The sheet {cell.sheet} is protected. Unprotect it (Review), then save the copy.")
        area = filled_range(call, call.get(sheet, "Range", cell.cell)) or CellRange.parse(cell.cell)
        shown = _values(call, sheet, area)
        values = without_known(shown, telling_known.get((cell.sheet, cell.cell), Telling.NOTHING))
        left_out |= values != shown
        blocks.append((cell.sheet, sheet, area, values))
    links: dict[str, dict[str, str]] = defaultdict(dict)
    for name, sheet, area, values in blocks:  # all were read first: clearing one may change what another shows
        cells = call.get(sheet, "Range", area.address)
        text_format = call.get(cells, "NumberFormat") == ranges.TEXT
        call.get(cells, "ClearContents")
        ranges.write(call, sheet, area, values, text_format=text_format)
        found, columns = links_in(values, area)
        for column in columns:
            call.get(call.get(sheet, "Range", slice_columns(area, column, column).address), "ClearHyperlinks")
        links[name] |= found
    with contextlib.suppress(HostError):  # a protected sheet, or no header: there the table's links stay formulas
        name, found = _replace_links_of_table(call, copy)
        links[name] |= found
    return links, left_out


def _remove_known(call: RetryingCaller, copy: Any) -> bool:
    """Remove the columns of known lists from all tables, and from what pivots keep of them; whether there were any."""
    removed = [table for table in ListObject.all(call, copy) if table.remove_known()]
    for table in removed:
        refresh_pivots(call, copy, str(call.get(table.table, "Name")))
    return bool(removed)


def _replace_links_of_table(call: RetryingCaller, copy: Any) -> tuple[str, SheetLinks]:
    """Replace the formulas with which the inserted table links; returns the table's sheet and the links."""
    table = ListObject.find(call, copy, names.TABLE)
    body = table.body() if table else None
    if table is None or body is None:
        return "", {}
    header = table.header()
    area = CellRange(header.top, header.left, body.bottom, body.right)
    _, columns = links_in([table.column_names(header)], header)
    links: dict[str, str] = {}
    for first, last in consecutive_runs(columns):
        part = slice_columns(area, first, last)
        values = _values(call, table.sheet, part)
        below = CellRange(part.top + 1, part.left, part.bottom, part.right)
        ranges.write(call, table.sheet, below, values[1:], text_format=False)
        links |= links_in(values, part)[0]
    return str(call.get(table.sheet, "Name")), links


def _values(call: RetryingCaller, sheet: Any, area: CellRange) -> list[list[Value]]:
    return [[_to_value(value) for value in row] for row in ranges.read(call, sheet, area)]


def _to_value(read: Any) -> Value:
    """The value to write for one that was read: error values become text, and ``""`` a blank cell."""
    if type(read) is int:
        return error_text(read) or float(read)
    value: Value = read
    return None if value == "" else value


def _remove_buttons(call: RetryingCaller, copy: Any) -> None:
    """Remove our buttons, which would do nothing without macros."""
    for sheet in call.items(call.get(copy, "Worksheets")):
        for shape in reversed(list(call.items(call.get(sheet, "Shapes")))):
            with contextlib.suppress(HostError):  # a shape that cannot have a macro, or a protected sheet
                if str(call.get(shape, "OnAction")).rpartition("!")[2].startswith(_MACRO_PREFIX):
                    call.get(shape, "Delete")


def _break_links(call: RetryingCaller, copy: Any) -> tuple[str, ...]:
    """Replace references to other files by values; returns the names of files whose links could not be broken."""
    for kind in _LINKS:
        for link in call.get(copy, "LinkSources", kind) or ():
            with contextlib.suppress(HostError):  # on a protected sheet
                call.get(copy, "BreakLink", link, kind)
    excel_links, ole_links = (call.get(copy, "LinkSources", kind) or () for kind in _LINKS)
    paths = [*map(str, excel_links), *(str(link).partition("!")[0] for link in ole_links)]
    return tuple(path.replace("/", "\\").rpartition("\\")[2] for path in paths)


def _add_manifest(call: RetryingCaller, copy: Any, facts: Iterable[Sequence[Fact]]) -> None:
    """Add a sheet with the facts about the jobs, one job below the other."""
    rows: list[list[Value]] = []
    for job_facts in facts:
        if rows:
            rows.append([None, None])
        rows += ([name, value] for name, value in job_facts)
    if not rows:
        return
    sheets, active_sheet = call.get(copy, "Worksheets"), call.get(copy, "ActiveSheet")
    sheet = call.get(sheets, "Add", OMITTED, call.get(sheets, "Item", call.get(sheets, "Count")))
    number, name = 1, _SHEET
    while call.item(sheets, name) is not None:
        number += 1
        name = f"{_SHEET} {number}"
    call.put(sheet, "Name", name)
    ranges.write(call, sheet, CellRange(1, 1, len(rows), 2), rows, text_format=False)
    for column, width in (("$A$1", 24), ("$B$1", 80)):
        call.put(call.get(sheet, "Range", column), "ColumnWidth", width)
    try:
        call.get(active_sheet, "Activate")
    except HostError:  # some Excels do not do so in a hidden window
        _set_visible(call, copy, visible=True)
        call.get(active_sheet, "Activate")
        _set_visible(call, copy, visible=False)
