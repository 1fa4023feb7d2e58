"""The names by which LibreOffice knows the add-in and its functions."""

from __future__ import annotations

from typing import Final

from ...functions.catalog import CATALOG
from ...functions.registry import Function

MODULE: Final = "xlopenfunnel.calc"
EXTENSION: Final = MODULE
"""The extension's identifier, by which ``unopkg`` lists and removes it."""

FUNCTIONS_INTERFACE: Final = "XFunctions"
ACTIONS_INTERFACE: Final = "XActions"
FUNCTIONS: Final = f"{MODULE}.Functions"
"""The service whose methods are the functions."""

ACTIONS: Final = f"{MODULE}.Actions"
"""The service that menus and macros call."""

OPENED: Final = f"{MODULE}.Opened"
"""The service that LibreOffice calls for each spreadsheet that it has loaded."""


def method_name(function: Function) -> str:
    """The name of a function's method: ``OF_STATUS`` -> ``ofStatus``."""
    first, *others = function.name.lower().split("_")
    return first + "".join(word.capitalize() for word in others)


def names_in_formulas(name: str) -> tuple[str, str]:
    """The two names that Calc may give a function in a formula: ``OF_STATUS``, and the full name of its method."""
    full = next(method for method, function in METHODS.items() if function.name == name)
    return name, f"{FUNCTIONS}.{full}".upper()


METHODS: Final[dict[str, Function]] = {method_name(function): function for function in CATALOG}
"""The functions by the names of their methods."""
