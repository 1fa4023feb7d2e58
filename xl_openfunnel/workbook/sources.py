"""The parts of the workbook and the add-in as text: VBA modules, the ribbon and the sheets' texts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Final

import msgspec

from . import commands, languages, ribbon, source_files
from .vba import win32_api, wrappers

BRIDGE: Final = "OpenFunnel"
BUTTONS: Final = "OpenFunnelButtons"
RIBBON: Final = "OpenFunnelRibbon"
START: Final = "OpenFunnelStart"
TASKS: Final = "OpenFunnelTasks"
WINDOWS: Final = "OpenFunnelWindows"
ADDIN: Final = "OpenFunnelAddin"
THIS_WORKBOOK: Final = "ThisWorkbook"

_VERSION = re.compile(r'^Private Const XlwingsVersion As String = "([^"]+)"', re.MULTILINE)


def xlwings_version() -> str:
    """The version of xlwings whose DLL the bridge loads."""
    match = _VERSION.search(_read(f"vba/{WINDOWS}.bas"))
    if match is None:
        raise ValueError(f"{WINDOWS}.bas does not say which version of xlwings it loads")
    return match[1]


def modules() -> dict[str, str]:
    """The workbook's VBA modules by name, with their ``Attribute`` lines and CR LF line ends."""
    return _modules({THIS_WORKBOOK: _read(f"vba/{THIS_WORKBOOK}.cls")}, ribbon.WORKBOOK)


def addin_modules() -> dict[str, str]:
    """The add-in's VBA modules: its own ``ThisWorkbook``, one that serves other workbooks, and the shared ones."""
    own = {THIS_WORKBOOK: _read(f"addin/{THIS_WORKBOOK}.cls"), ADDIN: _read(f"addin/{ADDIN}.bas")}
    return _modules(own, ribbon.ADDIN)


def _modules(own: Mapping[str, str], callbacks: str) -> dict[str, str]:
    texts = {
        **own,
        BRIDGE: _read(f"vba/{BRIDGE}.bas"),
        BUTTONS: _read(f"vba/{BUTTONS}.bas"),
        RIBBON: _read(f"vba/{RIBBON}.bas").replace("{Prefix}", callbacks),
        START: _read(f"vba/{START}.bas"),
        TASKS: _read(f"vba/{TASKS}.bas"),
        WINDOWS: _read(f"vba/{WINDOWS}.bas")
        .replace("{XlwingsVersion}", xlwings_version())
        .replace("{WindowsDeclarations}", win32_api.declarations()),
        wrappers.MODULE: wrappers.functions_module(),
        commands.MODULE: commands.macros_module(),
        languages.MODULE: languages.texts_module(),
    }
    return {name: text.replace("\n", "\r\n") for name, text in texts.items()}


def _read(name: str) -> str:
    return source_files.read(name, encoding="ascii")  # VBA's code page depends on the machine


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names of the values on the first sheet."""

    job: str
    progress: str
    next_try: str
    key: str
    problem: str
    warnings: str


class Cards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The names of the figures on the first sheet, and the words beside the numbers below them."""

    status: str
    as_of: str
    unknown: str
    companies: str
    credits: str
    used: str
    country: str
    of_country: str


class Button(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button of the first sheet: its macro, its caption and the text below that."""

    macro: str
    caption: str
    hint: str


class StartTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    about: str
    steps: tuple[str, ...]
    first_time: str
    no_macros: str
    allow_macros: str
    ask: str
    key_accepted: str
    provisional: str
    final: str
    no_country: str
    jobs: str
    jobs_hint: str
    labels: Labels
    cards: Cards
    buttons: tuple[Button, ...]


class RowsTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    no_job: str
    hint: str


class TableTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    hint: str


class PivotTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sheet with the pivot, and the captions of its axes and counts."""

    title: str
    hint: str
    rows: str
    columns: str
    counted: str


class ChartsTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hint: str
    heat_map: str
    plotted: str
    by_country: str
    by_band: str


class SheetTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of all sheets, as in ``workbook/sheets/texts.toml``."""

    no_functions: str
    start: StartTexts
    rows: RowsTexts
    table: TableTexts
    pivot: PivotTexts
    charts: ChartsTexts


@cache
def sheet_texts() -> SheetTexts:
    """The texts of all sheets.

    Raises:
        msgspec.ValidationError: a text is missing, or no sheet shows it.
    """
    return msgspec.convert(tomllib.loads(source_files.read("sheets/texts.toml")), SheetTexts)
