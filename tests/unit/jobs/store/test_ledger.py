"""The ledger of the store: every job seen, its label, and the beginnings of ids."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.jobs.store.other_process import AS_OF, ORIGIN, pages, result
from xl_openfunnel import ConfigurationError, InvalidJobIdError, JobStatus, Store
from xl_openfunnel.jobs.store.ledger import find_label


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
@example({"00": " ", "0": "\u200b"}, [])  # the second one is not taken
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
        assert not labels or store.names(len(store.ledger()) - 1) is None


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
    with store.one_connection():
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


def test_whether_a_label_is_free_is_asked_within_the_transaction_that_gives_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def find(db: sqlite3.Connection, *arguments: str) -> str | None:
        asked.append(db.in_transaction)
        return find_label(db, *arguments)

    monkeypatch.setattr("xl_openfunnel.jobs.store.store.find_label", find)
    store.label("one", "STRASSE")
    with pytest.raises(ConfigurationError, match="Another job has the label"):
        store.label("two", "Straße")
    assert asked == [True, True]
