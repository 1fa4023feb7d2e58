"""What the README says of cells is what cells say: its examples and its table of texts, over the simulated service."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.unit.flying import FlyingClock
from tests.unit.functions.conftest import MakeOffice, Office
from xl_openfunnel import Client, Fetcher, Snapshot, Store
from xl_openfunnel.api.deadline import PacedAdapter
from xl_openfunnel.functions import bodies, edge, words
from xl_openfunnel.functions.balance import Balance
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.hosts import excel
from xl_openfunnel.settings import BASE_URL
from xl_openfunnel.simulator import Fault, ManualClock, SimulatedJob, Simulator, companies
from xl_openfunnel.table import DEFAULT_COLUMNS
from xl_openfunnel.text import utf16_units

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")

STATUS, ROWS, PROBLEM = "OF_STATUS", "OF_ROWS", 'OF_INFO(job,"problem")'

JOB = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"
WRONG_KEY = "of_wrong_key_0000"


def section(heading: str) -> str:
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_cells(heading: str) -> list[list[str]]:
    """What stands in backticks in the first cell of each row of the section's table."""
    rows = re.findall(r"^\| (.*?) \|", section(heading), re.MULTILINE)
    return [re.findall(r"`(.+?)`", row) for row in rows if "`" in row]


TABLE = [(text, tuple(where) or (STATUS, ROWS)) for text, *where in first_cells("What a cell says, and what to do")]
"""Each text with the functions in which it is said to stand."""


# ---- a desk that speaks to the simulator as if it were the service --------------------------------------------


class InPlaceOfTheService(PacedAdapter):
    """Real HTTP, to another address than the one that is asked for."""

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


Vault.__module__ = "keyring.backends.Windows"  # by which a keyring is named to people


class Desks:
    """Opens desks with a key in the keyring, as on the computer of an analyst."""

    def __init__(self, stack: ExitStack, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self._stack, self._patch, self._folder = stack, patch, folder

    def open(
        self,
        *jobs: SimulatedJob,
        kept_key: str | None = "",
        variable: str | None = None,
        address: str | None = None,
        limit: float = 300.0,
        faults: tuple[Fault, ...] = (),
    ) -> Office:
        """A desk and the service behind it, for so many seconds.

        Args:
            jobs: the jobs of the account.
            kept_key: in the keyring; by default the right one.
            variable: the key in the environment.
            address: where requests go in place of the simulator.
            limit: seconds after which time stands still.
            faults: of the service.
        """
        time = ManualClock()
        service = self._stack.enter_context(Simulator(jobs, clock=time, sleep=time.sleep, faults=faults))
        self._patch.setattr("keyring.core._keyring_backend", Vault(service.api_key if kept_key == "" else kept_key))
        if variable is not None:
            self._patch.setenv("OPENFUNNEL_API_KEY", variable)
        client = self._stack.enter_context(Client(transport=InPlaceOfTheService(address or service.base_url)))
        store = Store(self._folder / "store.sqlite3", client.origin)
        self._stack.callback(store.close)
        clock = FlyingClock(time, limit)
        fetcher = Fetcher(client, store=store, clock=clock, chance=lambda: 0.5)
        clock.busy = lambda: fetcher.busy
        self._stack.enter_context(fetcher)
        return Office(service, fetcher, store, Balance(client.credits, clock=time, start=lambda run: run()))


# ---- the situations -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """What the cells show.

    Attributes:
        texts: what each function says; nothing under ``OF_ROWS`` where there are rows.
        rows: companies in ``OF_ROWS``.
        others: what ``OF_LOOKUP`` and ``OF_PIVOT`` say in place of a value.
        values: what stands in a text of the README in place of ``<...>``.
    """

    texts: dict[str, str]
    rows: int = 0
    others: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)


def look_at(here: Office, job: object = JOB, **values: str) -> Shown:
    """The cells of a sheet whose job is this."""

    def cells(name: str, body: Callable[..., bodies.Block], *given: object) -> bodies.Block:
        return edge.answer(name, body, here.look(), *map(excel.given, (job, *given)))

    status = cells("OF_STATUS", bodies.status)
    rows = cells("OF_ROWS", bodies.rows, "name", False)
    problem = cells("OF_INFO", bodies.information, "problem")
    lookup = cells("OF_LOOKUP", bodies.lookup, 1.0, "name")
    pivot = cells("OF_PIVOT", bodies.pivot, "country")
    shown = {STATUS: status, PROBLEM: problem} | ({ROWS: rows} if len(rows) == 1 else {})
    return Shown(
        {name: str(block[0][0]) for name, block in shown.items() if block[0][0] != ""},
        rows=len(rows) if len(rows) > 1 else 0,
        others=(str(lookup[0][0]), str(pivot[0][0])) if len(rows) == 1 else (),
        values={"<job>": JOB, **{f"<{name}>": value for name, value in values.items()}},
    )


def known(snapshot: Snapshot) -> bool:
    return snapshot.status is not None


def troubled(snapshot: Snapshot) -> bool:
    return snapshot.problem is not None


def no_answer_yet(desks: Desks) -> Shown:
    return look_at(desks.open(SimulatedJob(companies(5), JOB), limit=0.5))


def not_begun(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(5), JOB, pending=1e6))
    here.fetcher.wait(JOB, until=known)
    return look_at(here)


def no_page_yet(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(500), JOB, running=1e6))
    here.fetcher.wait(JOB, until=known)
    return look_at(here)


def over(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(250), JOB))
    assert here.fetcher.wait(JOB).final
    shown = look_at(here)
    assert shown.rows == 250
    assert PROBLEM not in shown.texts
    return shown


def over_without_companies(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob([], JOB))
    here.fetcher.wait(JOB)
    return look_at(here)


def cancelled(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(250), JOB, ending="cancelled", delivered=0.5))
    here.fetcher.wait(JOB)
    shown = look_at(here)
    assert shown.rows == 100
    return shown


def cancelled_without_companies(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(250), JOB, ending="cancelled", delivered=0.0))
    here.fetcher.wait(JOB)
    return look_at(here)


def failed(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(250), JOB, ending="failed", delivered=0.0, error_message="No seeds."))
    here.fetcher.wait(JOB)
    return look_at(here, reason="No seeds.")


def failed_with_companies(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(250), JOB, ending="failed", error_message="Broke."))
    here.fetcher.wait(JOB)
    shown = look_at(here, reason="Broke.")
    assert shown.rows == 100
    return shown


def no_key(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(5), JOB), kept_key=None)
    here.fetcher.wait(JOB)
    assert here.service.received == []
    return look_at(here)


def wrong_key(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(5), JOB), kept_key=WRONG_KEY)
    here.fetcher.wait(JOB)
    return look_at(here, reason="Invalid API key")


def wrong_key_in_a_variable(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(5), JOB), variable=WRONG_KEY)
    here.fetcher.wait(JOB)
    return look_at(here, reason="Invalid API key")


def unknown_job_at_first(desks: Desks) -> Shown:
    here = desks.open(limit=1.0)
    assert not here.fetcher.wait(JOB, until=troubled).settled
    return look_at(here)


def unknown_job(desks: Desks) -> Shown:
    here = desks.open()
    here.fetcher.wait(JOB)
    assert len(here.service.received) == 3
    return look_at(here)


def no_job_id(desks: Desks) -> Shown:
    here = desks.open()
    shown = look_at(here, "Germany Q3", given="Germany Q3")
    assert here.service.received == []
    return shown


def a_key_as_job(desks: Desks) -> Shown:
    return look_at(desks.open(), WRONG_KEY)


def an_error_as_job(desks: Desks) -> Shown:
    return look_at(desks.open(), -2146826246, error="#N/A")  # as Excel hands over #N/A


def a_text_of_ours_as_job(desks: Desks) -> Shown:
    return look_at(desks.open(), "#OF! There is no API key.", error="#OF! There is no API key.")


def too_many_jobs(desks: Desks) -> Shown:
    here = desks.open()
    shown = look_at(here, tuple((f"job{number}",) for number in range(1001)), number="1,001")
    assert here.service.received == []
    return Shown(shown.texts, values=shown.values)  # a lookup takes one job only, and says so


def offline(desks: Desks) -> Shown:
    here = desks.open(address="http://no-such-host.invalid", limit=5.0)
    here.fetcher.wait(JOB, until=troubled)
    return look_at(here)


def nobody_listens(desks: Desks) -> Shown:
    here = desks.open()
    here.service.stop()
    here.fetcher.wait(JOB, until=troubled)
    return look_at(here)


def nobody_listens_any_more(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(500), JOB, running=200.0), limit=100.0)
    here.fetcher.wait(JOB, until=lambda seen: len(seen.rows) > 0)
    here.service.stop()
    here.fetcher.wait(JOB, until=lambda seen: seen.problem is not None and seen.problem.kind == "Refused")
    shown = look_at(here)
    assert shown.texts[STATUS] == "running"
    assert shown.rows >= 100
    return shown


def service_down(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(5), JOB), faults=(Fault("status", status=503),))
    here.fetcher.wait(JOB, until=troubled)
    return look_at(here, reason="Service Unavailable")


def service_down_while_the_pages_are_read(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(500), JOB, running=100.0))
    here.fetcher.wait(JOB, until=lambda seen: len(seen.rows) >= 300)
    here.service.faults = tuple(Fault("status", status=503, cursor=f"page_{number:04d}") for number in range(1, 5))
    here.fetcher.wait(JOB, until=lambda seen: seen.status == "completed" and seen.problem is not None)
    shown = look_at(here, reason="Service Unavailable")
    assert shown.texts[STATUS] == "completed"
    assert shown.rows >= 300
    return shown


def fewer_rows_than_stated(desks: Desks) -> Shown:
    here = desks.open(SimulatedJob(companies(250), JOB, manifest={"count": 251}))
    assert not here.fetcher.wait(JOB).final
    shown = look_at(here, stated="251", read="250")
    assert shown.rows == 250
    return shown


def no_spilling(desks: Desks) -> Shown:
    ((said,),) = excel.OF_ROWS(JOB, None, None, None, "1 nospill [Book1]Sheet1!$A$1")
    return Shown({ROWS: str(said)})


SITUATIONS: list[Callable[[Desks], Shown]] = [
    *(no_answer_yet, not_begun, no_page_yet, over, over_without_companies, cancelled, cancelled_without_companies),
    *(failed, failed_with_companies, no_key, wrong_key, wrong_key_in_a_variable, unknown_job_at_first, unknown_job),
    *(no_job_id, a_key_as_job, an_error_as_job, a_text_of_ours_as_job, too_many_jobs, offline, nobody_listens),
    *(nobody_listens_any_more, service_down, service_down_while_the_pages_are_read, fewer_rows_than_stated),
    no_spilling,
]

Play = Callable[[Callable[[Desks], Shown]], Shown]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Play:
    def play(situation: Callable[[Desks], Shown]) -> Shown:
        with monkeypatch.context() as patch, ExitStack() as stack:
            return situation(Desks(stack, patch, tmp_path_factory.mktemp(situation.__name__)))

    return play


def lines_of(shown: Shown, function: str) -> list[tuple[str, str]]:
    """The lines of the README's table that are word for word what this function shows."""
    found = []
    for text, where in TABLE:
        filled = re.sub(r"<\w+>", lambda name: shown.values.get(name[0], name[0]), text)
        if function in where and filled == shown.texts.get(function):
            found.append((text, function))
    return found


def in_plain_words(text: str) -> str:
    return text.removeprefix("#OF! ").removesuffix(words.TRIED_AGAIN)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_cells_show_stands_in_the_readme(situation: Callable[[Desks], Shown], play: Play) -> None:
    shown = play(situation)
    assert shown.texts
    for function, text in shown.texts.items():
        assert utf16_units(text) <= 255
        same = function == PROBLEM and any(
            text in (said, in_plain_words(said)) for name, said in shown.texts.items() if name != PROBLEM
        )
        assert same or len(lines_of(shown, function)) == 1, f"{function} shows {text!r}"
    assert set(shown.others) <= {shown.texts.get(ROWS)}


def test_every_text_of_the_readme_is_shown_by_every_function_it_names(play: Play) -> None:
    seen = [play(situation) for situation in SITUATIONS]
    covered = {line for shown in seen for function in shown.texts for line in lines_of(shown, function)}
    assert {(text, function) for text, where in TABLE for function in where} == covered


def test_the_table_names_functions_and_explains_each_text() -> None:
    assert {name for _, where in TABLE for name in where} == {STATUS, ROWS, PROBLEM}
    for line in re.findall(r"^\| .*", section("What a cell says, and what to do"), re.MULTILINE):
        assert len([cell for cell in line.strip("|").split("|") if cell.strip()]) == 3


def test_the_examples_of_the_readme_give_what_they_should(office: MakeOffice) -> None:
    here = office(SimulatedJob(companies(40), JOB))
    here.fetcher.wait(JOB)
    named = []
    for formula, *_ in (cells for cells in first_cells("Functions") if cells[0].startswith("=")):
        call = ast.parse(formula.removeprefix("="), mode="eval").body
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Name)
        named.append(call.func.id)
        given = [JOB if isinstance(value, ast.Name) else ast.literal_eval(value) for value in call.args]
        body = {"INFO": "information", "JOBS": "listing", "CREDITS": "credits_known"}
        name = call.func.id.removeprefix("OF_")
        function = getattr(bodies, body.get(name, name.lower()))
        edge.answer(call.func.id, function, here.look(), *map(excel.given, given))  # credits are asked for at first
        block = edge.answer(call.func.id, function, here.look(), *map(excel.given, given))
        assert block[0][0] not in ("", words.LOADING)
        assert not str(block[0][0]).startswith("#OF! ")
    assert named == [function.name for function in CATALOG]


def test_the_readme_names_the_default_columns() -> None:
    assert ", ".join(f"`{name}`" for name in DEFAULT_COLUMNS) in section("Functions")
