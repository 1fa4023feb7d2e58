"""Start the COM server that Excel calls: ``pythonw -I -B -m xl_openfunnel.hosts.serve CLSID``.

All workbooks use the same command, so they share one process. It names no folder: no code and no setting is ever taken
from a workbook's folder.
"""

from __future__ import annotations

import logging
import platform
import sys
from typing import Any, Final

from ... import log
from ...version import version

_NAME: Final = "xl_openfunnel.hosts.serve"
_log = logging.getLogger(_NAME)  # in the main program, __name__ differs


def main() -> None:
    """Serve until Excel ends."""
    log.set_up()  # first, so that later errors are logged
    _log.info("begins: xl-openfunnel %s, Python %s", version(), platform.python_version())

    from xlwings import com_server  # Windows only

    from . import udfs  # noqa: F401  imported before the first cell calls

    server: Any = com_server
    server.serve(sys.argv[1])
    _log.info("ends")


if __name__ == "__main__":
    main()
