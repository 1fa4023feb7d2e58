"""Everything that can go wrong, as one tree.

    OpenFunnelError
    ├── ConfigurationError        something here must be put right first
    │   ├── MissingKey            no usable API key
    │   ├── InsecureUrl           a base URL that would send the key in the clear
    │   ├── BadJobId              what was given cannot be a job
    │   └── UnknownColumn         a column that neither we nor the rows know
    ├── ServiceError              the service answered, and not with a page
    │   ├── KeyRefused            401, 403, 422 about the header
    │   ├── JobNotFound           404: no such job for this key
    │   ├── InvalidRequest        400, 409, 422 and other 4xx
    │   ├── OutOfCredits          402, or the code CREDITS_EXCEEDED
    │   ├── RateLimited           429
    │   ├── ServerTrouble         5xx, 408, 425
    │   └── BadAnswer             a 2xx or 3xx that makes no sense
    ├── ConnectionTrouble         no answer came
    │   ├── DnsTrouble            the name could not be looked up
    │   ├── ProxyTrouble          the proxy refused, asks for a password, or cannot be one
    │   ├── TlsTrouble            a certificate could not be verified, or read
    │   ├── Refused               nobody listens there
    │   └── TimedOut              no answer in time
    ├── JobFailed                 the job ended as failed
    ├── IncompleteResult          rows or pages differ from the manifest
    ├── JobTimeout                the caller's time ran out first
    ├── NotWritten                a file could not be written
    └── NotInstalled              Excel or Calc could not be set up

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
        waiting_helps: whether the same request can succeed later without anybody's doing. The class says so, unless a
            single error knows better.
    """

    waiting_helps: bool = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        waiting_helps: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = one_line(message)
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        if waiting_helps is not None:
            self.waiting_helps = waiting_helps

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


class MissingKey(ConfigurationError):
    """There is no usable API key."""


class InsecureUrl(ConfigurationError):
    """The base URL would carry the API key unencrypted to another machine."""


class BadJobId(ConfigurationError):
    """What was given is no job id, job URL or known label."""


class UnknownColumn(ConfigurationError):
    """A column was asked for that neither the package nor the rows know."""


class ServiceError(OpenFunnelError):
    """The service answered, but not with what was asked for."""


class KeyRefused(ServiceError):
    """The service does not accept the API key."""


class JobNotFound(ServiceError):
    """The service knows no such job for this key."""


class InvalidRequest(ServiceError):
    """The service finds the request itself wrong."""


class OutOfCredits(ServiceError):
    """The account has no credits left for this."""


class RateLimited(ServiceError):
    """Too many requests: the service asks to wait."""

    waiting_helps = True


class ServerTrouble(ServiceError):
    """The service is in trouble of its own."""

    waiting_helps = True


class BadAnswer(ServiceError):
    """The answer is not what the service documents."""

    waiting_helps = True


class ConnectionTrouble(OpenFunnelError):
    """No whole answer came over the network."""

    waiting_helps = True


class DnsTrouble(ConnectionTrouble):
    """The service's name could not be looked up."""


class ProxyTrouble(ConnectionTrouble):
    """The proxy on the way did not let the request through."""


class TlsTrouble(ConnectionTrouble):
    """The encrypted connection could not be verified."""


class Refused(ConnectionTrouble):
    """Nothing accepts connections at the service's address."""


class TimedOut(ConnectionTrouble):
    """No whole answer came in time."""


class JobFailed(OpenFunnelError):
    """The job ended as failed; the message holds the service's own words."""


class IncompleteResult(OpenFunnelError):
    """What was read differs from what the service says it delivered."""


class JobTimeout(OpenFunnelError):
    """The job was not final within the caller's time."""


class NotWritten(OpenFunnelError):
    """A file could not be written.

    Attributes:
        locked: whether it is there and another program or its protection keeps it from being replaced.
    """

    def __init__(self, message: str, *, locked: bool = False) -> None:
        super().__init__(message)
        self.locked = locked


class NotInstalled(OpenFunnelError):
    """Excel or Calc could not be set up, or what was set up could not be removed."""
