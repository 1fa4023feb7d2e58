"""OpenFunnel's bulk lookalike jobs, live in a spreadsheet and as a pandas DataFrame.

from xl_openfunnel import fetch_rows
frame = fetch_rows("d8a1bddb-44f1-4c7f-87a7-f37496354ff6")
"""

from .api.client import Client
from .api.models import CancelAnswer, Credits, JobStatus, Page
from .errors import (
    BadAnswer,
    BadJobId,
    ConfigurationError,
    ConnectionTrouble,
    DnsTrouble,
    IncompleteResult,
    InsecureUrl,
    InvalidRequest,
    JobFailed,
    JobNotFound,
    JobTimeout,
    KeyRefused,
    MissingKey,
    NotInstalled,
    NotWritten,
    OpenFunnelError,
    OutOfCredits,
    ProxyTrouble,
    RateLimited,
    Refused,
    ServerTrouble,
    ServiceError,
    TimedOut,
    TlsTrouble,
    UnknownColumn,
)
from .jobs.callbacks import Subscription
from .jobs.fetch_rows import fetch_rows
from .jobs.fetcher import Fetcher
from .jobs.snapshot import Problem, Rows, Snapshot
from .jobs.store import LedgerEntry, Store

__all__ = [
    "BadAnswer",
    "BadJobId",
    "CancelAnswer",
    "Client",
    "ConfigurationError",
    "ConnectionTrouble",
    "Credits",
    "DnsTrouble",
    "Fetcher",
    "IncompleteResult",
    "InsecureUrl",
    "InvalidRequest",
    "JobFailed",
    "JobNotFound",
    "JobStatus",
    "JobTimeout",
    "KeyRefused",
    "LedgerEntry",
    "MissingKey",
    "NotInstalled",
    "NotWritten",
    "OpenFunnelError",
    "OutOfCredits",
    "Page",
    "Problem",
    "ProxyTrouble",
    "RateLimited",
    "Refused",
    "Rows",
    "ServerTrouble",
    "ServiceError",
    "Snapshot",
    "Store",
    "Subscription",
    "TimedOut",
    "TlsTrouble",
    "UnknownColumn",
    "fetch_rows",
]
