"""Everything that can go wrong, as one tree.

    OpenFunnelError
    ├── ConfigurationError            a setting or an argument must be corrected first
    │   ├── MissingKeyError           no usable API key
    │   ├── InsecureUrlError          a base URL that would send the key unencrypted
    │   ├── InvalidJobIdError         not a job id, job URL or label
    │   └── UnknownColumnError        a column that neither the package nor the rows have
    ├── ServiceError                  the service answered, but not with a page
    │   ├── AuthenticationError       401, 403, 422 about the header
    │   ├── JobNotFoundError          404: no such job for this key
    │   ├── InvalidRequestError       400, 409, 422 and other 4xx
    │   ├── InsufficientCreditsError  402, or the code CREDITS_EXCEEDED
    │   ├── RateLimitError            429
    │   ├── ServerError               5xx, 408, 425
    │   └── InvalidResponseError      a 2xx or 3xx that breaks the contract
    ├── TransportError                no complete answer arrived
    │   ├── DnsError                  the host name could not be resolved
    │   ├── ProxyError                the proxy refused, wants a password, or is misconfigured
    │   ├── TlsError                  a certificate could not be verified or read
    │   ├── ConnectError              nothing listens at the address
    │   └── RequestTimeoutError       no answer in time
    ├── JobFailedError                the job ended as failed
    ├── IncompleteResultError         rows or pages differ from the manifest
    ├── JobTimeoutError               the caller's time ran out first
    ├── FileWriteError                a file could not be written
    └── InstallError                  Excel or Calc could not be set up

Every message is for a person: what happened, then what to do.
"""

from __future__ import annotations

from .text import clip, one_line

CELL_PREFIX = "#OF! "
"""How every trouble begins in a cell."""

CELL_UNITS = 255
"""Most UTF-16 units of a text in a cell's result in classic Excel (xlwings issue 456)."""


class OpenFunnelError(Exception):
    """Base of all errors of this package.

    Attributes:
        message: what happened and what to do, for a person, on one line.
        status: the HTTP status code, where the service gave one.
        request_id: the service's own name of the request, where it gave one.
        retry_after: seconds that the service asked to wait, where it did.
        retryable: whether the same request can succeed later without anybody's doing. The class says so, unless a
            single error knows better.
    """

    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = one_line(message)
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.message} [request {self.request_id}]" if self.request_id else self.message

    @property
    def kind(self) -> str:
        """The name of the error's class."""
        return type(self).__name__

    @property
    def cell_text(self) -> str:
        """The message as a cell shows it: ``#OF! `` first, at most 255 UTF-16 units."""
        return clip(CELL_PREFIX + self.message, CELL_UNITS)


class ConfigurationError(OpenFunnelError):
    """A setting or an argument must be put right before anything can be asked."""


class MissingKeyError(ConfigurationError):
    """There is no usable API key."""


class InsecureUrlError(ConfigurationError):
    """The base URL would carry the API key unencrypted to another machine."""


class InvalidJobIdError(ConfigurationError):
    """What was given is no job id, job URL or known label."""


class UnknownColumnError(ConfigurationError):
    """A column was asked for that neither the package nor the rows know."""


class ServiceError(OpenFunnelError):
    """The service answered, but not with what was asked for."""


class AuthenticationError(ServiceError):
    """The service does not accept the API key."""


class JobNotFoundError(ServiceError):
    """The service knows no such job for this key."""


class InvalidRequestError(ServiceError):
    """The service finds the request itself wrong."""


class InsufficientCreditsError(ServiceError):
    """The account has no credits left for this."""


class RateLimitError(ServiceError):
    """Too many requests: the service asks to wait."""

    retryable = True


class ServerError(ServiceError):
    """The service is in trouble of its own."""

    retryable = True


class InvalidResponseError(ServiceError):
    """The answer is not what the service documents."""

    retryable = True


class TransportError(OpenFunnelError):
    """No whole answer came over the network."""

    retryable = True


class DnsError(TransportError):
    """The service's name could not be looked up."""


class ProxyError(TransportError):
    """The proxy on the way did not let the request through."""


class TlsError(TransportError):
    """The encrypted connection could not be verified."""


class ConnectError(TransportError):
    """Nothing accepts connections at the service's address."""


class RequestTimeoutError(TransportError):
    """No whole answer came in time."""


class JobFailedError(OpenFunnelError):
    """The job ended as failed; the message holds the service's own words."""


class IncompleteResultError(OpenFunnelError):
    """What was read differs from what the service says it delivered."""


class JobTimeoutError(OpenFunnelError):
    """The job was not final within the caller's time."""


class FileWriteError(OpenFunnelError):
    """A file could not be written.

    Attributes:
        locked: whether it is there and another program or its protection keeps it from being replaced.
    """

    def __init__(self, message: str, *, locked: bool = False) -> None:
        super().__init__(message)
        self.locked = locked


class InstallError(OpenFunnelError):
    """Excel or Calc could not be set up, or what was set up could not be removed."""
