"""Every macro sends an action that exists, and ribbon and workbook have buttons for macros that exist."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from xl_openfunnel.hosts.excel.commands.handlers import CommandHandlers
from xl_openfunnel.workbook import commands, ribbon, sources
from xl_openfunnel.workbook.sources import sheet_texts

UNUSED: Any = None
HANDLERS = CommandHandlers(UNUSED, UNUSED, UNUSED, UNUSED, cancel=UNUSED, open_file=UNUSED)
SUB = re.compile(r"^Public Sub OpenFunnel(\w+)\(\)\r\n(.*?)^End Sub", re.MULTILINE | re.DOTALL)
MACROS: dict[str, str] = dict(SUB.findall(sources.modules()[commands.MODULE]))
LIVE = {"LiveOn": "True", "LivePaused": "False"}


def actions_of(macro: str) -> set[str]:
    return set(re.findall(r'^ *OpenFunnelAct "([^"]+)"', MACROS[macro], re.MULTILINE))


def test_each_macro_sends_the_action_of_its_name() -> None:
    for macro in MACROS.keys() - LIVE.keys():
        words = " ".join(re.findall("[A-Z][a-z]+", macro)).lower()
        assert actions_of(macro) == {words}, f"OpenFunnel{macro} is OpenFunnel and the words of its action"
    for macro, on in LIVE.items():
        assert MACROS[macro].split() == ["OpenFunnelLive", on]


def test_actions_and_macros_match() -> None:
    known = [*HANDLERS.handlers, *HANDLERS.urgent, *HANDLERS.windows]
    sent = sorted({word for macro in MACROS for word in actions_of(macro)})
    assert sent == sorted(known), "handlers.py has one handler for each action of commands.py"


def test_ribbon_and_workbook_buttons_match_the_macros() -> None:
    (tab,) = ET.fromstring(ribbon.ribbon(ribbon.ADDIN)).iterfind(".//{*}tab")  # noqa: S314 - our own
    buttons = {str(button.get("id")) for button in tab.iterfind(".//{*}button")}
    assert buttons == {f"OpenFunnel{macro}" for macro in MACROS.keys() - LIVE.keys()}
    bound = [button.macro.removeprefix("OpenFunnel") for button in sheet_texts().start.buttons]
    assert set(bound) <= MACROS.keys()
    assert len(set(bound)) == len(bound)
