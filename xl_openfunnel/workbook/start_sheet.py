"""The first sheet: the job's cell, the job's state, the buttons, and the list of jobs."""

from __future__ import annotations

from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ..files.xlsx_style import Formats, set_up_printing
from . import cached_values
from .cached_values import CachedValues, info_call, write_formula, write_single, write_spill
from .sources import StartTexts, sheet_texts

NAME: Final = "Start"
JOB_ROW: Final = 7
JOB_COLUMN: Final = 1

_LABEL, _VALUE, _BUTTON, _HINT, _LAST = 0, 1, 2, 3, 9
_COUNTS: Final = (4, 5)
_WIDTHS: Final = (13, 42, 27, 12, 10, 10, 44, 40, 17, 17)


def add_start(sheet: Worksheet, style: Formats, values: CachedValues) -> None:
    texts = sheet_texts().start
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width, _column_format(style, column))
    sheet.hide_gridlines(2)
    set_up_printing(sheet)
    _add_steps(sheet, style, texts)
    sheet.set_row(JOB_ROW, 28)
    sheet.write_string(JOB_ROW, _LABEL, texts.labels.job, style["label"])
    if values.job:
        sheet.write_string(JOB_ROW, JOB_COLUMN, values.job, style["input"])
    else:
        sheet.write_blank(JOB_ROW, JOB_COLUMN, None, style["input"])
    formula = f'=IF(job="","{texts.ask}","")'
    write_single(sheet, JOB_ROW, _BUTTON, formula, style["prompt"], "" if values.job else texts.ask)
    next_row = _add_state(sheet, style, texts, values, JOB_ROW + 1)
    _add_buttons(sheet, style, texts, JOB_ROW + 1)
    _add_jobs(sheet, style, texts, values, next_row + 1)
    sheet.set_selection(JOB_ROW, JOB_COLUMN, JOB_ROW, JOB_COLUMN)
    sheet.activate()


def _column_format(style: Formats, column: int) -> Format:
    """The format for a column of the list of jobs."""
    if column >= _LAST - 1:
        return style["date"]
    return style["count" if column in _COUNTS else "body"]


def _add_steps(sheet: Worksheet, style: Formats, texts: StartTexts) -> None:
    sheet.set_row(0, 40, style["banner"])
    sheet.set_row(1, 24, style["banner_hint"])
    sheet.set_row(2, 10)
    sheet.write_string(0, _LABEL, f"  {texts.title}", style["banner"])
    sheet.write_string(1, _LABEL, f"    {texts.about}", style["banner_hint"])
    for number, text in enumerate(texts.steps, 1):
        sheet.set_row(2 + number, 20)
        sheet.write_number(2 + number, _LABEL, number, style["step"])
        sheet.write_string(2 + number, _VALUE, text, style["body"])
    sheet.set_row(6, 26)
    sheet.write_string(6, _VALUE, texts.first_time, style["hint"])


def _add_state(sheet: Worksheet, style: Formats, texts: StartTexts, values: CachedValues, row: int) -> int:
    """Write the job's state from ``row`` on; return the row after it."""
    labels = texts.labels
    fields = (
        (labels.status, cached_values.STATUS, "main_value", texts.no_macros),
        (labels.rows, info_call("rows"), "value", ""),
        (labels.progress, info_call("progress"), "value", ""),
        (labels.as_of, info_call("as_of"), "date_value", ""),
        (labels.next_try, info_call("next_try"), "date_value", ""),
        (labels.key, cached_values.key_status(texts.key_accepted), "value", ""),
        (labels.credits, cached_values.CREDITS_LEFT, "value", ""),
        (labels.problem, info_call("problem"), "problem", ""),
    )
    for field_row, (label, formula, name, without_macros) in enumerate(fields, row):
        sheet.set_row(field_row, 24)
        sheet.write_string(field_row, _LABEL, label, style["label"])
        write_formula(sheet, field_row, _VALUE, formula, values, style[name], without_macros)
    next_row = row + len(fields)
    for first_word, name, last_row in (
        ("completed", "if_completed", row),
        ("running", "if_unfinished", row),
        ("pending", "if_unfinished", row),
        ("failed", "if_failed", row),
        ("#OF!", "if_failed", next_row - 1),
    ):
        rule = {"type": "text", "criteria": "begins with", "value": first_word, "format": style[name]}
        sheet.conditional_format(row, _VALUE, last_row, _VALUE, rule)
    return next_row


def _add_buttons(sheet: Worksheet, style: Formats, texts: StartTexts, row: int) -> None:
    for button_row, button in enumerate(texts.buttons, row):
        sheet.insert_button(
            *(button_row, _BUTTON),
            {
                "macro": button.macro,
                "caption": button.caption,
                "width": 170,
                "height": 26,
                "x_offset": 10,
                "y_offset": 3,
            },
        )
        sheet.write_string(button_row, _HINT, button.hint, style["hint"])


def _add_jobs(sheet: Worksheet, style: Formats, texts: StartTexts, values: CachedValues, row: int) -> None:
    sheet.set_row(row, 24)
    for column in range(_VALUE, _LAST + 1):
        sheet.write_blank(row, column, None, style["heading"])
    sheet.write_string(row, _VALUE, texts.jobs, style["heading"])
    sheet.write_string(row, _BUTTON, texts.jobs_hint, style["heading_hint"])
    first = row + 1
    write_spill(sheet, first, _VALUE, cached_values.JOBS, values)
    rule = {"type": "formula", "criteria": f'=B${first + 1}<>""', "format": style["if_jobs_head"]}
    sheet.conditional_format(first, _VALUE, first, _LAST, rule)
