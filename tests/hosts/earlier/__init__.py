"""A workbook and an add-in with wrappers of version 0, as people still have them.

Built by ``xl-openfunnel workbook`` of 0.1.0 before the wrappers passed their version. Their VBA calls the OF_ functions
with the calling cell as the last argument.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent

FUNCTIONS: Final = {
    "OF_STATUS": 1,
    "OF_ROWS": 4,
    "OF_INFO": 2,
    "OF_LOOKUP": 4,
    "OF_PIVOT": 5,
    "OF_JOBS": 0,
    "OF_CREDITS": 1,
}
"""The functions that these wrappers know, each with its number of arguments."""

COMMAND: Final = 'cmd.exe /C ""%OPENFUNNEL_PYTHON%" -I -B -m xl_openfunnel.hosts.serve $(CLSID)"'
"""With which their VBA has xlwings' DLL start Python, and wait for it."""
