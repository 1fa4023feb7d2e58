"""Writes compound files, the container of a VBA project, as [MS-CFB] version 3 has them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, Union

Tree: TypeAlias = Mapping[str, Union[bytes, "Tree"]]
"""Streams and storages, which hold streams in turn, by name."""

_SECTOR: Final = 512
_MINI_SECTOR: Final = 64
_MINI_LIMIT: Final = 4096
"""Streams that are shorter share one stream, in sectors of their own size."""

_FREE, _END_OF_CHAIN, _FAT_SECTOR, _NOBODY = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_RED, _BLACK = 0, 1
_FAT_IN_HEADER: Final = 109
_NUMBERS_PER_SECTOR: Final = _SECTOR // 4
_NAME_BYTES: Final = 64


def compound_file(tree: Tree) -> bytes:
    """The file that holds these streams and storages. The same tree gives the same bytes.

    Raises:
        ValueError: a name is too long, or the file would have more than some seven million bytes.
    """
    entries = _entries(tree)
    sectors, mini, mini_chains = _Sectors(), bytearray(), _Chains()
    for entry in entries:
        if entry.kind != _STREAM or not entry.content:
            continue
        if len(entry.content) >= _MINI_LIMIT:
            entry.start = sectors.add(entry.content)
        else:
            entry.start = mini_chains.add(_parts(len(entry.content), _MINI_SECTOR))
            mini += _padded(entry.content, _MINI_SECTOR)
    root = entries[0]
    root.start, root.size = sectors.add(bytes(mini)), len(mini)
    mini_fat = sectors.add(_padded(_numbers(mini_chains.next), _SECTOR, _FREE))
    directory = sectors.add(b"".join(map(_directory_entry, _filled(entries))))
    fat = sectors.add_fat()
    header = _header(fat, directory, mini_fat, _parts(len(mini_chains.next), _NUMBERS_PER_SECTOR))
    return header + bytes(sectors.content)


@dataclass
class _Entry:
    name: str = ""
    kind: int = 0
    content: bytes = b""
    colour: int = _RED
    left: int = _NOBODY
    right: int = _NOBODY
    child: int = _NOBODY
    start: int = 0
    size: int = 0


@dataclass
class _Chains:
    """Sectors that follow each other: for each its successor."""

    next: list[int] = field(default_factory=list)

    def add(self, count: int) -> int:
        """A chain of so many sectors behind those that are there; the number of its first."""
        first = len(self.next)
        self.next += [*range(first + 1, first + count), _END_OF_CHAIN] if count else []
        return first if count else _END_OF_CHAIN


class _Sectors:
    """The sectors behind the header."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._chains = _Chains()

    def add(self, content: bytes) -> int:
        """Content in sectors of its own; the number of the first."""
        padded = _padded(content, _SECTOR)
        self.content += padded
        return self._chains.add(len(padded) // _SECTOR)

    def add_fat(self) -> list[int]:
        """The chains of all sectors, the ones they stand in included; the numbers of these."""
        used = len(self._chains.next)
        count = _parts(used, _NUMBERS_PER_SECTOR - 1)  # each also has to number itself
        if count > _FAT_IN_HEADER:
            raise ValueError("a compound file this large isn't made here")
        table = [*self._chains.next, *[_FAT_SECTOR] * count]
        self.content += _padded(_numbers(table), _SECTOR, _FREE)
        return list(range(used, used + count))


def _entries(tree: Tree) -> list[_Entry]:
    """The directory: the root first, each entry knowing its neighbours by their places."""
    entries = [_Entry("Root Entry", _ROOT, colour=_BLACK)]

    def add(content: Tree, parent: _Entry) -> None:
        places = []
        for name, inner in content.items():
            if len(name) >= _NAME_BYTES // 2:
                raise ValueError(f"{name!r} is too long for a name in a compound file")
            places.append(len(entries))
            if isinstance(inner, bytes):
                entries.append(_Entry(name, _STREAM, inner, size=len(inner), start=_END_OF_CHAIN))
            else:
                entry = _Entry(name, _STORAGE)
                entries.append(entry)
                add(inner, entry)
        places.sort(key=lambda place: _order(entries[place].name))
        parent.child = _balanced(entries, places)

    add(tree, entries[0])
    return entries


def _order(name: str) -> tuple[int, bytes]:
    """Shorter names come first, those of one length in the order of their capitals ([MS-CFB] 2.6.4)."""
    return len(name.encode("utf-16-le")), name.upper().encode("utf-16-be")


def _balanced(entries: Sequence[_Entry], places: Sequence[int], depth: int = 0, deepest: int | None = None) -> int:
    """Makes a tree of sorted entries and gives the place of its top.

    All levels but the deepest are full, so with that one red and the others black it is a red-black tree.
    """
    if not places:
        return _NOBODY
    last = len(places).bit_length() - 1 if deepest is None else deepest
    middle = len(places) // 2
    top = entries[places[middle]]
    top.left = _balanced(entries, places[:middle], depth + 1, last)
    top.right = _balanced(entries, places[middle + 1 :], depth + 1, last)
    top.colour = _RED if depth and depth == last else _BLACK
    return places[middle]


def _filled(entries: Sequence[_Entry]) -> Iterator[_Entry]:
    """The entries, and unused ones up to the end of a sector."""
    yield from entries
    per_sector = _SECTOR // 128
    for _ in range(-len(entries) % per_sector):
        yield _Entry()


def _directory_entry(entry: _Entry) -> bytes:
    name = entry.name.encode("utf-16-le")
    named = len(name) + 2 if name else 0
    links = (entry.left, entry.right, entry.child)
    kind = struct.pack("<HBB", named, entry.kind, entry.colour)
    times = struct.pack("<QQ", 0, 0)
    place = struct.pack("<IQ", entry.start, entry.size)
    return name.ljust(_NAME_BYTES, b"\0") + kind + _numbers(links) + bytes(16) + bytes(4) + times + place


def _header(fat: Sequence[int], directory: int, mini_fat: int, mini_fat_sectors: int) -> bytes:
    signature = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    form = struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)  # version 3, little-endian, sectors of 2^9 and 2^6 bytes
    numbers = (0, len(fat), directory, 0, _MINI_LIMIT, mini_fat, mini_fat_sectors, _END_OF_CHAIN, 0)
    return signature + form + _numbers([*numbers, *fat, *[_FREE] * (_FAT_IN_HEADER - len(fat))])


def _numbers(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _parts(length: int, size: int) -> int:
    return -(-length // size)


def _padded(content: bytes, size: int, number: int = 0) -> bytes:
    """``content`` up to the end of its last part, filled with zeroes or with this number of 32 bits."""
    missing = -len(content) % size
    return content + (struct.pack("<I", number) * (missing // 4) if number else bytes(missing))
