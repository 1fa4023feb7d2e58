"""What the add-in's menu does, as a macro calls it."""

from __future__ import annotations

from typing import Final

from tests.hosts.basic.libreoffice import LibreOffice

MENU: Final = {
    "Menu": """\
Option VBASupport 1
Public Function Act(action As String) As String
    Act = CreateUnoService("xlopenfunnel.calc.Actions").act(ThisComponent, action)
End Function
"""
}
"""A module for the document in front."""


def act(libreoffice: LibreOffice, action: str) -> object:
    """What the menu tells after it has done something. The document has the module."""
    return libreoffice.call("Menu.Act", action)
