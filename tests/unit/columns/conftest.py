"""A folder of columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.columns.stored_rows import ORIGIN
from xl_openfunnel.columns.folder import ColumnFolder


@pytest.fixture
def folder(tmp_path: Path) -> ColumnFolder:
    return ColumnFolder(tmp_path / "kept" / "columns", ORIGIN)
