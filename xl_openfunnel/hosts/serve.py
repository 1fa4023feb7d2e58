"""Start the COM server that Excel calls: ``pythonw -I -B -m xl_openfunnel.hosts.serve CLSID``.

The command is the same from every workbook, so that all of them share one process, and it names no folder: no code
and no setting is ever taken from where a workbook lies.
"""

from __future__ import annotations

import sys
from typing import Any


def main() -> None:
    """Serve until Excel ends."""
    from xlwings import com_server  # Windows only

    from . import excel  # noqa: F401  loaded before the first cell asks for it

    server: Any = com_server
    server.serve(sys.argv[1])


if __name__ == "__main__":
    main()
