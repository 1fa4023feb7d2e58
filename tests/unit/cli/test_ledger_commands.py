"""jobs, label and forget: the local list of jobs."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cli.conftest import DONE, ROWS, SECRET, Run, Serve
from xl_openfunnel import JobStatus, Store
from xl_openfunnel.cli.session import short_ids
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.fetch_rows import shared_fetchers
from xl_openfunnel.jobs.store import store as kept
from xl_openfunnel.settings import origin_of, store_path
from xl_openfunnel.simulator import SimulatedJob

OTHER = SimulatedJob(ROWS[:30])


def labels_by_job(run: Run) -> dict[str, str | None]:
    return {entry["job_id"]: entry["label"] for entry in json.loads(run("jobs", "--json").out)}


def test_an_empty_list_says_how_to_add_a_job(serve: Serve, run: Run) -> None:
    serve()
    result = run("jobs")
    assert (result.code, result.out.splitlines()[0].split("\t")[0]) == (0, "label")
    assert "xl-openfunnel status JOB" in result.err


def test_every_requested_job_is_listed(serve: Serve, run: Run) -> None:
    serve(DONE, OTHER)
    run("rows", DONE.job_id)
    run("status", OTHER.job_id)
    entries = {entry["job_id"]: entry for entry in json.loads(run("jobs", "--json").out)}
    assert {job: entry["rows"] for job, entry in entries.items()} == {DONE.job_id: 250, OTHER.job_id: None}
    assert entries[DONE.job_id]["credits"] == 250
    assert list(entries[DONE.job_id]) == [
        *("job_id", "label", "status", "rows", "credits", "query", "seeds", "requested", "first_seen", "last_seen")
    ]
    shown = run("jobs")
    assert len(shown.out.splitlines()) == 3
    assert re.search(r"store.sqlite3 \([1-9]\d* KB\)\.$", shown.err)


def test_seeds_of_any_kind_are_listed(serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_displayable", list)  # as earlier versions kept them
    service = serve()
    with contextlib.closing(Store(store_path(), service.base_url)) as store:
        seeds = ["a.com", None, 7, {"domain": "b.com"}]
        store.record(DONE.job_id, JobStatus("completed"), 5, {"resolved_seed_domains": seeds}, datetime.now(UTC))
    assert run("jobs").out.splitlines()[1].split("\t")[-1] == 'a.com; 7; {"domain":"b.com"}'
    assert json.loads(run("jobs", "--json").out)[0]["seeds"] == seeds


def test_json_escapes_control_and_invisible_characters(serve: Serve, run: Run) -> None:
    service = serve()
    query = "Zoë 日本 🚀 \x1b[31m \x9b31m \u202egnp \u2028 \u200b \U000e0041"
    with contextlib.closing(Store(store_path(), service.base_url)) as store:
        store.record(DONE.job_id, JobStatus("completed"), 5, {"derived_query": query}, datetime.now(UTC))
    out = run("jobs", "--json").out
    assert out.removesuffix("\n").isprintable()
    assert "Zoë 日本 🚀" in out
    assert json.loads(out)[0]["query"] == query


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_jobs_fit_the_terminal_and_what_it_shows_of_an_id_names_the_job(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    serve(DONE, OTHER)
    run("rows", DONE.job_id)
    run("status", OTHER.job_id)
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", str(width))
    head, _, *rows = run("jobs").out.splitlines()
    assert len(rows) == 2
    assert max(map(len, (head, *rows))) <= width
    assert head.split()[:3] == ["job", "status", "rows"]
    ids = [row.split()[0] for row in rows]
    assert {len(shown) for shown in ids} == {36 if width == 200 else 8}
    for shown in ids:
        assert f"{shown}" in run("status", shown).out


def test_a_wider_terminal_cuts_no_column_of_numbers(serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    run("rows", DONE.job_id)
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert "status     rows  credits  last seen (UTC)" in run("jobs").out


def test_the_beginning_of_an_id_must_be_that_of_one_job(serve: Serve, run: Run) -> None:
    twins = [SimulatedJob(ROWS[:n], job_id=f"abcdefgh{n}") for n in (1, 2)]
    serve(*twins)
    for twin in twins:
        run("status", twin.job_id)
    assert json.loads(run("status", "ABCDEFGH1", "--json").out)["job_id"] == "abcdefgh1"
    result = run("status", "abcdefgh")
    assert (result.code, "begins the ids of 2 jobs" in result.err) == (2, True)
    result = run("status", "abcdefg")  # too short to be a beginning: an id that the service does not know
    assert (result.code, "at least 8 characters are needed" in result.err) == (1, True)
    assert json.loads(run("status", "abcdefgh1…", "--json").out)["job_id"] == "abcdefgh1"


@pytest.mark.parametrize("command", ["status", "rows", "watch", "cancel"])
def test_a_job_that_the_service_does_not_know_is_answered_with_similar_names(
    serve: Serve, run: Run, command: str
) -> None:
    serve(DONE)
    run("label", DONE.job_id, "Texas")
    result = run(command, "Texsa")
    assert (result.code, result.err.rstrip().endswith("Did you mean 'Texas'?")) == (1, True)
    assert "none of that name is known here" in run(command, "Oklahoma").err
    unknown = run(command, "00000000-0000-4000-8000-000000000000").err
    assert "HTTP 404" in unknown
    assert "label" not in unknown


@pytest.mark.parametrize(
    "arguments",
    [("forget", "Texsa"), ("label", "Texsa", "--remove"), ("label", "Texsa", "New"), ("export", "out", "Texsa")],
)
def test_a_mistyped_label_is_a_job_for_no_command_that_asks_no_service(
    serve: Serve, run: Run, arguments: tuple[str, ...]
) -> None:
    service = serve(DONE)
    run("label", DONE.job_id, "Texas")
    result = run(*arguments)
    assert (result.code, result.err.rstrip().endswith("label known here. Did you mean 'Texas'?")) == (2, True)
    assert labels_by_job(run) == {DONE.job_id: "Texas"}
    assert service.received == []


def test_a_job_never_seen_here_is_forgotten_and_loses_its_label_by_its_id(serve: Serve, run: Run) -> None:
    serve(DONE)
    assert run("label", DONE.job_id, "--remove").err == f"Job {DONE.job_id} has no label.\n"
    assert run("forget", DONE.job_id).err == f"Nothing was known here of job {DONE.job_id}.\n"
    assert labels_by_job(run) == {}


@given(st.lists(st.text("ab-", min_size=1, max_size=14), min_size=1, max_size=6, unique=True))
def test_short_ids_are_beginnings_that_differ(ids: list[str]) -> None:
    short = short_ids(ids)
    assert len(set(short)) == len(ids)
    assert all(
        whole.startswith(part) and len(part) >= min(8, len(whole)) for part, whole in zip(short, ids, strict=True)
    )


def test_other_services_with_jobs_are_named(serve: Serve, run: Run) -> None:
    service = serve(DONE)
    run("status", DONE.job_id)
    result = run("jobs", "--base-url", "https://other.example")
    assert "seen no job of https://other.example yet" in result.err
    assert run("jobs", "--json", "--base-url", "https://other.example").out == "[]\n"
    assert f"1 job of {service.base_url}: xl-openfunnel jobs --base-url {service.base_url}" in result.err
    assert f"1 job of {service.base_url}. Kept in " in run("jobs").err


def test_a_running_job_has_no_number_of_rows(serve: Serve, run: Run) -> None:
    going = SimulatedJob(ROWS, running=1e4)
    serve(going)
    assert run("rows", going.job_id, "--timeout", 5_000).code == 3  # and some rows were read
    (entry,) = json.loads(run("jobs", "--json").out)
    assert (entry["status"], entry["rows"]) == ("running", None)
    assert run("rows", going.job_id).code == 0
    (entry,) = json.loads(run("jobs", "--json").out)
    assert (entry["status"], entry["rows"]) == ("completed", 250)


@pytest.mark.parametrize("job", ["Texas", "texas", " TEXAS "])
def test_a_label_names_its_job_in_any_case(serve: Serve, run: Run, job: str) -> None:
    serve(DONE)
    run("label", DONE.job_id, "  Texas ")
    assert labels_by_job(run) == {DONE.job_id: "Texas"}
    assert json.loads(run("status", job, "--json").out)["job_id"] == DONE.job_id


def test_a_label_is_told_as_it_is_kept(serve: Serve, run: Run) -> None:
    serve(DONE)
    assert "has the label 'Germany Q3'." in run("label", DONE.job_id, "Germany   Q3").err
    assert labels_by_job(run) == {DONE.job_id: "Germany Q3"}


def test_a_job_can_be_given_by_its_url(serve: Serve, run: Run) -> None:
    service = serve(DONE)
    url = f"{service.base_url}/api/v1/account/search-lookalikes-bulk/{DONE.job_id}?cursor=page_0001"
    assert json.loads(run("status", url, "--json").out)["status"] == "completed"


def test_a_label_has_priority_over_an_id(serve: Serve, run: Run) -> None:
    serve(DONE, OTHER)
    run("label", DONE.job_id, "abc")
    assert json.loads(run("status", "abc", "--json").out)["job_id"] == DONE.job_id


def test_a_label_can_be_removed(serve: Serve, run: Run) -> None:
    serve(DONE)
    run("label", DONE.job_id, "Texas")
    result = run("label", "texas", "--remove")
    assert (result.code, result.err) == (0, f"Job {DONE.job_id} no longer has the label 'Texas'.\n")
    assert labels_by_job(run) == {DONE.job_id: None}
    assert run("label", DONE.job_id, "--remove").err == f"Job {DONE.job_id} has no label.\n"


def test_forgetting_a_job_says_that_its_label_goes_too(serve: Serve, run: Run) -> None:
    serve(DONE)
    run("label", DONE.job_id, "Texas")
    assert run("forget", "texas").err == f"Job {DONE.job_id} is forgotten, and so is its label 'Texas'.\n"
    assert run("forget", DONE.job_id).err == f"Nothing was known here of job {DONE.job_id}.\n"


@pytest.mark.parametrize(
    "name",
    [
        " ",
        "a\nb",
        "x" * 81,
        OTHER.job_id,
        OTHER.job_id[:8],
        OTHER.job_id[:12].upper(),
        OTHER.job_id.upper(),
        f"http://h/{OTHER.job_id}",
    ],
)
def test_a_label_must_be_readable_and_must_not_hide_another_job(serve: Serve, run: Run, name: str) -> None:
    serve(DONE, OTHER)
    run("status", OTHER.job_id)
    result = run("label", DONE.job_id, name)
    assert result.code == 2
    assert result.err.startswith("error: ")
    assert labels_by_job(run) == {OTHER.job_id: None}


def test_a_label_never_looks_like_a_job_id_even_of_an_unknown_job(serve: Serve, run: Run) -> None:
    serve(DONE, OTHER)
    for swapped in ("germany", DONE.job_id):
        result = run("label", swapped, OTHER.job_id)
        assert result.code == 2
        assert "looks like a job's id. The job comes first" in result.err
    assert labels_by_job(run) == {}
    assert run("status", OTHER.job_id).code == 0


def test_a_text_that_begins_like_an_api_key_is_neither_stored_nor_shown(serve: Serve, run: Run) -> None:
    serve(DONE)
    for arguments in (("label", DONE.job_id, SECRET), ("status", SECRET), ("rows", SECRET)):
        result = run(*arguments)
        assert result.code == 2
        assert "That holds an API key" in result.err
        assert SECRET[3:] not in result.err + result.out
    assert labels_by_job(run) == {}


def test_two_jobs_cannot_have_one_label(serve: Serve, run: Run) -> None:
    serve(DONE, OTHER)
    run("label", DONE.job_id, "Texas")
    assert run("label", OTHER.job_id, "TEXAS").code == 2


@pytest.mark.parametrize("arguments", [[], ["Texas", "--remove"]])
def test_label_takes_either_a_name_or_remove(serve: Serve, run: Run, arguments: list[str]) -> None:
    serve(DONE)
    assert run("label", DONE.job_id, *arguments).code == 2


def test_forget_removes_one_job_and_the_next_status_asks_the_service(serve: Serve, run: Run) -> None:
    service = serve(DONE, OTHER)
    run("rows", DONE.job_id)
    run("rows", OTHER.job_id)
    assert run("forget", DONE.job_id).code == 0
    assert labels_by_job(run) == {OTHER.job_id: None}
    sent = len(service.received)
    run("status", DONE.job_id)
    assert len(service.received) == sent + 1


def test_forget_all_asks_first(serve: Serve, run: Run) -> None:
    serve(DONE)
    run("rows", DONE.job_id)
    assert run("forget", "--all").code == 2
    assert labels_by_job(run) == {DONE.job_id: None}
    assert run("forget", "--all", "--yes").code == 0
    assert labels_by_job(run) == {}


def test_forget_removes_the_columns_too(serve: Serve, run: Run) -> None:
    service = serve(DONE, OTHER)
    for job in (DONE, OTHER):
        run("rows", job.job_id)
    for fetcher in shared_fetchers.values():
        fetcher.close()
    store = Store(store_path(), origin_of(service.base_url))
    folder = ColumnFolder.beside(store.path, store.origin)
    for job in (DONE, OTHER):
        stored = store.find(job.job_id)
        assert stored is not None
        folder.make(job.job_id, stored.rows, None)
    run("forget", DONE.job_id)
    assert len(list(folder.path.iterdir())) == 1
    run("forget", "--all", "--yes")
    assert not folder.path.exists()


@pytest.mark.parametrize("arguments", [[], ["a-job", "--all"]])
def test_forget_takes_either_a_job_or_all(serve: Serve, run: Run, arguments: list[str]) -> None:
    serve()
    assert run("forget", *arguments).code == 2
