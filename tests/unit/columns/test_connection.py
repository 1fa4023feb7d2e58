"""Whatever keeps DuckDB from answering is one error, after which the rows are asked instead."""

from __future__ import annotations

import sys
import weakref
from pathlib import Path

import pytest

from xl_openfunnel.columns import connection
from xl_openfunnel.columns.connection import UnavailableError, connect, loading_error


@pytest.mark.parametrize("error", ["ImportError", "OSError", "RuntimeError", "AttributeError", "ValueError"])
def test_duckdb_may_fail_to_load_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    (tmp_path / "duckdb.py").write_text(f"raise {error}('built for another Python')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "duckdb", raising=False)
    assert loading_error() == "built for another Python"
    with pytest.raises(UnavailableError, match="does not load: built for another Python"), connect(tmp_path):
        pass


def test_an_instance_that_cannot_be_set_up_is_no_other_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MEMORY", "as much as there is")
    with pytest.raises(UnavailableError), connect(tmp_path):
        pass
    monkeypatch.undo()
    with connect(tmp_path) as tried_again:
        assert tried_again.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("no thread"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "of a damaged file")]
)
def test_errors_of_python_in_duckdb_are_its_errors_too(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(UnavailableError), connect(tmp_path):
        raise error
    assert not connection._open


def test_duckdb_has_nothing_left_to_end_after_the_block_though_a_traceback_keeps_the_connection(tmp_path: Path) -> None:
    """The end of its object waits for Python: on a daemon thread that aborts a process that ends."""
    kept = []

    def ask() -> None:
        with connect(tmp_path) as connection:
            kept.append((connection, weakref.ref(connection._used())))
            connection.execute("SELECT error('no')")

    with pytest.raises(UnavailableError) as raised:
        ask()
    assert raised.value.__traceback__ is not None
    ((connection, own),) = kept
    assert own() is None
    connection.interrupt()
    with pytest.raises(UnavailableError, match="closed"):
        connection.execute("SELECT 1")
