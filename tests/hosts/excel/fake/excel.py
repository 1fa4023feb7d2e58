"""The fake Excel as a running program: its books, its windows, and what it lets in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pythoncom
import win32con
import win32event

from tests.hosts.excel.fake.com_server import keep_com_registered, new_weak_set, wrap
from tests.hosts.excel.fake.message_filter import Busy, MessageFilter
from tests.hosts.excel.fake.model import AUTOMATIC, Book, Excel
from tests.hosts.excel.fake.objects import Application, Window
from tests.hosts.excel.fake.windows import BookWindow

_SETTINGS: dict[str, Any] = {
    "Interactive": True,
    "StatusBar": False,
    "EnableEvents": True,
    "AutoFillFormulasInLists": True,
    "DisplayAlerts": True,
    "Visible": True,
    "AutomationSecurity": 1,
}
# Wine does not know SERVERCALL_RETRYLATER, so that answer comes from the members instead of the message filter.
_RESULTS_WHILE_BUSY = {
    Busy.LATER: 0x8001010A - (1 << 32),  # RPC_E_SERVERCALL_RETRYLATER
    Busy.IGNORING: 0x800AC472 - (1 << 32),  # VBA_E_IGNORE
    Busy.EDITING: 0x800A03EC - (1 << 32),
}


class FakeExcel(Excel):
    """Excel in this process and thread; others get in only while it pumps messages or waits for an answer."""

    def __init__(self) -> None:
        super().__init__()
        keep_com_registered()
        self.application = Application(self)
        self.busy = Busy.NO
        self.spilled_cells_have_formulas = True
        self.spilled_cells_have_arrays = False  # what HasArray says of them is not known
        self.settings = dict(_SETTINGS)
        self.members: Counter[str] = Counter()  # the calls from outside, as "Range.Dirty"
        self.exported = new_weak_set()
        self._windows: dict[Book, BookWindow] = {}
        self._empty: BookWindow | None = None
        self.filter = MessageFilter(self)

    def __enter__(self) -> FakeExcel:
        return self

    def __exit__(self, *exc: object) -> None:
        self.quit()

    def reset(self) -> None:
        """Close every book and put every switch and count back, but keep the bridge to a server."""
        for book in list(self.books):
            book.close(ask=False)
        self.busy, self.settings = Busy.NO, dict(_SETTINGS)
        self.spilled_cells_have_formulas, self.spilled_cells_have_arrays = True, False
        self.calculation, self.dynamic_arrays, self.copying = AUTOMATIC, True, 0
        self.dirty_recalculates, self.dirty_ignored, self.range_calculate_ignored = True, False, False
        self.max_array_text, self.tells_types = 255, False
        self.undoable.clear()
        self.asked.clear()
        self.text_cells_take_apostrophes = True
        self.functions.clear()
        self.reset_counts()

    def quit(self) -> None:
        for window in [*self._windows.values(), *filter(None, [self._empty])]:
            window.destroy()
        self._windows.clear()
        self.books.clear()
        self.filter.close()

    # Books and windows.

    def open(self, name: str, path: str = "", sheets: tuple[str, ...] = ("Sheet1",)) -> Book:
        book = super().open(name, path, sheets)
        if self._empty:
            self._empty.destroy()
            self._empty = None
        window = self._windows[book] = BookWindow(name)
        window.show(lambda: wrap(Window(self, book, window.main)))
        return book

    def on_closed(self, book: Book) -> None:
        super().on_closed(book)
        window = self._windows.pop(book)
        window.close(last=not self._windows)
        if not self._windows:
            self._empty = window

    def window(self, book: Book) -> BookWindow:
        return self._windows[book]

    @property
    def hwnd(self) -> int:
        """The window in front: that of the book opened last, of those that are still open."""
        if self.books:
            return self._windows[self.books[-1]].main
        return self._empty.main if self._empty else 0

    # What comes in.

    def on_call(self, member: str) -> int:
        """Count a call; a result other than zero is what it gets instead of an answer."""
        self.members[member] += 1
        if self.busy is Busy.EDITING and (member.startswith("Application.") or member.endswith(".Application")):
            return 0
        return _RESULTS_WHILE_BUSY.get(self.busy, 0)

    @property
    def ready(self) -> bool:
        return not self.calculating and self.busy is not Busy.EDITING

    @property
    def refused(self) -> int:
        """How many calls the message filter turned away."""
        return self.filter.refused

    @property
    def held_objects(self) -> int:
        """How many objects of Excel's other processes hold."""
        return len(self.exported)

    def reset_counts(self) -> None:
        """Start all counts again."""
        self.members.clear()
        self.calls.clear()
        self.filter.arrived = self.filter.refused = 0

    def pump(self, until: Callable[[], object] | None = None, timeout: float = 90) -> None:
        """Let calls in until the condition holds, and fail if it never does; without one, for the whole time."""
        end = time.monotonic() + timeout
        while True:
            pythoncom.PumpWaitingMessages()
            if until is not None and until():
                return
            left = end - time.monotonic()
            if left <= 0:
                break
            win32event.MsgWaitForMultipleObjects((), False, min(10, int(left * 1000) + 1), win32con.QS_ALLINPUT)
        if until is not None:
            held = [type(policy._obj_).__name__ for policy in self.exported]
            calls = dict(self.members)
            raise AssertionError(f"after {timeout} s it still does not hold; calls so far: {calls}; held: {held}")
