"""OpenFunnel's bulk lookalike jobs, live in a spreadsheet and as a pandas DataFrame.

from xl_openfunnel import fetch_rows
frame = fetch_rows("d8a1bddb-44f1-4c7f-87a7-f37496354ff6")
"""

from .api.client import Client
from .api.models import CancelResponse, Credits, JobStatus, Page
from .errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    DnsError,
    FileWriteError,
    IncompleteResultError,
    InsecureUrlError,
    InstallError,
    InsufficientCreditsError,
    InvalidJobIdError,
    InvalidRequestError,
    InvalidResponseError,
    JobFailedError,
    JobNotFoundError,
    JobTimeoutError,
    MissingKeyError,
    OpenFunnelError,
    ProxyError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ServiceError,
    TlsError,
    TransportError,
    UnknownColumnError,
)
from .fetch_rows import fetch_rows
from .jobs.fetcher import Fetcher
from .jobs.snapshot import Problem, Rows, Snapshot
from .jobs.store.ledger import LedgerEntry
from .jobs.store.store import Store
from .jobs.subscriptions import Subscription

__all__ = [
    "AuthenticationError",
    "CancelResponse",
    "Client",
    "ConfigurationError",
    "ConnectError",
    "Credits",
    "DnsError",
    "Fetcher",
    "FileWriteError",
    "IncompleteResultError",
    "InsecureUrlError",
    "InstallError",
    "InsufficientCreditsError",
    "InvalidJobIdError",
    "InvalidRequestError",
    "InvalidResponseError",
    "JobFailedError",
    "JobNotFoundError",
    "JobStatus",
    "JobTimeoutError",
    "LedgerEntry",
    "MissingKeyError",
    "OpenFunnelError",
    "Page",
    "Problem",
    "ProxyError",
    "RateLimitError",
    "RequestTimeoutError",
    "Rows",
    "ServerError",
    "ServiceError",
    "Snapshot",
    "Store",
    "Subscription",
    "TlsError",
    "TransportError",
    "UnknownColumnError",
    "fetch_rows",
]
