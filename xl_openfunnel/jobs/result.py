"""The final result of a job, immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..api.models import JobStatus
from .snapshot import Rows


@dataclass(frozen=True)
class Result:
    """A job that is over: all that is known of it, and its rows.

    Attributes:
        rows: its rows, in memory or in the store.
        complete: whether rows and pages were checked against a manifest, or the job failed. Only such a result is
            stored.
    """

    status: JobStatus
    stage: str | None
    processed: int | None
    manifest: Mapping[str, Any] | None
    error_message: str | None
    as_of: datetime
    rows: Rows
    complete: bool = True
