"""Reading versions and signatures of files that Excel loads, damaged ones among them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from xl_openfunnel.detect import excel

ANY_TEXT = b"<x>Made by XL OpenFunnel 1.2.3.</x>" * 9


def damaged(file: Path, how: str) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docProps/core.xml", ANY_TEXT)
    content = bytearray(file.read_bytes())
    local, central = 0, content.index(b"PK\x01\x02")
    if how == "encrypted":
        content[local + 6] |= 1
        content[central + 8] |= 1
    elif how == "compressed in another way":
        content[local + 8] = content[central + 10] = 99
    elif how == "changed":
        start = local + 30 + len("docProps/core.xml")
        content[start : start + 4] = b"\xff\xff\xff\xff"
    elif how == "cut":
        del content[central + 20 :]
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("how", ["encrypted", "compressed in another way", "changed", "cut"])
def test_a_damaged_file_is_no_workbook(how: str, tmp_path: Path) -> None:
    file = damaged(tmp_path / "any.xlam", how)
    with pytest.raises(zipfile.BadZipFile):
        excel.addin_version(file)
    assert not excel.is_signed(file)
    assert excel.loaded_addins(lambda _: {"AltStartup": str(tmp_path)}, {}, "") == []


def test_another_addin_is_found_beside_a_damaged_file(tmp_path: Path) -> None:
    damaged(tmp_path / "any.xlam", "encrypted")
    whole = damaged(tmp_path / "ours.xlam", "in no way")
    assert excel.loaded_addins(lambda _: {"AltStartup": str(tmp_path)}, {}, "") == [whole]


@pytest.mark.parametrize("path", ["a\0b", "\ud800", "x" * 300])
def test_a_path_that_no_system_has_is_no_file(path: str) -> None:
    assert not excel.is_file(path)
    assert not excel.is_on_network(path)
    assert not excel.is_signed(Path(path))
    assert excel.zone_identifier(Path(path)) is None
    assert excel.loaded_addins(lambda _: {"AltStartup": path, "OPEN": f"/{path}"}, {"APPDATA": path}, path) == []
