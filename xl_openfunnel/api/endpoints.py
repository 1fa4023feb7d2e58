"""The paths of the service that are used, and the job that a text names in them."""

from __future__ import annotations

from urllib.parse import quote

from ..errors import InvalidJobIdError
from ..pasted import holds_key, is_job_id, job_ids, job_name, refusal

CREDITS = "/api/v1/credits/balance"
LABELS_ELSEWHERE = "Labels are known to cells and to the command xl-openfunnel."
_JOBS = "/api/v1/account/search-lookalikes-bulk"


def poll(job_id: str) -> str:
    """The path of a job's state and one page of its rows."""
    return f"{_JOBS}/{quote(_checked(job_id), safe='')}"


def cancel(job_id: str) -> str:
    return poll(job_id) + "/cancel"


def job_id_from(text: str) -> str:
    """The job id in what a person pasted: its only UUID, the id itself, or the last segment of the job's URL.

    Raises:
        InvalidJobIdError: there is none, or more than one; or there is an API key.
    """
    if not isinstance(text, str):
        raise InvalidJobIdError(f"{str(text)[:40]} is no job. Give the job's id or its URL as text.")
    if (job_id := find_job_id(text)) is None:
        raise _no_id_error(text)
    return job_id


def find_job_id(text: str) -> str | None:
    """As `job_id_from`, but None where the text names no job.

    Raises:
        InvalidJobIdError: there are two UUIDs, or an API key and none.
    """
    found = job_ids(text)
    if len(found) > 1:
        named = (
            f"{found[0]} and {found[1]}" if len(found) == 2 else f"{found[0]}, {found[1]} and {len(found) - 2:,} more"
        )
        raise InvalidJobIdError(f"That names {len(found):,} jobs, {named}. Give one of them.")
    if found:
        return found[0]
    if holds_key(text):
        raise InvalidJobIdError("That holds an API key, and is not sent or shown. Give the job's id.")
    return job_name(text)


def _checked(job_id: str) -> str:
    """The id itself, if it is safe in a path.

    Raises:
        InvalidJobIdError: it is not.
    """
    if holds_key(job_id) or not is_job_id(job_id):
        raise _no_id_error(job_id)
    return job_id


def _no_id_error(text: str) -> InvalidJobIdError:
    return InvalidJobIdError(
        refusal(
            text,
            "is no job id and no job's URL.",
            remedy="Copy the id from OpenFunnel: letters, digits, - and _ only. " + LABELS_ELSEWHERE,
        )
    )
