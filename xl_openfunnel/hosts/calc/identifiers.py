"""The names by which LibreOffice knows the add-in and its functions."""

from __future__ import annotations

from typing import Final

from ...functions.catalog import CATALOG, Function

MODULE: Final = "xlopenfunnel.calc"
EXTENSION: Final = MODULE
"""What the extension is called where extensions are listed, added and removed."""

FUNCTIONS_INTERFACE: Final = "XFunctions"
ACTIONS_INTERFACE: Final = "XActions"
FUNCTIONS: Final = f"{MODULE}.Functions"
"""The service whose methods are the functions."""

ACTIONS: Final = f"{MODULE}.Actions"
"""The service that menus and macros call."""


def method_name(function: Function) -> str:
    """The function's method: ``OF_STATUS`` -> ``ofStatus``."""
    first, *others = function.name.lower().split("_")
    return first + "".join(word.capitalize() for word in others)


def names_in_formulas(name: str) -> tuple[str, str]:
    """How a function may be written in a formula that Calc gives out: ``OF_STATUS``, or in full."""
    full = next(method for method, function in METHODS.items() if function.name == name)
    return name, f"{FUNCTIONS}.{full}".upper()


METHODS: Final[dict[str, Function]] = {method_name(function): function for function in CATALOG}
"""The functions by their methods."""
