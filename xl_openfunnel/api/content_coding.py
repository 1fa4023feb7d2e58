"""Undoes the content codings of a response (RFC 9110, section 8.4), under a limit of the decoded size.

By hand, because urllib3 takes a body that was cut off for a whole one. What requests reads, this reads alike: several
gzip members, bytes after the last one, raw deflate, lists of codings, and codings that it does not know as none.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

_MAX_CODINGS: Final = 5
"""Codings of one body, as in urllib3: each may cost as much work as the whole limit allows."""

_PIECE: Final = 4096
"""Bytes that are decoded at once. At the end of a gzip member zlib copies the rest of its input, and a member can be as
short as 20 bytes: of a whole body, that would be the square of its length."""

_GZIP: Final = zlib.MAX_WBITS | 16
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS


class DamagedBodyError(Exception):
    """The bytes are not what the header says."""


class CutBodyError(Exception):
    """The compressed data has no end."""


class LargeBodyError(Exception):
    """A decoded body is over the limit."""


def decode(body: bytes, codings: str, limit: int, check_time: Callable[[], None]) -> bytes:
    """``body`` without its codings.

    Args:
        body: as it was received.
        codings: the header Content-Encoding, the coding that was applied first at its start.
        limit: the most bytes of the result, and of each step to it.
        check_time: called again and again; raises where the time is up.

    Raises:
        DamagedBodyError: a coding is not that of the bytes, or there are too many codings.
        CutBodyError: the end is missing.
        LargeBodyError: a step has more than ``limit`` bytes.
    """
    known = [_DECODERS[name] for name in map(str.strip, codings.lower().split(",")) if name in _DECODERS]
    if len(known) > _MAX_CODINGS:
        raise DamagedBodyError
    for decoder in reversed(known):
        if body:
            body = decoder(body, limit, check_time)
    return body


def _gunzip(body: bytes, limit: int, check_time: Callable[[], None]) -> bytes:
    decoded = bytearray()
    begin = 0
    while begin < len(body):
        try:
            member, length, whole = _inflate(body, begin, _GZIP, limit - len(decoded), check_time)
        except zlib.error:
            if not begin:
                raise DamagedBodyError from None
            break  # bytes after the last member are left out, as gzip and requests do
        if not whole and (member or not begin):
            raise CutBodyError
        decoded += member
        begin += length
    return bytes(decoded)


def _undeflate(body: bytes, limit: int, check_time: Callable[[], None]) -> bytes:
    try:
        decoded, _, whole = _inflate(body, 0, _ZLIB, limit, check_time)
    except zlib.error:  # some servers leave out the frame that the standard asks for
        try:
            decoded, _, whole = _inflate(body, 0, _RAW, limit, check_time)
        except zlib.error:
            raise DamagedBodyError from None
    if not whole:
        raise CutBodyError
    return decoded


def _inflate(
    body: bytes, begin: int, frame: int, limit: int, check_time: Callable[[], None]
) -> tuple[bytes, int, bool]:
    """One compressed stream: its content, its length in ``body``, and whether its end was there."""
    decompressor = zlib.decompressobj(frame)
    decoded = bytearray()
    position = begin
    while position < len(body) and not decompressor.eof:
        check_time()
        piece = body[position : position + _PIECE]
        decoded += decompressor.decompress(piece, limit - len(decoded) + 1)
        if len(decoded) > limit:
            raise LargeBodyError
        position += len(piece) - len(decompressor.unused_data)
    return bytes(decoded), position - begin, decompressor.eof


_DECODERS: Final = {"gzip": _gunzip, "x-gzip": _gunzip, "deflate": _undeflate}
