"""Excel through xlwings: what VBA and the stock xlwings add-in call by this module's name.

Workbooks carry the name `xl_openfunnel.hosts.excel`, the names of the OF_ functions and those below: they must not
change.
"""

from collections.abc import Callable

from ...cell_values import Block
from . import udfs
from .udfs import act, call_cell, job_here, live, opened

__all__ = ["act", "call_cell", "job_here", "live", "opened"]


def __getattr__(name: str) -> Callable[..., Block]:
    return udfs.__getattr__(name)


def __dir__() -> list[str]:
    return [*globals(), *udfs.FUNCTIONS]
