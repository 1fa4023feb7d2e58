"""Compresses VBA source ([MS-OVBA] 2.4.1): chunks of 4,096 bytes in which copy tokens replace repetitions."""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import Final

_CHUNK: Final = 4096
_SIGNATURE: Final = b"\x01"
_COMPRESSED: Final = 0xB000
_RAW: Final = 0x3000
_MIN_MATCH: Final = 3
"""The shortest repetition that a copy token replaces; the token itself has two bytes."""


def compress(content: bytes) -> bytes:
    chunks = (_chunk(content[start : start + _CHUNK]) for start in range(0, len(content), _CHUNK))
    return _SIGNATURE + b"".join(chunks)


def _chunk(content: bytes) -> bytes:
    tokens = _tokens(content)
    if len(tokens) <= _CHUNK:
        return struct.pack("<H", _COMPRESSED | (len(tokens) - 1)) + tokens
    return struct.pack("<H", _RAW | (_CHUNK - 1)) + content.ljust(_CHUNK, b"\0")


def _tokens(content: bytes) -> bytes:
    """Groups of up to eight tokens after a flag byte, whose bits mark the copy tokens among literal bytes."""
    out = bytearray()
    positions: defaultdict[bytes, list[int]] = defaultdict(list)
    position = 0
    while position < len(content):
        flags, group = 0, bytearray()
        for bit in range(8):
            if position >= len(content):
                break
            length_bits = _length_bits(position)
            source, length = _longest_match(content, position, positions, (1 << length_bits) + _MIN_MATCH - 1)
            if length:
                flags |= 1 << bit
                group += struct.pack("<H", (position - source - 1) << length_bits | (length - _MIN_MATCH))
            else:
                length = 1
                group.append(content[position])
            for start in range(position, position + length):
                positions[content[start : start + _MIN_MATCH]].append(start)
            position += length
        out.append(flags)
        out += group
    return bytes(out)


def _length_bits(position: int) -> int:
    """How many of a copy token's 16 bits hold its length: fewer where its offset can be larger (2.4.1.3.19.1)."""
    return 16 - max((position - 1).bit_length(), 4) if position else 12


def _longest_match(
    content: bytes, position: int, positions: dict[bytes, list[int]], max_length: int
) -> tuple[int, int]:
    """The start and length of the longest earlier match, the nearest of equals; length 0 for none."""
    best, longest = 0, 0
    max_length = min(max_length, len(content) - position)
    if max_length < _MIN_MATCH:
        return 0, 0
    for start in reversed(positions.get(content[position : position + _MIN_MATCH], ())):
        length = _MIN_MATCH
        while length < max_length and content[start + length] == content[position + length]:
            length += 1
        if length > longest:
            best, longest = start, length
            if length == max_length:
                break
    return best, longest
