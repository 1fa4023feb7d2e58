"""Excel, through xlwings: the functions that VBA calls by the name of this module.

Workbooks carry the name `xl_openfunnel.hosts.excel` and these names in their VBA: they must not change.
"""

from .udfs import (
    OF_CREDITS,
    OF_INFO,
    OF_JOBS,
    OF_LOOKUP,
    OF_PIVOT,
    OF_ROWS,
    OF_STATUS,
    act,
    job_here,
    live,
    opened,
)

__all__ = [
    "OF_CREDITS",
    "OF_INFO",
    "OF_JOBS",
    "OF_LOOKUP",
    "OF_PIVOT",
    "OF_ROWS",
    "OF_STATUS",
    "act",
    "job_here",
    "live",
    "opened",
]
