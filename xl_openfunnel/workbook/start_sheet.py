"""The first sheet: the job's cell, buttons, cards with the job's figures, what is known of it, and the list of jobs."""

from __future__ import annotations

from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from ..files.xlsx_style import BLUE, Formats, set_up_printing
from ..pivot_rules import BLANK, TOTAL
from . import charts_sheet, formulas
from .buttons import ButtonRow
from .formulas import info_call, write_formula, write_reference, write_single, write_spill
from .sources import StartTexts, sheet_texts

NAME: Final = "Start"
JOB_ROW: Final = 7
JOB_COLUMN: Final = 1

_LABEL, _VALUE, _PROMPT, _LAST = 0, 1, 2, 9  # columns
_COUNTS: Final = (4, 5)
_WIDTHS: Final = (12, 40, 30, 16, 10, 10, 34, 34, 17, 17)
_RIGHT: Final = 6
"""The last column of the cards and of the lines below them."""

_BEHIND: Final = 11
"""The hidden column with texts that the sheet shows in merged cells, where no formula may spill."""

_BUTTON_ROW: Final = JOB_ROW + 2
_CARDS_ROW: Final = _BUTTON_ROW + 2
_STATE_ROW: Final = _CARDS_ROW + 4
_CARD_COLUMNS: Final = {"status": 1, "companies": 2, "credits": 3, "country": 6}

BUTTONS: Final = ButtonRow(row=_BUTTON_ROW, columns=((1, 1), (2, 2), (3, 5), (6, 6)), height=44, margin=4)
"""Each stands over a card."""


def add_start(sheet: Worksheet, style: Formats) -> None:
    texts = sheet_texts().start
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width, _column_format(style, column))
    sheet.set_column(_BEHIND, _BEHIND, 20, style["body"], {"hidden": True})
    sheet.hide_gridlines(2)
    sheet.hide_row_col_headers()
    sheet.set_tab_color(BLUE)
    set_up_printing(sheet)
    _add_steps(sheet, style, texts)
    sheet.set_row(JOB_ROW, 28)
    sheet.write_string(JOB_ROW, _LABEL, texts.labels.job, style["label"])
    sheet.write_blank(JOB_ROW, JOB_COLUMN, None, style["input"])
    formula = f'=IF(job="","{texts.ask}","")'
    write_single(sheet, JOB_ROW, _PROMPT, formula, style["prompt"], texts.ask)
    sheet.set_row(JOB_ROW + 1, 6)
    sheet.set_row(_BUTTON_ROW, 40)
    sheet.set_row(_BUTTON_ROW + 1, 6)
    _add_cards(sheet, style, texts)
    sheet.set_row(_STATE_ROW - 1, 8)
    next_row = _add_state(sheet, style, texts)
    _add_jobs(sheet, style, texts, next_row + 1)
    sheet.set_selection(JOB_ROW, JOB_COLUMN, JOB_ROW, JOB_COLUMN)
    sheet.activate()


def _column_format(style: Formats, column: int) -> Format:
    """The format for a column of the list of jobs."""
    if column >= _LAST - 1:
        return style["date"]
    if column in _COUNTS:
        return style["count"]
    return style["indented" if column > _VALUE else "body"]  # a long text ends where the next one begins


def _add_steps(sheet: Worksheet, style: Formats, texts: StartTexts) -> None:
    sheet.set_row(0, 40, style["banner"])
    sheet.set_row(1, 24, style["banner_hint"])
    sheet.set_row(2, 8)
    sheet.write_string(0, _LABEL, f"  {texts.title}", style["banner"])
    sheet.write_string(1, _LABEL, f"    {texts.about}", style["banner_hint"])
    for number, text in enumerate(texts.steps, 1):
        sheet.set_row(2 + number, 19)
        sheet.write_number(2 + number, _LABEL, number, style["step"])
        sheet.write_string(2 + number, _VALUE, text, style["body"])
    sheet.set_row(6, 24)
    sheet.write_string(6, _VALUE, texts.first_time, style["hint"])


def _add_cards(sheet: Worksheet, style: Formats, texts: StartTexts) -> None:
    """Write the figures that matter most, each with its name above and a hint below."""
    cards, row = texts.cards, _CARDS_ROW
    for offset, (height, name) in enumerate(((18, "card"), (30, "card"), (18, "card_hint"))):
        sheet.set_row(row + offset, height)
        for column in range(_VALUE, _RIGHT + 1):
            sheet.write_blank(row + offset, column, None, style[name])
    for name, column in _CARD_COLUMNS.items():
        sheet.write_string(row, column, getattr(cards, name), style["card_label"])
    status, companies, credits_left, country = _CARD_COLUMNS.values()
    figures = (
        (status, formulas.STATUS, texts.no_macros),
        (companies, info_call("rows"), ""),
        (credits_left, formulas.CREDITS_LEFT, ""),
    )
    for column, formula, without in figures:
        write_formula(sheet, row + 1, column, formula, style["card_figure"], without)
    hints = (
        (status, info_call("as_of"), "card_as_of", texts.allow_macros),
        (companies, formulas.whether_final(), "card_hint", ""),
        (credits_left, info_call("credits_consumed"), "card_used", ""),
    )
    for column, formula, name, without in hints:
        write_formula(sheet, row + 2, column, formula, style[name], without)
    _add_top_country(sheet, style, texts, country)
    _add_status_colors(sheet, style, texts, status)
    for column in (companies, credits_left):
        rule = {"type": "text", "criteria": "begins with", "value": "#OF!", "format": style["if_no_number"]}
        sheet.conditional_format(row + 1, column, row + 1, column, rule)
    for column in (status, companies, credits_left):
        rule = {"type": "text", "criteria": "begins with", "value": "#OF!", "format": style["if_error"]}
        sheet.conditional_format(row + 2, column, row + 2, column, rule)


def _add_status_colors(sheet: Worksheet, style: Formats, texts: StartTexts, column: int) -> None:
    row = _CARDS_ROW + 1
    for first_word, name in (
        ("completed", "if_completed"),
        ("running", "if_unfinished"),
        ("pending", "if_unfinished"),
        ("cancel", "if_unfinished"),
        (texts.no_macros, "if_unfinished"),
        ("failed", "if_failed"),
        ("#OF!", "if_unknown"),  # the lines below the cards have the whole text
    ):
        rule = {"type": "text", "criteria": "begins with", "value": first_word, "format": style[name]}
        sheet.conditional_format(row, column, row, column, rule)


def _add_top_country(sheet: Worksheet, style: Formats, texts: StartTexts, column: int) -> None:
    """Write the country with the most companies, as the sheet Charts has it."""
    row = charts_sheet.FIRST_ROW
    head, first, second = map(charts_sheet.label, range(row, row + 3))
    figure, none = xl_rowcol_to_cell(_CARDS_ROW + 1, column), texts.no_country
    formula = (
        f'=IF(job="","",IF({head}<>"country","{none}",IF(AND({first}<>"{BLANK}",{first}<>"{TOTAL}"),{first},'
        f'IF(AND({first}="{BLANK}",{second}<>"{TOTAL}"),{second},"{none}"))))'
    )
    write_single(sheet, _CARDS_ROW + 1, column, formula, style["card_figure"])
    names, totals = charts_sheet.plotted_countries()
    formula = f'=IFERROR(INDEX({totals},MATCH({figure},{names},0)),"")'
    write_single(sheet, _CARDS_ROW + 2, column, formula, style["card_of_country"])


def _add_state(sheet: Worksheet, style: Formats, texts: StartTexts) -> int:
    """Write what is known of the job; return the row after it."""
    labels = texts.labels
    lines = (
        (labels.progress, info_call("progress"), "value"),
        (labels.next_try, info_call("next_try"), "date_value"),
        (labels.key, formulas.key_status(texts.key_accepted), "value"),
    )
    for row, (label, formula, name) in enumerate(lines, _STATE_ROW):
        sheet.set_row(row, 22)
        sheet.write_string(row, _LABEL, label, style["label"])
        for column in range(_VALUE + 1, _RIGHT + 1):
            sheet.write_blank(row, column, None, style["rest"])
        write_formula(sheet, row, _VALUE, formula, style[name])
        name = "if_failed" if label == labels.key else "if_error"  # the problem has the same text, and room for it
        rule = {"type": "text", "criteria": "begins with", "value": "#OF!", "format": style[name]}
        sheet.conditional_format(row, _VALUE, row, _VALUE, rule)
    first = _STATE_ROW + len(lines)
    for row, (label, name) in enumerate(((labels.problem, "problem"), (labels.warnings, "warnings")), first):
        sheet.set_row(row, 31)
        sheet.write_string(row, _LABEL, label, style["label"])
        write_formula(sheet, row, _BEHIND, info_call(name), style["body"])
        sheet.merge_range(row, _VALUE, row, _RIGHT, "", style["long_value"])
        write_reference(sheet, row, _VALUE, xl_rowcol_to_cell(row, _BEHIND), style["long_value"])
    return first + 2


def _add_jobs(sheet: Worksheet, style: Formats, texts: StartTexts, row: int) -> None:
    sheet.set_row(row, 24)
    for column in range(_VALUE, _LAST + 1):
        sheet.write_blank(row, column, None, style["heading"])
    sheet.write_string(row, _VALUE, texts.jobs, style["heading"])
    sheet.write_string(row, _PROMPT, texts.jobs_hint, style["heading_hint"])
    first = row + 1
    write_spill(sheet, first, _VALUE, formulas.JOBS)
    rule = {
        "type": "formula",
        "criteria": f'=AND($C${first + 1}<>"",B${first + 1}<>"")',
        "format": style["if_jobs_head"],
    }
    sheet.conditional_format(first, _VALUE, first, _LAST, rule)
