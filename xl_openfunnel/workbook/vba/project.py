"""Builds the VBA project of a workbook ([MS-OVBA]) from the source of its modules.

The project contains no compiled code: [MS-OVBA] 2.3.4.1 tells writers to omit it, and Excel then compiles the source.
Compiled code that differs from its source would take precedence over it.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from .compound_file import compound_file
from .compression import compress

WORKBOOK_CLASS: Final = "00020819-0000-0000-C000-000000000046"
SHEET_CLASS: Final = "00020820-0000-0000-C000-000000000046"
"""The classes of Excel's objects that have a module."""

_PROJECT: Final = "VBAProject"
_PROJECT_ID: Final = "{8B0A6C52-5D0E-4F0C-9C5B-6F1E3A7D2C41}"
_CODE_PAGE: Final = 1252
_ENCODING: Final = "cp1252"
_ENGLISH: Final = 0x409
_WINDOWS_64: Final = 3

_REFERENCES: Final = {
    "stdole": r"*\G{00020430-0000-0000-C000-000000000046}#2.0#0#C:\Windows\System32\stdole2.tlb#OLE Automation",
    "Office": r"*\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#C:\Program Files\Common Files\Microsoft Shared"
    r"\OFFICE16\MSO.DLL#Microsoft Office 16.0 Object Library",
}
"""The libraries that every project of Excel refers to. Excel finds them by their ids, whatever their paths."""

_DOCUMENT_ATTRIBUTES: Final = """\
Attribute VB_Base = "0{{{class_id}}}"\r
Attribute VB_GlobalNameSpace = False\r
Attribute VB_Creatable = False\r
Attribute VB_PredeclaredId = True\r
Attribute VB_Exposed = True\r
Attribute VB_TemplateDerived = False\r
Attribute VB_Customizable = True\r
"""


def build_project(texts: Mapping[str, str], sheets: Sequence[str], workbook: str) -> bytes:
    """The content of ``xl/vbaProject.bin`` for a workbook.

    The modules of ``sheets`` are empty; ``workbook`` is the name of the workbook's own among the texts.

    Raises:
        ValueError: a text is not ASCII, or a line does not end with CR LF.
    """
    documents = {
        workbook: _document_module(workbook, WORKBOOK_CLASS, texts[workbook]),
        **{name: _document_module(name, SHEET_CLASS, "") for name in sheets},
    }
    modules = {**documents, **{name: text for name, text in texts.items() if name not in documents}}
    for name, text in modules.items():
        _check(name, text)
    storage = {
        **{name: compress(text.encode(_ENCODING)) for name, text in modules.items()},
        "_VBA_PROJECT": struct.pack("<HHBH", 0x61CC, 0xFFFF, 0, 0),  # not compiled by any version of Excel
        "dir": compress(_dir_stream(modules, documents)),
    }
    return compound_file(
        {"VBA": storage, "PROJECT": _project_stream(modules, documents), "PROJECTwm": _names_stream(modules)}
    )


def _document_module(name: str, class_id: str, text: str) -> str:
    name_line = f'Attribute VB_Name = "{name}"\r\n'
    return name_line + _DOCUMENT_ATTRIBUTES.format(class_id=class_id) + text.removeprefix(name_line)


def _check(name: str, text: str) -> None:
    lines = text.split("\r\n")
    if any("\n" in line or "\r" in line for line in lines) or lines[-1]:
        raise ValueError(f"every line of {name} must end with CR LF")
    if not text.isascii():  # the meaning of other letters depends on the code page
        raise ValueError(f"{name} must be ASCII")


def _dir_stream(modules: Collection[str], documents: Collection[str]) -> bytes:
    """The stream ``dir`` ([MS-OVBA] 2.3.4.2): records of an id, a size and a content."""
    parts = [
        _record(0x01, _long(_WINDOWS_64)),
        _record(0x02, _long(_ENGLISH)),
        _record(0x14, _long(_ENGLISH)),
        _record(0x03, _short(_CODE_PAGE)),
        _record(0x04, _PROJECT.encode(_ENCODING)),
        _text_record(0x05, 0x40, ""),  # its description
        _record(0x06) + _record(0x3D),  # no help file
        _record(0x07, _long(0)),
        _record(0x08, _long(0)),
        struct.pack("<HIIH", 0x09, 4, 0x68FBFAC5, 4),  # a version; its size does not include its last field
        _text_record(0x0C, 0x3C, ""),  # constants
    ]
    for name, library in _REFERENCES.items():
        path = library.encode(_ENCODING)
        parts += [_text_record(0x16, 0x3E, name), _record(0x0D, _long(len(path)) + path + bytes(6))]
    parts += [_record(0x0F, _short(len(modules))), _record(0x13, _short(0xFFFF))]
    for name in modules:
        parts += [
            _text_record(0x19, 0x47, name),
            _text_record(0x1A, 0x32, name),
            _text_record(0x1C, 0x48, ""),
            _record(0x31, _long(0)),  # the offset of the text in its stream
            _record(0x1E, _long(0)),
            _record(0x2C, _short(0xFFFF)),
            _record(0x22 if name in documents else 0x21),
            _record(0x2B),
        ]
    return b"".join([*parts, _record(0x10)])


def _project_stream(modules: Collection[str], documents: Collection[str]) -> bytes:
    """The stream ``PROJECT`` ([MS-OVBA] 2.3.1): not locked, without a password, visible."""
    declared = [f"Document={name}/&H00000000" if name in documents else f"Module={name}" for name in modules]
    encrypted = {"CMG": bytes(4), "DPB": bytes(1), "GC": b"\xff"}
    lines = [
        f'ID="{_PROJECT_ID}"',
        *declared,
        f'Name="{_PROJECT}"',
        'HelpContextID="0"',
        'VersionCompatible32="393222000"',
        *(f'{name}="{_encrypted(content)}"' for name, content in encrypted.items()),
        "",
        "[Host Extender Info]",
        "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000",
        "",
        "[Workspace]",
        *(f"{name}=0, 0, 0, 0, C" for name in modules),
        "",
    ]
    return "\r\n".join(lines).encode(_ENCODING)


def _names_stream(modules: Collection[str]) -> bytes:
    """The stream ``PROJECTwm`` ([MS-OVBA] 2.3.3): the modules' names in two encodings."""
    names = (name.encode(_ENCODING) + b"\0" + name.encode("utf-16-le") + b"\0\0" for name in modules)
    return b"".join(names) + b"\0\0"


def _encrypted(content: bytes) -> str:
    """``content`` encrypted ([MS-OVBA] 2.4.3.2), as hexadecimal digits."""
    seed = 0x8D  # any byte
    key = sum(_PROJECT_ID.encode(_ENCODING)) % 256
    out = bytearray([seed, seed ^ 2, seed ^ key])  # 2 is the version of the encryption
    previous = key
    for byte in bytes((seed & 6) // 2) + _long(len(content)) + content:
        out.append(byte ^ (out[-2] + previous) % 256)
        previous = byte
    return out.hex().upper()


def _record(number: int, content: bytes = b"") -> bytes:
    return struct.pack("<HI", number, len(content)) + content


def _text_record(number: int, wide: int, text: str) -> bytes:
    """Two records with a text, one in the code page and one in UTF-16."""
    return _record(number, text.encode(_ENCODING)) + _record(wide, text.encode("utf-16-le"))


def _short(number: int) -> bytes:
    return struct.pack("<H", number)


def _long(number: int) -> bytes:
    return struct.pack("<I", number)
