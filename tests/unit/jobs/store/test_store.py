"""The local store: final jobs and the ledger, for several processes, for years."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import sqlite3
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.jobs.store.other_process import AS_OF, ORIGIN, keep_and_read, pages, result
from xl_openfunnel import ConfigurationError, IncompleteResultError, InvalidJobIdError, JobStatus, Page, Store
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.jobs.store import diagnosis
from xl_openfunnel.jobs.store.database import StoreDatabase
from xl_openfunnel.jobs.store.store import StoreBusyError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kept" / "store.sqlite3", ORIGIN)


def test_job_is_found_as_it_was_saved(store: Store) -> None:
    read = pages(100, 100, 50)
    store.save("job", result(read), read, "f" * 12)
    found = Store(store.path, ORIGIN).find("job")
    assert found is not None
    assert (found.status, found.stage, found.processed, found.as_of) == ("completed", "completed", 250, AS_OF)
    assert found.manifest == result(read).manifest
    assert found.rows.counts == (100, 100, 50)
    assert list(found.rows) == list(Rows.of(read))
    assert found.rows[0] == Rows.of(read)[0]
    assert found.rows[-1] == Rows.of(read)[249]
    assert found.rows[99:101] == Rows.of(read)[99:101]


def test_rows_beyond_the_end_are_an_index_error() -> None:
    rows = Rows.of(pages(3))
    for index in (3, -4):
        with pytest.raises(IndexError):
            rows[index]


def test_unknown_job_is_not_found(store: Store) -> None:
    assert store.find("job") is None


def test_origins_do_not_share_jobs(store: Store) -> None:
    read = pages(1)
    store.save("job", result(read), read, None)
    store.label("job", "mine")
    other = Store(store.path, "http://127.0.0.1:8000")
    assert (other.find("job"), other.ledger(), other.job_id_of("mine")) == (None, [], None)


def test_newer_result_replaces_the_older_one_completely(store: Store) -> None:
    old, new = pages(100, 100), pages(7)
    before = store.save("job", result(old), old, None)
    store.save("job", result(new, AS_OF + timedelta(hours=1)), new, None)
    found = store.find("job")
    assert found is not None
    assert len(found.rows) == 7
    with pytest.raises(IncompleteResultError, match="removed or replaced"):
        list(before.rows)


def test_refresh_with_the_same_rows_does_not_break_open_readers(store: Store) -> None:
    read = pages(100, 7)
    before = store.save("job", result(read), read, None)
    after = store.save("job", result(read, AS_OF + timedelta(hours=1)), read, None)
    assert list(before.rows) == list(after.rows)
    assert after.as_of == AS_OF + timedelta(hours=1)


def test_failed_write_keeps_the_older_result(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old = pages(3)
    store.save("job", result(old), old, None)
    monkeypatch.setattr(store, "_record", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.save("job", result(pages(9)), pages(9), None)
    found = store.find("job")
    assert found is not None
    assert list(found.rows) == list(Rows.of(old))


def test_busy_store_raises_instead_of_finding_nothing(store: Store) -> None:
    store.close()
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("UPDATE job SET stage = stage")
    other.execute("COMMIT")
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StoreBusyError):
            store.find("job", wait=False)
    finally:
        other.close()
    assert store.find("job", wait=False) is None


def test_writer_does_not_block_a_reader(store: Store) -> None:
    read = pages(1)
    store.save("job", result(read), read, None)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert store.find("job", wait=False) is not None
    finally:
        other.close()


def test_ledger_lists_every_job_seen(store: Store) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    store.record("one", JobStatus("running"), 100, None, first)
    store.record("one", JobStatus("cancelled"), 200, {"credits_consumed": 200}, first + timedelta(minutes=1))
    read = pages(100)
    store.save("two", result(read, first + timedelta(hours=1)), read, None)
    store.label("one", "Germany Q3")
    two, one = store.ledger()
    assert (one.job_id, one.label, one.status, one.row_count, one.credits) == (
        "one",
        "Germany Q3",
        "cancelled",
        200,
        200,
    )
    assert (one.first_seen, one.last_seen) == (first, first + timedelta(minutes=1))
    assert (two.job_id, two.query, two.seeds) == ("two", "q", ("a.example",))


def test_ledger_cuts_long_queries_and_seeds(store: Store) -> None:
    names = [f"{number}.example" for number in range(900)]
    told = {"derived_query": "q" * 60_000, "resolved_seed_domains": ["x" * 5_000, 7, *names]}
    store.record("one", JobStatus("completed"), 5, told, AS_OF)
    (one,) = store.ledger()
    assert one.query == "q" * 1_999 + "…"
    assert one.seeds == ("x" * 254 + "…", *names[:19], "…")


def test_label_names_one_job_in_any_case(store: Store) -> None:
    store.label("one", "Germany")
    assert store.job_id_of("germany") == "one"
    with pytest.raises(ConfigurationError, match="already"):
        store.label("two", "GERMANY")
    store.label("one", None)
    store.label("two", "GERMANY")
    assert store.job_id_of("Germany") == "two"


def test_many_names_are_looked_up_over_one_connection(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.label("job", "DACH")
    opened: list[object] = []
    connect = sqlite3.connect

    def counted(path: Path, **options: Any) -> object:
        opened.append(path)
        return connect(path, **options)

    monkeypatch.setattr(sqlite3, "connect", counted)
    with store.one_connection(), store.one_connection():
        for _ in range(3):
            assert store.job_id_of("dach", wait=False) == "job"
            assert store.find("job", wait=False) is None
            assert store.whole_id("job", wait=False) == "job"
        assert len(opened) == 1
        Store(store.path, ORIGIN).label("job", "Nordics")
        assert store.job_id_of("Nordics", wait=False) == "job"
    opened.clear()
    assert store.job_id_of("Nordics", wait=False) == "job"
    assert len(opened) == 1


NAMES = st.text(st.sampled_from("aAbß\u0130iKk\u212ak\u200b \u00e9e\u0301-0"), min_size=1, max_size=10)
IDS = st.text(st.sampled_from("abAB0-"), min_size=1, max_size=10)


@settings(max_examples=30)
@given(st.dictionaries(IDS, st.none() | NAMES, max_size=6), st.lists(NAMES | IDS, max_size=8))
def test_names_that_are_read_at_once_are_those_that_are_looked_up_one_by_one(
    labels: dict[str, str | None], asked: list[str]
) -> None:
    def answer(ask: Callable[[str], str | None], text: str) -> str | None:
        try:
            return ask(text)
        except InvalidJobIdError as error:
            return str(error)

    with TemporaryDirectory() as folder, contextlib.closing(Store(Path(folder, "store.sqlite3"), ORIGIN)) as store:
        for job_id, label in labels.items():
            with contextlib.suppress(ConfigurationError):  # another job has this label
                store.label(job_id, label)
        names = store.names(len(labels))
        assert names is not None
        for text in [*asked, *labels, *filter(None, labels.values())]:
            assert names.job_id_of(text) == store.job_id_of(text)
            assert names.label_of(text) == store.label_of(text)
            assert answer(names.whole_id, text) == answer(store.whole_id, text)
        assert not labels or store.names(len(labels) - 1) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows replaces no open file")
def test_a_store_in_another_file_is_looked_up_there(store: Store, tmp_path: Path) -> None:
    store.label("job", "DACH")
    another = Store(tmp_path / "another.sqlite3", ORIGIN)
    another.label("new", "DACH")
    another.close()
    with store.one_connection():
        assert store.job_id_of("DACH", wait=False) == "job"
        store.close()
        for suffix in ("-wal", "-shm"):
            store.path.with_name(store.path.name + suffix).unlink(missing_ok=True)
        another.path.replace(store.path)
        assert store.job_id_of("DACH", wait=False) == "new"


@pytest.mark.parametrize(
    "label", ["KÖLN Q3", "Ko\u0308ln q3", "\u200bKöln\u00a0Q3\ufeff", "Köln\u00ad Q3 ", "Köln  \t Q3"]
)
def test_labels_that_look_alike_are_one(store: Store, label: str) -> None:
    store.label("one", "Köln Q3")
    assert store.job_id_of(label) == "one"
    with pytest.raises(ConfigurationError, match="already"):
        store.label("two", label)
    store.label("one", label)
    assert store.job_id_of("köln q3") == "one"
    assert store.job_id_of("Koln Q3") is None


def test_a_plain_label_has_any_number_of_blanks_between_its_words(store: Store) -> None:
    store.label("one", "Germany   Q3")
    assert [store.job_id_of(label) for label in ("germany q3", "Germany  Q3", "GermanyQ3")] == ["one", "one", None]


def test_the_beginning_of_an_id_is_whole_where_only_one_begins_so(store: Store) -> None:
    for job_id in ("ab_defgh-1", "ab_defgh-22", "ab_defgh-2", "abc", "abcd"):
        store.label(job_id, None)
    assert store.whole_id("abc") == "abc"
    assert store.whole_id("AB_DEFGH-1…") == store.whole_id(" ab_defgh-1... ") == "ab_defgh-1"
    assert store.whole_id("ab_defgh-2") == "ab_defgh-2"  # another one goes on, but this one is there
    assert [store.whole_id(text) for text in ("ab_defg", "ab", "ab%defgh-1", "abcdefgh-1", "", "…")] == [None] * 6
    with pytest.raises(ConfigurationError, match="'ab_defgh' begins the ids of 3 jobs"):
        store.whole_id("ab_defgh")


def test_forgotten_job_leaves_nothing(store: Store) -> None:
    read = pages(5)
    store.save("job", result(read), read, None)
    store.label("job", "x")
    assert store.forget("job")
    assert not store.forget("job")
    assert (store.find("job"), store.ledger(), store.job_id_of("x")) == (None, [], None)


def test_forgotten_job_leaves_nothing_in_the_file_either(store: Store) -> None:
    for job_id in ("job-to-keep", "job-to-forget"):
        read = pages(100)
        store.save(job_id, result(read), read, None)
    store.forget("job-to-forget")
    left = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"job-to-keep" in left
    assert b"job-to-forget" not in left


def test_forget_all_leaves_no_row_in_the_file(store: Store) -> None:
    read = (Page(JobStatus("completed"), row_count=1, rows_json=b'[{"name": "secretive"}]'),)
    store.save("job-to-forget", result(read), read, None)
    store.forget_all()
    left = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"job-to-forget" not in left


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_store_is_readable_by_its_owner_only(store: Store) -> None:
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content", [b"this is no database, it is a text" * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_file_that_is_not_a_database_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(content)
    store = Store(path, ORIGIN)
    read = pages(2)
    store.save("job", result(read), read, None)
    assert store.find("job") is not None
    (aside,) = tmp_path.glob("*.damaged-*")
    assert aside.read_bytes() == content


@pytest.mark.parametrize("column", ["manifest", "counts", "as_of"])
def test_damaged_entry_counts_as_none(store: Store, column: str) -> None:
    read = pages(2)
    store.save("job", result(read), read, None)
    db = sqlite3.connect(store.path, isolation_level=None)
    db.execute(f"UPDATE job SET {column} = '{{damaged'")  # noqa: S608
    db.close()
    assert store.find("job") is None


def test_damaged_rows_raise_and_are_never_shown(store: Store) -> None:
    read = pages(2)
    kept = store.save("job", result(read), read, None)
    db = sqlite3.connect(store.path, isolation_level=None)
    (body,) = db.execute("SELECT rows FROM page").fetchone()
    db.execute("UPDATE page SET rows = ?", (body[:20] + bytes([body[20] ^ 1]) + body[21:],))
    db.close()
    with pytest.raises(IncompleteResultError, match="damaged"):
        list(kept.rows)


def test_damage_found_in_use_moves_the_file_aside_and_the_next_job_is_saved(store: Store) -> None:
    read = pages(100, 100)
    kept = store.save("job", result(read), read, None)
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    content = bytearray(store.path.read_bytes())
    content[size:] = b"\xa5" * (len(content) - size)  # all but the tables' names
    store.path.write_bytes(content)
    with pytest.raises(IncompleteResultError, match="damaged"):
        list(kept.rows)
    store.save("job", result(read), read, None)
    found = store.find("job")
    assert found is not None
    assert list(found.rows) == list(Rows.of(read))
    assert list(store.path.parent.glob("*.damaged-*Z"))


@pytest.mark.skipif(sys.platform == "win32", reason="a file in use cannot be moved there")
def test_wal_of_a_damaged_file_is_moved_aside_with_it(store: Store) -> None:
    read = pages(3)
    store.save("job", result(read), read, None)
    other = sqlite3.connect(store.path)  # as another process has it, which keeps what was written last beside it
    other.execute("SELECT 1 FROM job").fetchone()
    StoreDatabase(store.path).quarantine()
    (beside,) = store.path.parent.glob("*.damaged-*-wal")
    assert beside.stat().st_size > 0
    assert store.find("job") is None
    store.save("job", result(read), read, None)
    assert store.find("job") is not None
    other.close()


def test_job_under_another_jobs_id_is_not_shown(store: Store) -> None:
    read = pages(3)
    kept = store.save("job", result(read), read, None)
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE job SET job_id = 'other'")
        db.execute("UPDATE page SET job_id = 'other'")
    db.close()
    assert store.find("other") is None
    with pytest.raises(IncompleteResultError):
        list(kept.rows)


def test_damaged_entry_of_the_ledger_is_left_out(store: Store) -> None:
    store.record("one", JobStatus("running"), 1, None, AS_OF)
    store.record("two", JobStatus("running"), 1, None, AS_OF)
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE ledger SET first_seen = 'once' WHERE job_id = 'one'")
    db.close()
    assert [entry.job_id for entry in store.ledger()] == ["two"]


def as_version(path: Path, version: int) -> None:
    """The file as that version of the tables would have written it."""
    dropped = {1: ("job.seal", "page.seal", "job.warnings"), 2: ("job.warnings",)}[version]
    with sqlite3.connect(path) as db:
        for table, column in (name.split(".") for name in dropped):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute(f"PRAGMA user_version = {version}")
    db.close()


@pytest.mark.parametrize("version", [1, 2])
def test_store_of_an_older_version_is_migrated_and_keeps_its_jobs(store: Store, version: int) -> None:
    read = pages(100, 7)
    store.save("job", result(read), read, None)
    store.close()
    as_version(store.path, version)
    newer = Store(store.path, ORIGIN)
    found = newer.find("job")
    assert found is not None
    assert (list(found.rows), found.warnings) == (list(Rows.of(read)), ())
    newer.save("other", replace(result(read), warnings=("Odd.",)), read, None)
    other = newer.find("other")
    assert other is not None
    assert other.warnings == ("Odd.",)


@pytest.mark.parametrize("version", [1, 2])
def test_store_of_an_older_version_that_cannot_be_written_is_read(
    store: Store, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = pages(100, 7)
    store.save("job", result(read), read, None)
    store.close()
    as_version(store.path, version)
    monkeypatch.setattr(StoreDatabase, "_create_or_migrate", refuse_to_write)
    monkeypatch.setattr(diagnosis, "explain", lambda *_: diagnosis.READ_ONLY)
    before = store.path.read_bytes()
    found = Store(store.path, ORIGIN).find("job")
    assert found is not None
    assert list(found.rows) == list(Rows.of(read))
    assert store.path.read_bytes() == before


def refuse_to_write(_: StoreDatabase) -> None:
    raise sqlite3.OperationalError("attempt to write a readonly database")


def test_warnings_come_back_and_a_changed_one_is_not_shown(store: Store) -> None:
    read = pages(3)
    warnings = ("Page 1 holds Acme twice.", "“Zwei” \ud800 'quoted'")
    store.save("job", replace(result(read), warnings=warnings), read, None)
    found = store.find("job")
    assert found is not None
    assert found.warnings == warnings
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE job SET warnings = NULL")
    db.close()
    assert store.find("job") is None


def test_forget_all_removes_files_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"no database" * 1000)
    store = Store(path, ORIGIN)
    assert list(tmp_path.glob("*.damaged-*"))
    store.forget_all()
    assert not list(tmp_path.glob("*.damaged-*"))


def test_store_of_a_newer_version_is_left_alone(store: Store) -> None:
    db = sqlite3.connect(store.path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ConfigurationError, match="newer XL OpenFunnel"):
        Store(store.path, ORIGIN)


def test_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="OPENFUNNEL_CACHE_DIR"):
        Store(tmp_path / "file" / "store.sqlite3", ORIGIN)


def test_several_processes_may_use_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "store.sqlite3"
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as processes:
        lengths = list(processes.map(keep_and_read, [path] * 8, range(8)))
    assert lengths == [101 + number for number in range(8)]
    store = Store(path, ORIGIN)
    shared = store.find("shared")
    assert shared is not None
    assert len(list(shared.rows)) == len(shared.rows)
    assert len(store.ledger()) == 9


def test_new_file_waits_for_another_process_that_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.sqlite3"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM sqlite_schema").fetchall()  # SQLite changes no mode meanwhile, and does not wait

    class Waiting(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == "BEGIN EXCLUSIVE":
                other.rollback()
            return super().execute(sql, *parameters)

    monkeypatch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Waiting))
    assert Store(path, ORIGIN).ledger() == []
    assert other.execute("SELECT count(*) FROM ledger").fetchone() == (0,)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


def test_umask_does_not_widen_permissions(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = Store(tmp_path / "a" / "store.sqlite3", ORIGIN).path
    finally:
        os.umask(before)
    assert sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets only administrators make links")
@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("there", [True, False])
def test_link_in_the_place_of_the_store_is_refused(tmp_path: Path, ending: str, there: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    if there:
        elsewhere.write_bytes(b"of somebody else")
    (tmp_path / f"store.sqlite3{ending}").symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="is a link to another place"):
        Store(tmp_path / "store.sqlite3", ORIGIN)
    assert elsewhere.exists() is there
    assert not there or elsewhere.read_bytes() == b"of somebody else"


def test_forget_all_frees_the_space(store: Store) -> None:
    read = pages(100, 100, 100)
    for number in range(20):
        store.save(f"job-{number}", result(read), read, None)
    store.close()
    before = store.path.stat().st_size
    store.forget_all()
    assert store.path.stat().st_size < before / 2
