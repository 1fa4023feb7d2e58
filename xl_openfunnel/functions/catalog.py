"""All OF_ functions, and which of them a formula calls."""

from __future__ import annotations

import re
from typing import Final

from . import implementations  # noqa: F401 - registers them
from .registry import REGISTRY as REGISTRY
from .registry import Function

CATALOG: Final[tuple[Function, ...]] = tuple(REGISTRY.values())
"""All functions, in the order of the documents."""

_CALL: Final = re.compile(rf"(?<![\w.])({'|'.join(REGISTRY)})\s*\(", re.IGNORECASE)

_FORMULA_START: Final = re.compile(r"=[\s@+-]*")


def called_in(formula: str) -> tuple[Function, ...]:
    """The functions that a formula calls, one entry for each call."""
    return tuple(REGISTRY[name.upper()] for name in _CALL.findall(formula))


def calls_always(formula: str) -> bool:
    """Whether a formula begins with a call, so that it always calls a function."""
    start = _FORMULA_START.match(formula)
    return start is not None and _CALL.match(formula, start.end()) is not None
