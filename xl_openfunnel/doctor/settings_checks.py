"""Settings, key, store and log of this user."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ..api.models import Credits
from ..api.proxy_and_trust import CA_BUNDLE_VARIABLES
from ..detect.registry import Read
from ..errors import AuthenticationError, ConfigurationError, OpenFunnelError
from ..jobs.store.store import VERSION
from ..keys import Key
from ..log import redacted
from ..settings import ENV_API_KEY, ENV_BASE_URL, ENV_CACHE_DIR, shown_origin
from ..text import clip, count, one_line, size
from .result import CheckResult, ok, wrong

ADDRESS: Final = "address"
VARIABLES: Final = "variables in Excel"
KEY: Final = "API key"
ACCEPTED: Final = "key accepted"
STORE: Final = "store"
LOG: Final = "log"

VARIABLES_OF_USER: Final = r"HKCU\Environment"
VARIABLES_OF_ALL: Final = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment"
OF_EXCEL_TOO: Final = (
    ENV_API_KEY,
    ENV_BASE_URL,
    ENV_CACHE_DIR,
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    *CA_BUNDLE_VARIABLES,
)
"""Variables that change how the service is reached, by whichever program."""

_TAIL: Final = 256 * 1024
"""Bytes at the end of the log that are searched for an error: thousands of lines."""


def address(origin: str) -> CheckResult:
    """The service's address, which was checked before."""
    return ok(ADDRESS, shown_origin(origin))


def variables(environ: Mapping[str, str], read: Read) -> CheckResult:
    """Whether Excel sees the variables that this terminal has: one that was set in a terminal ends with it."""
    ours = [name for name in OF_EXCEL_TOO if environ.get(name, "").strip()]
    lasting = {name.casefold() for key in (VARIABLES_OF_USER, VARIABLES_OF_ALL) for name in read(key)}
    passing = [name for name in ours if name.casefold() not in lasting]
    if passing:
        return wrong(
            VARIABLES,
            f"{', '.join(passing)}: set in this terminal only, so Excel works without",
            "Set them under Windows' settings (Edit environment variables for your account), or unset them here. "
            "For the key, better: xl-openfunnel key set",
        )
    return ok(VARIABLES, ", ".join(ours) if ours else "none are set")


def key(find: Callable[[], Key]) -> CheckResult:
    """Whether there is an API key, and where it comes from; never the key."""
    try:
        return ok(KEY, f"there is one, from: {find().source}")
    except ConfigurationError as trouble:
        return _said_and_cure(KEY, trouble)


def accepted(ask: Callable[[], Credits]) -> CheckResult:
    """Whether the service accepts the key: it is asked for the balance, which costs nothing."""
    try:
        left = ask().left
    except AuthenticationError as trouble:
        return _said_and_cure(ACCEPTED, trouble)
    except OpenFunnelError as trouble:
        cure = "Try again in a while." if trouble.retryable else "Do what the message says, or ask IT."
        return wrong(ACCEPTED, trouble.message.removesuffix(" Wait a while."), cure)
    return ok(ACCEPTED, "yes" if left is None else f"yes; {left:,.12g} credits left")


def _said_and_cure(check: str, trouble: OpenFunnelError) -> CheckResult:
    """Of a message about a key the last sentence is the cure."""
    what, _, cure = trouble.message.rpartition(". ")
    return wrong(check, what, cure)


def store(path: Path, origin: str) -> CheckResult:
    """Whether the local store can be read, and its folder written; it is not changed."""
    folder_of_ones_own = f"Give a folder of your own with {ENV_CACHE_DIR}."
    folder = next((each for each in path.parents if os.path.lexists(each)), None)
    if folder is None:
        return wrong(STORE, f"{path.anchor or path.parent} is not there", folder_of_ones_own)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as trouble:
        why_not = trouble.strerror if folder.is_dir() else "it is no folder"
        return wrong(STORE, f"{folder} cannot be written ({why_not})", folder_of_ones_own)
    if not path.exists():
        return ok(STORE, f"none yet: the first job makes {path}")
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            written = db.execute("PRAGMA user_version").fetchone()[0]
            if written > VERSION:
                return wrong(STORE, f"{path} was written by a newer XL OpenFunnel", "Update this one.")
            jobs = db.execute("SELECT count(*) FROM ledger WHERE origin = ?", (origin,)).fetchone()[0]
            final = db.execute("SELECT count(*) FROM job WHERE origin = ?", (origin,)).fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error as trouble:
        cure = f"Close Excel and try again; then xl-openfunnel forget --all. Or: {folder_of_ones_own}"
        return wrong(STORE, f"{path} cannot be read ({trouble})", cure)
    taken = size(sum(file.stat().st_size for file in path.parent.glob(path.name + "*")))
    return ok(
        STORE,
        f"{path}, {taken}, "
        + (f"{count(jobs, 'job')}, {final} with all rows" if jobs else "no job of this service yet"),
    )


def log(path: Path) -> CheckResult:
    """Where the log of Excel's Python is, and its last error: old trouble, which may be over."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ok(LOG, f"none yet: the first call from a cell begins {path}")
    except OSError as trouble:
        return wrong(LOG, f"{path} cannot be read ({trouble.strerror})", "Ask whoever manages that folder.")
    failures = [line for line in lines if re.match(r"\S+ \S+ (ERROR|CRITICAL) ", line)]
    if not failures:
        return ok(LOG, f"{path}, no error at its end")
    return ok(LOG, f"{path}, last error: {clip(redacted(one_line(failures[-1])), 240)}")
