"""What Excel's objects say of their kind: xlwings' `CallUDF` recognises a Range by it."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pythoncom
import pywintypes

INTERFACES = {"Range": "{00020846-0000-0000-C000-000000000046}"}
"""The ids of Excel's interfaces, by name."""

_STDOLE = "{00020430-0000-0000-C000-000000000046}"
_WIN64 = 3
_DISPATCHABLE = 0x1000


@cache
def type_info(name: str) -> Any:
    """The description of an interface, without its members: late-bound clients ask for those by name."""
    path = str(Path(tempfile.mkdtemp()) / f"{name}.tlb")
    library = pythoncom.CreateTypeLib2(_WIN64, path)
    library.SetGuid(pywintypes.CreateGuid())
    library.SetName("Excel")
    stdole = pythoncom.LoadRegTypeLib(pywintypes.IID(_STDOLE), 2, 0, 0)
    info = library.CreateTypeInfo(name, pythoncom.TKIND_DISPATCH)
    info.SetGuid(pywintypes.IID(INTERFACES[name]))
    info.SetTypeFlags(_DISPATCHABLE)
    info.AddImplType(0, info.AddRefTypeInfo(stdole.GetTypeInfoOfGuid(pythoncom.IID_IDispatch)))
    info.LayOut()
    library.SaveAllChanges()
    return pythoncom.LoadTypeLib(path).GetTypeInfoOfGuid(pywintypes.IID(INTERFACES[name]))
