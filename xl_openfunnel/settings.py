"""Defaults, limits and the environment: every number with its reason.

Order of precedence everywhere: an argument, then the environment, then the default. Nothing is ever read
from the folder of a workbook or from the current folder.
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

APP_NAME = "xl-openfunnel"

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""For `os.open`: a link that lies in the place of a file of ours is not followed. Windows lets only administrators make
one."""

BASE_URL = "https://api.openfunnel.dev"
"""The service's address, as its documentation gives it."""

CONNECT_TIMEOUT = 10.0
"""Seconds to reach the service: longer than a slow VPN's handshake, shorter than patience."""

READ_TIMEOUT = 60.0
"""Seconds between two pieces of an answer: free look-ups were seen to take 31 s instead of 0.5 s."""

TOTAL_TIMEOUT = 180.0
"""Seconds for one whole answer: a read timeout starts anew with every piece, so a slow drip never ends."""

MAX_BODY = 4 * 1024 * 1024
"""Bytes of one decoded answer: 100 rows of the largest seen (5.3 KB) are 0.5 MB; a gzip bomb is more.

One emoji makes every character of a text take four bytes, and eight answers are read at once."""

MAX_LENIENT = MAX_BODY // 2
"""Bytes of an answer that is not quite JSON: to read it takes several times the memory."""

MAX_ROWS = 1_000
"""Rows of one page: the service sends 100."""

MAX_VALUES = 200_000
"""Values, keys, lists and objects of one answer: a page of 100 full rows has 5,000. As objects of Python they take
thirty times what they take as bytes (``{},``), so the bytes alone would let a service make us hold hundreds of MB."""

MAX_MANIFEST = 64 * 1024
"""Characters of a manifest as JSON: a real one has under 2,000, and with ten seeds of the longest names 5,000. It goes
whole into cells, files and the store, and pandas copies it with every column."""

MAX_MANIFEST_VALUES = 1_000
"""Values of a manifest: a real one has some 20."""

CONCURRENCY = 8
"""Requests at once: ten thousand rows in fourteen round trips, and still polite to the service."""

ENV_BASE_URL = "OPENFUNNEL_BASE_URL"
ENV_CACHE_DIR = "OPENFUNNEL_CACHE_DIR"
_ENV_CONCURRENCY = "OPENFUNNEL_CONCURRENCY"
ENV_API_KEY = "OPENFUNNEL_API_KEY"

_PLACE = re.compile(r"(\[[\w.:%-]+\]|[\w.-]+)(:\d*)?")
"""Host and port that every library reads alike: to some a host ends at a backslash, and to others it does not."""


@dataclass(frozen=True)
class Settings:
    """What this process works with.

    Attributes:
        base_url: the service's address, checked by `checked_base_url`.
        cache_dir: the folder of the local store.
        concurrency: most requests at once, 1 to 32.
    """

    base_url: str
    cache_dir: Path
    concurrency: int

    @classmethod
    def load(cls, base_url: str | None = None, *, environ: Mapping[str, str] = os.environ) -> Settings:
        """Settings from the argument, else the environment, else the defaults.

        Raises:
            ConfigurationError: a value that cannot be used, naming where it came from.
        """
        given_dir = environ.get(ENV_CACHE_DIR, "").strip()
        return cls(
            base_url=checked_base_url(base_url or environ.get(ENV_BASE_URL, "").strip() or BASE_URL),
            cache_dir=_folder(given_dir) if given_dir else _default_cache_dir(),
            concurrency=_concurrency(environ.get(_ENV_CONCURRENCY, "").strip()),
        )

    @property
    def store_path(self) -> Path:
        """The SQLite file that keeps final jobs and the ledger."""
        return self.cache_dir / "store.sqlite3"


def checked_base_url(url: str) -> str:
    """``url`` without a trailing slash, fit to receive the API key.

    Raises:
        InsecureUrlError: plain http to anything but this machine.
        ConfigurationError: no http(s) address, or one with a user name, query or fragment.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:  # brackets or a port that cannot be
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigurationError(
            f"The base URL {_shown(url)} is no web address. Give one like {BASE_URL} ({ENV_BASE_URL})."
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            "The base URL must have no user name, password, query or fragment: "
            f"give one like {BASE_URL} ({ENV_BASE_URL})."
        )
    place = parts.netloc.lower()  # which may have other characters than before: İ becomes i and a dot
    if not _PLACE.fullmatch(place) or not _can_be_a_host(host, place):
        raise ConfigurationError(
            f"The base URL {_shown(url)} names no host. Give one like {BASE_URL} ({ENV_BASE_URL})."
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise InsecureUrlError(
            f"The base URL {_shown(url)} would send the API key unencrypted. Use https ({ENV_BASE_URL})."
        )
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def _can_be_a_host(host: str, place: str) -> bool:
    """Whether it is an address, or a name whose parts are neither empty nor too long."""
    try:
        if place.startswith("["):
            ipaddress.ip_address(host)
        host.encode("idna")
    except ValueError:
        return False
    return True


def origin_of(base_url: str) -> str:
    """Scheme, host and port of a checked base URL: what keys and stored jobs are kept under."""
    parts = urlsplit(base_url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def shown_origin(origin: str) -> str:
    """An origin as people write it: without the port that its scheme implies."""
    scheme, _, rest = origin.partition("://")
    return f"{scheme}://{rest.removesuffix(':443' if scheme == 'https' else ':80')}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its very name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _concurrency(text: str) -> int:
    if not text:
        return CONCURRENCY
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= 32:
        raise ConfigurationError(f"{_ENV_CONCURRENCY} is {text[:40]!r}: give a whole number from 1 to 32.")
    return int(text)


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as trouble:
        raise ConfigurationError(f"{ENV_CACHE_DIR} is {text!r}: {trouble}") from None


def log_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The log of a process that has no terminal: beside the store if its folder is given, else where logs belong.

    It needs no other setting, so that trouble with those can be logged.

    Raises:
        ConfigurationError: the folder cannot be used.
    """
    given_dir = environ.get(ENV_CACHE_DIR, "").strip()
    return (_folder(given_dir) if given_dir else _default_log_dir()) / f"{APP_NAME}.log"


def python_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the private Python that Excel starts: beside the store.

    Raises:
        ConfigurationError: the folder cannot be used.
    """
    given_dir = environ.get(ENV_CACHE_DIR, "").strip()
    return (_folder(given_dir) if given_dir else _default_cache_dir()) / "python"


def _default_cache_dir() -> Path:
    import platformdirs  # only where no folder is given

    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False, roaming=False))


def _default_log_dir() -> Path:
    import platformdirs

    return platformdirs.user_log_path(APP_NAME, appauthor=False)


def _shown(url: str) -> str:
    """``url`` as far as it can be repeated: never what stands before an @, where people put passwords."""
    return repr(url.strip().rpartition("@")[2][:80])
