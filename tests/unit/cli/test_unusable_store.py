"""A store that cannot be used or written is told once in a command, as a warning or as the error that ends it."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.cli.conftest import DONE, FAILED, OTHER, Run, Serve
from xl_openfunnel.jobs.store import database, diagnosis
from xl_openfunnel.settings import store_path

COMMANDS = [
    *(["status", DONE.job_id], ["status", DONE.job_id, OTHER.job_id]),
    *(["rows", DONE.job_id, "--format", "csv"], ["rows", DONE.job_id, OTHER.job_id], ["rows", FAILED.job_id]),
    *(["rows", "no-such-job"], ["watch", DONE.job_id], ["watch", DONE.job_id, OTHER.job_id]),
    *(["label", DONE.job_id, "mine"], ["forget", DONE.job_id], ["cancel", DONE.job_id, "--yes"], ["jobs"]),
    *(["export", "out"], ["export", "out", DONE.job_id], ["sql", "select 1", "--job", DONE.job_id]),
]


READING = {"status", "rows", "watch", "cancel", "jobs", "export", "sql"}
"""The commands that can do without writing; the others end with the reason as their error too."""


def in_the_way(store: Path, _: pytest.MonkeyPatch) -> str:
    store.parent.parent.mkdir(parents=True, exist_ok=True)
    store.parent.write_text("")
    return "there is a file where its folder should be"


def newer(store: Path, _: pytest.MonkeyPatch) -> str:
    store.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA user_version = 99")
    return "was written by a newer XL OpenFunnel"


def full(_: Path, patch: pytest.MonkeyPatch) -> str:
    def prepare(_: database.StoreDatabase) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(database.StoreDatabase, "_prepare", prepare)
    return diagnosis.FULL


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil, words)
        for spoil in (in_the_way, newer, full)
        for words in COMMANDS
        if words[0] in READING or spoil != full
    ],
)
def test_it_is_told_once(
    serve: Serve,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, pytest.MonkeyPatch], str],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(tmp_path / "new" / "store"))
    serve(DONE, OTHER, FAILED)
    reason = spoil(store_path(), monkeypatch)
    lines = run("--log-format", "json", *words).err.splitlines()
    assert len([line for line in lines if reason in json.loads(line)["message"]]) == 1, lines


@pytest.mark.parametrize("spoil", [in_the_way, newer, full])
def test_it_stops_only_commands_that_need_it(
    serve: Serve,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, pytest.MonkeyPatch], str],
) -> None:
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(tmp_path / "new" / "store"))
    serve(DONE)
    spoil(store_path(), monkeypatch)
    result = run("status", DONE.job_id)
    assert (result.code, "completed" in result.out, result.err.startswith("warning: ")) == (0, True, True)
    result = run("label", DONE.job_id, "mine")
    assert (result.code, result.err.splitlines()[-1].startswith("error: ")) == (2, True)


def test_the_next_command_tells_it_again(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(tmp_path / "new" / "store"))
    serve(DONE)
    reason = in_the_way(store_path(), monkeypatch)
    assert [run("status", DONE.job_id).err.count(reason) for _ in range(2)] == [1, 1]
