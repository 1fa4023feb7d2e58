"""What landing a job changes in a table that may be there already: which line takes which company, and what goes.

A company that is in the table keeps its line, so that whatever else the user has there (columns, notes, colours) stays
with it untouched; afterwards the lines are put into order by the program that shows them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, TypeAlias

from ...errors import ConfigurationError

Value: TypeAlias = str | float | bool | None
"""What a cell holds; None for nothing at all."""

_RANK: Final = "rank"

KEYS: Final = ("linkedin_url", "domain", "name")
"""What tells companies apart, the surest first; a company has the first of these that is not blank."""

_Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class TableContent:
    """A table as it stands.

    Attributes:
        names: of its columns.
        lines: what its cells hold. In a column that is not ours None also stands for what the column's formula shows.
        noted: the lines with a note of the user's.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]] = ()
    rows_with_notes: AbstractSet[int] = frozenset()


@dataclass(frozen=True)
class MergePlan:
    """What is to be done: put the lines into order, write them, remove those behind ``left``.

    Attributes:
        places: where in the table our columns stand, from 0.
        names: their names.
        lines: what our columns hold in each line, those that are added last.
        order: the place of each line in the end, from 0.
        height: how many lines the table has now.
        left: how many lines are left in the end.
        kept: how many of these are of companies that are not in the job any more, but have something of the user's.
        missing: those of our columns that the table does not have (any more).
    """

    indexes: tuple[int, ...]
    columns: tuple[str, ...]
    rows: list[list[Value]]
    positions: list[int]
    current_height: int
    final_height: int
    kept_rows: int
    missing_columns: tuple[str, ...]

    @property
    def scratch_column(self) -> int:
        """Which of our columns may hold the lines' places meanwhile: best one that tells no companies apart."""
        return max(range(len(self.columns)), key=lambda number: (_sureness(self.columns[number]), -number))

    @property
    def final_order(self) -> list[int]:
        """The lines in their order in the end, those that are removed last."""
        return sorted(range(len(self.positions)), key=self.positions.__getitem__)


def _sureness(name: str) -> int:
    return KEYS.index(name) if name in KEYS else len(KEYS)


def is_blank(standing: TableContent, ours: Sequence[str]) -> bool:
    """Whether a table has no company."""
    places = column_indexes(standing.columns, ours).values()
    return all(line[place] is None for line in standing.rows for place in places)


def column_indexes(names: Sequence[str], ours: Sequence[str]) -> dict[str, int]:
    """Where in a table with these ``names`` each of ``ours`` stands; those that are not there are left out."""
    by_name = {name.casefold(): place for place, name in reversed(list(enumerate(names)))}
    return {name: by_name[name.casefold()] for name in ours if name.casefold() in by_name}


def plan_merge(standing: TableContent, ours: Sequence[str], companies: Sequence[Sequence[Value]]) -> MergePlan:
    """The plan for a job's companies.

    Companies are the same where their linkedin_url is, or, without one, their domain or name; of several alike the
    first stays the first. One that is not in the job any more goes, unless the user has something in its line: then it
    is kept at the end, without a rank.

    Args:
        standing: the table.
        ours: the names of our columns.
        companies: their values for all of ``ours``, in the service's order.

    Raises:
        ConfigurationError: the table has none of our columns, or something of the user's that can't be brought together
            with companies.
    """
    places = column_indexes(standing.columns, ours)
    if not places:
        raise ConfigurationError(
            f"The table has none of the columns {', '.join(ours)} any more. Rename or delete it, and land again."
        )
    columns = [(ours.index(name), place) for name, place in places.items()]
    fresh = [[company[number] for number, _ in columns] for company in companies]
    before = [[line[place] for _, place in columns] for line in standing.rows]
    theirs = [place for place in range(len(standing.columns)) if place not in places.values()]
    used = [
        number in standing.rows_with_notes or any(line[place] is not None for place in theirs)
        for number, line in enumerate(standing.rows)
    ]
    if any(used) and not places.keys() & set(KEYS):
        raise ConfigurationError(
            "The table has no column linkedin_url any more, by which what is your own follows its company. "
            "Name it so again, and land again."
        )
    names = tuple(places)
    taken = _taken(names, before, fresh)
    unmatched = [line for line in range(len(before)) if line not in taken.values()]
    blank = deque(line for line in unmatched if not used[line] and not any(v is not None for v in before[line]))
    kept = [line for line in unmatched if used[line]]
    height = len(before)
    for number in range(len(fresh)):
        if number not in taken:
            taken[number] = blank.popleft() if blank else height
            height = max(height, taken[number] + 1)
    lines: list[list[Value]] = [*before]
    lines += [[None] * len(names) for _ in range(max(height, 1) - len(before))]
    for number, line in taken.items():
        lines[line] = fresh[number]
    for line in kept:
        lines[line] = [None if name == _RANK else value for name, value in zip(names, lines[line], strict=True)]
    stay = [*(taken[number] for number in range(len(fresh))), *kept]
    if not stay:  # a table has one line at least
        lines[0] = [None] * len(names)
        stay = [0]
    rest = sorted(set(range(len(lines))) - set(stay))
    order = [0] * len(lines)
    for place, line in enumerate([*stay, *rest]):
        order[line] = place
    missing = tuple(name for name in ours if name not in places)
    return MergePlan(tuple(places.values()), names, lines, order, len(before), len(stay), len(kept), missing)


def _taken(names: Sequence[str], before: Sequence[Sequence[Value]], fresh: Sequence[Sequence[Value]]) -> dict[int, int]:
    """By the number of a company its line in the table, where it has one."""
    lines: Mapping[_Key, deque[int]] = defaultdict(deque)
    for line in _by_rank(names, before):
        if key := _key(names, before[line]):
            lines[key].append(line)
    taken = {}
    for number, company in enumerate(fresh):
        key = _key(names, company)
        if key and lines[key]:
            taken[number] = lines[key].popleft()
    return taken


def _by_rank(names: Sequence[str], before: Sequence[Sequence[Value]]) -> list[int]:
    """The lines as they were landed, however they are sorted now."""
    if _RANK not in names:
        return list(range(len(before)))
    rank = list(names).index(_RANK)
    ranks = [line[rank] for line in before]
    return sorted(
        range(len(before)), key=lambda line: value if isinstance(value := ranks[line], float) else float("inf")
    )


def _key(names: Sequence[str], company: Sequence[Value]) -> _Key | None:
    held = dict(zip(names, company, strict=True))
    for name in KEYS:
        value = held.get(name)
        if value is not None and (text := str(value).strip().rstrip("/").casefold()):
            return name, text
    return None
