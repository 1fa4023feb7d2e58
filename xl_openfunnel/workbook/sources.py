"""The VBA modules as text, ready to be put into a workbook."""

from __future__ import annotations

import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from xl_openfunnel.workbook import wrappers

BRIDGE: Final = "OpenFunnel"
MACROS: Final = "OpenFunnelMacros"
THIS_WORKBOOK: Final = "ThisWorkbook"

_VERSION = re.compile(r'^Private Const XlwingsVersion As String = "([^"]+)"', re.MULTILINE)


def folder() -> Traversable:
    """The folder of what a person edits: inside the package where it was installed, beside it in a checkout."""
    packaged = resources.files("xl_openfunnel.workbook") / "parts"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "workbook"


def xlwings_version() -> str:
    """The version of xlwings whose DLL the bridge loads."""
    found = _VERSION.search(_read(f"{BRIDGE}.bas"))
    if found is None:
        raise ValueError(f"{BRIDGE}.bas doesn't say which version of xlwings it loads")
    return found[1]


def modules() -> dict[str, str]:
    """All modules by name, as a workbook holds them: with their ``Attribute`` lines, and every line ended by CR LF."""
    texts = {
        THIS_WORKBOOK: _read(f"{THIS_WORKBOOK}.cls"),
        BRIDGE: _read(f"{BRIDGE}.bas").replace("{XlwingsVersion}", xlwings_version()),
        wrappers.MODULE: wrappers.functions_module(),
        MACROS: _read(f"{MACROS}.bas"),
    }
    return {name: text.replace("\n", "\r\n") for name, text in texts.items()}


def _read(name: str) -> str:
    # VBA's own code page depends on the machine, so nothing but ASCII; a checkout may have either kind of line ends.
    text = (folder() / "vba" / name).read_text(encoding="ascii")
    return text.replace("\r\n", "\n")
