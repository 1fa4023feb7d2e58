"""Excel through xlwings: what VBA and the stock xlwings add-in call by this module's name.

Workbooks carry the name `xl_openfunnel.hosts.excel`, the names of the OF_ functions and those below: they must not
change.
"""

from importlib import import_module
from typing import Any, Final

_CALLED_BY_VBA: Final = ("act", "call_cell", "job_here", "job_menu", "known_list", "live", "live_state", "opened")


def __getattr__(name: str) -> Any:
    # Imported by the first use only, so that the server watches Excel before all else: an import may hang.
    if name in _CALLED_BY_VBA or name.startswith("OF_"):
        return getattr(import_module(".udfs", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # xlwings' *Import Functions* makes a function of a sheet of each of these that it can call: only the OF_ functions.
    return [*globals(), *import_module(".udfs", __name__).FUNCTIONS]
