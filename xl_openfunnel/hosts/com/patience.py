"""Calls into Excel for what its user asked for: they wait while Excel lets nobody in, and a refusal has words.

A call that Excel turns away has had no effect, so it is made again, and work of many calls goes on where it was.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import pythoncom
import pywintypes

from ...jobs.clock import Clock
from ..buttons.workplace import Refused
from ..sheets import Busy, NoBooks
from . import automation

_TURNED_AWAY: Final = {
    -2147418111,  # RPC_E_CALL_REJECTED
    -2147417846,  # RPC_E_SERVERCALL_RETRYLATER
    -2146777998,  # VBA_E_IGNORE
}
_GONE: Final = {
    -2147023174,  # RPC_S_SERVER_UNAVAILABLE
    -2147023170,  # RPC_S_CALL_FAILED
    -2147417848,  # RPC_E_DISCONNECTED
    -2147220995,  # CO_E_OBJNOTCONNECTED
}
FAILED: Final = -2146827284
"""0x800A03EC, Excel's word for nearly everything that it does not do; while a cell is edited also for "later"."""

_NO_SUCH_ITEM: Final = -2147352565  # DISP_E_BADINDEX
_NO_SUCH_NAME: Final = -2147352570  # DISP_E_UNKNOWNNAME

_SOONEST: Final = 0.25
_LATEST: Final = 4.0

OMITTED: Final = pythoncom.ArgNotFound
"""In place of an argument that is left out."""

_T = TypeVar("_T")


class Caller:
    """Makes the calls of one piece of work.

    Members raise `Busy` when Excel let nobody in for too long, `NoBooks` when it has ended, and `Refused`.

    Args:
        program: Excel's process id.
        clock: how to wait.
        patience: the seconds to wait, all calls together.
    """

    def __init__(self, program: int, clock: Clock, patience: float) -> None:
        self.program = program
        self._clock = clock
        self._patience = self._left = patience

    @property
    def application(self) -> Any:
        """Excel itself, found anew each time: held while something else is waited for, it could not end."""
        return self.patiently(self._found)

    @contextlib.contextmanager
    def insisting(self) -> Iterator[None]:
        """Wait without end: for what has to be put back whatever happened. Then patience is as in the beginning."""
        self._left = float("inf")
        try:
            yield
        finally:
            self._left = self._patience

    def get(self, target: Any, name: str, *arguments: object) -> Any:
        """A property, or what a method gives."""
        either = pythoncom.DISPATCH_PROPERTYGET | pythoncom.DISPATCH_METHOD
        return self.patiently(lambda: target.Invoke(target.GetIDsOfNames(name), 0, either, 1, *arguments))

    def put(self, target: Any, name: str, value: object) -> None:
        """Set a property."""
        put = pythoncom.DISPATCH_PROPERTYPUT
        self.patiently(lambda: target.Invoke(target.GetIDsOfNames(name), 0, put, 0, value))

    def known(self, target: Any, name: str, otherwise: object = None) -> Any:
        """A property that an older Excel does not have, which then gives ``otherwise``."""
        try:
            return self.get(target, name)
        except Refused as refused:
            if refused.code != _NO_SUCH_NAME:
                raise
            return otherwise

    def item(self, collection: Any, name: str) -> Any:
        """The item of that name; None where there is none."""
        try:
            return self.get(collection, "Item", name)
        except Refused as refused:
            if refused.code not in (_NO_SUCH_ITEM, FAILED):
                raise
            return None

    def items(self, collection: Any) -> Iterator[Any]:
        """All items."""
        for number in range(1, int(self.get(collection, "Count")) + 1):
            yield self.get(collection, "Item", number)

    def patiently(self, do: Callable[[], _T]) -> _T:
        """What ``do`` gives, which is tried again as long as Excel lets nobody in."""
        delay = _SOONEST
        while True:
            try:
                return self._once(do)
            except Busy:
                if self._left <= 0:
                    raise
            self._left -= delay
            self._clock.receive(queue.SimpleQueue(), delay)
            delay = min(delay * 2, _LATEST)

    def _found(self) -> Any:
        window = automation._sheet_window(self.program)
        if window is None:
            raise NoBooks
        try:
            return automation._application(window)
        except (pywintypes.com_error, OSError):
            raise Busy from None

    def _once(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except pywintypes.com_error as error:
            code = (error.excepinfo and error.excepinfo[5]) or error.hresult
            if error.hresult in _TURNED_AWAY or (code == FAILED and not self._ready()):
                raise Busy from None
            if error.hresult in _GONE:
                raise NoBooks from None
            words = (error.excepinfo and error.excepinfo[2]) or error.strerror
            raise Refused(f"Excel refused: {words}", code) from None

    def _ready(self) -> bool:
        """Whether Excel takes calls: while a cell is edited it is not ready."""
        try:
            excel = self._found()
            return bool(excel.Invoke(excel.GetIDsOfNames("Ready"), 0, pythoncom.DISPATCH_PROPERTYGET, 1))
        except (Busy, pywintypes.com_error):
            return False
