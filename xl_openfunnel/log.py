"""The log of a process that has no terminal: one file that is rotated, and that never stands in the way.

pythonw has neither stdout nor stderr, so what is not in this file is nowhere.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Final

from .errors import ConfigurationError
from .settings import NO_LINK, log_path
from .text import one_line

_log = logging.getLogger(__name__)

LIMIT: Final = 1024 * 1024
"""Bytes of one file: months of a quiet server, and still short enough to send to somebody."""

BACKUPS: Final = 3
"""Older files that are kept, so that a flood of messages does not wash away how it began."""

_KEY: Final = re.compile(r"\bof_[\w-]{12,}", re.ASCII)
"""What has the form of an API key. Nothing of ours logs one; what others put into their exceptions, nobody knows."""


def set_up() -> None:
    """Log what the package says, from INFO on, and every exception that nobody caught.

    Only the package's own loggers write there: urllib3 would tell of every request. Never raises: where no file can
    be written, everything goes on without a log.
    """
    ours = logging.getLogger(__package__)
    for old in [handler for handler in ours.handlers if isinstance(handler, _File)]:
        ours.removeHandler(old)
        old.close()
    try:
        handler = _File(log_path())
    except (ConfigurationError, OSError, ValueError):
        return
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s [%(threadName)s] %(name)s: %(message)s"))
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    sys.excepthook, threading.excepthook = _process_ends, _thread_ends


def redacted(text: str) -> str:
    """``text`` without anything that has the form of an API key."""
    return _KEY.sub("of_…", text)


class _File(RotatingFileHandler):
    """A file that only its owner may read, opened with the first line."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=LIMIT, backupCount=BACKUPS, encoding="utf-8", delay=True, errors="backslashreplace"
        )

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_private)

    def doRollover(self) -> None:  # noqa: N802
        """Begin a new file, or go on in this one until it is longer by as much again.

        Windows lets nobody rename a file that another process has open; and to try with every line would move the
        older files on, and out, one by one.
        """
        try:
            super().doRollover()
        except OSError:
            self.maxBytes += LIMIT

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Do without the line: there is nobody to tell."""


class _Redacting(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """One line for one message, whatever the service's words in it hold: no line can be forged."""
        return one_line(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | NO_LINK, 0o600)


def _process_ends(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    _log.critical("the process ends", exc_info=(kind, error, where))
    sys.__excepthook__(kind, error, where)


def _thread_ends(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        name = ended.thread.name if ended.thread else "?"
        _log.error("thread %s ends", name, exc_info=(ended.exc_type, ended.exc_value, ended.exc_traceback))
    threading.__excepthook__(ended)
