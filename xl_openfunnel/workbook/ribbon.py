"""The add-in's ribbon, written from the commands (customUI 2009/07, [MS-CUSTOMUI2])."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from xml.sax.saxutils import quoteattr

from .commands import COMMANDS, GROUPS, Command

_NAMESPACE: Final = "http://schemas.microsoft.com/office/2009/07/customui"
_CALLBACK: Final = "OpenFunnelRibbon"
"""The add-in's macro for all controls; each control is named after its own macro."""


def ribbon(commands: Iterable[Command] = COMMANDS, groups: Mapping[str, str] = GROUPS) -> str:
    """The part customUI/customUI14.xml: one tab, a group for each of ``groups``, a button for each command."""
    listed = list(commands)
    parts = "".join(
        f"        <group id={quoteattr(group)} label={quoteattr(label)}>\n"
        + "".join(_button(command) for command in listed if command.group == group)
        + "        </group>\n"
        for group, label in groups.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<customUI xmlns="{_NAMESPACE}">\n  <ribbon>\n    <tabs>\n'
        f'      <tab id="OpenFunnelTab" label="OpenFunnel">\n{parts}      </tab>\n'
        "    </tabs>\n  </ribbon>\n</customUI>\n"
    )


def _button(command: Command) -> str:
    attributes = {
        "id": command.macro,
        "label": command.label,
        "imageMso": command.image,
        **({"size": "large"} if command.large else {}),
        "onAction": _CALLBACK,
        "screentip": command.tip,
        "supertip": command.supertip,
    }
    return f"          <button {' '.join(f'{name}={quoteattr(text)}' for name, text in attributes.items())}/>\n"
