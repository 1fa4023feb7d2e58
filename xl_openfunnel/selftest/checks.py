"""The checks, one function each. A check may return a detail for its outcome.

The Excel is theirs alone. The docstring of a check is its name: what is true if it passes.
"""

from __future__ import annotations

import re
from typing import Any, Final

from .. import Client, Fetcher, table
from ..workbook import builder as workbook
from ..workbook import data_sheets, start_sheet
from .check_context import (
    LONG_TEXT,
    NUMBER_LIKE_TEXTS,
    CheckContext,
    CheckFailedError,
    CheckSkippedError,
    Job,
    check_equal,
    displayed,
    external_links,
    put_job,
    wait_until_shows,
)

_AUTOMATIC, _MANUAL = -4105, -4135  # xlCalculationAutomatic, xlCalculationManual
_COPYING: Final = 1  # xlCopy
_READ_ONLY: Final = 1
_NO_MACROS: Final = 3  # msoAutomationSecurityForceDisable
_XLSX: Final = 51  # xlOpenXMLWorkbook
_MAX_TEXT_IN_BLOCK: Final = 255
_TEXT_LENGTHS: Final = (1, 255, 256, 1_000, 8_203, 8_204, 32_767)
_COLUMNS: Final = "name,domain,employee_count,match_reason"


def opens(context: CheckContext) -> None:
    """The workbook opens as it was built, with its macros, and its formula may spill."""
    workbook.write_workbook(context.file)
    # A workbook that a program opens is not repaired: opening it fails.
    context.book = context.excel.Workbooks.Open(str(context.file))
    check_equal("its sheets", [context.book.Worksheets(n).Name for n in range(1, 6)], list(workbook.CODE_NAMES))
    check_equal("whether it has macros", bool(context.book.HasVBProject), expected=True)
    # An @ before the function would keep its result in one cell.
    check_equal(
        "the formula of the companies", context.book.Worksheets(data_sheets.ROWS).Range("A4").Formula2, "=OF_ROWS(job)"
    )


def leaves_loading(context: CheckContext) -> None:
    """A cell goes from starting or loading to a word by itself."""
    cell = _enter_status(context.sheet(), context.job(ended=True))
    first = cell.Value2
    if first not in ("starting", "loading", "completed"):
        raise CheckFailedError(f"the cell shows {first!r}")
    wait_until_shows(context, cell, "completed")


def waits_for_values(context: CheckContext) -> None:
    """A script can wait for values."""
    cell = _enter_status(context.sheet(), context.job(ended=True))
    came = context.excel.Run(f"'{context.book.Name}'!OpenFunnelWait", context.timeout)
    check_equal("what OpenFunnelWait says", bool(came), expected=True)
    check_equal("the cell", displayed(cell.Value2), "completed")


def updates_live(context: CheckContext) -> None:
    """A running job's cell changes by itself."""
    job = context.job()
    _check_whole_life(context, job, _enter_status(context.sheet(), job))


def updates_in_background(context: CheckContext) -> str:
    """A running job's cell changes by itself on a sheet that is not in front."""
    job = context.job()
    cell = _enter_status(context.sheet(), job)
    wait_until_shows(context, cell, "pending")
    undoable = context.make_undoable_change(context.sheet())
    job.run()
    wait_until_shows(context, cell, "running")
    if not undoable:
        return ""
    if context.can_undo():
        return "undo is still there: its formula was not entered again"
    return "undo is gone: perhaps its formula was entered again"


def keeps_undo(context: CheckContext) -> None:
    """Undo survives when a cell changes by itself."""
    job, sheet = context.job(), context.sheet()
    cell = _enter_status(sheet, job)
    wait_until_shows(context, cell, "pending")
    if not context.make_undoable_change(sheet):
        raise CheckSkippedError(
            "this Excel offers no undo for what a program does. By hand: type something while a job runs, wait until "
            "a cell has changed, press Ctrl+Z"
        )
    job.run()
    wait_until_shows(context, cell, "running")
    check_equal("whether there is something to undo", context.can_undo(), expected=True)


def spills(context: CheckContext) -> str:
    """Companies spill from one cell, all of them and as they are."""
    block = _block(context, context.job(ended=True))
    return f"{len(block):,} lines"


def cuts_long_text(context: CheckContext) -> None:
    """A long text is cut in a block, and whole in one cell."""
    job = context.job(ended=True)
    shown = _block(context, job)[1][_COLUMNS.split(",").index("match_reason")]
    if not (isinstance(shown, str) and len(shown) == _MAX_TEXT_IN_BLOCK and shown.endswith("…")):
        raise CheckFailedError(f"the block shows {shown!r}")
    cell = context.sheet().Range("A1")
    cell.Formula2 = f'=OF_LOOKUP("{job.job_id}",1,"match_reason")'
    wait_until_shows(context, cell, LONG_TEXT)


def measures_texts(context: CheckContext) -> str:
    """An array of Strings, instead of Variants, shows texts up to some length."""
    cell, longest = context.sheet().Range("A1"), 0
    for length in _TEXT_LENGTHS:
        cell.Formula2 = f"=OpenFunnelTexts({length})"
        if cell.Value2 != "x" * length:
            break
        longest = length
    cell.ClearContents()
    return f"{longest:,} of {_TEXT_LENGTHS[-1]:,} characters; nothing relies on it"


def keeps_text(context: CheckContext) -> None:
    """Names that look like formulas, dates or numbers stay text."""
    names = [line[0] for line in _block(context, context.job(ended=True))[1 : len(NUMBER_LIKE_TEXTS) + 1]]
    check_equal("the names", names, list(NUMBER_LIKE_TEXTS))


def keeps_typed_values(context: CheckContext) -> None:
    """What was typed over a live cell stays."""
    job, sheet = context.job(), context.sheet()
    cell, note = _enter_status(sheet, job), _enter_status(sheet, job, "B3")
    wait_until_shows(context, note, "pending")
    note.Value2 = "my note"
    _check_whole_life(context, job, cell)
    check_equal("the note", note.Value2, "my note")


def stays_saved(context: CheckContext) -> None:
    """A book that was saved is so after a cell changed by itself."""
    job = context.job()
    cell = _enter_status(context.sheet(), job)
    wait_until_shows(context, cell, "pending")
    context.book.Saved = True
    job.run()
    wait_until_shows(context, cell, "running")
    context.wait_until(lambda: bool(context.book.Saved), expected=True, what="whether the book is saved")


def keeps_copying(context: CheckContext) -> None:
    """What is being copied stays so, and the cell changes afterwards."""
    job, sheet = context.job(), context.sheet()
    cell = _enter_status(sheet, job)
    wait_until_shows(context, cell, "pending")
    sheet.Range("D4").Copy()
    try:
        check_equal("the copy mode", context.excel.CutCopyMode, _COPYING)
        _move_on(context, job)
        context.check_unchanged(
            lambda: (cell.Value2, context.excel.CutCopyMode), ("pending", _COPYING), "cell and copy mode"
        )
    finally:
        context.excel.CutCopyMode = 0
    wait_until_shows(context, cell, "running")


def respects_manual_mode(context: CheckContext) -> None:
    """With manual calculation cells stay as they are."""
    job = context.job()
    cell = _enter_status(context.sheet(), job)
    wait_until_shows(context, cell, "pending")
    context.excel.Calculation = _MANUAL
    try:
        _move_on(context, job)
        context.check_unchanged(lambda: cell.Value2, "pending", "the cell")
    finally:
        context.excel.Calculation = _AUTOMATIC


def pauses(context: CheckContext) -> None:
    """While Live is paused cells stay as they are, and then go on."""
    job = context.job()
    cell = _enter_status(context.sheet(), job)
    wait_until_shows(context, cell, "pending")
    context.macro("OpenFunnelLivePaused")
    try:
        _move_on(context, job)
        context.check_unchanged(lambda: cell.Value2, "pending", "the cell")
    finally:
        context.macro("OpenFunnelLiveOn")
    wait_until_shows(context, cell, "running")


def refreshes(context: CheckContext) -> str:
    """Refresh asks the service again, and the status bar says what came of it."""
    job = context.job()
    cell = _enter_status(context.sheet(), job)
    wait_until_shows(context, cell, "pending")
    before = job.poll_count()
    cell.Select()
    context.macro("OpenFunnelRefreshCell")
    context.wait_until(
        lambda: "1 refreshed" in str(context.excel.StatusBar), expected=True, what="whether the status bar says so"
    )
    check_equal("whether the service was asked again", job.poll_count() > before, expected=True)
    return str(context.excel.StatusBar)


def opens_up_to_date(context: CheckContext) -> None:
    """A workbook that was saved while its job ran shows what is so when it is opened."""
    job = context.job()
    put_job(context, job)
    state = context.book.Worksheets(start_sheet.NAME).Range(f"B{start_sheet.JOB_ROW + 2}")
    wait_until_shows(context, state, "pending")
    saved = context.file.with_name("saved.xlsm")
    context.book.SaveCopyAs(str(saved))
    job.end()
    wait_until_shows(context, state, "completed")
    opened = context.excel.Workbooks.Open(str(saved), 0, _READ_ONLY)
    try:
        wait_until_shows(context, opened.Worksheets(start_sheet.NAME).Range(f"B{start_sheet.JOB_ROW + 2}"), "completed")
    finally:
        opened.Close(0)


def shows_cached_values(context: CheckContext) -> None:
    """With macros off the workbook shows what was saved."""
    saved = context.file.with_name("macros off.xlsm")
    context.book.SaveCopyAs(str(saved))
    security = context.excel.AutomationSecurity
    context.excel.AutomationSecurity = _NO_MACROS
    try:
        opened = context.excel.Workbooks.Open(str(saved), 0, _READ_ONLY)
    finally:
        context.excel.AutomationSecurity = security
    try:
        for name, address in ((start_sheet.NAME, f"B{start_sheet.JOB_ROW + 2}"), (data_sheets.ROWS, "A5:B6")):
            actual, expected = (book.Worksheets(name).Range(address).Value2 for book in (opened, context.book))
            check_equal(f"{address} of {name}", actual, expected)
    finally:
        opened.Close(0)


def finds_moved_cell(context: CheckContext) -> None:
    """A cell that was moved is found."""
    job, sheet = context.job(), context.sheet()
    wait_until_shows(context, _enter_status(sheet, job), "pending")
    sheet.Range("1:2").Insert()
    job.run()
    wait_until_shows(context, sheet.Range("B4"), "running")


def one_python(context: CheckContext) -> None:
    """A second workbook has the functions too, by the add-in, and shares one Python."""
    job = context.job()
    cell = _enter_status(context.sheet(), job)
    wait_until_shows(context, cell, "pending")
    other = context.excel.Workbooks.Add()
    try:
        wait_until_shows(context, _enter_status(other.Worksheets(1), job), "pending")
        check_equal("how many Pythons there are", len(context.python_processes()), 1)
    finally:
        other.Close(0)


def leaks_no_path(context: CheckContext) -> str:
    """A workbook with the add-in's functions says nothing of where the add-in lies."""
    job = context.job()
    other = context.excel.Workbooks.Add()
    file = context.file.with_name("linked.xlsx")
    try:
        wait_until_shows(context, _enter_status(other.Worksheets(1), job), "pending")
        other.SaveAs(str(file), _XLSX)
    finally:
        other.Close(0)
    links = external_links(file)
    check_equal("the paths in it", [link for link in links if re.search(r"[\\/]", link)], [])
    return ", ".join(links)


# ---- helpers ---------------------------------------------------------------------------------


def _enter_status(sheet: Any, job: Job, address: str = "B2") -> Any:
    cell = sheet.Range(address)
    cell.Formula2 = f'=OF_STATUS("{job.job_id}")'
    return cell


def _check_whole_life(context: CheckContext, job: Job, cell: Any) -> None:
    wait_until_shows(context, cell, "pending")
    job.run()
    wait_until_shows(context, cell, "running")
    job.end()
    wait_until_shows(context, cell, "completed")


def _move_on(context: CheckContext, job: Job) -> None:
    """Have the job run, and wait until Python has polled it."""
    before = job.poll_count()
    job.run()
    context.wait_until(lambda: job.poll_count() > before, expected=True, what="whether the service was asked again")


def _block(context: CheckContext, job: Job) -> list[list[Any]]:
    """Have companies spill, and compare them with those that Python reads itself.

    Raises:
        CheckFailedError: they differ, or do not spill.
    """
    cell = context.sheet().Range("A1")
    cell.Formula2 = f'=OF_ROWS("{job.job_id}","{_COLUMNS}")'
    context.wait_until(lambda: bool(cell.HasSpill), expected=True, what="whether the cell spills")
    context.wait_until(lambda: cell.SpillingToRange.Value2[-1][1], job.rows[-1]["domain"], "the last domain")
    shown = [list(line) for line in cell.SpillingToRange.Value2]
    with Client(context.service.base_url, context.service.api_key) as client, Fetcher(client) as fetcher:
        read = table.block(fetcher.wait(job.job_id).frame(_COLUMNS), text_limit=_MAX_TEXT_IN_BLOCK)
    for number, (line, expected) in enumerate(zip(shown, read, strict=False), 1):
        check_equal(f"line {number}", line, expected)
    check_equal("the lines", len(shown), len(read))
    return shown
