"""What was made of rows is made again only where it has to be."""

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
    """Makes things of a memory, and counts."""

    def __init__(self, most: int = MAX_CELLS) -> None:
        self.memory = DerivedCache(most)
        self.count = 0

    def asks(self, what: str, of: Mapping[str, Rows], cells: int = 1) -> bool:
        """Whether it had to be made."""

        def make() -> str:
            self.count += 1
            return what

        before = self.count
        assert self.memory.get_or_make(what, of, make, lambda _: cells) == what
        return self.count > before


def test_what_was_made_of_the_same_rows_is_not_made_again() -> None:
    maker, one, other = Maker(), some_rows(), some_rows()
    assert maker.asks("block", {"job": one})
    assert not maker.asks("block", {"job": one})
    assert maker.asks("column", {"job": one})
    assert maker.asks("block", {"other": other})
    assert maker.asks("block", {"job": one, "other": other})
    assert maker.asks("block", {"other": other, "job": one})
    assert not maker.asks("block", {"job": one})


def test_all_that_was_made_of_a_jobs_older_rows_goes_when_there_are_newer_ones() -> None:
    maker, other = Maker(), some_rows()
    old = some_rows()
    for what in ("block", "column"):
        maker.asks(what, {"job": old}, 10)
    maker.asks("pivot", {"other": other, "job": old}, 10)
    maker.asks("block", {"other": other}, 5)
    new = some_rows()
    assert maker.asks("block", {"job": new}, 7)
    assert maker.memory.cells == 12
    assert not maker.asks("block", {"other": other})
    assert maker.asks("pivot", {"other": other, "job": new})


def test_what_was_used_longest_ago_goes_first_once_there_are_too_many_cells() -> None:
    maker, rows = Maker(most=30), {name: some_rows() for name in "abcd"}
    for name in "abc":
        maker.asks("block", {name: rows[name]}, 10)
    maker.asks("block", {"a": rows["a"]}, 10)
    assert maker.asks("block", {"d": rows["d"]}, 10)
    assert maker.memory.cells == 30
    assert not any(maker.asks("block", {name: rows[name]}, 10) for name in "acd")
    assert maker.asks("block", {"b": rows["b"]}, 10)


def test_what_was_made_last_is_kept_however_large() -> None:
    maker, rows = Maker(most=30), some_rows()
    maker.asks("column", {"job": rows}, 10)
    assert maker.asks("block", {"job": rows}, 100)
    assert not maker.asks("block", {"job": rows})
    assert maker.asks("column", {"job": rows}, 10)
    assert maker.memory.cells == 10


def test_nothing_is_kept_of_what_could_not_be_made() -> None:
    def fail() -> str:
        raise ValueError("no such column")

    maker, rows = Maker(), some_rows()
    with pytest.raises(ValueError, match="no such column"):
        maker.memory.get_or_make("block", {"job": rows}, fail, len)
    assert maker.asks("block", {"job": rows})


def test_what_was_refused_of_the_same_rows_is_refused_again_without_another_try() -> None:
    tries = []

    def refuse() -> str:
        tries.append(1)
        raise UnknownColumnError("There is no column 'nmae'.")

    memory, rows = DerivedCache(), some_rows()
    for of in (rows, rows, some_rows()):
        with pytest.raises(UnknownColumnError, match="no column 'nmae'"):
            memory.get_or_make("column", {"job": of}, refuse, len)
    assert len(tries) == 2
    assert memory.cells == 1


def test_no_thread_waits_while_another_makes_something_of_the_same_job() -> None:
    maker, rows = Maker(), some_rows()
    found: list[str] = []

    def make() -> str:
        other = threading.Thread(
            target=lambda: found.append(maker.memory.get_or_make("x", {"job": rows}, lambda: "x", len))
        )
        other.start()
        other.join(20)
        assert found == ["x"]
        return "block"

    assert maker.memory.get_or_make("block", {"job": rows}, make, len) == "block"
    assert not maker.asks("block", {"job": rows})
    assert not maker.asks("x", {"job": rows})


def test_what_two_threads_made_at_once_is_counted_once() -> None:
    maker, rows = Maker(), some_rows()

    def make() -> str:
        maker.asks("block", {"job": rows}, 10)  # as another thread may do meanwhile
        return "block"

    maker.memory.get_or_make("block", {"job": rows}, make, lambda _: 10)
    assert maker.memory.cells == 10
