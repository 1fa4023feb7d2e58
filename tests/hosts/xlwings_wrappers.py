"""The VBA that xlwings' own generator writes for our functions, as *Import Functions* does.

Its generator imports Windows' modules without need. Elsewhere this module, run as a program, puts empty ones in their
place and prints what the generator writes.
"""

from __future__ import annotations

import io
import subprocess
import sys
import types
from functools import cache
from typing import Any

MODULE = "xl_openfunnel.hosts.excel"


class _Workbook:
    """All that the generator asks of a workbook."""

    Name = "Rows.xlsm"


def generate() -> str:
    """What the generator writes. On Windows, or where `_replace_windows_modules` was called."""
    from importlib import import_module

    from xlwings import udfs

    generator: Any = udfs
    file = io.StringIO()
    generator.generate_vba_wrapper(MODULE, import_module(MODULE), file, _Workbook)
    return file.getvalue()


@cache
def wrappers() -> str:
    """What the generator writes, on any system."""
    command = [sys.executable, "-m", "tests.hosts.xlwings_wrappers"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def _replace_windows_modules() -> None:
    """Let xlwings' decorators and generator work here, which need nothing of these modules."""
    import xlwings

    for name in ("pythoncom", "pywintypes", "win32com", "win32com.client"):
        sys.modules[name] = types.ModuleType(name)
    empty: Any = sys.modules
    empty["pythoncom"].CoInitialize = empty["win32com.client"].Dispatch = None
    from xlwings import udfs

    generator: Any = udfs
    decorators: Any = xlwings
    decorators.func, decorators.arg, decorators.ret = generator.xlfunc, generator.xlarg, generator.xlret


if __name__ == "__main__":
    if sys.platform != "win32":
        _replace_windows_modules()
    sys.stdout.write(generate())
