"""The strict parser of answers. It is imported with the first one: msgspec takes a quarter of the time of requests."""

from __future__ import annotations

from typing import Any

import msgspec


class Envelope(msgspec.Struct):
    """What surrounds the rows of a page, and the rows as they came."""

    job_id: Any = None
    status: Any = None
    progress_message: Any = None
    processed: Any = None
    manifest: Any = None
    error_message: Any = None
    page: Any = None
    next_cursor: Any = None
    count: Any = None
    rows: msgspec.Raw = msgspec.Raw(b"null")


DecodeError = msgspec.DecodeError
decode_envelope = msgspec.json.Decoder(Envelope).decode
decode_value = msgspec.json.Decoder().decode
