"""The edge between a host and a body: whatever is given, a block of cells comes back, and nothing is raised."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ..errors import CELL_PREFIX, OpenFunnelError
from .context import CallContext
from .implementations import Block

_log = logging.getLogger(__name__)

UNEXPECTED = f"{CELL_PREFIX}Something unexpected happened in this formula. The log says what; please report it."
"""Where the fault is ours."""


def evaluate(
    name: str,
    body: Callable[..., Block],
    look: CallContext,
    *given: object,
    timer: Callable[[], float] = time.perf_counter,
) -> Block:
    """What the cell shows: the body's block, or one cell that says what happened and what to do."""
    begun = timer()
    try:
        block = body(look, *given) or [[""]]
    except OpenFunnelError as error:
        block = [[error.cell_text]]
    except Exception:
        _log.exception("%s failed", name)
        block = [[UNEXPECTED]]
    _log.debug("%s: %d x %d cells in %.1f ms", name, len(block), len(block[0]), (timer() - begun) * 1000)
    return block
