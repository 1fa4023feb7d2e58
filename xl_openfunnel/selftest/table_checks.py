"""The checks of the inserted table, its pivot and the values copy, one function each, as in `checks`."""

from __future__ import annotations

from typing import Any, Final

from ..workbook import data_sheets, names, start_sheet
from .check_context import NUMBER_LIKE_TEXTS, CheckContext, Job, check_equal, put_job, wait_until_shows

_LINKS: Final = 1  # xlExcelLinks
_READ_ONLY: Final = 1


def writes_table(context: CheckContext) -> str:
    """The inserted table has all companies, and keeps the user's column and note."""
    job = context.job()
    put_job(context, job)
    job.run(0.95)
    context.wait_until(
        lambda: context.book.Worksheets(data_sheets.ROWS).Range("A4").SpillingToRange.Rows.Count, 251, "the lines"
    )
    list_object = _write_table(context, job)
    urls = _column(list_object, "linkedin_url")
    user_column = list_object.ListColumns.Add()
    user_column.Name = "Mine"
    user_column.DataBodyRange.Cells(5, 1).Value2 = "my word"
    list_object.ListColumns("name").DataBodyRange.Cells(5, 1).AddComment("my note")
    job.end()
    wait_until_shows(
        context, context.book.Worksheets(start_sheet.NAME).Range(f"B{start_sheet.JOB_ROW + 2}"), "completed"
    )
    list_object = _write_table(context, job)
    order = [row["linkedin_url"] for row in job.rows]
    position = order.index(urls[4])
    context.wait_until(lambda: _column(list_object, "linkedin_url"), order, "the order of the companies")
    moved_column = [None] * position + ["my word"] + [None] * (len(order) - position - 1)
    context.wait_until(lambda: _column(list_object, "Mine"), moved_column, "my column")
    note = list_object.ListColumns("name").DataBodyRange.Cells(position + 1, 1).Comment
    check_equal("my note", note.Text() if note else None, "my note")
    check_equal("the names", _column(list_object, "name")[: len(NUMBER_LIKE_TEXTS)], list(NUMBER_LIKE_TEXTS))
    return f"line 5 became line {position + 1}"


def refreshes_pivot(context: CheckContext) -> None:
    """The pivot reads the inserted table."""
    lines = context.book.Worksheets(names.TABLE_SHEET).ListObjects(names.TABLE).ListRows.Count
    context.book.Worksheets(data_sheets.PIVOT).Activate()
    context.macro("OpenFunnelRefreshPivots")
    pivot = context.book.Worksheets(data_sheets.PIVOT).PivotTables(1)
    context.wait_until(lambda: pivot.PivotCache().RecordCount, lines, "the pivot's records")


def saves_values_copy(context: CheckContext) -> None:
    """The copy to send has no macros and no links, and opens."""
    context.book.Worksheets(1).Activate()
    context.macro("OpenFunnelSaveValuesCopy")
    copy = context.file.with_name(f"{context.file.stem} (values).xlsx")
    context.wait_until(copy.exists, expected=True, what=f"whether {copy.name} is there")
    opened: list[Any] = []

    def can_open() -> bool:  # it may still be being written
        opened.append(context.excel.Workbooks.Open(str(copy), 0, _READ_ONLY))
        return True

    context.wait_until(can_open, expected=True, what="whether the copy opens")
    try:
        check_equal("macros", bool(opened[0].HasVBProject), expected=False)
        check_equal("links", opened[0].LinkSources(_LINKS), None)
    finally:
        opened[0].Close(0)


def _write_table(context: CheckContext, job: Job) -> Any:
    context.book.Worksheets(1).Activate()
    context.macro("OpenFunnelInsertTable")
    list_object = context.book.Worksheets(names.TABLE_SHEET).ListObjects(names.TABLE)
    context.wait_until(
        lambda: sorted(filter(None, _column(list_object, "linkedin_url"))),
        sorted(row["linkedin_url"] for row in job.rows),
        "the inserted companies",
    )
    return list_object


def _column(list_object: Any, name: str) -> list[Any]:
    return [line[0] for line in list_object.ListColumns(name).DataBodyRange.Value2]
