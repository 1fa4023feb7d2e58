"""Every macro sends an action that exists, and ribbon and workbook have buttons for macros that exist."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from xl_openfunnel.hosts.excel.commands.handlers import CommandHandlers
from xl_openfunnel.workbook import commands, sources
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
        assert actions_of(macro) == {" ".join(re.findall("[A-Z][a-z]+", macro)).lower()}
    for macro, on in LIVE.items():
        assert MACROS[macro].split() == ["OpenFunnelLive", on]


def test_actions_and_macros_match() -> None:
    assert {word for macro in MACROS for word in actions_of(macro)} == {*HANDLERS.handlers, *HANDLERS.urgent}
    assert not HANDLERS.handlers.keys() & HANDLERS.urgent.keys()


def test_ribbon_and_workbook_buttons_match_the_macros() -> None:
    tab = ET.fromstring(commands.ribbon())  # noqa: S314 - our own
    buttons = [(button.get("id"), button.get("onAction")) for button in tab.iterfind(".//{*}button")]
    assert sorted(buttons) == sorted((f"OpenFunnel{macro}", "OpenFunnelRibbon") for macro in MACROS)
    bound = [button.macro.removeprefix("OpenFunnel") for button in sheet_texts().start.buttons]
    assert set(bound) <= MACROS.keys()
    assert len(set(bound)) == len(bound)
