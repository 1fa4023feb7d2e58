"""Visits to Excel from a thread of ours, here its own: what they see, what they do, and what they leave behind."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from tests.hosts.excel.fake.busy import Busy
from xl_openfunnel.hosts import sheets

if TYPE_CHECKING:
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.sheet import Sheet
    from xl_openfunnel.hosts.com.automation import ExcelAutomation

HERE = os.getpid()


@pytest.fixture
def excels() -> ExcelAutomation:
    from xl_openfunnel.hosts.com.automation import ExcelAutomation  # Windows only

    return ExcelAutomation()


def test_what_is_typed_after_a_visit_broke_off_is_not_marked_as_saved_by_the_next(
    sheet: Sheet, excel: FakeExcel, excels: ExcelAutomation
) -> None:
    sheet.book.saved = True
    with contextlib.suppress(sheets.Busy), excels.visit(HERE) as visit, visit.unnoticed():
        sheet.book.saved = False  # by what was calculated
        excel.busy = Busy.LATER  # the user begins to type
    excel.busy = Busy.NO
    sheet.type("D5", "the user's work")
    with excels.visit(HERE) as visit, visit.unnoticed():
        pass
    assert not sheet.book.saved


@pytest.mark.parametrize(
    ("in_front_before", "in_front_after", "typed", "asks"),
    [
        (True, True, True, True),
        (True, False, True, True),
        (False, True, True, True),
        (True, True, False, False),
        (False, False, True, False),
    ],
)
def test_a_book_is_not_marked_as_saved_where_its_user_was_at_work_meanwhile(
    sheet: Sheet,
    excel: FakeExcel,
    excels: ExcelAutomation,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_front_before: bool,
    in_front_after: bool,
    typed: bool,
    asks: bool,
) -> None:
    front = {True: excel.window(sheet.book).main, False: 0}
    monkeypatch.setattr("win32gui.GetForegroundWindow", lambda: front[in_front_before])
    monkeypatch.setattr("win32api.GetTickCount", lambda: 4_000)
    monkeypatch.setattr("win32api.GetLastInputInfo", lambda: 5_000 if typed else 900)
    sheet.book.saved = True
    with excels.visit(HERE) as visit, visit.unnoticed():
        sheet.book.saved = False
        monkeypatch.setattr("win32gui.GetForegroundWindow", lambda: front[in_front_after])
    assert sheet.book.saved is not asks
