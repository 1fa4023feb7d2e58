"""Removes from a workbook's file what identifies its author and their computer, and shows its hidden windows.

Excel writes into a workbook the path of its folder, with the user's name in it, and who saved it last. It also writes
escapes of control characters (``_x000D_``), which other programs show.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from ....cell_values import sheet_text

_ATTRIBUTES: Final = rb"""(?:[^<>"']|"[^"]*"|'[^']*')*"""
_FOLDER: Final = rb"<(?:\w+:)?absPath\b" + _ATTRIBUTES + rb"(?:/>|>\s*</(?:\w+:)?absPath>)"
_CHOICE: Final = rb"<mc:Choice\b" + _ATTRIBUTES + rb">\s*" + _FOLDER + rb"\s*</mc:Choice>"
_ALTERNATIVE: Final = rb"<mc:AlternateContent\b" + _ATTRIBUTES + rb">\s*" + _CHOICE + rb"\s*</mc:AlternateContent>"
_WINDOW: Final = re.compile(rb"<(?:\w+:)?workbookView\b" + _ATTRIBUTES + rb">")
_HIDDEN: Final = re.compile(rb"""\s+visibility=(["'])(?:hidden|veryHidden)\1""")
_PEOPLE: Final = re.compile(
    rb"(<(?P<name>dc:creator|cp:lastModifiedBy|Manager|Company|HyperlinkBase)\b[^>]*(?<!/)>)[^<]*(?=</(?P=name)>)"
)
_CONTROL: Final = re.compile(rb"(?<!_x005F)_x(00[01][0-9A-F])_(?:(?<=_x000D_)\n)?")


def strip_metadata(package: bytes) -> bytes:
    """The file of a workbook (.xlsx) without its folder and the names of its authors and their company.

    Control characters in its texts become what `sheet_text` makes of them.

    Raises:
        zipfile.BadZipFile: it is not such a file, for example because Excel encrypted it.
    """
    stripped = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(stripped, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry, _strip_part(entry.filename, source.read(entry)))
    return stripped.getvalue()


def _strip_part(name: str, part: bytes) -> bytes:
    if name == "xl/workbook.xml":
        part = re.sub(_ALTERNATIVE, b"", part)
        part = re.sub(_FOLDER, b"", part)
        return _WINDOW.sub(lambda match: _HIDDEN.sub(b"", match[0]), part)
    if name == "xl/sharedStrings.xml":
        return _CONTROL.sub(lambda match: sheet_text(chr(int(match[1], 16))).encode(), part)
    return _PEOPLE.sub(rb"\1", part) if name.startswith("docProps/") else part
