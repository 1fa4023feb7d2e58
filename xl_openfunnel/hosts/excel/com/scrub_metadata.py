"""Takes out of a workbook's file what tells of its author and of their computer, and what hides its windows.

Excel writes the folder of a workbook into it, with the user's name in the path, and who saved it last.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

_ATTRIBUTES: Final = rb"""(?:[^<>"']|"[^"]*"|'[^']*')*"""
_FOLDER: Final = rb"<(?:\w+:)?absPath\b" + _ATTRIBUTES + rb"(?:/>|>\s*</(?:\w+:)?absPath>)"
_CHOICE: Final = rb"<mc:Choice\b" + _ATTRIBUTES + rb">\s*" + _FOLDER + rb"\s*</mc:Choice>"
_ALTERNATIVE: Final = rb"<mc:AlternateContent\b" + _ATTRIBUTES + rb">\s*" + _CHOICE + rb"\s*</mc:AlternateContent>"
_WINDOW: Final = re.compile(rb"<(?:\w+:)?workbookView\b" + _ATTRIBUTES + rb">")
_HIDDEN: Final = re.compile(rb"""\s+visibility=(["'])(?:hidden|veryHidden)\1""")
_PEOPLE: Final = re.compile(
    rb"(<(?P<name>dc:creator|cp:lastModifiedBy|Manager|Company|HyperlinkBase)\b[^>]*(?<!/)>)[^<]*(?=</(?P=name)>)"
)


def strip_metadata(package: bytes) -> bytes:
    """The file of a workbook (.xlsx) without the folder that it lay in and the names of its authors and their firm.

    Raises:
        zipfile.BadZipFile: it is none, as where Excel encrypted it.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as held, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bare:
        for entry in held.infolist():
            bare.writestr(entry, _bare(entry.filename, held.read(entry)))
    return made.getvalue()


def _bare(name: str, part: bytes) -> bytes:
    if name == "xl/workbook.xml":
        part = re.sub(_ALTERNATIVE, b"", part)
        part = re.sub(_FOLDER, b"", part)
        return _WINDOW.sub(lambda found: _HIDDEN.sub(b"", found[0]), part)
    return _PEOPLE.sub(rb"\1", part) if name.startswith("docProps/") else part
