from __future__ import annotations

import pytest

from tests.unit.hosts.excel.live_cells.books import Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()
