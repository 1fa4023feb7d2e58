"""Ways to tell the new companies of jobs from 50,000 known accounts, and the accounts: a CRM's, written in five
ways."""

from __future__ import annotations

import csv
import itertools
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from . import pivot_jobs

if TYPE_CHECKING:
    from xl_openfunnel.cell_values import Block
    from xl_openfunnel.columns.companies import JobFile

ACCOUNTS: Final = 50_000
_STRANGERS: Final = 5_000
"""Accounts that no job has."""

_TIMEOUT: Final = 60.0
"""Seconds for a calculation in the background."""

NAME: Final = "crm"
_CSV: Final = "accounts.csv"

_WAYS: Final = ("{}", "https://www.{}/", "WWW.{}", "info@{}", "http://{}/de/about?x=1")
"""How people write a domain; the first is that of the jobs."""

Answer = Callable[[int], tuple[int, object]]
"""The number of new companies and what is shown of them, for the nth time."""


def make_accounts(place: Path, count: int) -> None:
    """A file of accounts: companies that most of so many jobs have, every third with its LinkedIn page, and
    strangers."""
    from xl_openfunnel.columns.companies import companies_of

    with companies_of(pivot_jobs.columns_of_store().path, files(count), None) as jobs:
        rows = jobs.rows(
            "SELECT any_value(domain), any_value(linkedin_url), any_value(name), count(*) AS number FROM stored"
            f" WHERE _host = domain GROUP BY _host ORDER BY number DESC, _host LIMIT {ACCOUNTS - _STRANGERS}"
        )
    accounts = [(domain, page if number % 3 == 0 else "", name) for number, (domain, page, name, _) in enumerate(rows)]
    accounts += [(f"stranger-{number}.example.org", "", f"Stranger {number}") for number in range(_STRANGERS)]
    random.Random(11).shuffle(accounts)
    with (place / _CSV).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Account", "Website", "LinkedIn", "Owner"))
        for number, ((domain, page, name), way) in enumerate(zip(accounts, itertools.cycle(_WAYS), strict=False)):
            writer.writerow((name, way.format(domain), page, f"owner {number % 40}"))


def set_list(place: Path) -> None:
    """Keep the accounts as a known list."""
    from xl_openfunnel.known.lists import KnownLists
    from xl_openfunnel.known.tables import make_list, read_table

    KnownLists(place).set(make_list(NAME, read_table(place / _CSV).rows, note_column="Owner"))


def accounts(place: Path) -> tuple[tuple[object, ...], ...]:
    """The accounts as a range of a sheet."""
    with (place / _CSV).open(encoding="utf-8", newline="") as file:
        return tuple(map(tuple, csv.reader(file)))


def files(count: int) -> list[JobFile]:
    """The files of so many stored jobs."""
    store, folder = pivot_jobs.store(), pivot_jobs.columns_of_store()
    try:
        stored = [store.find(pivot_jobs.job_id(number)) for number in range(count)]
    finally:
        store.close()
    contents = [None if found is None else found.rows.content for found in stored]
    return [pivot_jobs.file(number, content or "", folder) for number, content in enumerate(contents)]


def services(place: Path, *, from_rows: bool = False) -> Any:
    """What the functions of cells share, until the process ends."""
    from xl_openfunnel import Client, Fetcher
    from xl_openfunnel.columns.maker import ColumnMaker
    from xl_openfunnel.known.lists import KnownLists

    store = pivot_jobs.store()
    columns = None if from_rows else ColumnMaker(store, pivot_jobs.columns_of_store())
    fetcher = Fetcher(Client(pivot_jobs.ORIGIN, "of_never_sent"), store=store)
    return SimpleNamespace(fetcher=fetcher, store=store, columns=columns, known=KnownLists(place))


def ours(place: Path, count: int, shown: str, *, from_rows: bool = False) -> Answer:
    """``OF_NEW`` of cells; ``from_rows`` without columns."""
    from xl_openfunnel.functions.context import CallContext
    from xl_openfunnel.functions.known_companies import new
    from xl_openfunnel.runtime.background import in_background

    shared = services(place, from_rows=from_rows)

    def answer(number: int) -> tuple[int, Block]:
        jobs = tuple((pivot_jobs.job_id(each),) for each in range(count))
        # Another length of texts, so that no block is there already.
        with in_background():  # as all calculations for cells
            block = new(CallContext(shared, 255 + number), jobs if count > 1 else jobs[0][0], NAME, None, None, shown)
        return int(block[0][0]) if shown == "count" else len(block) - 1, block

    return answer


def pandas(place: Path, count: int, shown: str) -> Answer:
    """``read_parquet``, each company once, and a merge of the domains as they are written; the accounts are read
    before."""
    import pandas as pd

    from xl_openfunnel.fields import DEFAULT_COLUMNS

    known = pd.read_csv(place / _CSV, usecols=["Website"]).drop_duplicates()
    paths = [file.path for file in files(count)]

    def answer(number: int) -> tuple[int, object]:
        columns = ["domain", "linkedin_url"] if shown == "count" else list(DEFAULT_COLUMNS)
        frame = pd.concat([pd.read_parquet(path, columns=columns) for path in paths])
        frame = frame.drop_duplicates("linkedin_url")
        merged = frame.merge(known, how="left", left_on="domain", right_on="Website", indicator=True)
        found = merged[merged["_merge"] == "left_only"]
        return len(found), None if shown == "count" else found[columns].astype(object).to_numpy().tolist()

    return answer


def ready_keys(place: Path, count: int, shown: str) -> Answer:
    """The floor: pages and hosts of all rows and of the list are ready, and are looked up in sets."""
    from xl_openfunnel.columns.parquet import read_keys
    from xl_openfunnel.known.lists import KnownLists

    keys = [each[:2] for file in files(count) for each in read_keys(file.path, names=False)]
    known = KnownLists(place).get(NAME).keys
    pages, hosts = set(known.linkedin), set(known.hosts)

    def answer(number: int) -> tuple[int, object]:
        return len({page for page, host in keys if page not in pages and host not in hosts}), None

    return answer


CONTENDERS: Final[dict[str, Callable[[Path, int, str], Answer]]] = {
    "ours": ours,
    "from rows": lambda place, count, shown: ours(place, count, shown, from_rows=True),
    "pandas": pandas,
    "ready keys": ready_keys,
}


def of_domain(place: Path) -> tuple[Callable[[], object], Callable[[], object]]:
    """``OF_DOMAIN`` of all websites as one range, and as many single calls."""
    from xl_openfunnel.functions.context import CallContext
    from xl_openfunnel.functions.implementations import evaluate
    from xl_openfunnel.functions.known_companies import domain

    shared = services(place)
    websites = tuple((row[1],) for row in accounts(place)[1:])

    def single() -> Block:
        return [evaluate("OF_DOMAIN", domain, CallContext(shared), value)[0] for (value,) in websites]

    return lambda: evaluate("OF_DOMAIN", domain, CallContext(shared), websites), single


def cell_call(place: Path) -> tuple[Callable[[], object], float]:
    """A cell's ``OF_NEW`` with the accounts as a range, and how long another thread waited for Python at most.

    That is while the answer was calculated. Then it is there, and the call gives it.
    """
    from xl_openfunnel.functions.calculations import Calculations
    from xl_openfunnel.functions.context import CallContext
    from xl_openfunnel.functions.known_companies import new
    from xl_openfunnel.hosts.excel.udfs import from_excel

    shared = services(place)
    there = threading.Event()
    calculations = Calculations(lambda _: there.set())
    rows = accounts(place)

    def call() -> tuple[Block, Any]:
        context = CallContext(shared)
        arguments = from_excel((pivot_jobs.job_id(0), rows, None, None, None))
        block = calculations.answer("OF_NEW", new, context, arguments)  # type: ignore[arg-type]
        return block, context.dependencies

    _, dependencies = call()
    subscriptions = [calculations.subscribe(topic) for topic in dependencies]
    longest, began = 0.0, time.perf_counter()
    last = began
    while not there.is_set() and time.perf_counter() - began < _TIMEOUT:
        time.sleep(0.001)
        longest, last = max(longest, time.perf_counter() - last - 0.001), time.perf_counter()
    if len(call()[0]) < 2:
        raise RuntimeError(f"the cell should show companies: {subscriptions}")
    return call, longest
