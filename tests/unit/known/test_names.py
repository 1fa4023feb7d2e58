"""Known lists and jobs never share a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.jobs.store.opening import UnavailableStore
from xl_openfunnel.jobs.store.store import Store
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.names import check_label, check_list_name, job_called
from xl_openfunnel.known.tables import make_list

UUID = "0b7e4c1e-1111-4222-8333-444455556666"
LABELS = {"job-one-1": "Payments  June", UUID: "Zürich", "deadbeef-aaaa": None, "deadbeef-bbbb": None}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.sqlite3", "https://api.openfunnel.dev:443")
    for job_id, label in LABELS.items():
        store.label(job_id, label)
    yield store
    store.close()


@pytest.fixture
def lists(tmp_path: Path) -> KnownLists:
    return KnownLists(tmp_path / "known")


@pytest.mark.parametrize(
    ("name", "job_id"),
    [
        ("payments june", "job-one-1"),
        ("Payments\u00a0June\u200b", "job-one-1"),
        ("ZU\u0308RICH", UUID),
        ("job-one-1", "job-one-1"),
        ("JOB-ONE-1", "job-one-1"),
        (UUID.upper(), UUID),
        ("deadbeef-aaaa", "deadbeef-aaaa"),
        ("11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-555555555555"),
    ],
)
def test_a_label_and_an_id_in_any_case_are_the_name_of_a_job(store: Store, name: str, job_id: str) -> None:
    assert job_called(store, name) == job_id
    with pytest.raises(ConfigurationError, match=f"names the job {job_id}, and .* Give the list another name"):
        check_list_name(name, store)


@pytest.mark.parametrize("name", ["crm", "Payments", "deadbeef", UUID[:8], "job-one-", f"not-{UUID}", "job-one-12"])
def test_the_beginning_of_an_id_and_a_text_with_one_are_not(store: Store, name: str) -> None:
    check_list_name(name, store)


def test_without_a_store_that_can_be_read_any_name_is_taken(store: Store) -> None:
    assert job_called(None, "crm") is None
    assert job_called(UnavailableStore("gone"), "crm") is None
    assert job_called(store, "\ud800") is None


@pytest.mark.parametrize("label", ["crm", "CRM", " Crm\u200b"])
def test_a_label_that_a_list_has_is_refused(lists: KnownLists, label: str) -> None:
    check_label(label, lists)
    lists.set(make_list("crm", [["acme.com"]]))
    with pytest.raises(ConfigurationError, match=r"is a known list, and .* Choose another label"):
        check_label(label, lists)
    check_label("crm 2", lists)


def test_a_name_of_both_is_refused_where_lists_are_read(lists: KnownLists, store: Store) -> None:
    lists.set(make_list("june", [["acme.com"]]))
    assert lists.together(["june"], store).hosts
    store.label("job-one-1", "June")  # as on another computer, or in an earlier version
    with pytest.raises(ConfigurationError, match="'june' is a known list, and names the job job-one-1 too"):
        lists.together(["june"], store)
    store.label("job-one-1", "May")
    assert lists.together(["june"], store).hosts
