"""Compresses VBA's texts as [MS-OVBA] 2.4.1 has it: chunks of 4,096 bytes in which repetitions become references."""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import Final

_CHUNK: Final = 4096
_SIGNATURE: Final = b"\x01"
_COMPRESSED: Final = 0xB000
_RAW: Final = 0x3000
_SHORTEST: Final = 3
"""Bytes that a reference stands for at least: it takes two itself."""


def compressed(content: bytes) -> bytes:
    """``content`` compressed; any reader of [MS-OVBA] gives it back."""
    chunks = (_chunk(content[start : start + _CHUNK]) for start in range(0, len(content), _CHUNK))
    return _SIGNATURE + b"".join(chunks)


def _chunk(content: bytes) -> bytes:
    tokens = _tokens(content)
    if len(tokens) <= _CHUNK:
        return struct.pack("<H", _COMPRESSED | (len(tokens) - 1)) + tokens
    return struct.pack("<H", _RAW | (_CHUNK - 1)) + content.ljust(_CHUNK, b"\0")


def _tokens(content: bytes) -> bytes:
    """Groups of eight tokens, bytes and references, each behind a byte whose bits say which are references."""
    out = bytearray()
    seen: defaultdict[bytes, list[int]] = defaultdict(list)
    position = 0
    while position < len(content):
        flags, group = 0, bytearray()
        for bit in range(8):
            if position >= len(content):
                break
            length_bits = _length_bits(position)
            source, length = _longest(content, position, seen, (1 << length_bits) + _SHORTEST - 1)
            if length:
                flags |= 1 << bit
                group += struct.pack("<H", (position - source - 1) << length_bits | (length - _SHORTEST))
            else:
                length = 1
                group.append(content[position])
            for place in range(position, position + length):
                seen[content[place : place + _SHORTEST]].append(place)
            position += length
        out.append(flags)
        out += group
    return bytes(out)


def _length_bits(position: int) -> int:
    """How many of a reference's 16 bits hold its length: fewer where it may reach back farther (2.4.1.3.19.1)."""
    return 16 - max((position - 1).bit_length(), 4) if position else 12


def _longest(content: bytes, position: int, seen: dict[bytes, list[int]], most: int) -> tuple[int, int]:
    """Where what comes next stood before for the longest, the nearest of several, and its length; 0 for none."""
    found, longest = 0, 0
    most = min(most, len(content) - position)
    if most < _SHORTEST:
        return 0, 0
    for place in reversed(seen.get(content[position : position + _SHORTEST], ())):
        length = _SHORTEST
        while length < most and content[place + length] == content[position + length]:
            length += 1
        if length > longest:
            found, longest = place, length
            if length == most:
                break
    return found, longest
