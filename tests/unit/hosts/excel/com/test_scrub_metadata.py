"""What a workbook's file says about its author, and what is left of it in a copy to send."""

from __future__ import annotations

import io
import zipfile

import pytest

from xl_openfunnel.hosts.excel.com.scrub_metadata import strip_metadata

# As Excel 365 writes them.
WORKBOOK = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" mc:Ignorable="x15 xr">'
    '<fileVersion appName="xl"/><workbookPr filterPrivacy="1"/>'
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    '<mc:Choice Requires="x15"><x15ac:absPath url="C:\\Users\\Jörg Müller\\Desktop\\" '
    'xmlns:x15ac="http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"/></mc:Choice></mc:AlternateContent>'
    '<bookViews><workbookView visibility="hidden" xWindow="0" activeTab="2"/></bookViews>'
    '<sheets><sheet name="Start" sheetId="1" state="hidden" r:id="rId1"/></sheets></workbook>'
)
CORE = (
    '<cp:coreProperties xmlns:cp="x" xmlns:dc="y" xmlns:dcterms="z"><dc:title>Q3</dc:title>'
    "<dc:creator>Jörg Müller</dc:creator><cp:lastModifiedBy>Jörg Müller</cp:lastModifiedBy>"
    "<dcterms:created>2026-01-01T00:00:00Z</dcterms:created></cp:coreProperties>"
)
APP = (
    "<Properties><Application>Microsoft Excel</Application><Manager>A. Boss</Manager><Company>Müller KG</Company>"
    "<HyperlinkBase/></Properties>"
)
SHEET = "<worksheet><t>dc:creator of C:\\Users\\ is text here</t></worksheet>"


def pack(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text in parts.items():
            package.writestr(name.replace("__", "/") + ".xml", text.encode())
    return buffer.getvalue()


def unpack(package: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_folder_and_names_are_removed_and_all_else_stays() -> None:
    package = pack(xl__workbook=WORKBOOK, docProps__core=CORE, docProps__app=APP, xl__worksheets__sheet1=SHEET)
    left = unpack(strip_metadata(package))
    assert list(left) == ["xl/workbook.xml", "docProps/core.xml", "docProps/app.xml", "xl/worksheets/sheet1.xml"]
    begin, _, rest = WORKBOOK.partition("<mc:AlternateContent")
    _, _, end = rest.partition("</mc:AlternateContent>")
    assert left["xl/workbook.xml"] == begin + end.replace(' visibility="hidden"', "")
    assert left["docProps/core.xml"] == CORE.replace("Jörg Müller", "")
    assert left["docProps/app.xml"] == APP.replace("A. Boss", "").replace("Müller KG", "")
    assert left["xl/worksheets/sheet1.xml"] == SHEET


def test_what_stands_beside_the_folder_stays() -> None:
    book = (
        '<workbook><mc:Choice Requires="x15"><x15ac:absPath url="C:\\Users\\me\\"/><x15:other/></mc:Choice></workbook>'
    )
    left = unpack(strip_metadata(pack(xl__workbook=book)))["xl/workbook.xml"]
    assert left == '<workbook><mc:Choice Requires="x15"><x15:other/></mc:Choice></workbook>'


def test_escapes_of_control_characters_are_resolved() -> None:
    texts = "<t>a_x000D_\nb_x000D_c_x0007_d_x000B_e_x005F_x000D_f_x0041_</t>"
    left = unpack(strip_metadata(pack(xl__sharedStrings=texts, xl__worksheets__sheet1=texts)))
    assert left["xl/sharedStrings.xml"] == "<t>a\nb\ncd\ne_x005F_x000D_f_x0041_</t>"
    assert left["xl/worksheets/sheet1.xml"] == texts


def test_a_file_that_is_no_package_is_refused() -> None:
    with pytest.raises(zipfile.BadZipFile):
        strip_metadata(b"\xd0\xcf\x11\xe0 encrypted")
