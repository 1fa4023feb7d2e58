"""The parts of a workbook's file: reads them, adds to them, and writes them reproducibly."""

from __future__ import annotations

import io
import posixpath
import zipfile
from typing import Final
from xml.sax.saxutils import quoteattr

XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_PACKAGE_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_TYPES: Final = "[Content_Types].xml"
_EARLIEST_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time in a ZIP file. The real time would be private, and differ from build to build."""


class Package:
    """A workbook's file in memory, as XlsxWriter wrote it."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}

    def add_part(self, name: str, kind: str, content: str) -> None:
        """Add a part; ``kind`` is the end of its content type, such as ``spreadsheetml.pivotTable``.

        The content is the XML after the declaration.

        Raises:
            ValueError: the part exists already.
        """
        if name in self.parts:
            raise ValueError(f"{name} exists already")
        self.parts[name] = (XML + content).encode()
        override = f'<Override PartName="/{name}" ContentType="{_OFFICE}.{kind}+xml"/>'
        self.replace(_TYPES, "</Types>", override + "</Types>")

    def add_relationship(self, source: str, kind: str, target: str) -> str:
        """Let one part refer to another; return the id of the relationship.

        ``kind`` is the end of the relationship's type, such as ``pivotTable``.
        """
        folder, file = posixpath.split(source)
        name = f"{folder}/_rels/{file}.rels"
        if name not in self.parts:
            self.parts[name] = f'{XML}<Relationships xmlns="{_PACKAGE_RELATIONSHIPS}"></Relationships>'.encode()
        relationship_id = f"rId{self.parts[name].count(b'<Relationship ') + 1}"
        path = posixpath.relpath(target, folder)
        relationship = f'<Relationship Id="{relationship_id}" Type="{RELATIONSHIPS}/{kind}" Target={quoteattr(path)}/>'
        self.replace(name, "</Relationships>", relationship + "</Relationships>")
        return relationship_id

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text that occurs exactly once in a part.

        Raises:
            ValueError: it does not occur, or more than once.
        """
        part = self.parts[name].decode()
        if part.count(old) != 1:
            raise ValueError(f"{old} occurs {part.count(old)} times in {name}")
        self.parts[name] = part.replace(old, new).encode()

    def to_bytes(self) -> bytes:
        """The file; the same parts give the same bytes on every system that compresses alike."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            # As in Excel's own files, the content types come first: some programs detect the kind of file by them.
            for name in sorted(self.parts, key=lambda name: (name != _TYPES, name)):
                entry = zipfile.ZipInfo(name, _EARLIEST_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 0  # by default Python would state the system
                archive.writestr(entry, self.parts[name])
        return file.getvalue()
