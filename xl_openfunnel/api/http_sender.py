"""Sends one HTTP request and reads its response, under strict limits.

The key goes into one header of one request to one origin: redirects are not followed (requests would send
X-API-Key to another host), netrc is not read, cookies are not kept, and a loopback service is never reached through
a proxy. A body is read under a deadline and up to a limit of its decoded size.
"""

from __future__ import annotations

import http
import io
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import BaseAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from ..errors import (
    ConfigurationError,
    ConnectError,
    DnsError,
    InvalidResponseError,
    OpenFunnelError,
    ProxyError,
    RequestTimeoutError,
    TlsError,
    TransportError,
)
from ..keys import Key
from ..pasted import shown
from ..settings import BASE_URL, CONNECT_TIMEOUT, ENV_BASE_URL, MAX_BODY, READ_TIMEOUT, TOTAL_TIMEOUT
from . import content_coding
from .deadline import DeadlineAdapter, deadline_in
from .proxy_and_trust import (
    CHECK_PROXY,
    PROXY_SIGN_IN,
    TRUST_INSPECTION,
    Proxy,
    ca_bundle,
    certificate_remedy,
    is_final_refusal,
    proxy_source,
    system_proxy,
    tunnel_status,
    unreadable_ca_variable,
)

_CHUNK = 64 * 1024

_INVALID_ADDRESS_ERRORS = (
    *(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema),  # InvalidProxyURL is one of the first
    *(urllib3.exceptions.LocationValueError, urllib3.exceptions.ProxySchemeUnknown),
)
"""Errors about an invalid address: the proxy's, because the service's was checked before."""


@dataclass(frozen=True)
class Limits:
    """The most seconds and bytes that one request may take; `settings` has the reason of each default."""

    connect: float = CONNECT_TIMEOUT
    read: float = READ_TIMEOUT
    total: float = TOTAL_TIMEOUT
    body: int = MAX_BODY


@dataclass(frozen=True)
class HttpResponse:
    """A whole HTTP response: status code, headers (case-insensitive), decoded body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class HttpSender:
    """A pooled session with one origin."""

    def __init__(
        self,
        base_url: str,
        *,
        transport: BaseAdapter | None,
        limits: Limits | None,
        concurrency: int,
        user_agent: str,
    ) -> None:
        self._base_url = base_url
        parts = urlsplit(base_url)
        self._host = parts.netloc
        self._limits = limits or Limits()
        self._session = _Session()
        self._session.headers = CaseInsensitiveDict(
            {"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"}
        )
        self._session.trust_env = False  # `send` says which proxy and which certificates
        try:
            requests.Request("GET", base_url).prepare()
        except requests.RequestException:  # a host name with letters that are not allowed
            raise ConfigurationError(
                f"The base URL {shown(base_url)!r} names no host. Give one like {BASE_URL} ({ENV_BASE_URL})."
            ) from None
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.adapters.clear()
        self._session.mount(f"{parts.scheme}://", transport or make_adapter(base_url, concurrency))

    def send(self, method: str, path: str, params: Mapping[str, str], key: Key) -> HttpResponse:
        """Send one request and read its whole response, of any status.

        Raises:
            TransportError: no whole response came; the subclass says why.
            InvalidResponseError: the body is larger than any page, or damaged.
        """
        deadline = time.monotonic() + self._limits.total
        try:
            with (
                deadline_in(self._limits.total),
                self._session.request(
                    method,
                    self._base_url + path,
                    params=params,
                    auth=_KeyHeader(key),
                    proxies={"https": proxy} if (proxy := system_proxy(self._base_url)) else {},
                    verify=ca_bundle(os.environ) or True,
                    timeout=(self._limits.connect, self._limits.read),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = self._read(response, deadline)
                return HttpResponse(response.status_code, response.headers, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            late = time.monotonic() >= deadline
            mapped = self._timeout_error(self._limits.total) if late else self._map_error(error)
        # Raised outside the except block: requests' exception holds the request with its key, and must not become
        # the context of ours.
        raise mapped

    def close(self) -> None:
        self._session.close()

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        def check_time() -> None:
            if time.monotonic() > deadline:
                raise self._timeout_error(self._limits.total)

        if response.raw is None:  # a transport that returns whole bodies
            return response.content
        body = io.BytesIO()  # joining a list of chunks would hold the body twice
        while chunk := response.raw.read1(_CHUNK):
            body.write(chunk)
            if body.tell() > self._limits.body:
                raise self._too_large_error()
            check_time()
        codings = response.headers.get("Content-Encoding", "")
        try:
            return content_coding.decode(body.getvalue(), codings, self._limits.body, check_time)
        except content_coding.DamagedBodyError:
            raise InvalidResponseError(f"The compressed answer of {self._host} is damaged.") from None
        except content_coding.CutBodyError:
            raise TransportError(f"The answer of {self._host} was cut off.") from None
        except content_coding.LargeBodyError:
            raise self._too_large_error() from None

    def _too_large_error(self) -> InvalidResponseError:
        return InvalidResponseError(
            f"The answer of {self._host} is larger than {self._limits.body // 2**20} MB: that is no page of a job."
        )

    def _timeout_error(self, seconds: float) -> RequestTimeoutError:
        return RequestTimeoutError(f"No whole answer from {self._host} within {seconds:.0f} seconds.")

    def _map_error(self, error: BaseException) -> OpenFunnelError:
        """Our error for one of requests, urllib3 or the system. Never refers to the original."""
        host = self._host
        causes = tuple(_causes(error))
        if self._base_url.startswith("https:") and (name := unreadable_ca_variable()):
            return TlsError(
                f"The certificates that the variable {name} names cannot be read. Correct or unset it, or ask IT.",
                retryable=False,
            )

        def caused_by(*kinds: type[BaseException]) -> bool:
            return any(isinstance(cause, kinds) for cause in causes)

        if caused_by(*_INVALID_ADDRESS_ERRORS) and (proxy := system_proxy(self._base_url)):
            return ProxyError(
                f"{proxy_source(proxy)} names no proxy of a kind that can be used. It must be like "
                "http://proxy.example:3128: correct or unset it, or ask IT.",
                retryable=False,
            )
        refused = next(filter(None, (tunnel_status(str(cause)) for cause in causes)), None)
        if refused == http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return ProxyError(PROXY_SIGN_IN, retryable=False)
        # Waiting mends neither; a handshake that broke off for another reason may succeed the next time.
        untrusted = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
        if caused_by(requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
            if (reason := _unreachable(causes)) and (url := system_proxy(self._base_url)):
                return ProxyError(f"The proxy {Proxy.parse(url)} {reason}. {CHECK_PROXY}")
            return ProxyError(
                f"The proxy on the way to {host} did not let the request through. "
                f"Check the system's proxy settings, or ask IT.",
                retryable=untrusted is None and not is_final_refusal(refused),
            )
        if caused_by(requests.exceptions.SSLError, ssl.SSLError):
            remedy = (
                certificate_remedy(untrusted) or f"If your company inspects the traffic, {TRUST_INSPECTION}: ask IT."
            )
            reason = (untrusted and untrusted.verify_message) or "the handshake failed"
            return TlsError(
                f"The certificate of {host} could not be verified. {remedy} Reason: {reason.rstrip('.')}.",
                retryable=untrusted is None,
            )
        if caused_by(urllib3.exceptions.NameResolutionError):
            return DnsError(f"The name {host} could not be looked up. Are you online (VPN)?")
        if caused_by(ConnectionRefusedError):
            return ConnectError(f"Nothing answers at {host}. Is the address right, and are you online?")
        if caused_by(urllib3.exceptions.NewConnectionError):
            return TransportError(f"There is no connection to {host}. Are you online (VPN)?")
        if caused_by(requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError):
            return self._timeout_error(self._limits.connect)
        if caused_by(requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            return self._timeout_error(self._limits.read)
        return TransportError(f"The connection to {host} broke off.")


class _Session(requests.Session):
    """Ignores redirects. Even with ``allow_redirects=False`` requests would read and decode the whole body of one."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - as requests calls it
        return None


class _KeyHeader(AuthBase):
    """Puts the key into its header, at the last moment, so that no traceback shows it.

    Because the request has an auth, requests does not read netrc.
    """

    def __init__(self, key: Key) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-API-Key"] = self._key.value
        return request


def _causes(error: BaseException) -> list[BaseException]:
    """``error`` and all that it wraps: requests and urllib3 wrap errors by argument, reason and cause."""
    causes: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in causes:
            causes.append(cause)
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
    return causes


def _unreachable(causes: tuple[BaseException, ...]) -> str:
    """Why the first computer on the way was not reached; "" if it was."""
    if any(isinstance(cause, urllib3.exceptions.NameResolutionError) for cause in causes):
        return "could not be looked up"
    no_connection = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    return "does not accept connections" if any(isinstance(cause, no_connection) for cause in causes) else ""


def make_adapter(base_url: str, concurrency: int) -> BaseAdapter:
    if base_url.startswith("https:"):
        return _SystemTrustAdapter(concurrency)
    return DeadlineAdapter(pool_connections=1, pool_maxsize=concurrency)


class _SystemTrustAdapter(DeadlineAdapter):
    """Verifies with the system's certificate store, which has the certificate of a company's inspecting proxy.

    Only this adapter uses the context: nothing is injected into other users of ssl in this process.
    REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE are honoured too.
    """

    def __init__(self, concurrency: int) -> None:
        import truststore  # only needed for https

        self._context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().__init__(pool_connections=1, pool_maxsize=concurrency)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if verify is True:
            pool.pop("ca_certs", None)
            pool.pop("ca_cert_dir", None)
        return host, pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        if verify is True:  # requests' own bundle adds nothing to the system's store, and costs a parse each time
            conn.ca_certs = None
            conn.ca_cert_dir = None
