"""Columns that tell how surely each company is known: ``known:crm`` for the list ``crm``.

A value is the tier, as ``OF_NEW`` has it by default, so that all agree on which companies are new:

| value | the company |
| --- | --- |
| ``linkedin``, ``host`` | is in the list |
| blank | is new: it has nothing in common with the list, or no more than a `site` or a name |
| ``not comparable`` | shares no kind of key with the list: never counted as new |

The criterion ``known:crm=`` therefore holds for the new companies. Nothing has such a column unless it names it, but
for tables that people look at (see the guide's known.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Any, Final

from ..company_key import CompanyKeys, host, linkedin_slug
from ..fields import KNOWN_PREFIX, TIER_COLUMN, column_name
from ..jobs.snapshot import Snapshot
from ..selection import ALL, DerivedColumn, Selection
from .counts import Counts
from .lists import KnownList, KnownLists
from .selection import NOTE_COLUMN, WEAKEST
from .tiers import Match, Tier

_SOURCES: Final = ("linkedin_url", "domain")


def known_column(name: str) -> str:
    """The name of a list's column."""
    return column_name(KNOWN_PREFIX + name)


def listed(columns: Iterable[str] | None, selection: Selection) -> list[str]:
    """The names of the lists of which columns are asked for, each once.

    Args:
        columns: that are shown, as `parse_columns` gives them.
        selection: also those that decide.
    """
    names = (*(columns or ()), *selection.columns)
    return list(dict.fromkeys(name.removeprefix(KNOWN_PREFIX) for name in names if name.startswith(KNOWN_PREFIX)))


def derived_columns(names: Iterable[str], lists: KnownLists) -> tuple[DerivedColumn, ...]:
    """The columns of these lists.

    Raises:
        ConfigurationError: there is none of one of these names.
    """
    return tuple(_column(name, lists) for name in names)


def with_columns(selection: Selection, columns: Iterable[str] | None, lists: Callable[[], KnownLists]) -> Selection:
    """The selection, with the columns of the lists that it or ``columns`` name.

    Raises:
        ConfigurationError: there is none of one of these names.
    """
    if not (names := listed(columns, selection)):
        return selection
    return replace(selection, derived=derived_columns(names, lists()))


def with_all_columns(selection: Selection, lists: KnownLists, but: Iterable[str] = ()) -> Selection:
    """The selection, with the columns of all lists, for a workbook or a table of a sheet.

    Args:
        selection: the columns that it has stay.
        lists: the lists.
        but: the names of those that get no column unless the selection has it: of which all companies are new.
    """
    left_out = set(map(known_column, but)).difference(column.name for column in selection.derived)
    names = (known.name for known in lists.all() if known_column(known.name) not in left_out)
    return replace(selection, derived=derived_columns(names, lists))


def columns_of_table(names: Iterable[str], lists: KnownLists | None) -> Selection:
    """All companies, with the columns for a table of a sheet: those of all lists.

    One that the table has of a list that is gone is blank, so that nothing of the list is left; one of a list that
    cannot be read tells of no company that it is new.

    Args:
        names: the columns that the table has.
        lists: None without a store.
    """
    selection = ALL if lists is None else with_all_columns(ALL, lists)
    columns = {column.name: column for column in selection.derived}
    for name in map(column_name, names):
        if name.startswith(KNOWN_PREFIX):
            version = None if lists is None else lists.version(name.removeprefix(KNOWN_PREFIX))
            value = None if version is None else str(Tier.NOT_COMPARABLE)
            columns.setdefault(name, DerivedColumn(name, name, (), version, lambda *_, value=value: value))
    return replace(selection, derived=tuple(columns.values()))


def tallies(snapshot: Snapshot, columns: Iterable[str] | None = None) -> list[str]:
    """For each list of the snapshot's selection, how many of its companies are new to it: see `TierOf.tally`.

    A snapshot without companies has none to count.

    Args:
        snapshot: the job.
        columns: the titles of those columns that count; None for all.
    """
    derived = () if snapshot.selection is None else snapshot.selection.derived
    wanted = None if columns is None else set(columns)
    counted = [
        column.derive
        for column in derived
        if isinstance(column.derive, TierOf) and (wanted is None or column.title in wanted)
    ]
    if not counted or not len(frame := snapshot.frame(_SOURCES)):
        return []
    return [tier_of.tally(zip(frame["linkedin_url"], frame["domain"], strict=True)) for tier_of in counted]


def _column(name: str, lists: KnownLists) -> DerivedColumn:
    version = lists.version(name)  # before the list is read: what it may hold then is newer, and read again
    known = lists.get(name)
    return DerivedColumn(known_column(name), KNOWN_PREFIX + known.name, _SOURCES, version, TierOf(known))


class TierOf:
    """Gives the values of a list's column."""

    def __init__(self, known: KnownList) -> None:
        self._known = known

    def __call__(self, linkedin_url: object, domain: object) -> str | None:
        tier = self._match(linkedin_url, domain).tier
        return None if tier is Tier.NEW else str(tier)

    def _match(self, linkedin_url: object, domain: object, *, hints: bool = False) -> Match:
        keys = CompanyKeys(linkedin_slug(linkedin_url), host(domain), None)
        return self._known.matcher.match(keys, WEAKEST, hints=hints)

    def tally(self, companies: Iterable[tuple[object, object]]) -> str:
        """How many companies are new: ``412 of 600 are new to "crm"; 3 of these have a known site``.

        Args:
            companies: the ``linkedin_url`` and the ``domain`` of each.
        """
        matches = (self._match(url, domain, hints=True) for url, domain in companies)
        return Counts.of(matches, WEAKEST).text(f'"{self._known.name}"')


class Telling(IntEnum):
    """What of a block says which companies are in a known list, and not only which are new to it."""

    NOTHING = 0
    COLUMNS = 1
    ROWS = 2
    """Which companies have a row, or their order; with or without columns."""


def without_known(block: Sequence[Sequence[Any]], telling: Telling) -> list[list[Any]]:
    """A block of cells without what says which companies are in a known list, with blanks (None) in its place.

    Left out are columns named like `known_column`, the last columns and the last row of ``OF_NEW``'s ``"why"``, and the
    whole block where it tells of known companies in another way.

    Args:
        block: the values of cells, of one width.
        telling: what of it says which companies are known.
    """
    header = block[0]
    columns = {at for at, name in enumerate(header) if isinstance(name, str) and name.startswith(KNOWN_PREFIX)}
    is_why = list(header[-2:]) == [TIER_COLUMN, NOTE_COLUMN]
    if is_why:
        columns.update((len(header) - 2, len(header) - 1))
    if telling is Telling.ROWS or (telling is Telling.COLUMNS and not columns):
        return [[None] * len(header) for _ in block]
    kept = [[None if at in columns else value for at, value in enumerate(row)] for row in block]
    return [*kept[:-1], [None] * len(header)] if is_why else kept
