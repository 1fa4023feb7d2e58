"""The checks, one function each: it does something in Excel, and what it says in return was seen besides.

Each has an Excel in which nobody types meanwhile. A docstring is the check's name: what holds when it holds.
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
    external_links,
)

_AUTOMATIC, _MANUAL = -4105, -4135  # xlCalculationAutomatic, xlCalculationManual
_COPYING: Final = 1  # xlCopy
_LINKS: Final = 1  # xlExcelLinks
_READ_ONLY: Final = 1
_NO_MACROS: Final = 3  # msoAutomationSecurityForceDisable
_XLSX: Final = 51  # xlOpenXMLWorkbook
_CUT: Final = 255
_ERRORS: Final = {
    code - 2146828288: text
    for code, text in (
        (2000, "#NULL!"),
        (2007, "#DIV/0!"),
        (2015, "#VALUE!"),
        (2023, "#REF!"),
        (2029, "#NAME?"),
        (2036, "#NUM!"),
        (2042, "#N/A"),
        (2045, "#SPILL!"),
    )
}
"""What a cell's error arrives as."""
_COLUMNS: Final = "name,domain,employee_count,match_reason"


def opens(stage: CheckContext) -> None:
    """The workbook opens as it was built, with its macros, and its formula may spill."""
    workbook.write_workbook(stage.file)
    # Opened by a program, Excel repairs nothing: it fails.
    stage.book = stage.excel.Workbooks.Open(str(stage.file))
    _same("its sheets", [stage.book.Worksheets(n).Name for n in range(1, 6)], list(workbook.CODE_NAMES))
    _same("whether it has macros", bool(stage.book.HasVBProject), wanted=True)
    # An @ before the function would keep it in one cell.
    _same("the formula of the companies", stage.book.Worksheets(data_sheets.ROWS).Range("A4").Formula2, "=OF_ROWS(job)")


def answers(stage: CheckContext) -> None:
    """A cell goes from loading to a word by itself."""
    cell = _status(stage.sheet(), stage.job(ended=True))
    first = cell.Value2
    if first not in ("loading", "completed"):
        raise CheckFailedError(f"the cell shows {first!r}")
    _until_shows(stage, cell, "completed")


def live(stage: CheckContext) -> None:
    """A running job's cell changes by itself."""
    job = stage.job()
    _through_its_life(stage, job, _status(stage.sheet(), job))


def live_behind(stage: CheckContext) -> str:
    """A running job's cell changes by itself on a sheet that is not in front."""
    job = stage.job()
    cell = _status(stage.sheet(), job)
    _until_shows(stage, cell, "pending")
    undoable = stage.make_undoable_change(stage.sheet())
    job.run()
    _until_shows(stage, cell, "running")
    if not undoable:
        return ""
    if stage.can_undo():
        return "undo is still there: its formula was not entered anew"
    return "undo is gone: perhaps its formula was entered anew"


def keeps_undo(stage: CheckContext) -> None:
    """Undo survives when a cell changes by itself."""
    job, sheet = stage.job(), stage.sheet()
    cell = _status(sheet, job)
    _until_shows(stage, cell, "pending")
    if not stage.make_undoable_change(sheet):
        raise CheckSkippedError(
            "this Excel offers no undo for what a program does. By hand: type something while a job runs, wait until "
            "a cell has changed, press Ctrl+Z"
        )
    job.run()
    _until_shows(stage, cell, "running")
    _same("whether there is something to undo", stage.can_undo(), wanted=True)


def spills(stage: CheckContext) -> str:
    """Companies spill from one cell, all of them and as they are."""
    block = _block(stage, stage.job(ended=True))
    return f"{len(block):,} lines"


def long_text(stage: CheckContext) -> None:
    """A long text is cut in a block, and whole in one cell."""
    job = stage.job(ended=True)
    shown = _block(stage, job)[1][_COLUMNS.split(",").index("match_reason")]
    if not (isinstance(shown, str) and len(shown) == _CUT and shown.endswith("…")):
        raise CheckFailedError(f"the block shows {shown!r}")
    cell = stage.sheet().Range("A1")
    cell.Formula2 = f'=OF_LOOKUP("{job.job_id}",1,"match_reason")'
    _until_shows(stage, cell, LONG_TEXT)


def text_stays(stage: CheckContext) -> None:
    """Names that look like formulas, dates or numbers stay text."""
    names = [line[0] for line in _block(stage, stage.job(ended=True))[1 : len(NUMBER_LIKE_TEXTS) + 1]]
    _same("the names", names, list(NUMBER_LIKE_TEXTS))


def typed_over(stage: CheckContext) -> None:
    """What was typed over a live cell stays."""
    job, sheet = stage.job(), stage.sheet()
    cell, note = _status(sheet, job), _status(sheet, job, "B3")
    _until_shows(stage, note, "pending")
    note.Value2 = "my note"
    _through_its_life(stage, job, cell)
    _same("the note", note.Value2, "my note")


def stays_saved(stage: CheckContext) -> None:
    """A book that was saved is so after a cell changed by itself."""
    job = stage.job()
    cell = _status(stage.sheet(), job)
    _until_shows(stage, cell, "pending")
    stage.book.Saved = True
    job.run()
    _until_shows(stage, cell, "running")
    stage.wait_until(lambda: bool(stage.book.Saved), wanted=True, what="whether the book is saved")


def keeps_copying(stage: CheckContext) -> None:
    """What is being copied stays so, and the cell changes afterwards."""
    job, sheet = stage.job(), stage.sheet()
    cell = _status(sheet, job)
    _until_shows(stage, cell, "pending")
    sheet.Range("D4").Copy()
    try:
        _same("the copy mode", stage.excel.CutCopyMode, _COPYING)
        _asked_again(stage, job)
        stage.check_unchanged(
            lambda: (cell.Value2, stage.excel.CutCopyMode), ("pending", _COPYING), "cell and copy mode"
        )
    finally:
        stage.excel.CutCopyMode = 0
    _until_shows(stage, cell, "running")


def manual(stage: CheckContext) -> None:
    """With manual calculation cells stay as they are."""
    job = stage.job()
    cell = _status(stage.sheet(), job)
    _until_shows(stage, cell, "pending")
    stage.excel.Calculation = _MANUAL
    try:
        _asked_again(stage, job)
        stage.check_unchanged(lambda: cell.Value2, "pending", "the cell")
    finally:
        stage.excel.Calculation = _AUTOMATIC


def pauses(stage: CheckContext) -> None:
    """While Live is paused cells stay as they are, and then go on."""
    job = stage.job()
    cell = _status(stage.sheet(), job)
    _until_shows(stage, cell, "pending")
    stage.macro("OpenFunnelLivePaused")
    try:
        _asked_again(stage, job)
        stage.check_unchanged(lambda: cell.Value2, "pending", "the cell")
    finally:
        stage.macro("OpenFunnelLiveOn")
    _until_shows(stage, cell, "running")


def refreshes(stage: CheckContext) -> str:
    """Refresh asks the service again, and the status bar says what came of it."""
    job = stage.job()
    cell = _status(stage.sheet(), job)
    _until_shows(stage, cell, "pending")
    before = job.polls()
    cell.Select()
    stage.macro("OpenFunnelRefreshCell")
    stage.wait_until(
        lambda: "1 refreshed" in str(stage.excel.StatusBar), wanted=True, what="whether the status bar says so"
    )
    _same("whether the service was asked again", job.polls() > before, wanted=True)
    return str(stage.excel.StatusBar)


def opens_up_to_date(stage: CheckContext) -> None:
    """A workbook that was saved while its job ran shows what is so when it is opened."""
    job = stage.job()
    _put_job(stage, job)
    state = stage.book.Worksheets(start_sheet.NAME).Range(f"B{start_sheet.JOB_ROW + 2}")
    _until_shows(stage, state, "pending")
    saved = stage.file.with_name("saved.xlsm")
    stage.book.SaveCopyAs(str(saved))
    job.end()
    _until_shows(stage, state, "completed")
    opened = stage.excel.Workbooks.Open(str(saved), 0, _READ_ONLY)
    try:
        _until_shows(stage, opened.Worksheets(start_sheet.NAME).Range(f"B{start_sheet.JOB_ROW + 2}"), "completed")
    finally:
        opened.Close(0)


def shows_saved(stage: CheckContext) -> None:
    """With macros off the workbook shows what was saved."""
    saved = stage.file.with_name("macros off.xlsm")
    stage.book.SaveCopyAs(str(saved))
    security = stage.excel.AutomationSecurity
    stage.excel.AutomationSecurity = _NO_MACROS
    try:
        opened = stage.excel.Workbooks.Open(str(saved), 0, _READ_ONLY)
    finally:
        stage.excel.AutomationSecurity = security
    try:
        for name, address in ((start_sheet.NAME, f"B{start_sheet.JOB_ROW + 2}"), (data_sheets.ROWS, "A5:B6")):
            shown, wanted = (book.Worksheets(name).Range(address).Value2 for book in (opened, stage.book))
            _same(f"{address} of {name}", shown, wanted)
    finally:
        opened.Close(0)


def moved(stage: CheckContext) -> None:
    """A cell that was moved is found."""
    job, sheet = stage.job(), stage.sheet()
    _until_shows(stage, _status(sheet, job), "pending")
    sheet.Range("1:2").Insert()
    job.run()
    _until_shows(stage, sheet.Range("B4"), "running")


def one_python(stage: CheckContext) -> None:
    """A second workbook has the functions too, by the add-in, and shares one Python."""
    job = stage.job()
    cell = _status(stage.sheet(), job)
    _until_shows(stage, cell, "pending")
    other = stage.excel.Workbooks.Add()
    try:
        _until_shows(stage, _status(other.Worksheets(1), job), "pending")
        _same("how many Pythons there are", len(stage.python_processes()), 1)
    finally:
        other.Close(0)


def names_no_folder(stage: CheckContext) -> str:
    """A workbook with the add-in's functions says nothing of where the add-in lies."""
    job = stage.job()
    other = stage.excel.Workbooks.Add()
    file = stage.file.with_name("linked.xlsx")
    try:
        _until_shows(stage, _status(other.Worksheets(1), job), "pending")
        other.SaveAs(str(file), _XLSX)
    finally:
        other.Close(0)
    links = external_links(file)
    _same("the paths in it", [link for link in links if re.search(r"[\\/]", link)], [])
    return ", ".join(links)


def lands(stage: CheckContext) -> str:
    """The landed table has all companies, and keeps the user's column and note."""
    job = stage.job()
    _put_job(stage, job)
    job.run(0.95)
    stage.wait_until(
        lambda: stage.book.Worksheets(data_sheets.ROWS).Range("A4").SpillingToRange.Rows.Count, 251, "the lines"
    )
    found = _landed(stage, job)
    urls = _column(found, "linkedin_url")
    mine = found.ListColumns.Add()
    mine.Name = "Mine"
    mine.DataBodyRange.Cells(5, 1).Value2 = "my word"
    found.ListColumns("name").DataBodyRange.Cells(5, 1).AddComment("my note")
    job.end()
    _until_shows(stage, stage.book.Worksheets(start_sheet.NAME).Range(f"B{start_sheet.JOB_ROW + 2}"), "completed")
    found = _landed(stage, job)
    order = [row["linkedin_url"] for row in job.rows]
    at = order.index(urls[4])
    stage.wait_until(lambda: _column(found, "linkedin_url"), order, "the order of the companies")
    mine_again = [None] * at + ["my word"] + [None] * (len(order) - at - 1)
    stage.wait_until(lambda: _column(found, "Mine"), mine_again, "my column")
    note = found.ListColumns("name").DataBodyRange.Cells(at + 1, 1).Comment
    _same("my note", note.Text() if note else None, "my note")
    _same("the names", _column(found, "name")[: len(NUMBER_LIKE_TEXTS)], list(NUMBER_LIKE_TEXTS))
    return f"line 5 became line {at + 1}"


def pivots(stage: CheckContext) -> None:
    """The pivot reads the landed table."""
    lines = stage.book.Worksheets(data_sheets.TABLE).ListObjects(data_sheets.TABLE_NAME).ListRows.Count
    stage.book.Worksheets(data_sheets.PIVOT).Activate()
    stage.macro("OpenFunnelRefreshPivots")
    pivot = stage.book.Worksheets(data_sheets.PIVOT).PivotTables(1)
    stage.wait_until(lambda: pivot.PivotCache().RecordCount, lines, "the pivot's records")


def sends_copy(stage: CheckContext) -> None:
    """The copy to send has no macros and no links, and opens."""
    stage.book.Worksheets(1).Activate()
    stage.macro("OpenFunnelSendCopy")
    copy = stage.file.with_name(f"{stage.file.stem} (values).xlsx")
    stage.wait_until(copy.exists, wanted=True, what=f"whether {copy.name} is there")
    opened: list[Any] = []

    def openable() -> bool:  # it may be being written
        opened.append(stage.excel.Workbooks.Open(str(copy), 0, _READ_ONLY))
        return True

    stage.wait_until(openable, wanted=True, what="whether the copy opens")
    try:
        _same("macros", bool(opened[0].HasVBProject), wanted=False)
        _same("links", opened[0].LinkSources(_LINKS), None)
    finally:
        opened[0].Close(0)


# ---- what checks have in common ---------------------------------------------------------------------------------


def _same(what: str, seen: object, wanted: object) -> None:
    if seen != wanted:
        raise CheckFailedError(f"{what}: {seen!r} and not {wanted!r}")


def _status(sheet: Any, job: Job, address: str = "B2") -> Any:
    cell = sheet.Range(address)
    cell.Formula2 = f'=OF_STATUS("{job.job_id}")'
    return cell


def _until_shows(stage: CheckContext, cell: Any, word: str) -> None:
    stage.wait_until(lambda: _ERRORS.get(shown := cell.Value2, shown), word, "the cell")


def _through_its_life(stage: CheckContext, job: Job, cell: Any) -> None:
    _until_shows(stage, cell, "pending")
    job.run()
    _until_shows(stage, cell, "running")
    job.end()
    _until_shows(stage, cell, "completed")


def _asked_again(stage: CheckContext, job: Job) -> None:
    """Have the job go on, and wait until Python knows."""
    before = job.polls()
    job.run()
    stage.wait_until(lambda: job.polls() > before, wanted=True, what="whether the service was asked again")


def _block(stage: CheckContext, job: Job) -> list[list[Any]]:
    """The companies as they spill, which are those that Python reads by itself.

    Raises:
        CheckFailedError: they are not, or do not spill.
    """
    cell = stage.sheet().Range("A1")
    cell.Formula2 = f'=OF_ROWS("{job.job_id}","{_COLUMNS}")'
    stage.wait_until(lambda: bool(cell.HasSpill), wanted=True, what="whether the cell spills")
    stage.wait_until(lambda: cell.SpillingToRange.Value2[-1][1], job.rows[-1]["domain"], "the last domain")
    shown = [list(line) for line in cell.SpillingToRange.Value2]
    with Client(stage.service.base_url, stage.service.api_key) as client, Fetcher(client) as fetcher:
        read = table.block(fetcher.wait(job.job_id).frame(_COLUMNS), text_limit=_CUT)
    for number, (line, wanted) in enumerate(zip(shown, read, strict=False), 1):
        _same(f"line {number}", line, wanted)
    _same("the lines", len(shown), len(read))
    return shown


def _put_job(stage: CheckContext, job: Job) -> None:
    cell = stage.book.Names.Item(workbook.JOB_NAME).RefersToRange
    cell.Worksheet.Activate()
    cell.Select()
    cell.Value2 = job.job_id


def _landed(stage: CheckContext, job: Job) -> Any:
    stage.book.Worksheets(1).Activate()
    stage.macro("OpenFunnelLandTable")
    found = stage.book.Worksheets(data_sheets.TABLE).ListObjects(data_sheets.TABLE_NAME)
    stage.wait_until(
        lambda: sorted(filter(None, _column(found, "linkedin_url"))),
        sorted(row["linkedin_url"] for row in job.rows),
        "the landed companies",
    )
    return found


def _column(found: Any, name: str) -> list[Any]:
    return [line[0] for line in found.ListColumns(name).DataBodyRange.Value2]
