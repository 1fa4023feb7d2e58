from __future__ import annotations

import io
import zipfile

import pytest

from xl_openfunnel.workbook.package import Package

TYPES = '<Types xmlns="x"><Default Extension="xml"/></Types>'


@pytest.fixture
def package() -> Package:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("[Content_Types].xml", TYPES)
    return Package(file.getvalue())


def test_a_part_is_added_with_its_type(package: Package) -> None:
    package.add_part("xl/pivotTables/a.xml", "spreadsheetml.pivotTable", "<a/>")
    assert package.parts["xl/pivotTables/a.xml"].startswith(b"<?xml ")
    assert b'<Override PartName="/xl/pivotTables/a.xml" ContentType="' in package.parts["[Content_Types].xml"]
    with pytest.raises(ValueError, match="already"):
        package.add_part("xl/pivotTables/a.xml", "spreadsheetml.pivotTable", "<a/>")


def test_relationships_are_numbered_and_relative(package: Package) -> None:
    assert package.add_relationship("xl/worksheets/sheet1.xml", "pivotTable", "xl/pivotTables/a.xml") == "rId1"
    assert package.add_relationship("xl/worksheets/sheet1.xml", "drawing", "xl/worksheets/b.xml") == "rId2"
    relations = package.parts["xl/worksheets/_rels/sheet1.xml.rels"].decode()
    assert 'Target="../pivotTables/a.xml"' in relations
    assert 'Target="b.xml"' in relations


@pytest.mark.parametrize("old", ["<nowhere/>", "x"])
def test_a_text_that_does_not_occur_exactly_once_is_not_replaced(package: Package, old: str) -> None:
    package.parts["xl/workbook.xml"] = b"<xx/>"
    with pytest.raises(ValueError, match="times in xl/workbook"):
        package.replace("xl/workbook.xml", old, "y")


def test_the_file_contains_no_time_and_no_system(package: Package) -> None:
    with zipfile.ZipFile(io.BytesIO(package.to_bytes())) as archive:
        about = archive.infolist()
    assert [each.filename for each in about] == ["[Content_Types].xml", "xl/workbook.xml"]
    assert {each.date_time for each in about} == {(1980, 1, 1, 0, 0, 0)}
    assert {(each.create_system, each.extra, each.comment) for each in about} == {(0, b"", b"")}
