"""Each company of one or more jobs once, with how surely it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from operator import itemgetter
from typing import Final, NamedTuple

from ..company_key import CompanyKeys, group_companies, keys_of
from ..fields import JOB_COLUMN, TIER_COLUMN
from ..jobs.snapshot import Snapshot
from ..jobs.stacking import stacked_frame
from ..selection import Chosen, Selection
from ..shared_hosts import is_shared
from .counts import Counts
from .tiers import MATCHES, KnownCompanies, Match, Matcher, Tier

NOTE_COLUMN: Final = "known"

WEAKEST: Final = MATCHES[0]
"""The weakest tier that counts as known, unless another is asked for."""

_ORDER: Final = {tier: place for place, tier in enumerate(Tier)}


class Company(NamedTuple):
    """One company.

    Attributes:
        position: its best row, from 0.
        match: the strongest match of all its rows.
    """

    position: int
    match: Match


def unique_companies(
    keys: Sequence[CompanyKeys],
    ranks: Sequence[int],
    matcher: Matcher | None,
    weakest: Tier,
    *,
    hints: bool = False,
) -> list[Company]:
    """Each company once, in the order of the best rows.

    Args:
        keys: of each row.
        ranks: of each row in its job: of several rows of a company the one with the lowest is the best, of equal ones
            the first.
        matcher: tells the tier; without one every company is new.
        weakest: as of `Matcher.match`.
        hints: as of `Matcher.match`.
    """
    best: dict[int, int] = {}
    new = Match(Tier.NEW)
    matches = [new] * len(keys) if matcher is None else matcher.matches(keys, weakest, hints=hints)
    for position, company in enumerate(group_companies(keys, is_shared)):
        if company == position:
            best[company] = position
            continue
        if ranks[position] < ranks[best[company]]:
            best[company] = position
        if _ORDER[matches[position].tier] < _ORDER[matches[company].tier]:
            matches[company] = matches[position]
    companies = list(map(Company, best.values(), map(matches.__getitem__, best)))
    companies.sort(key=itemgetter(0))
    return companies


class Compared(NamedTuple):
    """The companies of some jobs, each once, compared with known ones.

    Attributes:
        counts: how many each tier has.
        companies: those of the tiers that were asked for, in the order of the best rows.
    """

    counts: Counts
    companies: Sequence[Company]


UNKNOWN: Final = (Tier.NEW, Tier.NOT_COMPARABLE)
"""The tiers of the companies that are not known, those first that surely are not."""


def chosen(companies: Sequence[Company], text: str = "") -> Chosen:
    """The rows of the new companies, then of those that cannot be compared, with their tier in a last column."""
    rest = unknown(companies)
    tiers = tuple(str(company.match.tier) for company in rest)
    return Chosen(tuple(company.position for company in rest), ((TIER_COLUMN, tiers),), text)


def new_among(
    snapshots: Sequence[Snapshot], selection: Selection, known: KnownCompanies, names: Sequence[str]
) -> Selection:
    """The selection, of the companies that are new to lists of these names, each once.

    Its text counts those for which the criteria hold, before the top is taken.

    Of several rows of a company the best of those is shown for which the criteria hold, so that none is lost because
    of another row; all of them tell its tier.

    Args:
        snapshots: of the jobs, in the order in which their rows are stacked.
        selection: what else is chosen.
        known: the companies of the lists.
        names: of the lists.
    """
    keys = [keys_of(row) for snapshot in snapshots for row in snapshot.rows]
    ranks = [rank for snapshot in snapshots for rank in range(len(snapshot.rows))]
    holding = _holding(snapshots, selection) if selection.criteria else None
    if holding is not None:
        ranks = [rank if position in holding else rank + len(keys) for position, rank in enumerate(ranks)]
    companies = unique_companies(keys, ranks, Matcher(known), WEAKEST)
    if holding is not None:
        companies = [company for company in companies if company.position in holding]
    counts = Counts.of((company.match for company in companies), WEAKEST)
    lists = " and ".join(dict.fromkeys(f'"{name}"' for name in names))
    return replace(selection, chosen=chosen(companies, counts.chosen_text(lists)))


def _holding(snapshots: Sequence[Snapshot], selection: Selection) -> set[int]:
    """The positions of the rows for which the criteria hold."""
    starts = accumulate((len(snapshot.rows) for snapshot in snapshots), initial=0)
    start_of = {snapshot.job_id: start for snapshot, start in zip(snapshots, starts, strict=False)}
    frame = stacked_frame(snapshots, ["rank"], Selection(selection.criteria, derived=selection.derived))
    return {start_of[job_id] + rank - 1 for job_id, rank in zip(frame[JOB_COLUMN], frame["rank"], strict=True)}


def why(companies: Sequence[Company]) -> Chosen:
    """The rows of all companies, with their tier and what is noted of the known one in the last columns."""
    tiers = tuple(str(company.match.tier) for company in companies)
    notes = tuple(company.match.note for company in companies)
    positions = tuple(company.position for company in companies)
    return Chosen(positions, ((TIER_COLUMN, tiers), (NOTE_COLUMN, notes)))


def unknown(companies: Sequence[Company]) -> list[Company]:
    """The new companies, then those that cannot be compared."""
    return [company for tier in UNKNOWN for company in companies if company.match.tier is tier]
