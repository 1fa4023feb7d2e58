"""How Python objects become COM objects that are late-bound by name, the way Excel's are used here."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import pythoncom
import pywintypes
import win32com.server.policy
import win32com.server.util
import winerror
from win32com.server.exception import COMException

from tests.hosts.excel.fake.sheet import ExcelError
from tests.hosts.excel.fake.type_info import INTERFACES, type_info

if TYPE_CHECKING:
    from tests.hosts.excel.fake.excel import FakeExcel

DELETED = 0x800A01A8 - (1 << 32)  # what a reference to something deleted answers to everything
_ENUMERATE = "_NewEnum"
_PUT = pythoncom.DISPATCH_PROPERTYPUT | pythoncom.DISPATCH_PROPERTYPUTREF
_OF_DYNAMIC_ARRAYS = {"Formula2", "Formula2R1C1", "HasSpill", "SpillParent", "SpillingToRange"}
_CHANGES = {"Add", "ClearContents", "Delete", "Insert", "Sort"}
_SUPPORT_ERROR_INFO = pywintypes.IID("{DF0B3D60-548F-101B-8E65-08002B2BD119}")  # asked for whenever a call fails

_F = TypeVar("_F", bound=Callable[..., Any])
_dispids: dict[str, int] = {_ENUMERATE.lower(): pythoncom.DISPID_NEWENUM}


def takes_index(function: _F) -> _F:
    """A property that takes arguments, which late-bound clients may read as one or call."""
    function.takes_index = True  # type: ignore[attr-defined]
    return function


class Exposed:
    """What other processes see of something; its public attributes are the members."""

    default = ""  # the member behind the object's own name
    excel: FakeExcel
    Application = property(lambda self: self.excel.application)

    def exists(self) -> bool:
        return True

    def items(self) -> Iterable[Exposed] | None:
        """What `For Each` goes through, if anything."""
        return None


class Policy(win32com.server.policy.BasicWrapPolicy):  # type: ignore[misc]
    """Finds the member by its name and answers as Excel does, errors included."""

    _obj_: Exposed

    def _wrap_(self, ob: Exposed) -> None:
        self._obj_ = ob
        self._com_interfaces_: list[Any] = []
        ob.excel.exported.add(self)

    def _GetTypeInfoCount_(self) -> int:  # noqa: N802
        return int(self._obj_.excel.tells_types and type(self._obj_).__name__ in INTERFACES)

    def _GetTypeInfo_(self, index: int, lcid: int) -> tuple[int, Any]:  # noqa: N802
        if index or not self._GetTypeInfoCount_():
            return winerror.DISP_E_BADINDEX, None
        return 0, type_info(type(self._obj_).__name__)

    def _getdispid_(self, name: str, fdex: int) -> int:
        kind = type(self._obj_)
        if name in _OF_DYNAMIC_ARRAYS and not self._obj_.excel.dynamic_arrays:
            raise COMException(scode=winerror.DISP_E_UNKNOWNNAME)
        if name != _ENUMERATE and not any(
            member.lower() == name.lower() and member[0].isupper() for member in dir(kind)
        ):
            raise COMException(scode=winerror.DISP_E_UNKNOWNNAME)
        return _dispids.setdefault(name.lower(), len(_dispids) + 1000)

    def _invoke_(self, dispid: int, lcid: int, flags: int, args: tuple[Any, ...]) -> tuple[int, int, Any]:
        target = self._obj_
        if dispid == pythoncom.DISPID_VALUE:
            wanted = target.default.lower()
        else:
            wanted = next(name for name, number in _dispids.items() if number == dispid)
        name = next((member for member in dir(type(target)) if member.lower() == wanted), _ENUMERATE)
        refused = target.excel.on_call(f"{type(target).__name__}.{name}")
        if refused:
            return refused, -1, None
        before, target.excel.lcid = target.excel.lcid, lcid
        try:
            failed, result = _invoke_member(target, name, flags, [_from_com(arg) for arg in args])
        except ExcelError as error:
            raise COMException(str(error), scode=error.scode) from error
        finally:
            target.excel.lcid = before
        if hasattr(target, "sheet") and (flags & _PUT or name in _CHANGES):
            target.excel.undoable.clear()  # what a program changes on a sheet costs its user what could be undone
        return failed, -1, _to_com(result)


def _invoke_member(target: Exposed, name: str, flags: int, args: list[Any]) -> tuple[int, Any]:
    if not target.exists():
        raise ExcelError("Object required", DELETED)
    if name == _ENUMERATE:
        each = target.items()
        if each is None:
            return winerror.DISP_E_MEMBERNOTFOUND, None
        return 0, win32com.server.util.NewEnum([wrap(one) for one in each])
    member = inspect.getattr_static(target, name)
    if flags & _PUT:
        if not isinstance(member, property) or member.fset is None:
            return winerror.DISP_E_MEMBERNOTFOUND, None
        setattr(target, name, args[-1])
        return 0, None
    if isinstance(member, property):
        result = getattr(target, name)
        # Sheets(1): the arguments are for what the property gives.
        return (
            _invoke_member(result, result.default, flags, args) if args and isinstance(result, Exposed) else (0, result)
        )
    if not flags & pythoncom.DISPATCH_METHOD and not getattr(member, "takes_index", False):
        return winerror.DISP_E_MEMBERNOTFOUND, None
    try:
        inspect.signature(member).bind(target, *args)
    except TypeError:
        return winerror.DISP_E_PARAMNOTOPTIONAL, None
    return 0, getattr(target, name)(*args)


def _from_com(arg: Any) -> Any:
    try:
        return win32com.server.util.unwrap(arg)
    except Exception:
        return arg


def optional_argument(arg: Any) -> Any:
    """An argument, or None where it was left out."""
    left_out = {pythoncom.Missing, pythoncom.ArgNotFound, -2147352572}  # DISP_E_PARAMNOTFOUND
    return None if isinstance(arg, (int, type(pythoncom.Missing))) and arg in left_out else arg


def _to_com(result: Any) -> Any:
    return wrap(result) if isinstance(result, Exposed) else result


def wrap(target: Exposed) -> Any:
    """The COM object to hand out."""
    return win32com.server.util.wrap(target, usePolicy=Policy)


def keep_com_registered() -> None:
    """Have COM believe that an object is out for ever, which no other object notices.

    Otherwise Excel may hang under Wine 8.0. When the last object of a kind comes back, `RpcServerUnregisterIf` waits
    until the calls that are under way have ended, but it looks for them before it makes the event that says so, and
    misses the end of a call in between: the thread that pumps messages then stands in `RemRelease` for ever.
    """
    anchor = win32com.server.util.wrap(_Anchor())
    for interface in (pythoncom.IID_IDispatch, _SUPPORT_ERROR_INFO):
        stream = pythoncom.CreateStreamOnHGlobal()
        how = pythoncom.MSHCTX_LOCAL, pythoncom.MSHLFLAGS_TABLESTRONG
        pythoncom.CoMarshalInterface(stream, interface, anchor, *how)


class _Anchor:
    _public_methods_: tuple[str, ...] = ()


def new_weak_set() -> weakref.WeakSet[Policy]:
    """The objects that were given out and are still held."""
    return weakref.WeakSet()
