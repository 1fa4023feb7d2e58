"""What a person edits of workbook and add-in: the VBA modules, ready to be put in, the ribbon, what the sheets say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from xl_openfunnel.workbook.vba import wrappers

BRIDGE: Final = "OpenFunnel"
MACROS: Final = "OpenFunnelMacros"
ADDIN: Final = "OpenFunnelAddin"
THIS_WORKBOOK: Final = "ThisWorkbook"

PARTS: Final = ("addin", "sheets", "vba")
"""The folders that an installed package has of what a person edits."""

_VERSION = re.compile(r'^Private Const XlwingsVersion As String = "([^"]+)"', re.MULTILINE)


def folder() -> Traversable:
    """The folder of what a person edits: inside the package where it was installed, beside it in a checkout."""
    packaged = resources.files("xl_openfunnel.workbook") / "parts"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "workbook"


def xlwings_version() -> str:
    """The version of xlwings whose DLL the bridge loads."""
    found = _VERSION.search(_read(f"vba/{BRIDGE}.bas"))
    if found is None:
        raise ValueError(f"{BRIDGE}.bas doesn't say which version of xlwings it loads")
    return found[1]


def modules() -> dict[str, str]:
    """All modules of the workbook by name, with their ``Attribute`` lines, and every line ended by CR LF."""
    return _modules({THIS_WORKBOOK: _read(f"vba/{THIS_WORKBOOK}.cls")})


def addin_modules() -> dict[str, str]:
    """Those of the add-in: the same, but for what it does at opening, and what it does for other workbooks."""
    own = {THIS_WORKBOOK: _read(f"addin/{THIS_WORKBOOK}.cls"), ADDIN: _read(f"addin/{ADDIN}.bas")}
    return _modules(own)


def ribbon() -> str:
    """The add-in's tab in the ribbon, as XML."""
    return _read("addin/ribbon.xml")


def sheet_texts() -> str:
    """What the sheets say, as TOML."""
    return _read("sheets/texts.toml", encoding="utf-8")


def _modules(own: Mapping[str, str]) -> dict[str, str]:
    texts = {
        **own,
        BRIDGE: _read(f"vba/{BRIDGE}.bas").replace("{XlwingsVersion}", xlwings_version()),
        wrappers.MODULE: wrappers.functions_module(),
        MACROS: _read(f"vba/{MACROS}.bas"),
    }
    return {name: text.replace("\n", "\r\n") for name, text in texts.items()}


def _read(name: str, encoding: str = "ascii") -> str:
    # VBA's own code page depends on the machine, so nothing but ASCII; a checkout may have either kind of line ends.
    text = folder().joinpath(*name.split("/")).read_text(encoding=encoding)
    return text.replace("\r\n", "\n")
