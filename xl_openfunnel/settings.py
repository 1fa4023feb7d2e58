"""Settings, their defaults, and the limits on responses, each with its reason.

An argument takes precedence over the environment, and that over the default. Nothing is ever read from a workbook's
folder or from the current folder.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .errors import ConfigurationError, InsecureUrlError
from .pasted import holds_key, shown, unquoted
from .text import clip

APP_NAME = "xl-openfunnel"

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""For `os.open`: does not follow a link that was put in a file's place. Windows, where only administrators may create
links, has no such flag."""

BASE_URL = "https://api.openfunnel.dev"
"""The service's address, as documented."""

CONNECT_TIMEOUT = 10.0
"""Seconds to connect: longer than a slow VPN's handshake, shorter than people's patience."""

READ_TIMEOUT = 60.0
"""Seconds between two chunks of a response: free look-ups sometimes took 31 s instead of 0.5 s."""

TOTAL_TIMEOUT = 180.0
"""Seconds for a whole response: a read timeout restarts with every chunk, so that a slow drip would never end."""

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a decoded response: 100 of the largest rows seen (5.3 KB) are 0.5 MB; a gzip bomb is larger.

Python stores a text with an emoji in four bytes per character, and up to eight responses are read at once."""

MAX_LENIENT = MAX_BODY // 2
"""Bytes of a response that is not valid JSON: reading it leniently takes several times the memory."""

MAX_ROWS = 1_000
"""Rows of one page: the service sends 100."""

MAX_VALUES = 200_000
"""Values, keys, lists and objects of a response: a page of 100 full rows has 5,000. As Python objects they can take
thirty times their size as bytes (``{},``), so that `MAX_BODY` alone would allow hundreds of MB."""

MAX_MANIFEST = 64 * 1024
"""Characters of a manifest as JSON: real ones have under 2,000, with ten seeds of the longest names 5,000. Cells, files
and the store take all of it, and pandas copies it with every column."""

MAX_MANIFEST_VALUES = 1_000
"""Values of a manifest: a real one has some 20."""

CONCURRENCY = 8
"""Simultaneous requests: ten thousand rows take fourteen round trips, which is still polite to the service."""

ENV_BASE_URL = "OPENFUNNEL_BASE_URL"
ENV_CACHE_DIR = "OPENFUNNEL_CACHE_DIR"
_ENV_CONCURRENCY = "OPENFUNNEL_CONCURRENCY"
ENV_API_KEY = "OPENFUNNEL_API_KEY"

ENVIRONMENT = {
    ENV_API_KEY: "the API key; it takes precedence over the keyring",
    ENV_BASE_URL: "the service's address: https, or http to this computer",
    ENV_CACHE_DIR: "the folder of store, log and private Python, in place of the user's own: a whole path",
    _ENV_CONCURRENCY: "how many requests are sent at once (8)",
}
"""The environment variables and what they set, for the guide."""

_VARIABLE = r"\$\{?([A-Za-z_]\w*)\}?|%([A-Za-z_]\w*)%"
"""A variable as shells write it, which the environment itself does not fill in."""

_HOST_AND_PORT = re.compile(r"(\[[\w.:%-]+\]|[\w.-]+)(:\d*)?")
"""Host and port that all libraries parse alike: for some, a backslash ends the host, and for others it does not."""


@dataclass(frozen=True)
class Settings:
    """The settings of a process.

    Attributes:
        base_url: the service's address, checked by `checked_base_url`.
        cache_dir: the folder of the local store.
        concurrency: the most simultaneous requests, 1 to 32.
    """

    base_url: str
    cache_dir: Path
    concurrency: int

    @classmethod
    def load(cls, base_url: str | None = None, *, environ: Mapping[str, str] = os.environ) -> Settings:
        """Settings from the argument, else the environment, else the defaults.

        Raises:
            ConfigurationError: a value cannot be used; the message names its source.
        """
        return cls(
            base_url=checked_base_url(base_url)
            if base_url
            else checked_base_url(environ.get(ENV_BASE_URL, "").strip() or BASE_URL, f" ({ENV_BASE_URL})"),
            cache_dir=_cache_dir(environ) or _default_cache_dir(),
            concurrency=_concurrency(environ.get(_ENV_CONCURRENCY, "").strip()),
        )


def checked_base_url(url: str, source: str = "") -> str:
    """``url`` without a trailing slash, checked to be safe for the API key; ``source`` ends a message.

    Raises:
        InsecureUrlError: plain http to any other machine than this one.
        ConfigurationError: not an http(s) address, or one with a user name, query or fragment.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:  # wrong brackets or port
        parts, host = urlsplit(""), None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or holds_key(host)  # which looking it up would tell others
        or re.search(r"\s", url.strip())
        or unquoted(url) != url.strip()
    ):
        raise ConfigurationError(f"The base URL {_safe_repr(url)} is no web address. Give one like {BASE_URL}{source}.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            f"The base URL must have no user name, password, query or fragment: give one like {BASE_URL}{source}."
        )
    netloc = parts.netloc.lower()  # lower() may add characters: İ becomes i and a combining dot
    if not _HOST_AND_PORT.fullmatch(netloc) or not _is_host(host, netloc):
        raise ConfigurationError(f"The base URL {_safe_repr(url)} names no host. Give one like {BASE_URL}{source}.")
    if parts.scheme == "http" and not is_loopback(host):
        raise InsecureUrlError(f"The base URL {_safe_repr(url)} would send the API key unencrypted. Use https{source}.")
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def _is_host(host: str, netloc: str) -> bool:
    """Whether it is an IP address, or a name whose labels are neither empty nor too long."""
    try:
        if netloc.startswith("["):
            ipaddress.ip_address(host)
        host.encode("idna")
    except ValueError:
        return False
    return True


def origin_of(base_url: str) -> str:
    """Scheme, host and port of a checked base URL. Keys and jobs are stored by origin."""
    parts = urlsplit(base_url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def shown_origin(origin: str) -> str:
    """An origin without the default port of its scheme, as people write it."""
    scheme, _, rest = origin.partition("://")
    return f"{scheme}://{rest.removesuffix(':443' if scheme == 'https' else ':80')}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` is a loopback address or ``localhost``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _concurrency(text: str) -> int:
    if not text:
        return CONCURRENCY
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= 32:
        raise ConfigurationError(f"{_ENV_CONCURRENCY} is {shown(text)[:40]!r}: give a whole number from 1 to 32.")
    return int(text)


def _cache_dir(environ: Mapping[str, str]) -> Path | None:
    """The folder that the environment names; None where it names none.

    Raises:
        ConfigurationError: it is not the same folder wherever a program is started, or hardly what was meant.
    """
    text = environ.get(ENV_CACHE_DIR, "").strip()
    if not text:
        return None
    has_variable = re.search(_VARIABLE, text) is not None
    if _expanded(text).is_absolute() and not has_variable and unquoted(text) == text:
        return _expanded(text)
    if unquoted(text) != text:
        reason = "has quotes or invisible characters around it"
    elif has_variable:
        reason = "has a variable that nothing fills in"
    else:
        reason = "is no whole path, so that each folder would get a store of its own"
    filled = re.sub(_VARIABLE, lambda match: environ.get(match[1] or match[2], match[0]), unquoted(text))
    is_usable = _expanded(filled).is_absolute() and not re.search(_VARIABLE, filled)
    example = _expanded(filled) if is_usable else f"a path like {_default_cache_dir()}"
    raise ConfigurationError(f"{ENV_CACHE_DIR} is '{clip(shown(text), 60)}', which {reason}. Give {example}")


def _expanded(text: str) -> Path:
    """The path, with the user's home for ``~`` at its beginning, where there is one."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # of a user who does not exist
        return Path(text)


def store_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The SQLite file with final jobs and the ledger of all services, beside which the known lists are.

    Depends on no other setting: a wrong base URL keeps no one from what is on this computer.

    Raises:
        ConfigurationError: the folder cannot be used.
    """
    return (_cache_dir(environ) or _default_cache_dir()) / "store.sqlite3"


def log_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The log of a process that has no terminal: beside the store if its folder is set, else in the log folder.

    Depends on no other setting, so that errors in those can be logged.

    Raises:
        ConfigurationError: the folder cannot be used.
    """
    return (_cache_dir(environ) or _default_log_dir()) / f"{APP_NAME}.log"


def python_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the private Python that Excel starts: beside the store.

    Raises:
        ConfigurationError: the folder cannot be used.
    """
    return store_path(environ).with_name("python")


def _default_cache_dir() -> Path:
    import platformdirs  # only needed where no folder is set

    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False, roaming=False))


def _default_log_dir() -> Path:
    import platformdirs

    return platformdirs.user_log_path(APP_NAME, appauthor=False)


def _safe_repr(url: str) -> str:
    """The repr of ``url`` without API keys, and without anything before an @, where people put passwords."""
    return repr(shown(url.strip().rpartition("@")[2])[:80])
