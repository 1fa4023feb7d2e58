"""Workbooks and add-ins of another package."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from xl_openfunnel.workbook import source_files, sources


def need_xlwings(folder: Path, patch: pytest.MonkeyPatch, version: str) -> None:
    """Build workbooks and add-ins from now on as a package does that needs another version of xlwings."""
    copied, needed = folder / "sources", sources.xlwings_version()
    shutil.copytree(str(source_files.source_folder()), copied)
    macros = copied / "vba" / f"{sources.WINDOWS}.bas"
    text = macros.read_text("ascii")
    assert text.count(needed) == 1
    macros.write_text(text.replace(needed, version), "ascii")
    patch.setattr(source_files, "source_folder", lambda: copied)
