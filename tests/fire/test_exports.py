"""Folders of exported files that are read while they are written, interrupted, or on a full disk."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xl_openfunnel import FileWriteError

from . import exports
from .exports_child import SIZES, export, open_store, put
from .test_damage import max_file_size


def test_readers_see_whole_jobs_while_others_are_added(tmp_path: Path) -> None:
    assert exports.read_while_written(tmp_path).total() > 0


def test_computers_that_are_killed_leave_whole_files_and_nothing_else(tmp_path: Path) -> None:
    assert exports.kill(tmp_path, kills=3) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    store = open_store(tmp_path / "one")
    put(store, "a", SIZES[0], 0)
    export(store, tmp_path / "target")
    before = exports.by_duckdb(tmp_path / "target" / "companies")
    put(store, "b", SIZES[-1], 0)
    with max_file_size(10_000), pytest.raises(FileWriteError):
        export(store, tmp_path / "target")
    assert exports.by_duckdb(tmp_path / "target" / "companies") == before
    assert exports.by_duckdb(tmp_path / "target" / "jobs") == {"a": 1}
    export(store, tmp_path / "target")
    assert set(exports.by_duckdb(tmp_path / "target" / "companies")) == {"a", "b"}
    assert sorted(path.name for path in (tmp_path / "target").iterdir()) == ["companies", "jobs"]
