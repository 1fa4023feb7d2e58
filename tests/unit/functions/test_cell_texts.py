"""What README and guide say of cells against the functions: examples and messages, with the simulated service."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.unit.flying import FlyingClock
from tests.unit.functions.conftest import MakeServices, SimulatedServices, locked_by_another_program
from xl_openfunnel import Client, Fetcher, Snapshot, Store, pivot_rules, table
from xl_openfunnel import pivot as pivot_table
from xl_openfunnel.api.deadline import DeadlineAdapter
from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import pivot as column_pivot
from xl_openfunnel.errors import CELL_PREFIX
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.functions import derived_tables, implementations, known_companies
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.context import STORE_BUSY
from xl_openfunnel.functions.credits import CreditsCache
from xl_openfunnel.functions.formula_messages import FORMULA_MESSAGES
from xl_openfunnel.functions.job_messages import JOB_MESSAGES
from xl_openfunnel.functions.registry import REGISTRY
from xl_openfunnel.hosts.calc import array_size
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.jobs import job_text
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.settings import BASE_URL
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator, companies
from xl_openfunnel.text import utf16_units
from xl_openfunnel.workbook import sources
from xl_openfunnel.workbook.bridge_messages import BRIDGE_MESSAGES

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")
FUNCTIONS = Path(implementations.__file__).parent

STATUS, ROWS, PROBLEM, WARNINGS = "OF_STATUS", "OF_ROWS", 'OF_INFO(job,"problem")', 'OF_INFO(job,"warnings")'
INFO = (PROBLEM, WARNINGS)

JOB = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"
WRONG_KEY = "of_wrong_key_0000"


def section(heading: str) -> str:
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_cells(tables: str) -> list[list[str]]:
    """The texts in backticks in the first cell of each row of the tables."""
    rows = re.findall(r"^\| (.*?) \|", tables, re.MULTILINE)
    return [["".join(found) for found in re.findall(r"``(.+?)``|`(.+?)`", row)] for row in rows if "`" in row]


TABLE = [(message.text, message.functions) for message in JOB_MESSAGES]
"""Each text on a job with the functions that show it according to the guide."""

OF_FORMULAS = [message.text for message in FORMULA_MESSAGES]
OF_THE_BRIDGE = [message.text for message in BRIDGE_MESSAGES]


def says(readme: str, text: str) -> bool:
    """Whether a text of the README matches this one, with ``<...>`` for variable parts."""
    return re.fullmatch(".+".join(map(re.escape, re.split("<[^>]+>", readme))), text) is not None


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
        values: of the ``<...>`` in a text of the README.
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

Play = Callable[[Callable[[ServicesFactory], Sheet]], Sheet]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Play:
    def play(situation: Callable[[ServicesFactory], Sheet]) -> Sheet:
        with monkeypatch.context() as patch, ExitStack() as stack:
            return situation(ServicesFactory(stack, patch, tmp_path_factory.mktemp(situation.__name__)))

    return play


def lines_of(sheet: Sheet, function: str) -> list[tuple[str, str]]:
    """The lines of the README's table that equal what this function shows."""
    found = []
    for text, where in TABLE:
        filled = re.sub(r"<\w+>", lambda name: sheet.values.get(name[0], name[0]), text)
        if function in where and filled == sheet.texts.get(function):
            found.append((text, function))
    return found


def in_plain_words(text: str) -> str:
    return text.removeprefix("#OF! ").removesuffix(job_text.RETRY_HINT)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_cell_texts_are_in_the_readme(situation: Callable[[ServicesFactory], Sheet], play: Play) -> None:
    sheet = play(situation)
    assert sheet.texts
    for function, text in sheet.texts.items():
        assert utf16_units(text) <= 255
        same = function in INFO and any(
            text in (message, in_plain_words(message)) for name, message in sheet.texts.items() if name not in INFO
        )
        assert same or len(lines_of(sheet, function)) == 1, f"{function} shows {text!r}"
    assert set(sheet.others) <= {sheet.texts.get(ROWS)}


def test_every_text_in_the_readme_is_shown_by_each_function_it_names(play: Play) -> None:
    seen = [play(situation) for situation in SITUATIONS]
    covered = {line for sheet in seen for function in sheet.texts for line in lines_of(sheet, function)}
    assert {(text, function) for text, where in TABLE for function in where} == covered


def test_every_message_says_what_to_do() -> None:
    assert {name for _, where in TABLE for name in where} == {STATUS, ROWS, PROBLEM, WARNINGS}
    assert all(message.meaning and message.action for message in JOB_MESSAGES)
    assert all(message.action for message in (*FORMULA_MESSAGES, *BRIDGE_MESSAGES))
    texts = [*TABLE, *OF_FORMULAS, *OF_THE_BRIDGE]
    assert len(set(texts)) == len(texts)


# ---- errors in formulas, and of Excel and Python ------------------------------------------------------------------


REFUSED_CRITERIA = (
    *("country Germany", "*=x", "employee_count>", "country==Germany", "country><x", "country=Germany, city=x"),
    *("employee_count>1,000", "employee_band>50"),
)


def texts_with_lists(services: SimulatedServices, text_of: Callable[[str], str]) -> list[str]:
    """The texts for columns of known lists that are not there, where others are, and for one that is damaged."""
    assert services.known
    services.known.set(make_list("crm", [["example.org"]]))
    texts = [text_of("known:crmm"), text_of("known:xyz")]
    (file,) = services.known.folder.iterdir()
    file.write_bytes(b"")
    texts.append(text_of("known:crm"))
    services.known.remove_all()
    return texts


def wrong_formulas(services: SimulatedServices) -> list[str]:
    """The texts of wrong formulas, and of formulas that ask for missing data."""
    na = CellError("#N/A")

    def text_of(name: str, body: Callable[..., Block], *given: object) -> str:
        return str(implementations.evaluate(name, body, services.context(), *given)[-1][0])

    def broken(*_: object) -> Block:
        raise ZeroDivisionError

    some = [{"name": f"{number}", "domain": f"{number}", "size": number or "1-10"} for number in range(2_001)]
    services.simulator.add(SimulatedJob(some, "wide"))
    services.simulator.add(SimulatedJob(companies(300), "slow", running=1000.0))
    services.fetcher.wait("wide")
    services.fetcher.wait("slow", until=lambda snapshot: len(snapshot.rows) > 0)
    lookup, rows, pivot = implementations.lookup, implementations.rows, implementations.pivot
    texts = [
        text_of("OF_LOOKUP", lookup, JOB, 1.0, "nmae"),
        text_of("OF_INFO", implementations.information, JOB, "progres"),
        text_of("OF_PIVOT", pivot, JOB, "country", None, None, "medain"),
        text_of("OF_INFO", implementations.information, JOB, "xyz"),
        text_of("OF_CREDITS", implementations.credits_table, "xyz"),
        text_of("OF_ROWS", rows, JOB, None, None, "xyz"),
        text_of("OF_PIVOT", pivot, JOB, "country", None, None, "xyz"),
        text_of("OF_LOOKUP", lookup, JOB, 1.0, "xyz"),
        text_of("OF_LOOKUP", lookup, JOB, 1.0, 5.0),
        text_of("OF_INFO", implementations.information, JOB, True),
        text_of("OF_ROWS", rows, JOB, f"name,{WRONG_KEY}"),
        text_of("OF_LOOKUP", lookup, [JOB, JOB], 1.0, "name"),
        text_of("OF_LOOKUP", lookup, JOB, na, "name"),
        text_of("OF_ROWS", rows, JOB, na),
        text_of("OF_ROWS", rows, JOB, None, "perhaps"),
        text_of("OF_LOOKUP", lookup, JOB, 1.0, "name,domain"),
        text_of("OF_LOOKUP", lookup, JOB, "nobody.example", "name"),
        text_of("OF_LOOKUP", lookup, "slow", "nobody.example", "name"),
        text_of("OF_LOOKUP", lookup, JOB, datetime(2026, 1, 1), "name"),
        text_of("OF_PIVOT", pivot, JOB, None),
        text_of("OF_PIVOT", pivot, JOB, "country", "country"),
        text_of("OF_PIVOT", pivot, JOB, "*"),
        text_of("OF_PIVOT", pivot, JOB, "country", None, "name,domain"),
        text_of("OF_PIVOT", pivot, JOB, "country", None, None, "mean"),
        text_of("OF_PIVOT", pivot, JOB, "country", None, "name", "mean"),
        text_of("OF_PIVOT", pivot, JOB, "country", None, "name", "companies"),
        text_of("OF_PIVOT", pivot, "wide", "name", "domain"),
        text_of("OF_PIVOT", pivot, "wide", "rank", None, "size", "max"),
        text_of("OF_PIVOT", pivot, [JOB, "a b"], "country"),
        text_of("OF_ROWS", rows, [JOB, "wide"]),
        text_of("OF_ROWS", rows, JOB, "*"),
        text_of("OF_ROWS", rows, JOB, None, None, None, "name=nobody"),
        text_of("OF_ROWS", rows, "slow", None, None, None, "name=nobody"),
        text_of("OF_PIVOT", pivot, JOB, "country", None, None, None, "name=nobody"),
        *(text_of("OF_ROWS", rows, JOB, None, None, None, part) for part in REFUSED_CRITERIA),
        text_of("OF_ROWS", rows, JOB, None, None, None, [["country", "=", "Germany"]]),
        text_of("OF_ROWS", rows, JOB, None, None, None, f"name={WRONG_KEY}"),
        text_of("OF_ROWS", rows, JOB, None, None, None, None, "*"),
        text_of("OF_ROWS", rows, JOB, None, None, None, None, "name desc"),
        text_of("OF_ROWS", rows, JOB, None, None, None, None, None, 1.5),
        text_of("OF_PIVOT", lambda _: pivot_table.pivot(pd.DataFrame({"name": ["a"]}), ["xyz"])),
        text_of("OF_NEW", known_companies.new, JOB, JOB),
        text_of("OF_NEW", known_companies.new, "slow", "slow"),
        text_of("OF_NEW", known_companies.new, JOB, [["example.org"], ["example.net"]], None, None, "why"),
        text_of("OF_NEW", known_companies.new, JOB, "no such list"),
        text_of("OF_NEW", known_companies.new, JOB, [["no keys"], ["in these"]]),
        text_of("OF_ROWS", rows, JOB, "known:crm"),
        *texts_with_lists(services, lambda column: text_of("OF_ROWS", rows, JOB, column)),
        text_of("OF_STATUS", broken),
        f"{CELL_PREFIX}{STORE_BUSY}",
        *(udfs.cannot_spill(function) for function in CATALOG if function.without_spill),
        array_size.missing([["name", "domain"], ["a", "a.example"]], array_size.ONE),
        array_size.missing([["name", "domain"]], array_size.ONE),
    ]
    services.store = None
    return [*texts, text_of("OF_JOBS", implementations.jobs_table)]


def test_error_texts_of_formulas_are_those_in_the_readme(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(implementations, "MAX_ROWS", 2_040)
    monkeypatch.setattr(table, "MAX_FIELDS", 12)
    services = make_services(SimulatedJob(companies(40), JOB), limit=600.0)
    services.fetcher.wait(JOB)
    texts = wrong_formulas(services)
    for text in texts:
        assert utf16_units(text) <= 255
        assert len([line for line in OF_FORMULAS if says(line, text)]) == 1, text
    assert [line for line in OF_FORMULAS if not any(says(line, text) for text in texts)] == []
    known = [text.removeprefix(CELL_PREFIX) for text in (*texts, *(text for text, _ in TABLE))]
    for message in (message for module in FUNCTIONS.glob("*.py") for message in raised_in(module)):
        assert any(says(message, text) for text in known), message


def raised_in(module: Path) -> list[str]:
    """The messages that a module raises, with ``<some>`` for variable parts."""
    calls = [node.exc for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Raise)]
    first = [call.args[0] for call in calls if isinstance(call, ast.Call) and call.args]
    either = [
        branch
        for given in first
        for branch in ([given.body, given.orelse] if isinstance(given, ast.IfExp) else [given])
    ]
    found = []
    for given in either:
        pieces = given.values if isinstance(given, ast.JoinedStr) else [given]
        if not isinstance(given, ast.Name):  # a constant or an earlier error, which other tests cover
            found.append("".join(str(piece.value) if isinstance(piece, ast.Constant) else "<some>" for piece in pieces))
    return found


def test_vba_texts_are_in_the_readme_word_for_word() -> None:
    """Each text that VBA composes, with ``<>`` for anything but literals and constants."""
    made = []
    for module in (sources.BRIDGE, sources.START):
        vba = sources.modules()[module].replace("\r\n", "\n").replace(" & _\n", " & ")
        for details in re.findall(r"^ +details = (.*)$", vba, re.MULTILINE):
            vba = vba.replace("& details", f"& {details}")
        written = dict(re.findall(r'^Private Const (\w+) As String = "((?:[^"]|"")*)"(?: \'.*)?$', vba, re.MULTILINE))
        composing = r"(?:Refuse|Fail|ReasonText =|Elsewhere =|Err\.Raise (?:StartsSlowly|Refused), ,)"
        for expression in re.findall(rf'^\s*(?:If .* Then )?{composing} (.*"[^"\n]+".*)$', vba, re.MULTILINE):
            pieces = re.findall(r'"((?:[^"]|"")*)"|([^"&]+(?:&[HW]\w+)?)', expression)
            texts = (text or written.get(name.strip(), "<>") for text, name in pieces if text or name.strip())
            made.append("".join(texts))
    assert len(made) == 14
    shown = {text if text.startswith(CELL_PREFIX) else CELL_PREFIX + text for text in made}
    assert shown | {job_text.STARTING} == {re.sub("<[^>]+>", "<>", text) for text in OF_THE_BRIDGE}
    assert f'result = "{job_text.STARTING}"' in sources.modules()[sources.BRIDGE]


def test_readme_examples_give_values(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(companies(40), JOB))
    services.fetcher.wait(JOB)
    named = []
    for formula, *_ in (cells for cells in first_cells(section("Functions")) if cells[0].startswith("=")):
        call = ast.parse(formula.removeprefix("="), mode="eval").body
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Name)
        named.append(call.func.id)
        given = [JOB if isinstance(value, ast.Name) else ast.literal_eval(value) for value in call.args]
        function = REGISTRY[call.func.id].compute
        implementations.evaluate(
            call.func.id, function, services.context(), *map(udfs.from_excel, given)
        )  # credits are asked for at first
        block = implementations.evaluate(call.func.id, function, services.context(), *map(udfs.from_excel, given))
        assert block[0][0] not in ("", job_text.LOADING)
        assert not str(block[0][0]).startswith("#OF! ")
    assert named == [function.name for function in CATALOG]


def test_the_guide_names_the_limits_defaults_and_functions_of_pivots() -> None:
    page = (ROOT / "workbook" / "guide" / "functions.md").read_text("utf-8")
    assert ", ".join(f"`{name}`" for name in DEFAULT_COLUMNS) in " ".join(page.split())
    assert f"behind a `job_id`, up to {implementations.MAX_ROWS:,}, with" in page
    page = " ".join(page.split())
    assert f"`OF_PIVOT` counts them together: up to {column_pivot.MAX_COMPANIES:,} of final jobs" in page
    assert f"up to {derived_tables.MAX_PIVOT_ROWS:,} where one of them still runs" in page
    (functions,) = re.findall(r"- \*\*function\*\*: ([^.]*)", page)
    assert re.findall("`(.+?)`", functions) == list(pivot_rules.FUNCTIONS)
