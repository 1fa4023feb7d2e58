"""The client: each call sends one request and returns one typed value or raises one error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Never, Self, TypeVar

from requests.adapters import BaseAdapter

from .. import keys
from ..errors import AuthenticationError, InvalidRequestError, OpenFunnelError
from ..keys import Key
from ..parameters import FUNCTION, check
from ..settings import Settings, origin_of
from ..version import version
from . import endpoints, models
from .error_mapping import error_from
from .http_sender import HttpSender, Limits
from .models import CancelResponse, Credits, Page

ApiKey = str | Callable[[], str]
T = TypeVar("T")


class Client:
    """Talks to one origin through one pooled session. Thread-safe.

    Args:
        base_url: the service's address; None for the one of the settings.
        api_key: the key, or a function that returns it, called for every request; None for the one of the settings:
            environment, keyring, private file.
        transport: a requests adapter to send with, for tests and unusual networks.
        limits: the most seconds and bytes that one request may take.
        concurrency: the number of connections kept open; None for the one of the settings.

    Raises:
        ConfigurationError: a setting is unusable; `InsecureUrlError` for plain http to another computer.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: ApiKey | None = None,
        *,
        transport: BaseAdapter | None = None,
        limits: Limits | None = None,
        concurrency: int | None = None,
    ) -> None:
        check("base_url", base_url, (str,), "a text")
        check("api_key", api_key, (str, *FUNCTION), "a text, or a function that returns one")
        check("transport", transport, (BaseAdapter,), "an adapter of requests")
        check("limits", limits, (Limits,), "a Limits")
        check("concurrency", concurrency, (int,), "a whole number")
        settings = Settings.load(base_url)
        self.base_url = settings.base_url
        self.origin = origin_of(settings.base_url)
        self.concurrency = concurrency or settings.concurrency
        self._api_key = api_key
        self._cached_key: Key | None = None
        self._sender = HttpSender(
            settings.base_url,
            transport=transport,
            limits=limits,
            concurrency=self.concurrency,
            user_agent=f"xl-openfunnel/{version()}",
        )

    def page(self, job_id: str, cursor: str | None = None) -> Page:
        """Read the job's state and one page of its rows: the first, or the one that ``cursor`` names.

        Costs no credits.

        Raises:
            OpenFunnelError: any error of the tree in `errors` but JobFailedError, IncompleteResultError and
                JobTimeoutError.
        """
        job_id = endpoints.job_id_from(job_id)
        check("cursor", cursor, (str,), "a text")
        params = {"cursor": cursor} if cursor else {}
        return self._call("GET", endpoints.poll(job_id), params, job_id, lambda body: models.read_page(body, job_id))

    def cancel(self, job_id: str) -> CancelResponse:
        """Cancel the job. Companies delivered until then are billed; pages written stay readable.

        Raises:
            InvalidRequestError: with status 409, the job is over already.
            OpenFunnelError: as for `page`.
        """
        job_id = endpoints.job_id_from(job_id)
        try:
            return self._call("POST", endpoints.cancel(job_id), {}, job_id, models.read_cancel)
        except InvalidRequestError as error:
            if error.status != 409:
                raise
            refused = already_over(job_id, error.status, error.request_id)
        raise refused

    def credits(self) -> Credits:
        """Read the account's credits.

        Raises:
            OpenFunnelError: as for `page`.
        """
        return self._call("GET", endpoints.CREDITS, {}, None, models.read_credits)

    def key(self) -> Key:
        """The key that the next request sends.

        A key from the settings is looked up once, since a keyring may be slow, and again after the service refused it.

        Raises:
            MissingKeyError: there is no key, or it does not fit into a header.
        """
        if self._api_key is not None:
            value = self._api_key() if callable(self._api_key) else self._api_key
            return keys.parse_key(value, keys.FROM_CALLER)
        if (key := self._cached_key) is None:
            key = self._cached_key = keys.find(self.origin)
        return key

    def reset_key(self) -> None:
        """Look the key up again for the next request: it may have been replaced in the settings."""
        self._cached_key = None

    def close(self) -> None:
        """Close the pooled connections."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> Never:
        raise TypeError("a Client is not pickled or copied, for it may hold an API key: make one where it is needed")

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    def _call(
        self, method: str, path: str, params: Mapping[str, str], job_id: str | None, parse: Callable[[bytes], T]
    ) -> T:
        result = self._exchange(method, path, params, job_id, parse)
        if isinstance(result, OpenFunnelError):
            raise result
        return result

    def _exchange(
        self, method: str, path: str, params: Mapping[str, str], job_id: str | None, parse: Callable[[bytes], T]
    ) -> T | OpenFunnelError:
        """What `_call` returns or raises. It raises there so that no traceback refers to what the service sent."""
        key = self.key()
        error: OpenFunnelError
        try:
            response = self._sender.send(method, path, params, key)
        except OpenFunnelError as transport_error:
            return _redacted(key, transport_error)
        # The service may repeat the key: redact it before any part of the response is cut or kept.
        response = replace(response, body=keys.redact(key, response.body))
        if 200 <= response.status < 300:
            try:
                return parse(response.body)
            except OpenFunnelError as response_error:
                error = response_error
        else:
            error = error_from(response, key_source=key.source, job_id=job_id, base_url=self.base_url)
        if isinstance(error, AuthenticationError):
            self.reset_key()
        return _redacted(key, error)


def _redacted(key: Key, error: OpenFunnelError) -> OpenFunnelError:
    """The error without the key, in any case: it may come from a header, and some of them are shown in lower case."""

    def redact(text: str) -> str:
        return re.sub(re.escape(key.value), "[key]", text, flags=re.IGNORECASE)

    return type(error)(
        redact(error.message),
        status=error.status,
        request_id=error.request_id and redact(error.request_id),
        retry_after=error.retry_after,
        retryable=error.retryable,
    )


def already_over(job_id: str, status: int | None = None, request_id: str | None = None) -> InvalidRequestError:
    """The error of cancelling a job that has ended."""
    text = f"Job {job_id} is over already: there is nothing to cancel."
    return InvalidRequestError(text, status=status, request_id=request_id)
