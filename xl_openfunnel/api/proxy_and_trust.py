"""Reads the system's proxy and the extra certificates to trust from the environment and the system's settings."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy

from ..settings import is_loopback

CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables that name certificates to trust besides the system's own, as in requests."""

_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")

PROXY_SIGN_IN = "The proxy asks for a password (HTTP 407). Check the system's proxy settings, or ask IT."
CHECK_PROXY = "Check the proxy's address, or ask IT."
TRUST_INSPECTION = "its certificate must be in the system's store, or in a file that REQUESTS_CA_BUNDLE names"
"""What must be so of a company that inspects encrypted traffic."""

_CHECK_DATE: Final = "Check this computer's date and time; if they are right, it has run out: ask IT."
_CHECK_NAME: Final = "It is for another name: check the address and the proxy, or sign in to the network in a browser."
_REMEDIES: Final = {
    **dict.fromkeys((9, 10, 0x800B0101), _CHECK_DATE),
    **dict.fromkeys((62, 64, 0x800B010F), _CHECK_NAME),
}
"""By `verify_code`: X509_V_ERR_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED, _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH of
OpenSSL, CERT_E_EXPIRED and CERT_E_CN_NO_MATCH of Windows."""


@dataclass(frozen=True)
class Proxy:
    """A proxy. Its user name and password are never shown."""

    scheme: str
    host: str
    port: int
    login: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """The proxy of a setting.

        Raises:
            ValueError: its port is no number.
        """
        parts = urlsplit(url if "://" in url else f"http://{url}")
        login = None
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        default = {"https": 443, "http": 80}.get(parts.scheme, 1080)
        return cls(parts.scheme, parts.hostname or "", parts.port or default, login)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


def tunnel_status(reason: str) -> int | None:
    """The HTTP status with which a proxy refused CONNECT, from the text of `http.client`'s OSError; None for others."""
    found = re.match(r"Tunnel connection failed: (\d{3})\b", reason)
    return int(found[1]) if found else None


def is_final_refusal(status: int | None) -> bool:
    """Whether a proxy's answer to CONNECT is a refusal that time does not lift: a rule, and no trouble or overload."""
    return status is not None and 400 <= status < 500 and status not in (408, 425, 429)


def system_proxy(url: str) -> str | None:
    """The proxy for an address, from the environment, else from the system's settings. Loopback is reached directly."""
    if is_loopback(urlsplit(url).hostname or ""):
        return None
    proxy: str | None = select_proxy(url, get_environ_proxies(url, no_proxy=None))
    return proxy


def proxy_source(proxy: str) -> str:
    """Where a proxy is set, for a message. Never the proxy itself, which may contain a password."""
    names = (name for name in _PROXY_VARIABLES if os.environ.get(name) == proxy)
    return next((f"The variable {name}" for name in names), "The system's proxy setting")


def certificate_remedy(error: ssl.SSLCertVerificationError | None) -> str:
    """What to do about a certificate that is refused for its dates or its name; "" for another reason."""
    return _REMEDIES.get(getattr(error, "verify_code", 0) & 0xFFFFFFFF, "")


def load_extra_certificates(context: ssl.SSLContext, environ: Mapping[str, str]) -> None:
    """Make ``context`` also trust the certificates that the environment names.

    Raises:
        OSError: they cannot be read.
    """
    if path := ca_bundle(environ):
        kind = "capath" if os.path.isdir(path) else "cafile"  # noqa: PTH112 - as ssl reads it
        context.load_verify_locations(**{kind: path})


def ca_bundle(environ: Mapping[str, str]) -> str | None:
    """The file or folder of certificates that the environment names."""
    name = _ca_variable(environ)
    return environ[name] if name else None


def unreadable_ca_variable() -> str | None:
    """The environment variable whose certificates cannot be read; None if there is none."""
    try:
        load_extra_certificates(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), os.environ)
    except OSError:
        return _ca_variable(os.environ)
    return None


def _ca_variable(environ: Mapping[str, str]) -> str | None:
    return next((name for name in CA_BUNDLE_VARIABLES if environ.get(name)), None)
