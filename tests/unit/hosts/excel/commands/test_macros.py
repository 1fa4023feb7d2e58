"""Macros, the ribbon and the workbook's buttons ask for actions that there are, each for its own."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from xl_openfunnel.hosts.excel.commands.handlers import CommandHandlers
from xl_openfunnel.workbook import commands, sources
from xl_openfunnel.workbook.sources import sheet_texts

NOBODY: Any = None
ACTIONS = CommandHandlers(NOBODY, NOBODY, NOBODY, NOBODY, cancel=NOBODY, open_file=NOBODY)
SUB = re.compile(r"^Public Sub OpenFunnel(\w+)\(\)\r\n(.*?)^End Sub", re.MULTILINE | re.DOTALL)
MACROS: dict[str, str] = dict(SUB.findall(sources.modules()[commands.MODULE]))
LIVE = {"LiveOn": "True", "LivePaused": "False"}


def asked(macro: str) -> set[str]:
    return set(re.findall(r'^ *OpenFunnelAct "([^"]+)"', MACROS[macro], re.MULTILINE))


def test_each_macro_asks_for_the_action_of_its_name() -> None:
    for macro in MACROS.keys() - LIVE.keys():
        assert asked(macro) == {" ".join(re.findall("[A-Z][a-z]+", macro)).lower()}
    for macro, on in LIVE.items():
        assert MACROS[macro].split() == ["OpenFunnelLive", on]


def test_each_action_has_a_macro_and_each_macro_an_action() -> None:
    assert {word for macro in MACROS for word in asked(macro)} == {*ACTIONS.handlers, *ACTIONS.urgent}
    assert not ACTIONS.handlers.keys() & ACTIONS.urgent.keys()


def test_the_ribbon_has_a_button_for_each_macro_and_the_workbook_for_none_else() -> None:
    tab = ET.fromstring(commands.ribbon())  # noqa: S314 - our own
    buttons = [(button.get("id"), button.get("onAction")) for button in tab.iterfind(".//{*}button")]
    assert sorted(buttons) == sorted((f"OpenFunnel{macro}", "OpenFunnelRibbon") for macro in MACROS)
    bound = [button.macro.removeprefix("OpenFunnel") for button in sheet_texts().start.buttons]
    assert set(bound) <= MACROS.keys()
    assert len(set(bound)) == len(bound)
