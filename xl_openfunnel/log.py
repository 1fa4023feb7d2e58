"""The log of a process that has no terminal: a rotated file whose errors never disturb the process.

pythonw has neither stdout nor stderr, so that this file is the only place for messages.
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
from traceback import format_exception
from types import TracebackType
from typing import Final

from .errors import ConfigurationError
from .settings import NO_LINK, log_path
from .text import one_line

_log = logging.getLogger(__name__)

MAX_BYTES: Final = 1024 * 1024
"""Bytes of one file: months of a quiet server, and still small enough to send to someone."""

BACKUP_COUNT: Final = 3
"""Older files to keep, so that a flood of messages does not push out its own beginning."""

CAUSE: Final = "cause"
"""The attribute of a log record that has what is wrong in the words for the user, where several records may tell it."""

_KEY: Final = re.compile(r"\bof_[\w-]{12,}", re.ASCII)
"""The form of an API key. The package logs none, but exceptions of other libraries might hold one."""


def set_up() -> None:
    """Log the package's messages, from INFO on, and every uncaught exception.

    Other libraries' messages are left out: urllib3 would log every request. Never raises: where no file can be
    written, the process works without a log.
    """
    sys.excepthook, threading.excepthook = _log_uncaught, _log_uncaught_in_thread
    logger = logging.getLogger(__package__)
    for old in [handler for handler in logger.handlers if isinstance(handler, _LogFile)]:
        logger.removeHandler(old)
        old.close()
    try:
        handler = _LogFile(log_path())
    except (ConfigurationError, OSError, ValueError):
        logger.addHandler(logging.NullHandler())  # with no handler at all, logging would write to stderr, keys included
        return
    handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s [%(threadName)s] %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def redact_keys(text: str) -> str:
    """``text`` with ``of_…`` in place of anything that has the form of an API key."""
    return _KEY.sub("of_…", text)


class _LogFile(RotatingFileHandler):
    """A file that only its owner may read, opened at the first message."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=MAX_BYTES, backupCount=BACKUP_COUNT, encoding="utf-8", delay=True, errors="backslashreplace"
        )

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_open_private)

    def doRollover(self) -> None:  # noqa: N802
        """Start a new file; where that fails, let this one grow by another `MAX_BYTES` first.

        Windows does not rename a file that another process has open, and a try with every message would shift the
        older files until all are deleted.
        """
        try:
            super().doRollover()
        except OSError:
            self.maxBytes += MAX_BYTES

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Drop the message: there is no place to report the error."""


class _RedactingFormatter(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Write each message on one line, so that text from the service cannot forge a line."""
        return one_line(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return redact_keys(super().format(record))


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | NO_LINK, 0o600)


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    _log.critical("the process ends", exc_info=(kind, error, traceback))
    _write_to_stderr(error)


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread else "?"
        _log.error("thread %s ends", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
        _write_to_stderr(args.exc_value)


def _write_to_stderr(error: BaseException) -> None:
    if sys.stderr is not None:  # pythonw has none, unless VBA gave it one, whose last line a cell shows
        sys.stderr.write(redact_keys("".join(format_exception(error))))
