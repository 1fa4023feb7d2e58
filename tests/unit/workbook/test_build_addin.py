"""The add-in, read by oletools, pyOpenVBA and openpyxl."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import openpyxl
import pyopenvba
import pytest
from oletools.olevba import VBA_Parser

from xl_openfunnel.detect.excel import ADDIN_FILE, addin_version
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.registry import CATEGORY
from xl_openfunnel.version import version
from xl_openfunnel.workbook import builder, sources
from xl_openfunnel.workbook.vba import wrappers

CONTENT = builder.build_addin()
MODULES = sources.addin_modules()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("add-in") / ADDIN_FILE
    builder.write_addin(path)
    return path


def part(name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as archive:
        return archive.read(name).decode()


def as_workbook() -> bytes:
    """The add-in as a workbook, because openpyxl rejects the content type of add-ins."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"ms-excel.addin.macro", b"ms-excel.sheet.macro"))
    return out.getvalue()


def test_the_written_file_is_the_built_one(file: Path) -> None:
    assert file.read_bytes() == CONTENT


def test_other_readers_find_our_modules_and_no_others(file: Path) -> None:
    parser = VBA_Parser(str(file))
    found = {name.rsplit(".", 1)[0]: code for _, _, name, code in parser.extract_all_macros()}
    parser.close()
    assert set(found) == {*MODULES, "AddinSheet"}
    for name in set(MODULES) - {sources.THIS_WORKBOOK}:
        assert found[name].replace("\r\n", "\n") == MODULES[name].replace("\r\n", "\n")
    assert "Public" not in found["AddinSheet"]
    report = pyopenvba.check_file(str(file))
    assert (report.complete, list(report.issues)) == (True, [])


def test_it_is_an_addin_with_one_hidden_sheet() -> None:
    assert "vnd.ms-excel.addin.macroEnabled.main+xml" in part("[Content_Types].xml")
    assert "vnd.ms-excel.sheet.macroEnabled" not in part("[Content_Types].xml")
    assert '<workbookView visibility="hidden"' in part("xl/workbook.xml")
    found = openpyxl.load_workbook(io.BytesIO(as_workbook()))
    assert (found.code_name, found.sheetnames) == ("ThisWorkbook", ["AddinSheet"])
    assert found["AddinSheet"].sheet_properties.codeName == "AddinSheet"
    assert '<calcPr calcId="191029"/>' in part("xl/workbook.xml")


@pytest.mark.parametrize("content", [CONTENT, builder.build_workbook()], ids=["add-in", "workbook"])
def test_functions_have_their_help_and_the_category_that_the_file_names(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - our own
        [(_, _, _, text)] = [
            each
            for each in VBA_Parser("x", archive.read("xl/vbaProject.bin")).extract_macros()
            if each[2] == f"{wrappers.MODULE}.bas"
        ]
    [groups] = book.findall("{*}functionGroups")
    assert [group.get("name") for group in groups] == [CATEGORY]
    named = int(groups.get("builtInGroupCount", "")) + 1  # the first of the file's own
    attributes = dict(re.findall(r"^Attribute (\S+) = (.*?)\r?$", text, re.MULTILINE))
    for function in CATALOG:
        assert attributes[f"{function.name}.VB_Description"] == '"' + function.help.replace('"', '""') + '"'
        assert attributes[f"{function.name}.VB_ProcData.VB_Invoke_Func"] == f'" \\n{named}"'


def test_the_doctor_can_read_its_version(file: Path) -> None:
    assert addin_version(file) == version()
