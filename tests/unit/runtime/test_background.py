"""What is set for the process while one thread calculates for long is as before at the end."""

from __future__ import annotations

import gc
import os
import sys
import warnings
import weakref
from collections.abc import Iterator

import pytest

from xl_openfunnel.runtime.background import in_background


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    was_enabled, interval = gc.isenabled(), sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
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


def test_what_a_calculation_made_is_not_searched_for_garbage_at_its_end_but_when_all_is() -> None:
    class Made:
        """Each refers to itself."""

        def __init__(self) -> None:
            self.itself = self

    gc.enable()
    with in_background():
        kept = [[number] for number in range(10 * gc.get_threshold()[0])]
        garbage = weakref.ref(Made())
    assert gc.get_count()[0] < gc.get_threshold()[0]
    assert len(kept) > 0
    assert garbage() is not None
    gc.collect()
    assert garbage() is None


def test_threads_yield_as_before_once_the_last_calculation_ends() -> None:
    sys.setswitchinterval(0.004)
    with in_background():
        with in_background():
            pass
        assert sys.getswitchinterval() < 0.001
    assert sys.getswitchinterval() == pytest.approx(0.004)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_forked_process_has_what_the_process_had_before() -> None:
    gc.enable()
    sys.setswitchinterval(0.004)
    with in_background(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from 3.12 on: other threads, such as those of pytest-xdist
        child = os.fork()
        if child == 0:
            os._exit(gc.isenabled() and sys.getswitchinterval() > 0.003)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_objects_that_the_process_froze_stay_frozen() -> None:
    gc.enable()
    frozen: list[object] = []
    gc.freeze()
    try:
        with in_background():
            pass
        assert not any(each is frozen for each in gc.get_objects())
    finally:
        gc.unfreeze()
