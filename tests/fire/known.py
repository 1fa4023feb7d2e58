"""Precision and recall of the tiers, of a job against an invented CRM: from its files to the answer of ``OF_NEW``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.functions.context import CallContext
from xl_openfunnel.functions.implementations import evaluate
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list, read_table
from xl_openfunnel.known.tiers import Tier
from xl_openfunnel.simulator import SimulatedJob

from . import crm
from .environment import running_environment

TIERS: Final = (Tier.LINKEDIN, Tier.HOST, Tier.SITE, Tier.NAME)


@dataclass
class TierResult:
    """What became of one tier.

    Attributes:
        right: companies that were found by this tier, with an account that is theirs.
        wrong: with another's account: the company's LinkedIn page and the account's id.
        expected: companies of which this is the strongest tier that the accounts can tell.
        missed: those of them that were not found by this tier or a stronger one, with an account that names them.
    """

    right: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)
    expected: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        found = self.right + len(self.wrong)
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        return 1 - len(self.missed) / self.expected if self.expected else 1.0


@dataclass(frozen=True)
class Results:
    """Of each tier, and how many companies of the job have no account, and how many of these were called new."""

    tiers: dict[Tier, TierResult]
    strangers: int
    new: int


def run(folder: Path, accounts: int, companies: int, seed: int = 0) -> tuple[crm.Crm, Results]:
    """Make a CRM, keep its files as known lists, and ask ``OF_NEW`` about the job's companies."""
    made = crm.make(folder, accounts, companies, seed)
    lists = KnownLists(folder / "known")
    names = []
    for number, (path, id_column) in enumerate(made.files.items()):
        names.append(f"crm {number}")
        lists.set(make_list(names[-1], read_table(path).rows, note_column=id_column))
    answer = of_new(folder, made.rows, lists, names)
    matches = {str(page): (Tier(str(tier)), str(note)) for page, tier, note in answer}
    return made, judge(made, matches)


def of_new(folder: Path, rows: list[dict[str, Any]], lists: KnownLists, names: Iterable[str]) -> list[list[Any]]:
    """The LinkedIn page of every company, its tier and the id of the account."""
    with running_environment(folder, SimulatedJob(rows, job_id="job")) as env:
        process = env.start_process()
        env.final(process, "job")
        services: Any = SimpleNamespace(fetcher=process.fetcher, store=process.store, columns=None, known=lists)
        known = tuple((name,) for name in names)
        function = REGISTRY["OF_NEW"].compute
        block = evaluate("OF_NEW", function, CallContext(services), "job", known, "linkedin_url", None, "why")
    assert block[0] == ["linkedin_url", "tier", "known"], block[:2]
    return block[1:-1]


def judge(made: crm.Crm, matches: dict[str, tuple[Tier, str]]) -> Results:
    """Compare the answer with the truth."""
    evidence: dict[int, set[Tier]] = {}
    for account in made.accounts.values():
        for number, tiers in account.evidence.items():
            evidence.setdefault(number, set()).update(tiers)
    results = {tier: TierResult() for tier in TIERS}
    strangers = new = 0
    for number, row in enumerate(made.rows):
        page = row["linkedin_url"]
        tier, note = matches[page]
        right = tier in results and number in made.accounts[note].companies
        if right:
            results[tier].right += 1
        elif tier in results:
            results[tier].wrong.append((page, note))
        without_domain = {Tier.HOST, Tier.SITE} if row["domain"] is None else set()
        told = [tier for tier in TIERS if tier in evidence.get(number, set()) - without_domain]
        if told:
            results[told[0]].expected += 1
            by_name_of_another = tier in results and number in made.accounts[note].named
            if not (right or by_name_of_another) or TIERS.index(tier) > TIERS.index(told[0]):
                results[told[0]].missed.append(page)
        elif number not in evidence:
            strangers += 1
            new += tier is Tier.NEW
    return Results(results, strangers, new)


def is_named(made: crm.Crm, page: str, account: str) -> bool:
    """Whether the account really names the company, though it is another's: no key could tell them apart."""
    numbers = made.accounts[account].named
    return any(made.rows[number]["linkedin_url"] == page for number in numbers)


def broken(made: crm.Crm, tier: Tier, result: TierResult) -> str:
    """What is wrong with one of the tiers that exclude companies unless the user says otherwise; "" for none."""
    if tier not in (Tier.LINKEDIN, Tier.HOST):
        return ""
    wrong = [pair for pair in result.wrong if not is_named(made, *pair)]
    errors = [f"{page} is no company of {made.accounts[account].cells}" for page, account in wrong]
    return "; ".join([*errors, *(f"{page} was not found" for page in result.missed)])
