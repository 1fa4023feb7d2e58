"""How a cell names jobs, and the list of jobs that it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.functions.conftest import MakeServices, locked_by_another_program
from xl_openfunnel import Store
from xl_openfunnel.functions import implementations
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.context import JOBS, NO_STORE, STORE_BUSY, CallContext
from xl_openfunnel.functions.implementations import evaluate
from xl_openfunnel.simulator import SimulatedJob, companies


def test_an_invalid_job_gives_an_error_in_its_own_cell_without_a_request(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(companies(5)))
    values = ("a b", CellError("#N/A"), True, 12.0, "Running", "loading", "starting")
    no_id, error, flag, number, status, loading, starting = (
        str(message) for (message,) in implementations.status(services.context(), [[g] for g in values])
    )
    assert no_id.startswith("#OF! 'a b' is no job id")
    assert error == "#OF! The cell with the job holds #N/A. Fix that cell first."
    assert flag == "#OF! TRUE is no job. Give the job's id, its URL or its label."
    assert number == "#OF! 12 is no job. Give the job's id, its URL or its label."
    assert status.startswith("#OF! 'Running' is what a cell shows of a job, and no job.")
    assert loading.startswith("#OF! 'loading' is what a cell shows of a job, and no job.")
    assert starting.startswith("#OF! 'starting' is what a cell shows of a job, and no job.")
    assert services.simulator.received == []


def test_a_pasted_job_is_one_job_for_all_cells_and_one_entry_of_the_ledger(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(5)))
    services.fetcher.wait(job.job_id)
    typographic = job.job_id.replace("-", "\u2011")
    pasted = (
        *(job.job_id, job.job_id.upper(), f"\u200b“{job.job_id}”", f"Job {typographic},"),
        *(f"https://h.example/jobs/{job.job_id}/page_2", f"#{job.job_id}", f"h.example/?job_id={job.job_id.upper()}"),
    )
    assert implementations.status(services.context(), [[text] for text in pasted]) == [["completed"]] * len(pasted)
    error = implementations.status(services.context(), f"#OF! There is no job {job.job_id} for this API key")
    assert str(error[0][0]).startswith("#OF! The cell with the job holds #OF! There is no job")
    assert services.store
    assert [entry.job_id for entry in services.store.ledger()] == [job.job_id]


def test_a_misspelt_label_is_answered_with_similar_ones_and_nothing_depends_on_them(
    make_services: MakeServices,
) -> None:
    services = make_services(job := SimulatedJob(companies(5)))
    services.fetcher.wait(job.job_id)
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    context = services.context()
    wrong = ["Germny Q3!", "\u2067Köln\u2069 Q3", f"{job.job_id[1:]} x"] + ["Germny Q3!"] * 999
    shown = [str(cell) for (cell,) in implementations.status(context, [[text] for text in wrong[:1000]])]
    assert shown[0] == (
        "#OF! 'Germny Q3!' is no job id, no job's URL and no label known here. Did you mean 'Germany Q3'?"
    )
    assert "'[U+2067]Köln[U+2069] Q3' is no job id" in shown[1]
    assert shown[2].endswith(f"Did you mean '{job.job_id}'?")
    assert shown[999].endswith("Copy the id from OpenFunnel.")
    assert context.dependencies == {}


def test_the_beginning_of_an_id_names_its_job_in_cells_too(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(5, seed=1))
    services = make_services(job)
    assert services.store
    services.store.label(job.job_id, None)
    for text in (job.job_id[:8], job.job_id[:13].upper() + "…"):
        assert services.context().job_id(text) == job.job_id
    services.store.label(job.job_id[:8] + "-other", None)
    assert evaluate("OF_STATUS", implementations.status, services.context(), job.job_id[:8])[0][0] == (
        f"#OF! '{job.job_id[:8]}' begins the ids of 2 jobs. Give more of the id."
    )


def test_a_label_can_be_a_number_or_a_status(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(5)), SimulatedJob(companies(5), job_id="other"))
    for job_id, label in ((job.job_id, "2026"), ("other", "running")):
        services.fetcher.wait(job_id)
        assert services.store
        services.store.label(job_id, label)
    assert implementations.status(services.context(), [[2026.0, "running"]]) == [["completed", "completed"]]


def test_a_job_named_in_several_ways_gives_its_rows_once(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    named = ["germany q3", f"{services.simulator.base_url}/jobs/{job.job_id}", job.job_id, job.job_id]
    assert implementations.rows(services.context(), [named], "rank", False) == [
        [job.job_id, rank] for rank in (1.0, 2.0, 3.0)
    ]
    assert implementations.pivot(services.context(), [named], "country")[-1] == ["Total", 3.0]


def test_an_invalid_job_is_not_shown_as_a_job_id(make_services: MakeServices) -> None:
    services = make_services()
    block = implementations.rows(services.context(), [["of_not_for_a_sheet", "a b"]], "name", False)
    assert [line[0] for line in block] == ["", ""]
    assert "of_not_for_a_sheet" not in str(block)


def test_jobs_table_lists_the_jobs_of_this_computer(make_services: MakeServices) -> None:
    job = SimulatedJob(companies(3))
    services = make_services(job)
    services.fetcher.wait(job.job_id)
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    header, line = implementations.jobs_table(services.context())
    assert header[:4] == ["job_id", "label", "status", "rows"]
    assert line[:4] == [job.job_id, "Germany Q3", "completed", 3.0]
    assert implementations.status(services.context(), "germany q3") == [["completed"]]
    services.store.ledger = None  # type: ignore[method-assign, assignment]  # a label must not need the whole ledger
    assert implementations.information(services.context(), "Germany Q3", "label") == [["Germany Q3"]]


def test_an_unreadable_list_of_jobs_is_an_error(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    services.fetcher.close()
    with locked_by_another_program(services.store):
        context = services.context()
        assert evaluate("OF_JOBS", implementations.jobs_table, context) == [[f"#OF! {STORE_BUSY}"]]
        assert context.dependencies[JOBS].stale  # so that the cell is calculated again
    assert context.dependencies[JOBS].stale
    assert len(implementations.jobs_table(services.context())) == 2
    services.store = None
    assert evaluate("OF_JOBS", implementations.jobs_table, services.context()) == [[f"#OF! {NO_STORE}"]]
    assert implementations.information(services.context(), job.job_id, "label") == [[""]]


def test_the_list_of_jobs_stays_while_another_program_locks_the_store(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    services.fetcher.close()
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    before, during = services.context(), services.context()
    shown = implementations.jobs_table(before)
    assert implementations.information(services.context(), job.job_id, "label") == [["Germany Q3"]]
    with locked_by_another_program(services.store):
        assert not before.dependencies[JOBS].stale
        assert evaluate("OF_JOBS", implementations.jobs_table, during) == shown
        asking = services.context()
        assert implementations.information(asking, job.job_id, "label") == [["Germany Q3"]]
        assert asking.dependencies[JOBS].stale
    assert during.dependencies[JOBS].stale  # the list may have changed
    assert not before.dependencies[JOBS].stale
    services.store.label(job.job_id, None)
    assert before.dependencies[JOBS].stale


def test_a_label_is_read_again_after_the_store_was_locked(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    services.fetcher.close()
    assert services.store
    for label in ("Germany Q3", "germany"):  # of which one can be an id
        services.store.label(job.job_id, label)
        with locked_by_another_program(services.store):
            context = services.context()
            evaluate("OF_STATUS", implementations.status, context, label)
            assert context.dependencies[JOBS].stale
        context = services.context()
        assert evaluate("OF_STATUS", implementations.status, context, label) == [["completed"]]
        assert JOBS not in context.dependencies


def test_an_unknown_label_is_stale_while_the_store_is_locked(make_services: MakeServices) -> None:
    services = make_services()
    assert evaluate("OF_STATUS", implementations.status, services.context(), "Germany Q3") != [["completed"]]
    with locked_by_another_program(services.store):
        context = services.context()
        ((message,),) = evaluate("OF_STATUS", implementations.status, context, "Germany Q3")
    assert message == "#OF! 'Germany Q3' is no job id, and labels cannot be read just now. It is tried again by itself."
    assert context.dependencies[JOBS].stale


def test_known_labels_and_ids_work_while_the_store_is_locked(make_services: MakeServices) -> None:
    services = make_services(job := SimulatedJob(companies(3)))
    services.fetcher.wait(job.job_id)
    services.fetcher.close()
    assert services.store
    services.store.label(job.job_id, "Germany Q3")
    for named in ("Germany Q3", job.job_id):
        assert implementations.status(services.context(), named) == [["completed"]]
        with locked_by_another_program(services.store):
            context = services.context()
            assert implementations.status(context, named) == [["completed"]]
            assert JOBS not in context.dependencies


@pytest.mark.parametrize("in_its_place", ["nothing", "a file"])
def test_jobs_are_shown_without_the_folder_of_their_store(
    make_services: MakeServices, tmp_path: Path, in_its_place: str
) -> None:
    services = make_services(
        job := SimulatedJob(companies(500), running=1e6), limit=100.0, folder=tmp_path / "drive" / "folder"
    )
    services.fetcher.wait(job.job_id, until=lambda snapshot: snapshot.status is not None)
    services.fetcher.close()  # what is stored is; what is known stays
    assert services.store
    services.store.close()
    (tmp_path / "drive").rename(tmp_path / "taken away")
    if in_its_place == "a file":
        (tmp_path / "drive").write_text("no folder")
    assert evaluate("OF_STATUS", implementations.status, services.context(), job.job_id) == [["running"]]
    assert evaluate("OF_INFO", implementations.information, services.context(), job.job_id, "label") == [[""]]
    assert evaluate("OF_JOBS", implementations.jobs_table, services.context()) == [[f"#OF! {NO_STORE}"]]
    ((message,),) = evaluate("OF_STATUS", implementations.status, services.context(), "Germany Q3")
    assert str(message).startswith("#OF! 'Germany Q3' is no job id, and labels cannot be read on this computer. In a ")


def test_a_label_that_looks_like_an_api_key_is_not_looked_up(make_services: MakeServices) -> None:
    services = make_services()
    assert services.store is not None
    services.store.label("job", "of_live_0123456789")
    (shown,) = evaluate("OF_STATUS", implementations.status, CallContext(services), "of_live_0123456789")
    assert "holds an API key" in str(shown[0])
    assert "0123456789" not in str(shown[0])


@pytest.mark.parametrize(
    "given", ["of_live_0123456789", "see https://x/of_live_0123456789", "o\u200bf_live\n0123456789"]
)
def test_no_argument_that_holds_an_api_key_is_shown(make_services: MakeServices, given: str) -> None:
    job = SimulatedJob(companies(3))
    services = make_services(job)
    services.fetcher.wait(job.job_id, 60)
    good: dict[str, tuple[object, ...]] = {
        "status": (job.job_id,),
        "rows": (job.job_id, "name", True, "latest"),
        "information": (job.job_id, "status"),
        "lookup": (job.job_id, 1, "name"),
        "pivot": (job.job_id, "country", "city", "rank", "sum"),
        "credits_table": ("left",),
    }
    for name, arguments in good.items():
        for place in range(len(arguments)):
            values = [*arguments[:place], given, *arguments[place + 1 :]]
            block = evaluate(name, getattr(implementations, name), services.context(), *values)
            assert "holds an API key" in str(block)
            assert "0123456789" not in str(block)


def test_names_and_the_list_of_jobs_are_read_again_only_once_the_store_has_changed(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = make_services(SimulatedJob(companies(5), job_id="job-one-1"))
    services.fetcher.wait("job-one-1")
    store = services.store
    assert store
    read: list[str] = []

    def count(name: str) -> None:
        whole = getattr(store, name)

        def counted(*values: object, **options: object) -> object:
            read.append(name)
            return whole(*values, **options)

        monkeypatch.setattr(store, name, counted)

    for name in ("names", "ledger", "job_id_of", "whole_id", "label_of"):
        count(name)

    def labels() -> list[object]:
        implementations.status(services.context(), [["job-one-1"], ["Mine"]])
        return [row[1] for row in implementations.jobs_table(services.context())[1:]]

    other = Store(store.path, store.origin)  # as in another process
    other.label("job-one-1", "mine")
    assert [labels(), labels(), sorted(read)] == [["mine"], ["mine"], ["ledger", "names"]]
    other.label("job-one-1", "Yours")
    assert [labels(), labels(), sorted(read)] == [["Yours"], ["Yours"], ["ledger", "ledger", "names", "names"]]
