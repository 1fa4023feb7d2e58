"""All that keeps DuckDB from answering is one error, after which the rows are asked instead."""

from __future__ import annotations

import errno
import os
import sys
import weakref
from pathlib import Path
from typing import NoReturn

import duckdb
import numpy as np
import pytest

from xl_openfunnel.columns import connection
from xl_openfunnel.columns.connection import Connection, NoRoomError, UnavailableError, connect, loading_error


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


def test_ctrl_c_that_duckdb_sees_itself_is_ctrl_c(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), connect(tmp_path):
        raise RuntimeError("Query interrupted")  # its words of it


class Pressed(dict[str, "np.ndarray[tuple[int], np.dtype[np.object_]]"]):
    """Columns during whose reading Ctrl-C comes."""

    def keys(self) -> NoReturn:
        raise KeyboardInterrupt


class PressedValue:
    def __str__(self) -> NoReturn:
        raise KeyboardInterrupt


def ask(connection: Connection, columns: object) -> None:
    connection.register("asked", columns)
    connection.execute("SELECT * FROM asked").fetchall()


@pytest.mark.parametrize(
    "columns", [Pressed(a=np.array(["x"], dtype=object)), {"a": np.array([PressedValue()], dtype=object)}]
)
def test_ctrl_c_while_duckdb_reads_values_of_python_is_ctrl_c(tmp_path: Path, columns: object) -> None:
    with pytest.raises(KeyboardInterrupt), connect(tmp_path) as connection:
        ask(connection, columns)


def test_an_interruption_at_the_end_of_the_process_is_no_ctrl_c(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="Interrupted"), connect(tmp_path):
        raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")


WRITE_FAILED = 'IO Error: Could not write file "{}": No space left on device'
WRITE_FAILED_IN_THREAD = (
    'IO Error: Async write failed for range [offset=27, size=131347]: {{"exception_type":"IO","exception_message":'
    '"Could not write file \\"{}\\": No space left on device","errno":"28"}}'
)


@pytest.mark.parametrize("words", [WRITE_FAILED, WRITE_FAILED_IN_THREAD])
def test_what_duckdb_says_of_a_full_disk_is_told_in_words_with_the_cure(tmp_path: Path, words: str) -> None:
    with pytest.raises(NoRoomError) as raised, connect(tmp_path):
        raise duckdb.IOException(words.format(tmp_path / "0.parquet"))
    assert str(raised.value) == f"No space left on device. Make room in {tmp_path}."


def test_a_file_that_grows_too_large_is_told_in_words_with_the_cure(tmp_path: Path) -> None:
    """In the words of the DuckDB that is installed."""
    resource = pytest.importorskip("resource", reason="needs a limit of POSIX")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(NoRoomError) as raised, connect(tmp_path) as connection:
            connection.execute(f"COPY (SELECT uuid() FROM range(10000)) TO '{tmp_path / 'large.parquet'}'")  # noqa: S608
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert raised.value.reason == os.strerror(errno.EFBIG)
