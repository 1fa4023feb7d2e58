"""Writes compound files ([MS-CFB], version 3), the container of a VBA project."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, Union

Tree: TypeAlias = Mapping[str, Union[bytes, "Tree"]]
"""Streams (bytes) and storages (trees) by name."""

_SECTOR: Final = 512
_MINI_SECTOR: Final = 64
_MINI_LIMIT: Final = 4096
"""Shorter streams share one stream, which has smaller sectors."""

_FREE, _END_OF_CHAIN, _FAT_SECTOR, _NO_STREAM = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_RED, _BLACK = 0, 1
_FAT_IN_HEADER: Final = 109
_NUMBERS_PER_SECTOR: Final = _SECTOR // 4
_NAME_BYTES: Final = 64


def compound_file(tree: Tree) -> bytes:
    """A file with these streams and storages; the same tree gives the same bytes.

    Raises:
        ValueError: a name is too long, or the file would exceed about seven million bytes.
    """
    entries = _entries(tree)
    sectors, mini, mini_chains = _Sectors(), bytearray(), _Chains()
    for entry in entries:
        if entry.kind != _STREAM or not entry.content:
            continue
        if len(entry.content) >= _MINI_LIMIT:
            entry.start = sectors.add(entry.content)
        else:
            entry.start = mini_chains.add(_divide_up(len(entry.content), _MINI_SECTOR))
            mini += _padded(entry.content, _MINI_SECTOR)
    root = entries[0]
    root.start, root.size = sectors.add(bytes(mini)), len(mini)
    mini_fat = sectors.add(_padded(_pack(mini_chains.next), _SECTOR, _FREE))
    directory = sectors.add(b"".join(map(_directory_entry, _padded_entries(entries))))
    fat = sectors.add_fat()
    header = _header(fat, directory, mini_fat, _divide_up(len(mini_chains.next), _NUMBERS_PER_SECTOR))
    return header + bytes(sectors.content)


@dataclass
class _Entry:
    name: str = ""
    kind: int = 0
    content: bytes = b""
    color: int = _RED
    left: int = _NO_STREAM
    right: int = _NO_STREAM
    child: int = _NO_STREAM
    start: int = 0
    size: int = 0


@dataclass
class _Chains:
    """For each sector the one that follows it in its stream."""

    next: list[int] = field(default_factory=list)

    def add(self, count: int) -> int:
        """Add a chain of this many sectors; return the number of the first."""
        first = len(self.next)
        self.next += [*range(first + 1, first + count), _END_OF_CHAIN] if count else []
        return first if count else _END_OF_CHAIN


class _Sectors:
    """The sectors after the header."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._chains = _Chains()

    def add(self, content: bytes) -> int:
        """Add content in its own sectors; return the number of the first."""
        padded = _padded(content, _SECTOR)
        self.content += padded
        return self._chains.add(len(padded) // _SECTOR)

    def add_fat(self) -> list[int]:
        """Add the FAT, which chains all sectors, its own included; return its sectors' numbers."""
        used = len(self._chains.next)
        count = _divide_up(used, _NUMBERS_PER_SECTOR - 1)  # each also has an entry for itself
        if count > _FAT_IN_HEADER:
            raise ValueError("a compound file this large is not supported")
        table = [*self._chains.next, *[_FAT_SECTOR] * count]
        self.content += _padded(_pack(table), _SECTOR, _FREE)
        return list(range(used, used + count))


def _entries(tree: Tree) -> list[_Entry]:
    """The directory: the root first; entries refer to each other by index."""
    entries = [_Entry("Root Entry", _ROOT, color=_BLACK)]

    def add(content: Tree, parent: _Entry) -> None:
        indexes = []
        for name, inner in content.items():
            if len(name) >= _NAME_BYTES // 2:
                raise ValueError(f"{name!r} is too long for a name in a compound file")
            indexes.append(len(entries))
            if isinstance(inner, bytes):
                entries.append(_Entry(name, _STREAM, inner, size=len(inner), start=_END_OF_CHAIN))
            else:
                entry = _Entry(name, _STORAGE)
                entries.append(entry)
                add(inner, entry)
        indexes.sort(key=lambda index: _sort_key(entries[index].name))
        parent.child = _link_tree(entries, indexes)

    add(tree, entries[0])
    return entries


def _sort_key(name: str) -> tuple[int, bytes]:
    """Shorter names first, names of equal length in the order of their upper case ([MS-CFB] 2.6.4)."""
    return len(name.encode("utf-16-le")), name.upper().encode("utf-16-be")


def _link_tree(entries: Sequence[_Entry], indexes: Sequence[int], depth: int = 0, deepest: int | None = None) -> int:
    """Link sorted entries to a red-black tree; return the index of its root.

    All levels above the deepest are full, so it is enough to color the deepest red and the others black.
    """
    if not indexes:
        return _NO_STREAM
    last = len(indexes).bit_length() - 1 if deepest is None else deepest
    middle = len(indexes) // 2
    root = entries[indexes[middle]]
    root.left = _link_tree(entries, indexes[:middle], depth + 1, last)
    root.right = _link_tree(entries, indexes[middle + 1 :], depth + 1, last)
    root.color = _RED if depth and depth == last else _BLACK
    return indexes[middle]


def _padded_entries(entries: Sequence[_Entry]) -> Iterator[_Entry]:
    """The entries, filled up to a whole sector with unused ones."""
    yield from entries
    per_sector = _SECTOR // 128
    for _ in range(-len(entries) % per_sector):
        yield _Entry()


def _directory_entry(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le")
    name_size = len(name) + 2 if name else 0
    links = (entry.left, entry.right, entry.child)
    kind = struct.pack("<HBB", name_size, entry.kind, entry.color)
    times = struct.pack("<QQ", 0, 0)
    location = struct.pack("<IQ", entry.start, entry.size)
    return name.ljust(_NAME_BYTES, b"\0") + kind + _pack(links) + bytes(16) + bytes(4) + times + location


def _header(fat: Sequence[int], directory: int, mini_fat: int, mini_fat_sectors: int) -> bytes:
    signature = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    version = struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)  # version 3, little-endian, sectors of 2^9 and 2^6 bytes
    numbers = (0, len(fat), directory, 0, _MINI_LIMIT, mini_fat, mini_fat_sectors, _END_OF_CHAIN, 0)
    return signature + version + _pack([*numbers, *fat, *[_FREE] * (_FAT_IN_HEADER - len(fat))])


def _pack(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _divide_up(length: int, size: int) -> int:
    return -(-length // size)


def _padded(content: bytes, size: int, number: int = 0) -> bytes:
    """``content`` padded to a multiple of ``size`` bytes, with zeroes or with this 32-bit number."""
    missing = -len(content) % size
    return content + (struct.pack("<I", number) * (missing // 4) if number else bytes(missing))
