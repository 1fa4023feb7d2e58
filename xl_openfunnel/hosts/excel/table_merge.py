"""Plans how a job's companies are merged into a table: which row takes which company, and which rows are removed.

A company that is in the table already keeps its row, so that whatever else the user has there (columns, notes, colours)
stays with it. Afterwards Excel sorts the rows.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, TypeAlias

from ...errors import ConfigurationError
from ...fields import column_name

Value: TypeAlias = str | float | bool | None
"""The value of a cell; None if it is blank."""

_RANK: Final = "rank"

KEYS: Final = ("linkedin_url", "domain", "name")
"""The columns that identify a company, most reliable first; the first that is not blank counts."""

_Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class TableContent:
    """What is in a table.

    Attributes:
        columns: the names of its columns.
        rows: the values of its cells. In the user's columns None also stands for the result of the column's formula.
        rows_with_notes: the rows with a note or comment of the user, counted from 0.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]] = ()
    rows_with_notes: AbstractSet[int] = frozenset()


@dataclass(frozen=True)
class MergePlan:
    """What to do with a table: write its rows, sort them, and remove those after ``final_height``.

    Attributes:
        indexes: the positions of our columns in the table, counted from 0.
        columns: the names of our columns.
        rows: the values of our columns in each row; rows to be added come last.
        positions: the final position of each row, counted from 0.
        current_height: the number of rows that the table has now.
        final_height: the number of rows that it will have.
        kept_rows: the number of rows whose companies are no longer in the job, but where the user has something.
        missing_columns: those of our columns that the table does not have.
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
        """Which of our columns holds the rows' positions during the merge: if possible one that identifies nothing."""
        return max(range(len(self.columns)), key=lambda number: (_key_rank(self.columns[number]), -number))

    @property
    def final_order(self) -> list[int]:
        """The rows in their final order; those to be removed come last."""
        return sorted(range(len(self.positions)), key=self.positions.__getitem__)


def _key_rank(name: str) -> int:
    return KEYS.index(name) if name in KEYS else len(KEYS)


def is_blank(content: TableContent, our_columns: Sequence[str]) -> bool:
    """Whether a table has no company."""
    indexes = column_indexes(content.columns, our_columns).values()
    return all(row[index] is None for row in content.rows for index in indexes)


def column_indexes(columns: Sequence[str], our_columns: Sequence[str]) -> dict[str, int]:
    """The positions of our columns in a table with these columns; those that it does not have are left out."""
    by_name = {column_name(name).casefold(): index for index, name in reversed(list(enumerate(columns)))}
    return {name: by_name[name.casefold()] for name in our_columns if name.casefold() in by_name}


def plan_merge(content: TableContent, our_columns: Sequence[str], companies: Sequence[Sequence[Value]]) -> MergePlan:
    """Plan how to merge a job's companies into a table.

    Companies are the same if their linkedin_url is the same, or without one their domain or name. If several are the
    same, they keep their order. A company that is no longer in the job is removed, unless the user has something in its
    row: then it is kept at the end, without a rank.

    Raises:
        ConfigurationError: the table has none of our columns, or data of the user's that cannot be matched to companies
            because the table has no column of `KEYS`.
    """
    indexes = column_indexes(content.columns, our_columns)
    if not indexes:
        raise ConfigurationError(
            f"The table has none of the columns {', '.join(our_columns)} any more. Rename or delete it, and "
            "insert again."
        )
    columns = [(our_columns.index(name), index) for name, index in indexes.items()]
    new_rows = [[company[number] for number, _ in columns] for company in companies]
    old_rows = [[row[index] for _, index in columns] for row in content.rows]
    user_columns = [index for index in range(len(content.columns)) if index not in indexes.values()]
    has_user_data = [
        number in content.rows_with_notes or any(row[index] is not None for index in user_columns)
        for number, row in enumerate(content.rows)
    ]
    if any(has_user_data) and not indexes.keys() & set(KEYS):
        raise ConfigurationError(
            "The table has no column linkedin_url any more, by which what is your own follows its company. "
            "Name it so again, and insert again."
        )
    names = tuple(indexes)
    row_of = _match(names, old_rows, new_rows)
    unmatched = [row for row in range(len(old_rows)) if row not in row_of.values()]
    blank_rows = deque(row for row in unmatched if not has_user_data[row] and all(v is None for v in old_rows[row]))
    kept_rows = [row for row in unmatched if has_user_data[row]]
    height = len(old_rows)
    for company in range(len(new_rows)):
        if company not in row_of:
            row_of[company] = blank_rows.popleft() if blank_rows else height
            height = max(height, row_of[company] + 1)
    rows: list[list[Value]] = [*old_rows]
    rows += [[None] * len(names) for _ in range(max(height, 1) - len(old_rows))]
    for company, row in row_of.items():
        rows[row] = new_rows[company]
    for row in kept_rows:
        rows[row] = [None if name == _RANK else value for name, value in zip(names, rows[row], strict=True)]
    remaining = [*(row_of[company] for company in range(len(new_rows))), *kept_rows]
    if not remaining:  # a table has at least one row
        rows[0] = [None] * len(names)
        remaining = [0]
    removed = sorted(set(range(len(rows))) - set(remaining))
    positions = [0] * len(rows)
    for position, row in enumerate([*remaining, *removed]):
        positions[row] = position
    return MergePlan(
        indexes=tuple(indexes.values()),
        columns=names,
        rows=rows,
        positions=positions,
        current_height=len(old_rows),
        final_height=len(remaining),
        kept_rows=len(kept_rows),
        missing_columns=tuple(name for name in our_columns if name not in indexes),
    )


def _match(
    names: Sequence[str], old_rows: Sequence[Sequence[Value]], new_rows: Sequence[Sequence[Value]]
) -> dict[int, int]:
    """The table's row for each new company that has one, both as numbers."""
    rows_by_key: Mapping[_Key, deque[int]] = defaultdict(deque)
    for row in _by_rank(names, old_rows):
        if key := _key(names, old_rows[row]):
            rows_by_key[key].append(row)
    row_of = {}
    for number, company in enumerate(new_rows):
        key = _key(names, company)
        if key and rows_by_key[key]:
            row_of[number] = rows_by_key[key].popleft()
    return row_of


def _by_rank(names: Sequence[str], rows: Sequence[Sequence[Value]]) -> list[int]:
    """The rows in the order in which they were written, however the user has sorted them since."""
    if _RANK not in names:
        return list(range(len(rows)))
    rank = list(names).index(_RANK)
    ranks = [row[rank] for row in rows]
    return sorted(range(len(rows)), key=lambda row: value if isinstance(value := ranks[row], float) else float("inf"))


def _key(names: Sequence[str], company: Sequence[Value]) -> _Key | None:
    values = dict(zip(names, company, strict=True))
    for name in KEYS:
        value = values.get(name)
        if value is not None and (text := str(value).strip().rstrip("/").casefold()):
            return name, text
    return None
