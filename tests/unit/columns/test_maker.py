"""Files are made when the store saves, removed when it forgets, and never in the way of either."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.columns.stored_rows import read
from tests.unit.jobs.store.other_process import AS_OF, ORIGIN, pages, result
from xl_openfunnel import JobStatus, Page, Store
from xl_openfunnel.columns.connection import UnavailableError
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.columns.maker import ColumnMaker, connect
from xl_openfunnel.jobs.snapshot import Result, Rows
from xl_openfunnel.jobs.store.opening import UnavailableStore

pytestmark = pytest.mark.dependencies

now = [0.0]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.sqlite3", ORIGIN)


@pytest.fixture
def maker(store: Store) -> Iterator[ColumnMaker]:
    now[0] = 100.0
    maker = ColumnMaker(store, ColumnFolder.beside(store.path, store.origin), monotonic=lambda: now[0], pause=0.0)
    yield maker
    store.close()


def finish(maker: ColumnMaker) -> None:
    """Wait until the maker has done all that it was asked for so far."""
    done = threading.Event()
    maker._thread.submit(done.set)
    assert done.wait(60)


def save(store: Store, job_id: str, *counts: int) -> Result:
    read_pages = pages(*counts)
    return store.save(job_id, result(read_pages), read_pages, None)


def save_odd(store: Store, job_id: str) -> Result:
    page = Page(JobStatus("completed"), row_count=1, rows_json=b'[{"name": 5}]')
    return store.save(job_id, result((page,)), (page,), None)


def files(store: Store) -> list[Path]:
    return sorted(store.path.with_name("columns").glob("*"))


def test_a_saved_job_gets_a_file(store: Store, maker: ColumnMaker) -> None:
    saved = save(store, "job", 100, 20)
    finish(maker)
    path = maker.find("job", saved.rows, AS_OF)
    assert path is not None
    assert [row["name"] for row in read(path)] == [row["name"] for row in saved.rows]


def test_a_file_that_is_missing_is_made_when_it_is_looked_for(store: Store) -> None:
    save(store, "job", 5)
    maker = ColumnMaker(store, ColumnFolder.beside(store.path, store.origin))
    found = store.find("job")
    assert found is not None
    assert maker.find("job", found.rows, AS_OF) is None
    finish(maker)
    assert maker.find("job", found.rows, AS_OF) is not None
    store.close()


def test_rows_that_are_not_from_the_store_have_no_file(store: Store, maker: ColumnMaker) -> None:
    assert maker.find("job", Rows.of(pages(3)), AS_OF) is None
    finish(maker)
    assert files(store) == []


def test_forgetting_a_job_removes_its_file(store: Store, maker: ColumnMaker) -> None:
    save(store, "job", 5)
    save(store, "other", 5)
    finish(maker)
    store.forget("job")
    assert len(files(store)) == 1
    store.forget_all()
    assert not store.path.with_name("columns").exists()


def test_a_job_that_is_forgotten_while_its_file_is_made_leaves_none(
    store: Store, maker: ColumnMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ColumnFolder.make

    def make_after_another_process_forgot(self: ColumnFolder, *arguments: Any) -> Path:
        path = real(self, *arguments)
        Store(store.path, ORIGIN).forget("job")
        return path

    monkeypatch.setattr(ColumnFolder, "make", make_after_another_process_forgot)
    save(store, "job", 5)
    finish(maker)
    assert files(store) == []


def test_what_a_process_without_hooks_forgot_is_removed_by_the_next(store: Store, maker: ColumnMaker) -> None:
    save(store, "kept", 5)
    save(store, "job", 6)
    finish(maker)
    Store(store.path, ORIGIN).forget("job")
    assert len(files(store)) == 2
    other = Store(store.path, ORIGIN)
    finish(ColumnMaker(other, ColumnFolder.beside(other.path, other.origin)))
    assert len(files(store)) == 1
    other.close()


def test_an_irregular_job_is_stored_and_not_tried_again(
    store: Store, maker: ColumnMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "xl_openfunnel")
    saved = save_odd(store, "odd")
    finish(maker)
    assert "job odd has no columns, because of name of row 1" in caplog.text
    caplog.clear()
    assert maker.find("odd", saved.rows, AS_OF) is None
    finish(maker)
    assert caplog.text == ""
    assert [each.job_id for each in maker.folder.irregular()] == ["odd"]


@pytest.mark.parametrize("error", [OSError("the disk is full"), UnavailableError("DuckDB does not load"), ValueError()])
def test_a_file_that_cannot_be_made_costs_no_job_and_is_tried_again_later(
    store: Store, maker: ColumnMaker, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries = []

    def fail(*_: Any) -> Path:
        tries.append(now[0])
        raise error

    monkeypatch.setattr(ColumnFolder, "make", fail)
    saved = save(store, "job", 5)
    for moment in (100.0, 101.0, 159.0, 161.0):
        finish(maker)
        now[0] = moment
        assert maker.find("job", saved.rows, AS_OF) is None
    finish(maker)
    assert tries == [100.0, 161.0]
    assert len(list(saved.rows)) == 5


def test_closing_the_store_drops_what_waits_to_be_made(
    store: Store, maker: ColumnMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on, made = threading.Event(), threading.Event(), []

    def make(_: ColumnFolder, job_id: str, *__: Any) -> Path:
        started.set()
        assert go_on.wait(60)
        made.append(job_id)
        return Path()

    monkeypatch.setattr(ColumnFolder, "make", make)
    for job in ("first", "second", "third"):
        save(store, job, 5)
    assert started.wait(60)
    monkeypatch.setattr("xl_openfunnel.columns.maker._JOIN_TIMEOUT", 0.0)
    store.close()
    go_on.set()
    for thread in maker._thread._threads:
        thread.join(60)
    assert made == ["first"]


def test_files_are_made_once_no_job_was_saved_for_a_while(store: Store) -> None:
    maker = ColumnMaker(store, ColumnFolder.beside(store.path, store.origin), monotonic=lambda: now[0], pause=1.0)
    waits: list[tuple[float, list[Path]]] = []

    def wait(seconds: float) -> bool:
        waits.append((seconds, files(store)))
        now[0] += 0.5
        if len(waits) == 1:
            save(store, "other", 5)
            now[0] += 0.5
        return False

    maker._closing.wait = wait  # type: ignore[method-assign, assignment]
    now[0] = 100.0
    save(store, "job", 5)
    finish(maker)
    finish(maker)  # also what the job needs that was saved in the meantime
    assert waits == [(1.0, []), (0.5, [])]
    assert len(files(store)) == 2
    store.close()


def test_cells_are_answered_while_a_file_is_made(
    store: Store, maker: ColumnMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    collecting: list[bool] = []
    monkeypatch.setattr(ColumnFolder, "make", lambda *_: collecting.append(gc.isenabled()))
    save(store, "job", 5)
    finish(maker)
    assert collecting == [False]
    assert gc.isenabled()


def test_without_a_store_there_are_no_columns() -> None:
    assert connect(None) is None
    assert connect(UnavailableStore("no folder")) is None


def test_an_error_in_a_hook_is_no_error_of_the_store(store: Store) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    store.on_saved = store.on_forgotten = fail
    save(store, "job", 5)
    assert store.find("job") is not None
    assert store.forget("job")


def test_a_process_may_end_while_a_thread_is_in_duckdb(tmp_path: Path) -> None:
    code = """if True:
        import sys, threading
        from pathlib import Path
        from xl_openfunnel.columns.connection import UnavailableError, connect
        started = threading.Event()
        def ask():
            try:
                with connect(Path(sys.argv[1])) as connection:
                    started.set()
                    while True:
                        connection.execute("SELECT sum(a.range * b.range) FROM range(100000) a, range(10000) b")
            except UnavailableError:
                pass
        threading.Thread(target=ask, daemon=True).start()
        started.wait()"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_queries_work_until_the_process_is_known_to_end(tmp_path: Path) -> None:
    code = """if True:
        import sys, threading
        from pathlib import Path
        import numpy
        from xl_openfunnel.columns import connection as module
        started, ends, asked = (threading.Event() for _ in range(3))
        def ask():
            with module.connect(Path(sys.argv[1])) as connection:
                started.set()
                ends.wait()
                try:
                    connection.register("companies", {"name": numpy.array(["A"], dtype=object)})
                    print(connection.execute("SELECT name FROM companies").fetchall())
                except Exception as error:
                    print(error)
                asked.set()
        class Ending(threading.Event):
            def set(self):
                ends.set()
                asked.wait()
                super().set()
        module._ending = Ending()
        threading.Thread(target=ask, daemon=True).start()
        started.wait()"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[('A',)]\n", "")


def test_a_process_that_ends_waits_for_a_thread_that_loads_duckdb(tmp_path: Path) -> None:
    code = """if True:
        import sys, threading
        from pathlib import Path
        import duckdb  # so that nothing takes long
        from xl_openfunnel.columns import connection as module
        started, waited_for = threading.Event(), threading.Event()
        def loading_error():
            started.set()
            waited_for.wait()
            print("loaded", flush=True)
        class Changed(threading.Condition):
            def wait(self, timeout=None):
                waited_for.set()
                return super().wait(timeout)
        module.loading_error, module._changed = loading_error, Changed()
        def ask():
            try:
                with module.connect(Path(sys.argv[1])):
                    print("connected")
            except module.UnavailableError:
                pass
        threading.Thread(target=ask, daemon=True).start()
        started.wait()"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "loaded\n", "")
