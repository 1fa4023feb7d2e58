"""The first sheet: the job's cell, what is known of the job, the buttons, and the list of jobs."""

from __future__ import annotations

from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from . import cached_values
from .cached_values import CachedValues, call_info
from .cells import write_one, write_spill
from .styles import DARK, Styles, set_up_page
from .texts import Start, sheet_texts

NAME: Final = "Start"
JOB_ROW: Final = 7
JOB_COLUMN: Final = 1

_LABEL, _VALUE, _BUTTON, _HINT, _LAST = 0, 1, 2, 3, 9
_COUNTS: Final = (4, 5)
_WIDTHS: Final = (13, 42, 27, 12, 10, 10, 44, 40, 17, 17)


def add_start(sheet: Worksheet, style: Styles, shows: CachedValues) -> None:
    """Fill the sheet."""
    texts = sheet_texts().start
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width, _column_style(style, place))
    sheet.hide_gridlines(2)
    set_up_page(sheet)
    _add_steps(sheet, style, texts)
    sheet.set_row(JOB_ROW, 28)
    sheet.write_string(JOB_ROW, _LABEL, texts.labels.job, style.label)
    if shows.job:
        sheet.write_string(JOB_ROW, JOB_COLUMN, shows.job, style.input)
    else:
        sheet.write_blank(JOB_ROW, JOB_COLUMN, None, style.input)
    formula = f'=IF(job="","{texts.ask}","")'
    sheet.write_formula(JOB_ROW, _BUTTON, formula, style.call, "" if shows.job else texts.ask)
    line = _add_state(sheet, style, texts, shows, JOB_ROW + 1)
    _add_buttons(sheet, style, texts, JOB_ROW + 1)
    _add_jobs(sheet, style, texts, shows, line + 1)
    sheet.set_selection(JOB_ROW, JOB_COLUMN, JOB_ROW, JOB_COLUMN)
    sheet.activate()


def _column_style(style: Styles, place: int) -> Format:
    """The format of what the list of jobs spills into a column."""
    if place >= _LAST - 1:
        return style.date
    return style.count if place in _COUNTS else style.body


def _add_steps(sheet: Worksheet, style: Styles, texts: Start) -> None:
    sheet.set_row(0, 40, style.band)
    sheet.set_row(1, 24, style.band_hint)
    sheet.set_row(2, 10)
    sheet.write_string(0, _LABEL, f"  {texts.title}", style.band)
    sheet.write_string(1, _LABEL, f"    {texts.about}", style.band_hint)
    for number, text in enumerate(texts.steps, 1):
        sheet.set_row(2 + number, 20)
        sheet.write_number(2 + number, _LABEL, number, style.number)
        sheet.write_string(2 + number, _VALUE, text, style.body)
    sheet.set_row(6, 26)
    sheet.write_string(6, _VALUE, texts.first_time, style.hint)


def _add_state(sheet: Worksheet, style: Styles, texts: Start, shows: CachedValues, line: int) -> int:
    """What is known of the job; the line after it."""
    labels = texts.labels
    state = (
        (labels.status, cached_values.STATUS, style.value_strong, texts.no_macros),
        (labels.rows, call_info("rows"), style.value, ""),
        (labels.progress, call_info("progress"), style.value, ""),
        (labels.as_of, call_info("as_of"), style.value_date, ""),
        (labels.next_try, call_info("next_try"), style.value_date, ""),
        (labels.key, cached_values.key(texts.key_accepted), style.value, ""),
        (labels.credits, cached_values.CREDITS_LEFT, style.value, ""),
        (labels.problem, call_info("problem"), style.trouble, ""),
    )
    for number, (label, call, value, unknown) in enumerate(state, line):
        sheet.set_row(number, 24)
        sheet.write_string(number, _LABEL, label, style.label)
        write_one(sheet, number, _VALUE, call, shows, value, unknown)
    last = line + len(state)
    for first_word, colour, to in (
        ("completed", "#2E7D32", line),
        ("running", "#BF8F00", line),
        ("pending", "#BF8F00", line),
        ("failed", "#C00000", line),
        ("#OF!", "#C00000", last - 1),
    ):
        rule = {"type": "text", "criteria": "begins with", "value": first_word}
        sheet.conditional_format(line, _VALUE, to, _VALUE, {**rule, "format": style.of_condition(font_color=colour)})
    return last


def _add_buttons(sheet: Worksheet, style: Styles, texts: Start, line: int) -> None:
    for number, button in enumerate(texts.buttons, line):
        sheet.insert_button(
            *(number, _BUTTON),
            {
                "macro": button.macro,
                "caption": button.caption,
                "width": 170,
                "height": 26,
                "x_offset": 10,
                "y_offset": 3,
            },
        )
        sheet.write_string(number, _HINT, button.hint, style.hint)


def _add_jobs(sheet: Worksheet, style: Styles, texts: Start, shows: CachedValues, line: int) -> None:
    sheet.set_row(line, 24)
    for place in range(_VALUE, _LAST + 1):
        sheet.write_blank(line, place, None, style.heading)
    sheet.write_string(line, _VALUE, texts.jobs, style.heading)
    sheet.write_string(line, _BUTTON, texts.jobs_hint, style.heading_hint)
    first = line + 1
    write_spill(sheet, first, _VALUE, cached_values.JOBS, shows)
    sheet.conditional_format(
        *(first, _VALUE, first, _LAST),
        {
            "type": "formula",
            "criteria": f'=B${first + 1}<>""',
            "format": style.of_condition(bold=True, font_color=DARK),
        },
    )
