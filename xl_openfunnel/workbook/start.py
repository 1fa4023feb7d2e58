"""The first sheet: the job's cell, what is known of the job, the buttons, and the list of jobs."""

from __future__ import annotations

from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from . import shown
from .cells import write_one, write_spill
from .shown import Shown, call_info
from .styles import DARK, Styles, set_up_page

NAME: Final = "Start"
JOB_ROW: Final = 7
JOB_COLUMN: Final = 1

_LABEL, _VALUE, _BUTTON, _HINT, _LAST = 0, 1, 2, 3, 9
_COUNTS: Final = (4, 5)
_WIDTHS: Final = (13, 42, 27, 12, 10, 10, 44, 40, 17, 17)

_STEPS: Final = (
    "Put a job into the yellow cell: its id, its URL or the label that you gave it.",
    "Watch its companies come in, here and on the sheet Rows. Looking costs no credits.",
    "Land them as a table once you want to sort, filter or pivot them.",
)
_FIRST_TIME: Final = (
    "The first time on this computer (Windows): run  xl-openfunnel install  and  xl-openfunnel key set  in a "
    "terminal, and allow this workbook's macros."
)
_NO_MACROS: Final = "Macros are off. Allow them, then press Ctrl+Alt+F9."

_BUTTONS: Final = (
    ("Ask again now", "OpenFunnelRefreshBook", "reads this workbook's jobs anew"),
    ("Land as a table", "OpenFunnelLandTable", "writes the companies into the sheet Table, as values"),
    ("Refresh the pivot", "OpenFunnelRefreshPivots", "after the table was landed"),
    ("Send a copy", "OpenFunnelSendCopy", "makes a copy with values in place of our formulas"),
)


def add_start(sheet: Worksheet, style: Styles, shows: Shown) -> None:
    """Fill the sheet."""
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width, _column_style(style, place))
    sheet.hide_gridlines(2)
    set_up_page(sheet)
    _add_steps(sheet, style)
    sheet.set_row(JOB_ROW, 28)
    sheet.write_string(JOB_ROW, _LABEL, "Job", style.label)
    if shows.job:
        sheet.write_string(JOB_ROW, JOB_COLUMN, shows.job, style.input)
    else:
        sheet.write_blank(JOB_ROW, JOB_COLUMN, None, style.input)
    ask = "◄ Put the job here"
    sheet.write_formula(JOB_ROW, _BUTTON, f'=IF(job="","{ask}","")', style.call, "" if shows.job else ask)
    line = _add_state(sheet, style, shows, JOB_ROW + 1)
    _add_buttons(sheet, style, JOB_ROW + 1)
    _add_jobs(sheet, style, shows, line + 1)
    sheet.set_selection(JOB_ROW, JOB_COLUMN, JOB_ROW, JOB_COLUMN)
    sheet.activate()


def _column_style(style: Styles, place: int) -> Format:
    """The format of what the list of jobs spills into a column."""
    if place >= _LAST - 1:
        return style.date
    return style.count if place in _COUNTS else style.body


def _add_steps(sheet: Worksheet, style: Styles) -> None:
    sheet.set_row(0, 40, style.band)
    sheet.set_row(1, 24, style.band_hint)
    sheet.set_row(2, 10)
    sheet.write_string(0, _LABEL, "  OpenFunnel", style.band)
    about = "    The companies of a bulk lookalike job, in cells that keep themselves up to date while it runs."
    sheet.write_string(1, _LABEL, about, style.band_hint)
    for number, text in enumerate(_STEPS, 1):
        sheet.set_row(2 + number, 20)
        sheet.write_number(2 + number, _LABEL, number, style.number)
        sheet.write_string(2 + number, _VALUE, text, style.body)
    sheet.set_row(6, 26)
    sheet.write_string(6, _VALUE, _FIRST_TIME, style.hint)


def _add_state(sheet: Worksheet, style: Styles, shows: Shown, line: int) -> int:
    """What is known of the job; the line after it."""
    state = (
        ("Status", shown.STATUS, style.value_strong, _NO_MACROS),
        ("Companies", call_info("rows"), style.value, ""),
        ("Progress", call_info("progress"), style.value, ""),
        ("As of", call_info("as_of"), style.value_date, ""),
        ("Next try", call_info("next_try"), style.value_date, ""),
        ("Credits left", shown.CREDITS, style.value, ""),
        ("Problem", call_info("problem"), style.trouble, ""),
    )
    for number, (label, call, value, unknown) in enumerate(state, line):
        sheet.set_row(number, 24)
        sheet.write_string(number, _LABEL, label, style.label)
        write_one(sheet, number, _VALUE, call, shows, value, unknown)
    colours = {
        "completed": "#2E7D32",
        "running": "#BF8F00",
        "pending": "#BF8F00",
        "failed": "#C00000",
        "#OF!": "#C00000",
    }
    for word, colour in colours.items():
        sheet.conditional_format(
            *(line, _VALUE, line, _VALUE),
            {"type": "text", "criteria": "begins with", "value": word, "format": style.of_condition(font_color=colour)},
        )
    return line + len(state)


def _add_buttons(sheet: Worksheet, style: Styles, line: int) -> None:
    for number, (caption, macro, hint) in enumerate(_BUTTONS, line):
        sheet.insert_button(
            *(number, _BUTTON),
            {"macro": macro, "caption": caption, "width": 170, "height": 26, "x_offset": 10, "y_offset": 3},
        )
        sheet.write_string(number, _HINT, hint, style.hint)


def _add_jobs(sheet: Worksheet, style: Styles, shows: Shown, line: int) -> None:
    sheet.set_row(line, 24)
    for place in range(_VALUE, _LAST + 1):
        sheet.write_blank(line, place, None, style.heading)
    sheet.write_string(line, _VALUE, "Jobs seen on this computer", style.heading)
    sheet.write_string(line, _BUTTON, "copy a job_id from here into the yellow cell", style.heading_hint)
    first = line + 1
    write_spill(sheet, first, _VALUE, shown.JOBS, shows)
    sheet.conditional_format(
        *(first, _VALUE, first, _LAST),
        {
            "type": "formula",
            "criteria": f'=B${first + 1}<>""',
            "format": style.of_condition(bold=True, font_color=DARK),
        },
    )
