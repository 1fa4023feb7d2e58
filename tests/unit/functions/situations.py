"""Situations of an account, a service and a computer, and what cells show of a job in each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.flying import FlyingClock
from tests.unit.functions.conftest import SimulatedServices, locked_by_another_program
from xl_openfunnel import Client, Fetcher, Snapshot, Store
from xl_openfunnel.api.deadline import DeadlineAdapter
from xl_openfunnel.cell_values import Block
from xl_openfunnel.functions import implementations
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.settings import BASE_URL
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator, companies

STATUS, ROWS, PROBLEM, WARNINGS = "OF_STATUS", "OF_ROWS", 'OF_INFO(job,"problem")', 'OF_INFO(job,"warnings")'
INFO = (PROBLEM, WARNINGS)

JOB = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"
WRONG_KEY = "of_wrong_key_0000"


# ---- services whose client sends requests to the simulator instead of the real service ------------------------


class InPlaceOfTheService(DeadlineAdapter):
    """Sends real HTTP requests to another address than the requested one."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        assert request.url.startswith(BASE_URL)
        request.url = self._address + request.url.removeprefix(BASE_URL)
        return super().send(request, *args, **{**options, "proxies": None})


class Vault:
    """The keyring of Windows, with one key or none."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def get_password(self, service: str, username: str) -> str | None:
        return self._key


Vault.__module__ = "keyring.backends.Windows"  # `keys.keyring_name` derives the name from it


class ServicesFactory:
    """Makes services with a key in the keyring, as on an analyst's computer."""

    def __init__(self, stack: ExitStack, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self._stack, self._patch, self._folder = stack, patch, folder

    def make(
        self,
        *jobs: SimulatedJob,
        stored_key: str | None = "",
        variable: str | None = None,
        address: str | None = None,
        limit: float = 300.0,
        faults: tuple[Fault, ...] = (),
    ) -> SimulatedServices:
        """Make the services, with a simulator.

        Args:
            jobs: the jobs of the account.
            stored_key: the key in the keyring; by default the right one.
            variable: the key in the environment.
            address: where requests go instead of the simulator.
            limit: seconds after which the clock stops.
            faults: of the simulator.
        """
        time = ManualClock()
        service = self._stack.enter_context(Simulator(jobs, clock=time, sleep=time.sleep, faults=faults))
        self._patch.setattr("keyring.core._keyring_backend", Vault(service.api_key if stored_key == "" else stored_key))
        if variable is not None:
            self._patch.setenv("OPENFUNNEL_API_KEY", variable)
        client = self._stack.enter_context(Client(transport=InPlaceOfTheService(address or service.base_url)))
        store = Store(self._folder / "store.sqlite3", client.origin)
        self._stack.callback(store.close)
        clock = FlyingClock(time, limit)
        fetcher = Fetcher(client, store=store, clock=clock, jitter=lambda: 0.5)
        clock.busy = lambda: fetcher.busy
        self._stack.enter_context(fetcher)
        balance = CreditsCache(client, clock=time, start=lambda run: run(), call_later=lambda *_: None)
        return SimulatedServices(service, fetcher, store, balance)


# ---- the situations -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """The texts in the cells of a sheet.

    Attributes:
        texts: the text of each function; none for ``OF_ROWS`` where there are rows.
        rows: companies in ``OF_ROWS``.
        others: the texts of ``OF_LOOKUP`` and ``OF_PIVOT`` in place of a value.
        values: of the ``<...>`` in a text of `job_messages`.
    """

    texts: dict[str, str]
    rows: int = 0
    others: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)


def sheet_of(services: SimulatedServices, job: object = JOB, **values: str) -> Sheet:
    """A sheet with the functions of this job."""

    def cells(name: str, body: Callable[..., Block], *given: object) -> Block:
        return implementations.evaluate(name, body, services.context(), *map(udfs.from_excel, (job, *given)))

    status = cells("OF_STATUS", implementations.status)
    rows = cells("OF_ROWS", implementations.rows, "name", False)
    problem = cells("OF_INFO", implementations.information, "problem")
    warnings = cells("OF_INFO", implementations.information, "warnings")
    lookup = cells("OF_LOOKUP", implementations.lookup, 1.0, "name")
    pivot = cells("OF_PIVOT", implementations.pivot, "country")
    sheet = {STATUS: status, PROBLEM: problem, WARNINGS: warnings} | ({ROWS: rows} if len(rows) == 1 else {})
    return Sheet(
        {name: str(block[0][0]) for name, block in sheet.items() if block[0][0] != ""},
        rows=len(rows) if len(rows) > 1 else 0,
        others=(str(lookup[0][0]), str(pivot[0][0])) if len(rows) == 1 else (),
        values={"<job>": JOB, **{f"<{name}>": value for name, value in values.items()}},
    )


def known(snapshot: Snapshot) -> bool:
    return snapshot.status is not None


def troubled(snapshot: Snapshot) -> bool:
    return snapshot.problem is not None


def no_answer_yet(factory: ServicesFactory) -> Sheet:
    return sheet_of(factory.make(SimulatedJob(companies(5), JOB), limit=0.5))


def not_begun(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(5), JOB, pending=1e6))
    services.fetcher.wait(JOB, until=known)
    return sheet_of(services)


def no_page_yet(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(500), JOB, running=1e6))
    services.fetcher.wait(JOB, until=known)
    return sheet_of(services)


def over(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(250), JOB))
    assert services.fetcher.wait(JOB).final
    sheet = sheet_of(services)
    assert sheet.rows == 250
    assert PROBLEM not in sheet.texts
    return sheet


def over_without_companies(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob([], JOB))
    services.fetcher.wait(JOB)
    return sheet_of(services)


def being_cancelled(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(250), JOB, ending="cancelling", delivered=0.0), limit=100.0)
    services.fetcher.wait(JOB, until=lambda snapshot: snapshot.status == "cancelling")
    return sheet_of(services)


def cancelled(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(250), JOB, ending="cancelled", delivered=0.5))
    services.fetcher.wait(JOB)
    sheet = sheet_of(services)
    assert sheet.rows == 100
    return sheet


def cancelled_without_companies(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(250), JOB, ending="cancelled", delivered=0.0))
    services.fetcher.wait(JOB)
    return sheet_of(services)


def failed(factory: ServicesFactory) -> Sheet:
    services = factory.make(
        SimulatedJob(companies(250), JOB, ending="failed", delivered=0.0, error_message="No seeds.")
    )
    services.fetcher.wait(JOB)
    return sheet_of(services, reason="No seeds.")


def failed_with_companies(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(250), JOB, ending="failed", error_message="Broke."))
    services.fetcher.wait(JOB)
    sheet = sheet_of(services, reason="Broke.")
    assert sheet.rows == 100
    return sheet


def no_key(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(5), JOB), stored_key=None)
    services.fetcher.wait(JOB)
    assert services.simulator.received == []
    return sheet_of(services)


def wrong_key(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(5), JOB), stored_key=WRONG_KEY)
    services.fetcher.wait(JOB)
    return sheet_of(services, reason="Invalid API key")


def wrong_key_in_a_variable(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(5), JOB), variable=WRONG_KEY)
    services.fetcher.wait(JOB)
    return sheet_of(services, reason="Invalid API key")


def unknown_job_at_first(factory: ServicesFactory) -> Sheet:
    services = factory.make(limit=1.0)
    assert not services.fetcher.wait(JOB, until=troubled).settled
    return sheet_of(services)


def unknown_job(factory: ServicesFactory) -> Sheet:
    services = factory.make()
    services.fetcher.wait(JOB)
    assert len(services.simulator.received) == 3
    return sheet_of(services)


def no_job_id(factory: ServicesFactory) -> Sheet:
    services = factory.make()
    sheet = sheet_of(services, "Germany Q3", given="Germany Q3")
    assert services.simulator.received == []
    return sheet


def a_label_while_the_list_is_written(factory: ServicesFactory) -> Sheet:
    services = factory.make()
    with locked_by_another_program(services.store):
        return sheet_of(services, "Germany Q3", given="Germany Q3")


def a_label_without_a_list(factory: ServicesFactory) -> Sheet:
    services = factory.make()
    services.store = None
    return sheet_of(services, "Germany Q3", given="Germany Q3")


def a_text_like_a_label(factory: ServicesFactory) -> Sheet:
    services = factory.make()
    assert services.store
    services.store.label(JOB, "Germany Q3")
    return sheet_of(services, "Germny\u200b Q3", given="Germny[U+200B] Q3", jobs="'Germany Q3'")


def the_beginning_of_two_ids(factory: ServicesFactory) -> Sheet:
    services = factory.make()
    assert services.store
    for end in "12":
        services.store.label(f"{JOB[:8]}-{end}", None)
    return sheet_of(services, JOB[:8], given=JOB[:8])


def a_text_with_two_jobs(factory: ServicesFactory) -> Sheet:
    other = JOB.replace("d8", "d9")
    return sheet_of(factory.make(), f"{JOB.upper()}; {other}", one=JOB, other=other)


def a_key_as_job(factory: ServicesFactory) -> Sheet:
    return sheet_of(factory.make(), WRONG_KEY)


def a_status_as_job(factory: ServicesFactory) -> Sheet:
    return sheet_of(factory.make(), "completed", given="completed")


def a_number_as_job(factory: ServicesFactory) -> Sheet:
    return sheet_of(factory.make(), 12.0, given="12")


def an_error_as_job(factory: ServicesFactory) -> Sheet:
    return sheet_of(factory.make(), -2146826246, error="#N/A")  # as Excel hands over #N/A


def a_text_of_ours_as_job(factory: ServicesFactory) -> Sheet:
    return sheet_of(factory.make(), "#OF! There is no API key.", error="#OF! There is no API key.")


def too_many_jobs(factory: ServicesFactory) -> Sheet:
    services = factory.make()
    sheet = sheet_of(services, tuple((f"job{number}",) for number in range(1001)), number="1,001")
    assert services.simulator.received == []
    return Sheet(sheet.texts, values=sheet.values)  # a lookup takes one job only, and says so


def offline(factory: ServicesFactory) -> Sheet:
    services = factory.make(address="http://no-such-host.invalid", limit=5.0)
    services.fetcher.wait(JOB, until=troubled)
    return sheet_of(services)


def nobody_listens(factory: ServicesFactory) -> Sheet:
    services = factory.make()
    services.simulator.stop()
    services.fetcher.wait(JOB, until=troubled)
    return sheet_of(services)


def nobody_listens_any_more(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(500), JOB, running=200.0), limit=100.0)
    services.fetcher.wait(JOB, until=lambda snapshot: len(snapshot.rows) > 0)
    services.simulator.stop()
    services.fetcher.wait(
        JOB, until=lambda snapshot: snapshot.problem is not None and snapshot.problem.kind == "ConnectError"
    )
    sheet = sheet_of(services)
    assert sheet.texts[STATUS] == "running"
    assert sheet.rows >= 100
    return sheet


def service_down(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(5), JOB), faults=(Fault("status", status=503),))
    services.fetcher.wait(JOB, until=troubled)
    return sheet_of(services, reason="Service Unavailable")


def over_and_its_pages_cannot_be_read(factory: ServicesFactory) -> SimulatedServices:
    services = factory.make(SimulatedJob(companies(500), JOB, running=100.0))
    services.fetcher.wait(JOB, until=lambda snapshot: len(snapshot.rows) >= 300)
    services.simulator.faults = tuple(
        Fault("status", status=503, cursor=f"page_{number:04d}") for number in range(1, 5)
    )
    services.fetcher.wait(JOB, until=lambda snapshot: snapshot.status == "completed" and snapshot.problem is not None)
    return services


def nothing_is_final_while_the_pages_are_read(factory: ServicesFactory) -> Sheet:
    services = over_and_its_pages_cannot_be_read(factory)
    block = implementations.evaluate("OF_ROWS", implementations.rows, services.context(), JOB, "name", False, "final")
    return Sheet({ROWS: str(block[0][0])})


def service_down_while_the_pages_are_read(factory: ServicesFactory) -> Sheet:
    sheet = sheet_of(over_and_its_pages_cannot_be_read(factory), reason="Service Unavailable")
    assert sheet.texts[STATUS] == "completed"
    assert sheet.rows >= 300
    return sheet


def fewer_rows_than_stated(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(250), JOB, manifest={"count": 251}))
    assert not services.fetcher.wait(JOB).final
    sheet = sheet_of(services, stated="251", read="250")
    assert sheet.rows == 250
    return sheet


def no_total(factory: ServicesFactory) -> Sheet:
    services = factory.make(SimulatedJob(companies(250), JOB, manifest=None))
    assert services.fetcher.wait(JOB).final
    return sheet_of(services)


def a_company_twice(factory: ServicesFactory, *faults: Fault) -> Sheet:
    rows = companies(250)
    rows[120] = rows[7]
    services = factory.make(SimulatedJob(rows, JOB), faults=faults)
    assert services.fetcher.wait(JOB).final is not bool(faults)
    slug = rows[7]["linkedin_url"].rpartition("/")[2]
    return sheet_of(services, page="1", other="2", company=rows[7]["name"], slug=slug)


def a_company_twice_in_readings_that_differ(factory: ServicesFactory) -> Sheet:
    return a_company_twice(
        factory, Fault("envelope", cursor="page_0002", times=1, envelope={"rows": lambda rows: rows[::-1]})
    )


SITUATIONS: list[Callable[[ServicesFactory], Sheet]] = [
    *(no_answer_yet, not_begun, no_page_yet, over, over_without_companies, being_cancelled, cancelled),
    cancelled_without_companies,
    *(failed, failed_with_companies, no_key, wrong_key, wrong_key_in_a_variable, unknown_job_at_first, unknown_job),
    *(
        no_job_id,
        a_label_while_the_list_is_written,
        a_label_without_a_list,
        a_text_like_a_label,
        a_text_with_two_jobs,
        the_beginning_of_two_ids,
        a_key_as_job,
        a_status_as_job,
        a_number_as_job,
        an_error_as_job,
        a_text_of_ours_as_job,
        too_many_jobs,
        offline,
        nobody_listens,
    ),
    *(
        nobody_listens_any_more,
        service_down,
        nothing_is_final_while_the_pages_are_read,
        service_down_while_the_pages_are_read,
        *(fewer_rows_than_stated, no_total, a_company_twice, a_company_twice_in_readings_that_differ),
    ),
]
