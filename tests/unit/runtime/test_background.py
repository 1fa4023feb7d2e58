"""No search for garbage while one thread calculates for long; afterwards it is as the process had it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from xl_openfunnel.runtime.background import in_background


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


@pytest.mark.parametrize("set_before", [gc.enable, gc.disable])
def test_garbage_collection_is_as_before_once_the_last_calculation_ends(set_before: object) -> None:
    assert callable(set_before)
    set_before()
    was_enabled = gc.isenabled()
    with in_background():
        with in_background():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled() == was_enabled
