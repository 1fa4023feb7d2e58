"""The cache of values made from rows."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest

from xl_openfunnel.errors import UnknownColumnError
from xl_openfunnel.functions.cache import MAX_CELLS, DerivedCache
from xl_openfunnel.jobs.snapshot import Rows


def some_rows() -> Rows:
    return Rows((), lambda _: ())


class Maker:
    """Gets values from a cache and counts how many were made."""

    def __init__(self, max_cells: int = MAX_CELLS) -> None:
        self.cache = DerivedCache(max_cells)
        self.count = 0

    def is_made(self, what: str, of: Mapping[str, Rows], cells: int = 1) -> bool:
        """Whether the value was made now, not cached."""

        def make() -> str:
            self.count += 1
            return what

        before = self.count
        assert self.cache.get_or_make(what, of, make, lambda _: cells) == what
        return self.count > before


def test_a_value_for_the_same_rows_is_cached() -> None:
    maker, one, other = Maker(), some_rows(), some_rows()
    assert maker.is_made("block", {"job": one})
    assert not maker.is_made("block", {"job": one})
    assert maker.is_made("column", {"job": one})
    assert maker.is_made("block", {"other": other})
    assert maker.is_made("block", {"job": one, "other": other})
    assert maker.is_made("block", {"other": other, "job": one})
    assert not maker.is_made("block", {"job": one})


def test_newer_rows_of_a_job_evict_all_entries_for_older_ones() -> None:
    maker, other = Maker(), some_rows()
    old = some_rows()
    for what in ("block", "column"):
        maker.is_made(what, {"job": old}, 10)
    maker.is_made("pivot", {"other": other, "job": old}, 10)
    maker.is_made("block", {"other": other}, 5)
    new = some_rows()
    assert maker.is_made("block", {"job": new}, 7)
    assert maker.cache.cells == 12
    assert not maker.is_made("block", {"other": other})
    assert maker.is_made("pivot", {"other": other, "job": new})


def test_too_many_cells_evict_the_least_recently_used_entry() -> None:
    maker, rows = Maker(max_cells=30), {name: some_rows() for name in "abcd"}
    for name in "abc":
        maker.is_made("block", {name: rows[name]}, 10)
    maker.is_made("block", {"a": rows["a"]}, 10)
    assert maker.is_made("block", {"d": rows["d"]}, 10)
    assert maker.cache.cells == 30
    assert not any(maker.is_made("block", {name: rows[name]}, 10) for name in "acd")
    assert maker.is_made("block", {"b": rows["b"]}, 10)


def test_the_newest_entry_is_kept_even_above_the_limit() -> None:
    maker, rows = Maker(max_cells=30), some_rows()
    maker.is_made("column", {"job": rows}, 10)
    assert maker.is_made("block", {"job": rows}, 100)
    assert not maker.is_made("block", {"job": rows})
    assert maker.is_made("column", {"job": rows}, 10)
    assert maker.cache.cells == 10


def test_a_failed_make_is_not_cached() -> None:
    def fail() -> str:
        raise ValueError("no such column")

    maker, rows = Maker(), some_rows()
    with pytest.raises(ValueError, match="no such column"):
        maker.cache.get_or_make("block", {"job": rows}, fail, len)
    assert maker.is_made("block", {"job": rows})


def test_a_refusal_is_cached_for_the_same_rows() -> None:
    tries = []

    def refuse() -> str:
        tries.append(1)
        raise UnknownColumnError("There is no column 'nmae'.")

    cache, rows = DerivedCache(), some_rows()
    for of in (rows, rows, some_rows()):
        with pytest.raises(UnknownColumnError, match="no column 'nmae'"):
            cache.get_or_make("column", {"job": of}, refuse, len)
    assert len(tries) == 2
    assert cache.cells == 1


def test_threads_do_not_wait_for_each_other() -> None:
    maker, rows = Maker(), some_rows()
    results: list[str] = []

    def make() -> str:
        other = threading.Thread(
            target=lambda: results.append(maker.cache.get_or_make("x", {"job": rows}, lambda: "x", len))
        )
        other.start()
        other.join(20)
        assert results == ["x"]
        return "block"

    assert maker.cache.get_or_make("block", {"job": rows}, make, len) == "block"
    assert not maker.is_made("block", {"job": rows})
    assert not maker.is_made("x", {"job": rows})


def test_a_value_made_by_two_threads_at_once_counts_once() -> None:
    maker, rows = Maker(), some_rows()

    def make() -> str:
        maker.is_made("block", {"job": rows}, 10)  # as another thread could
        return "block"

    maker.cache.get_or_make("block", {"job": rows}, make, lambda _: 10)
    assert maker.cache.cells == 10
