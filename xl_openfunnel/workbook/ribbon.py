"""The ribbon of add-in and workbook: the part customUI/customUI14.xml, for Office 2010 and newer ([MS-CUSTOMUI2]).

All its texts come from VBA, in the language of Excel. Each control's ``tag`` tells VBA what the control needs and which
action it is about, as in ``cell|refresh cell``: a tag may be the same for several controls, which an ``id`` may not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import quoteattr

from .commands import COMMANDS, GROUPS, Command

NAMESPACE: Final = "http://schemas.microsoft.com/office/2009/07/customui"
TAB: Final = "OpenFunnel"
"""What the tab says, in every language, and so does the menu of cells."""

KEYTIP: Final = "OF"
"""The tab's."""

ADDIN: Final = "OpenFunnelAddin"
WORKBOOK: Final = "OpenFunnelBook"
"""How the names of the add-in's callbacks begin, and those of the workbook: where several open files have a macro of
the same name, Excel may call another file's."""

_CELL_MENUS: Final = ("ContextMenuCell", "ContextMenuListRange")
"""Excel's menus of a cell, and of a cell in a table."""


def ribbon(prefix: str) -> str:
    """The part: one tab with a group for each of `GROUPS`, and a menu in those of cells."""
    groups = [
        _element(
            "group",
            {"id": group, "tag": f"|{group}", "getLabel": f"{prefix}Group"},
            [_control(prefix, command) for command in COMMANDS if command.group == group],
        )
        for group in GROUPS
    ]
    tab = {"id": "OpenFunnelTab", "label": TAB, "keytip": KEYTIP, "getVisible": f"{prefix}Visible"}
    menus = [_cell_menu(prefix, name, [command for command in COMMANDS if command.in_cells]) for name in _CELL_MENUS]
    parts = [
        _element("ribbon", {}, [_element("tabs", {}, [_element("tab", tab, groups)])]),
        _element("contextMenus", {}, menus),
    ]
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return head + _element("customUI", {"xmlns": NAMESPACE, "onLoad": f"{prefix}Loaded"}, parts)


def _cell_menu(prefix: str, name: str, commands: Iterable[Command]) -> str:
    buttons = [_control(prefix, command, menu=name) for command in commands]
    menu = {"id": f"OpenFunnel{name}", "label": TAB, "getVisible": f"{prefix}Visible"}
    return _element("contextMenu", {"idMso": name}, [_element("menu", menu, buttons)])


def _control(prefix: str, command: Command, *, menu: str = "") -> str:
    """A command on the ribbon or, where ``menu`` names one, in a menu of cells, which shows no size and no help."""
    names = {"button": "button", "toggle": "toggleButton", "jobs": "dynamicMenu"}
    does = {
        "button": {"onAction": f"{prefix}Press"},
        "toggle": {"onAction": f"{prefix}Toggle", "getPressed": f"{prefix}Pressed"},
        "jobs": {"getContent": f"{prefix}Jobs", "invalidateContentOnDrop": "true"},
    }
    attributes = {
        "id": command.macro + menu,
        "tag": f"{command.needs}|{command.action}",
        "imageMso": command.image,
        **({"size": "large"} if command.large and not menu else {}),
        "getLabel": f"{prefix}Caption" if menu else f"{prefix}Label",
        **({} if menu else {name: prefix + name[3:] for name in ("getScreentip", "getSupertip", "getKeytip")}),
        "getEnabled": f"{prefix}Enabled",
        **does[command.kind],
    }
    return _element(names[command.kind], attributes)


def _element(name: str, attributes: dict[str, str], content: Iterable[str] = ()) -> str:
    written = "".join(f" {key}={quoteattr(text)}" for key, text in attributes.items())
    inner = "".join("  " + line + "\n" for part in content for line in part.splitlines())
    return f"<{name}{written}>\n{inner}</{name}>\n" if inner else f"<{name}{written}/>\n"
