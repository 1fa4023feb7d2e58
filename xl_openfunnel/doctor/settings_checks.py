"""Checks of this user's settings, key, store and log."""

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
from ..columns.connection import loading_error
from ..columns.folder import ColumnFolder
from ..detect.registry import Read
from ..errors import AuthenticationError, ConfigurationError, OpenFunnelError
from ..jobs.store.database import VERSION
from ..keys import Key
from ..log import redact_keys
from ..settings import ENV_API_KEY, ENV_BASE_URL, ENV_CACHE_DIR
from ..text import clip, count, one_line, size
from .result import CheckResult, ok, wrong

USER_VARIABLES: Final = r"HKCU\Environment"
SYSTEM_VARIABLES: Final = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment"
RELEVANT_VARIABLES: Final = (
    ENV_API_KEY,
    ENV_BASE_URL,
    ENV_CACHE_DIR,
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    *CA_BUNDLE_VARIABLES,
)
"""Variables that change how a program reaches the service."""

_LOG_TAIL: Final = 256 * 1024
"""Bytes at the end of the log in which the last error is searched: thousands of lines."""

_MAX_JOBS: Final = 5
"""Jobs without columns that are named."""

_MAX_VALUE: Final = 40
"""UTF-16 units of a value that is shown."""


def variables(environ: Mapping[str, str], read: Read) -> CheckResult:
    """Whether Excel has the variables of this terminal: one that was only set in a terminal ends with it."""
    names = [name for name in RELEVANT_VARIABLES if environ.get(name, "").strip()]
    permanent = {name.casefold() for key in (USER_VARIABLES, SYSTEM_VARIABLES) for name in read(key)}
    temporary = [name for name in names if name.casefold() not in permanent]
    if temporary:
        return wrong(
            f"{', '.join(temporary)}: set in this terminal only, so Excel works without",
            "Set them under Windows' settings (Edit environment variables for your account), or unset them here. "
            "For the key, better: xl-openfunnel key set",
        )
    return ok(", ".join(names) if names else "none are set")


def key(find: Callable[[], Key]) -> CheckResult:
    """Whether there is an API key, and where it comes from. Never shows the key."""
    try:
        return ok(f"there is one, from: {find().source}")
    except ConfigurationError as error:
        return _key_error(error)


def key_accepted(get_credits: Callable[[], Credits]) -> CheckResult:
    """Whether the service accepts the key: asks for the balance, which costs nothing."""
    try:
        left = get_credits().left
    except AuthenticationError as error:
        return _key_error(error)
    except OpenFunnelError as error:
        remedy = "Try again in a while." if error.retryable else "Do what the message says, or ask IT."
        return wrong(error.message.removesuffix(" Wait a while."), remedy)
    return ok("yes" if left is None else f"yes; {left:,.12g} credits left")


def _key_error(error: OpenFunnelError) -> CheckResult:
    """The last sentence of a message about a key is the remedy."""
    what, _, remedy = error.message.rpartition(". ")
    return wrong(what, remedy)


def store(path: Path, origin: str) -> CheckResult:
    """Whether the local store can be read and its folder written. Does not change the store."""
    other_folder = f"Give a folder of your own with {ENV_CACHE_DIR}."
    folder = next((each for each in path.parents if os.path.lexists(each)), None)
    if folder is None:
        return wrong(f"{path.anchor or path.parent} is not there", other_folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror if folder.is_dir() else "it is no folder"
        return wrong(f"{folder} cannot be written ({reason})", other_folder)
    if not path.exists():
        return ok(f"none yet: the first job makes {path}")
    try:
        path.open("rb").close()
    except OSError as error:
        return wrong(f"{path} cannot be read ({error.strerror})", other_folder)  # such as another user's
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            schema_version = db.execute("PRAGMA user_version").fetchone()[0]
            if schema_version > VERSION:
                return wrong(f"{path} was written by a newer XL OpenFunnel", "Update this one.")
            jobs = db.execute("SELECT count(*) FROM ledger WHERE origin = ?", (origin,)).fetchone()[0]
            final = db.execute("SELECT count(*) FROM job WHERE origin = ?", (origin,)).fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error as error:
        remedy = f"Close Excel and try again; then xl-openfunnel forget --all. Or: {other_folder}"
        return wrong(f"{path} cannot be read ({error})", remedy)
    size_on_disk = size(sum(file.stat().st_size for file in path.parent.glob(path.name + "*")))
    return ok(
        f"{path}, {size_on_disk}, "
        + (f"{count(jobs, 'job')}, {final} with all rows" if jobs else "no job of this service yet"),
    )


def columns(folder: ColumnFolder) -> CheckResult:
    """What the files for pivots over many jobs take, and which jobs have none."""
    slow = "Pivots are right without, but take seconds."
    if (error := loading_error()) is not None:
        return wrong(f"DuckDB does not load ({one_line(error)})", f"{slow} Install the package again, or ask IT.")
    if os.path.lexists(folder.path) and (folder.path.is_symlink() or not folder.path.is_dir()):
        return wrong(f"{folder.path} is no folder", f"{slow} Remove it: the folder is made again.")
    usage, irregular = folder.usage(), folder.irregular()
    if not usage.files and not irregular:
        return ok(f"none yet: the first cell or query that uses a final job makes {folder.path}")
    parts = [f"{folder.path}, {size(usage.size)}, {count(usage.files, 'job')}"]
    if usage.damaged:
        parts.append(f"{usage.damaged} damaged, to be made again")
    parts += [
        f"without columns: {each.job_id} ({each.field} of row {each.rank} is {clip(each.value, _MAX_VALUE)})"
        for each in irregular[:_MAX_JOBS]
    ]
    if len(irregular) > _MAX_JOBS:
        parts.append(f"and {len(irregular) - _MAX_JOBS} more")
    return ok("; ".join(parts))


def log(path: Path) -> CheckResult:
    """Where the log of Excel's Python is, and its last error, which may be an old one."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ok(f"none yet: the first call from a cell begins {path}")
    except OSError as error:
        return wrong(f"{path} cannot be read ({error.strerror})", "Ask the person who manages that folder.")
    failures = [line for line in lines if re.match(r"\S+ \S+ (ERROR|CRITICAL) ", line)]
    if not failures:
        return ok(f"{path}, no error at its end")
    return ok(f"{path}, last error: {clip(redact_keys(one_line(failures[-1])), 240)}")
