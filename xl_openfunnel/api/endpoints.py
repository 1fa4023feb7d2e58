"""The paths of the service that are used, and the job ids that they may contain."""

from __future__ import annotations

import contextlib
import re
import uuid
from typing import Final
from urllib.parse import quote, urlsplit

from ..errors import InvalidJobIdError

KEY_PREFIX: Final = "of_"
"""The prefix of API keys."""

CREDITS = "/api/v1/credits/balance"
_JOBS = "/api/v1/account/search-lookalikes-bulk"
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def poll(job_id: str) -> str:
    """The path of a job's state and one page of its rows."""
    return f"{_JOBS}/{quote(checked_job_id(job_id), safe='')}"


def cancel(job_id: str) -> str:
    """The path that cancels a job."""
    return poll(job_id) + "/cancel"


def is_job_id(text: str) -> bool:
    """Whether ``text`` has the form of a job id, which is safe in a path."""
    return _JOB_ID.fullmatch(text) is not None


def is_uuid(text: str) -> bool:
    """Whether ``text`` is a UUID, as the service's job ids are, and so can hardly be anything else."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def checked_job_id(text: str) -> str:
    """``text`` itself, if it is a job id.

    Raises:
        InvalidJobIdError: it does not have the form of a job id.
    """
    if isinstance(text, str) and text.startswith(KEY_PREFIX):
        raise InvalidJobIdError("That begins like an API key, and is not sent or shown. Give the job's id.")
    if not isinstance(text, str):
        raise InvalidJobIdError(f"{str(text)[:40]} is no job. Give the job's id or its URL as text.")
    if not is_job_id(text):
        raise InvalidJobIdError(
            f"{text[:40]!r} is no job id and no job's URL. Copy the id from OpenFunnel: letters, digits, - and _ only. "
            "Labels are known to cells and to the command xl-openfunnel."
        )
    return text


def job_id_from(text: str) -> str:
    """The job id in what a person pasted: the id itself, or the job's URL (its last path segment).

    Raises:
        InvalidJobIdError: neither.
    """
    if not isinstance(text, str):
        return checked_job_id(text)
    pasted = text.strip().strip("\"'<>")
    if "://" in pasted:
        with contextlib.suppress(ValueError):  # wrong brackets: then it is no job id either
            segment = urlsplit(pasted).path.rstrip("/").rpartition("/")[2]
            pasted = segment if any(map(str.isdigit, segment)) else pasted  # .../jobs names no job
    return checked_job_id(pasted)
