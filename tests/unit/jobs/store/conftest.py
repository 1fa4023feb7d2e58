from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.jobs.store.other_process import ORIGIN
from xl_openfunnel import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kept" / "store.sqlite3", ORIGIN)
