"""All OF_ functions, and which of them a formula calls."""

from __future__ import annotations

import re
from typing import Final

from . import known_companies as known_companies  # after `implementations`, which it imports
from .registry import REGISTRY as REGISTRY
from .registry import Function

CATALOG: Final[tuple[Function, ...]] = tuple(REGISTRY.values())
"""All functions, in the order of the documents."""

_CALL: Final = re.compile(rf"(?<![\w.])({'|'.join(REGISTRY)})\s*\(", re.IGNORECASE)

_ONLY_CALL: Final = re.compile(
    rf"=[\s@]*(?P<around>(?:IFERROR|IFNA)\s*\(\s*)?(?:'(?:[^']|'')*'!|[\w.]+!)?(?:{'|'.join(REGISTRY)})\s*\(",
    re.IGNORECASE,
)
"""In Excel, where the name of the add-in may stand before that of the function."""

_FORMULA_START: Final = re.compile(r"=[\s@+-]*")


def called_in(formula: str) -> tuple[Function, ...]:
    """The functions that a formula calls, one entry for each call."""
    return tuple(REGISTRY[name.upper()] for name in _CALL.findall(formula))


def calls_always(formula: str) -> bool:
    """Whether a formula begins with a call, so that it always calls a function."""
    start = _FORMULA_START.match(formula)
    return start is not None and _CALL.match(formula, start.end()) is not None


def is_only_call(formula: str, calls: re.Pattern[str] = _ONLY_CALL) -> bool:
    """Whether a formula is nothing but a call, that is, its last character closes the call's bracket.

    A call may also be the first argument of IFERROR or IFNA, which change neither our texts and numbers nor their
    positions.

    Args:
        formula: as the host shows it.
        calls: the beginning of such a formula; its group ``around`` is that of the function around the call, if any.
    """
    match = calls.match(formula)
    if match is None:
        return False
    rest = formula[match.end() :].rstrip().removesuffix("}")
    if match["around"]:
        rest = rest[_closing_bracket(rest) + 1 :].lstrip()
        if not rest.startswith((",", ";")):  # the separator depends on the document's formula grammar
            return False
    return rest != "" and _closing_bracket(rest) == len(rest) - 1


def _closing_bracket(rest: str) -> int:
    """The index of the bracket that closes the one opened before this text; -1 if there is none."""
    depth, quote = 1, ""
    for index, character in enumerate(rest):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return index
    return -1
