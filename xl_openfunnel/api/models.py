"""Parses the service's responses into typed values. Deviations from its documentation are tolerated here only."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ..company_key import linkedin_slug
from ..errors import InvalidResponseError
from ..settings import MAX_LENIENT, MAX_MANIFEST, MAX_MANIFEST_VALUES, MAX_ROWS, MAX_VALUES
from ..text import clip, companies, count, one_line

if TYPE_CHECKING:
    from .strict_json import Envelope

FIRST_PAGE = "page_0000"
"""The name of the page that comes without a cursor, as the documentation of the endpoint says."""

_MAX_CURSOR = 1024
_MAX_STATUS = 80
"""UTF-16 units of a status, which is a word, and is shown unchanged in cells, messages and the ledger."""

_MAX_TEXT = 2_000
"""UTF-16 units of a text of the service: more than fits anywhere it is shown."""

_MANIFEST_FIELDS = (
    *("count", "unique_count", "pages", "page_size", "credits_consumed", "partial", "stop_reason"),
    *("rerank_degraded", "degraded", "ranked", "derived_query", "resolved_seed_domains", "unresolved_seed_domains"),
)
"""The documented fields of a manifest."""

_MAX_SEEDS_CHARS = 4_000
"""Characters of a list in a manifest as JSON: a job has at most ten seeds, each a host name of at most 253
characters."""

_TOO_LARGE = "too large to keep"
"""Replaces a value of a manifest that is too large, so that it does not look missing."""

_MAX_DEPTH = 100
"""Levels of lists and objects in a value: Python handles no more than some hundred on the way to a sheet."""

INT64 = range(-(2**63), 2**63)

LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Row = dict[str, Any]


class JobStatus(str):
    """The service's own word for a job's state. Unknown words are kept as they came."""

    __slots__ = ()

    PENDING: ClassVar[JobStatus]
    RUNNING: ClassVar[JobStatus]
    CANCELLING: ClassVar[JobStatus]
    CANCELLED: ClassVar[JobStatus]
    COMPLETED: ClassVar[JobStatus]
    FAILED: ClassVar[JobStatus]

    @property
    def terminal(self) -> bool:
        """Whether the job is over: completed, cancelled or failed. Any other word means that it still runs."""
        return self.lower() in ("completed", "cancelled", "failed")

    @property
    def failed(self) -> bool:
        """Whether the service gave up: it may have delivered companies before."""
        return self.lower() == "failed"


JobStatus.PENDING = JobStatus("pending")
JobStatus.RUNNING = JobStatus("running")
JobStatus.CANCELLING = JobStatus("cancelling")
JobStatus.CANCELLED = JobStatus("cancelled")
JobStatus.COMPLETED = JobStatus("completed")
JobStatus.FAILED = JobStatus("failed")


@dataclass(frozen=True)
class Page:
    """The response to one GET: the job's state and up to a page of rows.

    Attributes:
        status: the service's word.
        stage: its coarse free text (``progress_message``).
        processed: companies delivered so far; None before the first progress.
        manifest: the summary, once the job is over. Of one that is too large, only its documented fields that are
            short, with a ``note`` that says so.
        error_message: why a job failed, in the service's words.
        name: the page's own name, e.g. ``page_0000``; None if the response has none.
        next_cursor: the name of the next page; None only says that there is none *yet*.
        row_count: rows in this page.
        rows_json: these rows as the JSON array that they came in.
        value_count: values in them at all levels, rows and lists included.
        slugs: which company each row is, by `linkedin_slug`.
    """

    status: JobStatus
    stage: str | None = None
    processed: int | None = None
    manifest: Mapping[str, Any] | None = None
    error_message: str | None = None
    name: str | None = None
    next_cursor: str | None = None
    row_count: int = 0
    rows_json: bytes = field(default=b"[]", repr=False)
    value_count: int = 0
    slugs: tuple[str | None, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Credits:
    """The account's credits, which may be fractional; None for a number that the response lacks."""

    total: float | None
    used: float | None
    left: float | None


@dataclass(frozen=True)
class CancelResponse:
    """The response to a cancel: the job's status now, and the service's message."""

    status: JobStatus
    message: str | None


def read_page(body: bytes, job_id: str) -> Page:
    """Parse a 2xx body that answers a request for a page of ``job_id``.

    Raises:
        InvalidResponseError: no JSON object, no status, another job, or rows that are not a list of objects, are
            missing, are too many or are nested too deep.
    """
    from .strict_json import DecodeError, decode_envelope, decode_value

    _check_value_count(body)
    try:
        envelope = decode_envelope(body)
        rows_json = bytes(envelope.rows)
        rows = decode_value(rows_json)
    except (DecodeError, ValueError, RecursionError):  # ValueError: bytes that are not UTF-8
        envelope, rows = _read_leniently(body)
        rows_json = json.dumps(rows, ensure_ascii=False).encode()
    status = _read_status(envelope.status)
    if not status:
        raise InvalidResponseError(f"The answer has no job status {_excerpt(body)}. {_TRY_LATER}")
    if isinstance(envelope.job_id, str) and _normalized_id(envelope.job_id) != _normalized_id(job_id):
        raise InvalidResponseError(f"The service answered with another job than {job_id}. {_TRY_LATER}")
    if rows is None:
        rows, rows_json = [], b"[]"
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidResponseError(f"The rows of the answer are no list of companies. {_TRY_LATER}")
    if len(rows) > MAX_ROWS:
        raise InvalidResponseError(
            f"OpenFunnel sent {companies(len(rows))} in one answer, more than any page has. {_TRY_LATER}"
        )
    value_count = _count_values(rows)
    if not rows and (stated := whole_number(envelope.count) or 0) > 0:
        raise InvalidResponseError(f"OpenFunnel says {companies(stated)}; its answer holds none. {_TRY_LATER}")
    return Page(
        status=JobStatus(status),
        stage=_read_text(envelope.progress_message),
        processed=whole_number(envelope.processed),
        manifest=_read_manifest(envelope.manifest),
        error_message=_read_text(envelope.error_message),
        name=_read_text(envelope.page),
        next_cursor=_read_cursor(envelope.next_cursor),
        row_count=len(rows),
        rows_json=rows_json,
        value_count=value_count,
        slugs=tuple(linkedin_slug(row.get("linkedin_url")) for row in rows),
    )


def read_rows(rows_json: bytes) -> list[Row]:
    """The rows of a page that `read_page` accepted."""
    from .strict_json import DecodeError, decode_value

    try:
        return cast("list[Row]", decode_value(rows_json))
    except (DecodeError, ValueError):
        return cast("list[Row]", _loads(rows_json.decode("utf-8", "replace")))


def read_credits(body: bytes) -> Credits:
    """Parse a balance in a 2xx body.

    Raises:
        InvalidResponseError: no JSON object.
    """
    balance = read_object(body)
    return Credits(
        total=number(balance.get("total_credits")),
        used=number(balance.get("credits_used")),
        left=number(balance.get("credits_left")),
    )


def read_cancel(body: bytes) -> CancelResponse:
    """Parse the 2xx body of a cancel; an empty one counts as ``cancelling``.

    Raises:
        InvalidResponseError: neither empty nor a JSON object.
    """
    fields = read_object(body) if body.strip() else {}
    return CancelResponse(
        status=JobStatus(_read_status(fields.get("status")) or JobStatus.CANCELLING),
        message=_read_text(fields.get("message")),
    )


def read_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object leniently.

    Raises:
        InvalidResponseError: no JSON object, or one that is too large or has too many values.
    """
    _check_value_count(body)
    value: object = None
    with suppress(ValueError, RecursionError):
        if len(body) <= MAX_LENIENT:
            text = body.decode("utf-8-sig", "replace")
            value = _replace_lone_surrogates(_loads(text))
    if not isinstance(value, dict):
        is_html = body.lstrip()[:1] == b"<"
        content = "with a web page instead of data (a proxy or a sign-in page?)" if is_html else "with no usable data"
        raise InvalidResponseError(f"The service answered {content} {_excerpt(body)}. {_TRY_LATER}")
    return value


def whole_number(value: object) -> int | None:
    """``value`` as a 64-bit integer, also from text or from a float without a fraction; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and value in INT64 else None


def number(value: object) -> float | None:
    """``value`` as a finite float, from a number or the text of one; else None."""
    try:
        return None if isinstance(value, bool) else _finite(cast("Any", value))
    except (TypeError, ValueError, OverflowError):
        return None


_TRY_LATER = "Try again later; if it stays so, tell OpenFunnel's support."


def _read_leniently(body: bytes) -> tuple[Envelope, object]:
    """Parse what the strict decoder refuses: lone surrogates, NaN, 1e400, raw control characters, broken UTF-8."""
    from .strict_json import Envelope

    fields = read_object(body)
    rows = fields.pop("rows", None)
    known: dict[str, Any] = {name: fields.get(name) for name in Envelope.__struct_fields__ if name != "rows"}
    return Envelope(**known), rows


def _loads(text: str) -> Any:
    """Parse JSON as Python does, with None for infinite numbers and NaN, which JSON, sheets and sums cannot hold.

    A whole number of more digits than Python converts (4,300) is their text.
    """
    return json.loads(text, strict=False, parse_float=_finite, parse_int=_whole, parse_constant=lambda _: None)


def _whole(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


def _finite(value: str | float) -> float | None:
    parsed = float(value)
    return parsed if math.isfinite(parsed) else None


def _replace_lone_surrogates(value: object) -> object:
    """``value`` with every lone surrogate replaced: no file, cell or stream accepts one."""
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_replace_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {
            cast("str", _replace_lone_surrogates(key)): _replace_lone_surrogates(item) for key, item in value.items()
        }
    return value


def _read_manifest(value: object) -> Mapping[str, Any] | None:
    """The manifest, shortened if it is too large: a job must not lose its rows because of its manifest."""
    if not isinstance(value, dict):
        return None
    with suppress(InvalidResponseError):  # nested too deep
        if _count_values(value) <= MAX_MANIFEST_VALUES and len(json.dumps(value)) <= MAX_MANIFEST:
            return MappingProxyType(value)
    note = (
        f"The service's manifest of {count(len(value), 'entry', 'entries')} is too large: this is what is known of it"
    )
    known = {name: _shortened(value[name]) for name in _MANIFEST_FIELDS if name in value}
    return MappingProxyType({"note": f"{note}, long texts cut.", **known})


def _shortened(value: object) -> object:
    """A single value or a list of texts, if it is no longer than ten seeds can be; else `_TOO_LARGE`."""
    if isinstance(value, str):
        return clip(value, _MAX_TEXT)
    if isinstance(value, dict) or (isinstance(value, list) and not all(isinstance(each, str) for each in value)):
        return _TOO_LARGE
    return value if len(json.dumps(value)) <= _MAX_SEEDS_CHARS else _TOO_LARGE


def _count_values(value: Any, levels: int = _MAX_DEPTH + 1) -> int:
    """The number of values in a list or an object, at all levels.

    Raises:
        InvalidResponseError: it has more levels than ``levels``.
    """
    total = len(value)
    for each in value.values() if type(value) is dict else value:
        kind = type(each)
        if kind is dict or kind is list:
            if levels <= 0:
                raise InvalidResponseError(f"The answer has rows nested deeper than {_MAX_DEPTH} levels. {_TRY_LATER}")
            total += _count_values(each, levels - 1)
    return total


def _excerpt(body: bytes) -> str:
    return f"(it begins {body[:40].decode('utf-8', 'replace')!r})" if body.strip() else "(it is empty)"


def _normalized_id(job_id: str) -> str:
    return job_id.replace("-", "").casefold()


def _check_value_count(body: bytes) -> None:
    """Refuse too many values before decoding them. Separators inside texts count too; no page has that many either."""
    if len(body) > MAX_VALUES and sum(map(body.count, b"{[:,")) > MAX_VALUES:
        raise InvalidResponseError(
            f"The answer has more than {MAX_VALUES:,} values: that is no page of a job. {_TRY_LATER}"
        )


def _read_status(value: object) -> str:
    return clip(one_line(value), _MAX_STATUS) if isinstance(value, str) else ""


def _read_text(value: object) -> str | None:
    return clip(value.strip(), _MAX_TEXT) or None if isinstance(value, str) else None


def _read_cursor(value: object) -> str | None:
    if value is None or value == "":
        return None
    cursor = str(value)
    if len(cursor) > _MAX_CURSOR:
        raise InvalidResponseError(f"The answer names a next page of {len(cursor)} characters. {_TRY_LATER}")
    return cursor
