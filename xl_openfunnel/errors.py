"""The error tree of the package.

    OpenFunnelError
    ├── ConfigurationError            a setting or an argument must be corrected first
    │   ├── MissingKeyError           no usable API key
    │   ├── InsecureUrlError          a base URL that would send the key unencrypted
    │   ├── InvalidJobIdError         not a job id, job URL or label
    │   └── UnknownColumnError        a column that neither the package nor the rows have
    ├── ServiceError                  the service answered, but not with a page
    │   ├── AuthenticationError       401, 403, 422 about the key's header
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
    ├── IncompleteResultError         rows or pages differ from the manifest, or a company is there twice
    ├── JobTimeoutError               the caller's time ran out first
    ├── FileWriteError                a file could not be written
    └── InstallError                  Excel or Calc could not be set up

Every message is for a person: what happened, then what to do.
"""

from __future__ import annotations

from .text import clip, one_line

CELL_PREFIX = "#OF! "
"""Begins every error text in a cell."""

CELL_UNITS = 255
"""The most UTF-16 units of a text in a block that classic Excel takes: one longer text turns the whole array into
``#VALUE!`` (xlwings issue 456)."""


def unexpected(error: Exception | None = None) -> str:
    """What is said of a bug in this package, whose traceback is in the log."""
    kind = "" if error is None else f" ({type(error).__name__})"
    return f"Something unexpected happened{kind}. The log says what; please report it."


class OpenFunnelError(Exception):
    """Base of all errors of this package.

    Attributes:
        message: what happened and what to do, for a person, on one line.
        status: the HTTP status code, where the service gave one.
        request_id: the service's id of the request, where it gave one.
        retry_after: seconds that the service asks to wait, where it does.
        retryable: whether the same request can succeed later although nothing is changed. Set by the class, unless
            the error overrides it.
        job_id: the job that it is about, where the command line has told that of several.
    """

    retryable: bool = False
    job_id: str | None = None

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
    """A setting or an argument must be corrected first."""


class MissingKeyError(ConfigurationError):
    """There is no usable API key."""


class InsecureUrlError(ConfigurationError):
    """The base URL would carry the API key unencrypted to another computer."""


class InvalidJobIdError(ConfigurationError):
    """A text is not a job id, a job's URL or a known label."""


class UnknownColumnError(ConfigurationError):
    """Neither the package nor the rows have a column of this name."""


class ServiceError(OpenFunnelError):
    """The service responded, but not with what was requested."""


class AuthenticationError(ServiceError):
    """The service does not accept the API key."""


class JobNotFoundError(ServiceError):
    """The service knows no such job for this key."""


class InvalidRequestError(ServiceError):
    """The service rejects the request itself."""


class InsufficientCreditsError(ServiceError):
    """The account has too few credits."""


class RateLimitError(ServiceError):
    """Too many requests: the service asks to wait."""

    retryable = True


class ServerError(ServiceError):
    """The service fails or is overloaded."""

    retryable = True


class InvalidResponseError(ServiceError):
    """The response does not have the documented form."""

    retryable = True


class TransportError(OpenFunnelError):
    """No complete response arrived."""

    retryable = True


class DnsError(TransportError):
    """The service's host name could not be resolved."""


class ProxyError(TransportError):
    """The proxy did not pass the request on."""


class TlsError(TransportError):
    """A certificate could not be verified or read."""


class ConnectError(TransportError):
    """The service's address accepts no connections."""


class RequestTimeoutError(TransportError):
    """No complete response arrived in time."""


class JobFailedError(OpenFunnelError):
    """The job ended as failed; the message holds the service's reason."""


class IncompleteResultError(OpenFunnelError):
    """The rows or pages that were read differ from the manifest, or a company is there twice."""


class JobTimeoutError(OpenFunnelError):
    """The job was not final within the caller's timeout."""

    retryable = True


class FileWriteError(OpenFunnelError):
    """A file could not be written.

    Attributes:
        locked: whether the file exists and another program, or its protection, keeps it from being replaced. Such
            an error is retryable.
    """

    def __init__(self, message: str, *, locked: bool = False) -> None:
        super().__init__(message, retryable=locked)
        self.locked = locked


class InstallError(OpenFunnelError):
    """The add-in for Excel or Calc could not be installed or removed."""
