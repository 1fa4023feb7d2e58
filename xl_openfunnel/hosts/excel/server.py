"""Start the COM server that Excel calls: ``pythonw -I -B -m xl_openfunnel.hosts.serve CLSID``.

The command is the same from every workbook, so that all of them share one process, and it names no folder: no code
and no setting is ever taken from where a workbook lies.
"""

from __future__ import annotations

import logging
import platform
import sys
from typing import Any, Final

from ... import log
from ...version import version

_NAME: Final = "xl_openfunnel.hosts.serve"
_log = logging.getLogger(_NAME)  # as the main program its name is another


def main() -> None:
    """Serve until Excel ends."""
    log.set_up()  # first, so that whatever goes wrong from here on is in it
    _log.info("begins: xl-openfunnel %s, Python %s", version(), platform.python_version())

    from xlwings import com_server  # Windows only

    from . import udfs  # noqa: F401  loaded before the first cell asks for it

    server: Any = com_server
    server.serve(sys.argv[1])
    _log.info("ends")


if __name__ == "__main__":
    main()
