"""What each error means for a script: its exit code, and what the user reads."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from .. import errors
from ..errors import OpenFunnelError, ServiceError, TransportError
from . import terminal

FAILED: Final = 1
WRONG_CALL: Final = 2
TRY_LATER: Final = 3
NO_KEY: Final = 4
INTERRUPTED: Final = 130
"""128 + SIGINT: what a shell itself reports of a command ended by Ctrl-C."""

EXIT_CODES: Final = {
    0: "done; also for a cancelled job with what it delivered, and where the reader of a pipe wants no more",
    FAILED: "the job failed, is incomplete or not known, the account has no credits, a file could not be written, a "
    "check failed, or you said no",
    WRONG_CALL: "the call or a setting was wrong, also one of the network: a proxy that refuses or asks for a "
    "password, a certificate that is not trusted, an address that leads elsewhere",
    TRY_LATER: "trying again later can help: no answer in time, offline, too many requests, the service in trouble, a "
    "file that another program holds open",
    NO_KEY: "there is no API key, or it was refused",
    INTERRUPTED: "ended by Ctrl+C",
}
"""The exit codes and what they mean, for the guide and the help."""

PRECEDENCE: Final = (NO_KEY, WRONG_CALL, FAILED, TRY_LATER)
"""The first of these wins where several jobs fail with different codes: what needs a person goes before what time may
solve. So with `TRY_LATER`, trying again is all there is to do."""

CODE_OF: Final[dict[type[OpenFunnelError], int]] = {
    errors.OpenFunnelError: FAILED,
    errors.ConfigurationError: WRONG_CALL,
    errors.MissingKeyError: NO_KEY,
    errors.InsecureUrlError: WRONG_CALL,
    errors.InvalidJobIdError: WRONG_CALL,
    errors.UnknownColumnError: WRONG_CALL,
    errors.ServiceError: FAILED,
    errors.AuthenticationError: NO_KEY,
    errors.JobNotFoundError: FAILED,
    errors.InvalidRequestError: FAILED,
    errors.InsufficientCreditsError: FAILED,
    errors.RateLimitError: TRY_LATER,
    errors.ServerError: TRY_LATER,
    errors.InvalidResponseError: TRY_LATER,
    errors.TransportError: TRY_LATER,
    errors.DnsError: TRY_LATER,
    errors.ProxyError: TRY_LATER,
    errors.TlsError: TRY_LATER,
    errors.ConnectError: TRY_LATER,
    errors.RequestTimeoutError: TRY_LATER,
    errors.JobFailedError: FAILED,
    errors.IncompleteResultError: FAILED,
    errors.JobTimeoutError: TRY_LATER,
    errors.FileWriteError: FAILED,
    errors.InstallError: FAILED,
}
"""The exit code of each error, unless the error itself says otherwise: see `exit_code`."""


_SAYS_TO_WAIT: Final = re.compile("Wait a while|Try again")


def exit_code(error: Exception) -> int:
    """The exit code for an error.

    An error that says that it is retryable, such as a file that another program holds open, is `TRY_LATER`, and one
    that says that it is not, such as a proxy that asks for a password, is `WRONG_CALL`.
    """
    if isinstance(error, ExceptionGroup):
        codes = set(map(exit_code, error.exceptions))
        return next(code for code in PRECEDENCE if code in codes)
    if not isinstance(error, OpenFunnelError):
        return TRY_LATER if _is_locked(error) else FAILED
    code = CODE_OF[type(error)]
    if error.retryable:
        return TRY_LATER
    return WRONG_CALL if code == TRY_LATER else code


def report(error: Exception) -> int:
    """Print an error, or each of a group, on stderr, and return the exit code."""
    if (show := getattr(error, "show", None)) and isinstance(code := getattr(error, "exit_code", None), int):
        # A wrong call, of a class that differs between versions of typer.
        if type(error).__name__ == "NoArgsIsHelpError":
            show()  # the help
        else:
            terminal.print_error(_usage_text(error), kind="Usage", exit_code=code)
        return code
    code = exit_code(error)
    each: Sequence[Exception] = error.exceptions if isinstance(error, ExceptionGroup) else [error]
    by_text: dict[str, Exception] = {}
    for one in each:
        by_text.setdefault(_text(one), one)
    for text, one in by_text.items():
        terminal.print_error(text, kind=type(one).__name__, exit_code=code, job=getattr(one, "job_id", None))
    return code


def _usage_text(error: Any) -> str:
    """What is wrong with the call, in typer's words, and where to read how it is called."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "xl-openfunnel"
    return f"{error.format_message().replace('Value error, ', '').rstrip('.')}. {command} --help tells more."


def _is_locked(error: Exception) -> bool:
    """Whether another process has held the store for longer than is waited for: SQLite says "locked" or "busy"."""
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))


def _text(error: Exception) -> str:
    match error:
        case ServiceError() | TransportError() if error.retryable and not _SAYS_TO_WAIT.search(error.message):
            return f"{error} Try again in a while."
        case OpenFunnelError():
            return str(error)
        case sqlite3.OperationalError() if _is_locked(error):
            return "Another program is using the local store, and has it locked. Try again in a while."
        case sqlite3.Error():
            return f"The local store could not be used ({error}). Try again, or xl-openfunnel forget --all."
        case OSError():
            return f"The system said: {error.strerror or error}."
    logging.getLogger(__name__).debug("unexpected", exc_info=error)
    return f"Something unexpected happened ({type(error).__name__}: {error}). xl-openfunnel --debug COMMAND tells more."
