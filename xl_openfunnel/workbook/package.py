"""The parts of a workbook's file: reading them, adding some, and writing them the same way every time."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import quoteattr

XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_PACKAGE_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_SPREADSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TYPES: Final = "[Content_Types].xml"
_BEGINNING: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can state: when it was built is nobody's business, and would differ every time."""


class Package:
    """A workbook's file in memory.

    Args:
        content: the file as it was written by another.
    """

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}

    def add(self, name: str, kind: str, content: str) -> None:
        """A new part.

        Args:
            name: its path.
            kind: the end of its content type: ``pivotTable`` for example.
            content: the XML below the declaration.

        Raises:
            ValueError: there is one of that name.
        """
        if name in self.parts:
            raise ValueError(f"{name} is there already")
        self.parts[name] = (XML + content).encode()
        declared = f'<Override PartName="/{name}" ContentType="{_SPREADSHEET}.{kind}+xml"/>'
        self.replace(_TYPES, "</Types>", declared + "</Types>")

    def relate(self, source: str, kind: str, target: str) -> str:
        """Lets one part refer to another; the id of the reference.

        Args:
            source: the path of the part that refers.
            kind: the end of the relationship's type: ``pivotTable`` for example.
            target: the other part's path.
        """
        folder, file = posixpath.split(source)
        name = f"{folder}/_rels/{file}.rels"
        if name not in self.parts:
            self.parts[name] = f'{XML}<Relationships xmlns="{_PACKAGE_RELATIONSHIPS}"></Relationships>'.encode()
        number = f"rId{self.parts[name].count(b'<Relationship ') + 1}"
        there = posixpath.relpath(target, folder)
        reference = f'<Relationship Id="{number}" Type="{RELATIONSHIPS}/{kind}" Target={quoteattr(there)}/>'
        self.replace(name, "</Relationships>", reference + "</Relationships>")
        return number

    def replace(self, name: str, old: str, new: str) -> None:
        """Replaces a text that stands in a part once.

        Raises:
            ValueError: it stands there never or several times.
        """
        part = self.parts[name].decode()
        if part.count(old) != 1:
            raise ValueError(f"{old} stands {part.count(old)} times in {name}")
        self.parts[name] = part.replace(old, new).encode()

    def zipped(self) -> bytes:
        """The file: the same parts give the same bytes, on every system that compresses alike."""
        return _zipped(self.parts)


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # The content types first, as in Excel's own files, by which other programs tell what the file is.
        for name in sorted(parts, key=lambda name: (name != _TYPES, name)):
            about = zipfile.ZipInfo(name, _BEGINNING)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.create_system = 0  # Python would write down which system this is
            archive.writestr(about, parts[name])
    return file.getvalue()
