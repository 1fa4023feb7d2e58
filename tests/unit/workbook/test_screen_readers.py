"""Buttons and charts have a text that screen readers say, in every file that this project writes for Excel."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.unit.files.conftest import make_snapshot
from xl_openfunnel import files
from xl_openfunnel.simulator import companies
from xl_openfunnel.workbook import builder


def exported(folder: Path) -> bytes:
    files.write(make_snapshot(companies(60)), folder / "companies.xlsx")
    return (folder / "companies.xlsx").read_bytes()


@pytest.mark.parametrize("write", [lambda _: builder.build_workbook(), exported])
def test_whatever_is_drawn_has_a_text_of_its_own(write: Callable[[Path], bytes], tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(write(tmp_path))) as archive:
        drawings = [archive.read(name) for name in archive.namelist() if name.startswith("xl/drawings/drawing")]
    drawn = [each for drawing in drawings for each in ET.fromstring(drawing).iterfind(".//{*}cNvPr")]  # noqa: S314
    texts = [each.get("descr", "") for each in drawn]
    assert texts
    assert all(texts)
    assert len(set(texts)) == len(texts)
