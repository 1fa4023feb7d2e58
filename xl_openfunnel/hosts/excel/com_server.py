"""Serves xlwings' COM object, which VBA calls. On Windows only.

xlwings has a loop of its own, which does not say when it serves, and ends it as soon as Excel holds no reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pythoncom
import win32api
import win32event
from win32com.server import policy, util
from xlwings import com_server


def serve(class_id: str, serving: Callable[[], object], *, quit_when_unused: bool) -> None:
    """Serve as the COM class that Excel asks for, on this thread.

    ``serving`` is called once Excel can reach the server. With ``quit_when_unused`` this returns when the last
    reference to the object has been released, else never.
    """
    registered_class: Any = policy
    registered_class.DefaultPolicy = _Policy
    factory = pythoncom.MakePyFactory(pythoncom.MakeIID(class_id))
    flags = pythoncom.REGCLS_MULTIPLEUSE | pythoncom.REGCLS_SUSPENDED
    token = pythoncom.CoRegisterClassObject(pythoncom.MakeIID(class_id), factory, pythoncom.CLSCTX_LOCAL_SERVER, flags)
    if quit_when_unused:
        pythoncom.EnableQuitMessage(win32api.GetCurrentThreadId())
    pythoncom.CoResumeClassObjects()
    serving()
    while True:
        win32event.MsgWaitForMultipleObjects((), 0, win32event.INFINITE, win32event.QS_ALLEVENTS)
        if pythoncom.PumpWaitingMessages():
            break
    pythoncom.CoRevokeClassObject(token)


class _Policy(policy.DefaultPolicy):  # type: ignore[misc]
    """Creates xlwings' object, whatever class is asked for: there is but one."""

    def _CreateInstance_(self, _class_id: object, interface: object) -> Any:  # noqa: N802
        return util.wrap(com_server.XLPython(), interface)
