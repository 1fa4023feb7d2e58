"""Makes the VBA project of a workbook from its modules' texts, as [MS-OVBA] has it.

Modules are source text only, without what VBA makes of it when it compiles: [MS-OVBA] 2.3.4.1 tells writers to leave
that out, and Excel then compiles the text. A part that does not fit its text would win over it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .compound_file import compound_file
from .compression import compressed

WORKBOOK: Final = "00020819-0000-0000-C000-000000000046"
SHEET: Final = "00020820-0000-0000-C000-000000000046"
"""The classes of Excel's own objects that have a module."""

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
"""The libraries that every project of Excel names; it finds them by their ids, wherever they are."""

_DOCUMENT: Final = """\
Attribute VB_Base = "0{{{of}}}"\r
Attribute VB_GlobalNameSpace = False\r
Attribute VB_Creatable = False\r
Attribute VB_PredeclaredId = True\r
Attribute VB_Exposed = True\r
Attribute VB_TemplateDerived = False\r
Attribute VB_Customizable = True\r
"""


@dataclass(frozen=True)
class Module:
    """A module as a workbook holds it.

    Attributes:
        name: also the code name of the workbook or sheet that it belongs to.
        text: with its ``Attribute`` lines; every line ends with CR LF.
        document: whether it belongs to the workbook or to a sheet.
    """

    name: str
    text: str
    document: bool = False


def document(name: str, of: str, text: str = "") -> Module:
    """The module of the workbook or of a sheet.

    Args:
        name: its code name.
        of: ``WORKBOOK`` or ``SHEET``.
        text: what its author wrote, which may begin with its name.
    """
    named = f'Attribute VB_Name = "{name}"\r\n'
    return Module(name, named + _DOCUMENT.format(of=of) + text.removeprefix(named), document=True)


def vba_project(modules: Sequence[Module]) -> bytes:
    """The content of ``xl/vbaProject.bin``.

    Raises:
        ValueError: a text has letters outside VBA's code page, or lines that VBA would not take.
    """
    for module in modules:
        _check(module)
    streams = {module.name: compressed(module.text.encode(_ENCODING)) for module in modules}
    storage = {
        **streams,
        "_VBA_PROJECT": struct.pack("<HHBH", 0x61CC, 0xFFFF, 0, 0),  # no version of Excel has compiled it
        "dir": compressed(_directory(modules)),
    }
    return compound_file({"VBA": storage, "PROJECT": _project(modules), "PROJECTwm": _names(modules)})


def _check(module: Module) -> None:
    lines = module.text.split("\r\n")
    if any("\n" in line or "\r" in line for line in lines) or lines[-1]:
        raise ValueError(f"every line of {module.name} must end with CR LF")
    if not module.text.isascii():  # other letters would depend on the reader's code page
        raise ValueError(f"{module.name} must be ASCII")


def _directory(modules: Sequence[Module]) -> bytes:
    """What the project is made of ([MS-OVBA] 2.3.4.2): records of an id, a size and a content."""
    parts = [
        _record(0x01, _long(_WINDOWS_64)),
        _record(0x02, _long(_ENGLISH)),
        _record(0x14, _long(_ENGLISH)),
        _record(0x03, _short(_CODE_PAGE)),
        _record(0x04, _PROJECT.encode(_ENCODING)),
        _twice(0x05, 0x40, ""),  # its description
        _record(0x06) + _record(0x3D),  # no help file
        _record(0x07, _long(0)),
        _record(0x08, _long(0)),
        struct.pack("<HIIH", 0x09, 4, 0x68FBFAC5, 4),  # a version, whose size does not count its last part
        _twice(0x0C, 0x3C, ""),  # constants
    ]
    for name, library in _REFERENCES.items():
        named = library.encode(_ENCODING)
        parts += [_twice(0x16, 0x3E, name), _record(0x0D, _long(len(named)) + named + bytes(6))]
    parts += [_record(0x0F, _short(len(modules))), _record(0x13, _short(0xFFFF))]
    for module in modules:
        parts += [
            _twice(0x19, 0x47, module.name),
            _twice(0x1A, 0x32, module.name),
            _twice(0x1C, 0x48, ""),
            _record(0x31, _long(0)),  # the text begins where its stream does
            _record(0x1E, _long(0)),
            _record(0x2C, _short(0xFFFF)),
            _record(0x22 if module.document else 0x21),
            _record(0x2B),
        ]
    return b"".join([*parts, _record(0x10)])


def _project(modules: Sequence[Module]) -> bytes:
    """What the project shows of itself ([MS-OVBA] 2.3.1): not locked, without a password, visible."""
    shown = [f"Document={m.name}/&H00000000" if m.document else f"Module={m.name}" for m in modules]
    hidden = {"CMG": bytes(4), "DPB": bytes(1), "GC": b"\xff"}
    lines = [
        f'ID="{_PROJECT_ID}"',
        *shown,
        f'Name="{_PROJECT}"',
        'HelpContextID="0"',
        'VersionCompatible32="393222000"',
        *(f'{name}="{_encrypted(content)}"' for name, content in hidden.items()),
        "",
        "[Host Extender Info]",
        "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000",
        "",
        "[Workspace]",
        *(f"{module.name}=0, 0, 0, 0, C" for module in modules),
        "",
    ]
    return "\r\n".join(lines).encode(_ENCODING)


def _names(modules: Sequence[Module]) -> bytes:
    """The modules' names in two encodings ([MS-OVBA] 2.3.3)."""
    each = (m.name.encode(_ENCODING) + b"\0" + m.name.encode("utf-16-le") + b"\0\0" for m in modules)
    return b"".join(each) + b"\0\0"


def _encrypted(content: bytes, seed: int = 0x8D) -> str:
    """``content`` hidden as [MS-OVBA] 2.4.3.2 has it, in hexadecimal digits; the seed may be any byte."""
    key = sum(_PROJECT_ID.encode(_ENCODING)) % 256
    out = bytearray([seed, seed ^ 2, seed ^ key])  # 2 is the version of this way
    before = key
    for byte in bytes((seed & 6) // 2) + _long(len(content)) + content:
        out.append(byte ^ (out[-2] + before) % 256)
        before = byte
    return out.hex().upper()


def _record(number: int, content: bytes = b"") -> bytes:
    return struct.pack("<HI", number, len(content)) + content


def _twice(number: int, wide: int, text: str) -> bytes:
    """A text in the code page and in UTF-16."""
    return _record(number, text.encode(_ENCODING)) + _record(wide, text.encode("utf-16-le"))


def _short(number: int) -> bytes:
    return struct.pack("<H", number)


def _long(number: int) -> bytes:
    return struct.pack("<I", number)


def project_of(texts: Mapping[str, str], sheets: Sequence[str], workbook: str) -> bytes:
    """The project of a workbook.

    Args:
        texts: what was written for each module, by name.
        sheets: the sheets' code names, for which nothing was written.
        workbook: the name of the workbook's own module among the texts.
    """
    modules = [document(workbook, WORKBOOK, texts[workbook]), *(document(name, SHEET) for name in sheets)]
    return vba_project([*modules, *(Module(name, text) for name, text in texts.items() if name != workbook)])
