"""What the shipped VBA says of the server, for tests that start it as VBA does, and that run VBA itself."""

from __future__ import annotations

import re

from xl_openfunnel.workbook import sources


def constant(module: str, name: str) -> str:
    """A text that a module of VBA has as a constant."""
    text = sources.modules()[module]
    found = re.search(rf'^Private Const {name} As String = "((?:[^"\r\n]|"")*)"', text, re.MULTILINE)
    assert found, f"there is no constant {name}"
    return found[1].replace('""', '"')


def number(module: str, name: str) -> int:
    """A number that a module of VBA has as a constant, as VBA's Long has it."""
    text = sources.modules()[module]
    found = re.search(rf"^Private Const {name} As \w+ = (?:&H([0-9A-F]+)|(\d+))\b", text, re.MULTILINE)
    assert found, f"there is no constant {name}"
    unsigned = int(found[1], 16) if found[1] else int(found[2])
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


ARGUMENTS = constant(sources.START, "PythonArguments")
"""Of Python, before the GUID that it is to serve as."""

MODULE = constant(sources.BRIDGE, "PythonModule")
DLL = f"xlwings64-{sources.xlwings_version()}.dll"
