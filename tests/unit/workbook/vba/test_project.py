"""The VBA project, read by oletools, olefile and pyOpenVBA."""

from __future__ import annotations

import io
from pathlib import Path

import olefile
import pyopenvba
import pytest
from oletools.olevba import VBA_Parser

from xl_openfunnel.workbook import builder, commands, sources
from xl_openfunnel.workbook.vba.project import SHEET_CLASS, build_project

TEXTS = sources.modules()
SHEETS = list(builder.CODE_NAMES.values())
PROJECT = build_project(TEXTS, SHEETS, sources.THIS_WORKBOOK)


def read(path: str) -> bytes:
    return bytes(olefile.OleFileIO(io.BytesIO(PROJECT)).openstream(path).read())


def project_lines() -> list[str]:
    return read("PROJECT").decode("ascii").split("\r\n")


def decrypted(text: str, project_id: str) -> bytes:
    """The inverse of [MS-OVBA] 2.4.3.2."""
    seed, version, key, *rest = bytes.fromhex(text)
    assert (version ^ seed, key ^ seed) == (2, sum(project_id.encode()) % 256)
    before, earlier, last, out = key ^ seed, version, key, bytearray()
    for byte in rest:
        before = byte ^ (earlier + before) % 256
        out.append(before)
        earlier, last = last, byte
    content = bytes(out[(seed & 6) // 2 :])
    assert int.from_bytes(content[:4], "little") == len(content) - 4
    return content[4:]


def test_olevba_finds_our_texts_and_empty_sheet_modules(tmp_path: Path) -> None:
    file = tmp_path / "book.xlsm"
    file.write_bytes(builder.build_workbook())
    parser = VBA_Parser(str(file))
    found = {name.rsplit(".", 1)[0]: code.replace("\r\n", "\n") for _, _, name, code in parser.extract_all_macros()}
    parser.close()
    ours = {name: text.replace("\r\n", "\n") for name, text in TEXTS.items()}
    name, rest = ours.pop(sources.THIS_WORKBOOK).split("\n", 1)
    head, tail = found.pop(sources.THIS_WORKBOOK).split("Attribute VB_Customizable = True\n")
    assert (head.split("\n")[0], tail) == (name, rest)
    kinds = {sheet: found.pop(sheet).splitlines() for sheet in SHEETS}
    assert found == ours
    for sheet, lines in kinds.items():
        assert lines[0] == f'Attribute VB_Name = "{sheet}"'
        assert lines[1] == f'Attribute VB_Base = "0{{{SHEET_CLASS}}}"'
        assert all(line.startswith("Attribute VB_") for line in lines)


def test_pyopenvba_finds_a_complete_file_with_the_same_texts(tmp_path: Path) -> None:
    file = tmp_path / "book.xlsm"
    file.write_bytes(builder.build_workbook())
    report = pyopenvba.check_file(str(file))
    assert (report.complete, list(report.issues)) == (True, [])
    with pyopenvba.ExcelFile(str(file)) as opened:
        assert set(opened.module_names()) == {*TEXTS, *SHEETS}
        written = opened.get_module(commands.MODULE).replace("\r\n", "\n")
        assert written.strip().endswith(
            TEXTS[commands.MODULE].replace("\r\n", "\n").split("Option Explicit")[1].strip()
        )


def test_the_project_contains_no_compiled_code() -> None:
    assert read("VBA/_VBA_PROJECT") == bytes.fromhex("cc61ffff000000")  # [MS-OVBA] 3.1.1
    expected = {"PROJECT", "PROJECTwm", *(f"VBA/{name}" for name in ("dir", "_VBA_PROJECT", *TEXTS, *SHEETS))}
    ole = olefile.OleFileIO(io.BytesIO(PROJECT), raise_defects=olefile.DEFECT_POTENTIAL)
    assert {"/".join(path) for path in ole.listdir()} == expected


def test_the_project_lists_every_module_once_with_its_kind() -> None:
    lines = project_lines()
    documents = [line for line in lines if line.startswith("Document=")]
    assert documents == [f"Document={name}/&H00000000" for name in (sources.THIS_WORKBOOK, *SHEETS)]
    modules = [line.removeprefix("Module=") for line in lines if line.startswith("Module=")]
    assert modules == [name for name in TEXTS if name != sources.THIS_WORKBOOK]


def test_the_project_is_not_locked_has_no_password_and_is_visible() -> None:
    values = dict(line.split("=", 1) for line in project_lines() if "=" in line)
    hidden = {name: decrypted(values[name].strip('"'), values["ID"].strip('"')) for name in ("CMG", "DPB", "GC")}
    assert hidden == {"CMG": bytes(4), "DPB": b"\0", "GC": b"\xff"}


def test_the_tests_decryption_decrypts_the_specifications_example() -> None:
    example = "{917DED54-440B-4FD1-A5C1-74ACF261E600}"  # [MS-OVBA] 3.1.5
    assert decrypted("0705D8E3D8EDDBF1DBF1DBF1DBF1", example) == bytes(4)
    assert decrypted("0E0CD1ECDFF4E7F5E7F5E7", example) == b"\0"
    assert decrypted("1517CAF1D6F9D7F9D706", example) == b"\xff"


def test_module_names_are_unique_regardless_of_case() -> None:
    names = [name.lower() for name in (*TEXTS, *SHEETS, "VBAProject")]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("text", ["x = 1\n", "x = 1", "x = 1\r\ry = 2\r\n", "x = \xe4\r\n"])
def test_invalid_module_texts_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        build_project({"Book": "", "A": text}, [], "Book")
