"""Which companies are shown, and in which order: first the criteria, then the sort, then the top. Imports no pandas."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .cell_values import to_cell, to_text
from .company_key import looks_blank, text_order
from .criteria import Criteria, shown
from .errors import ConfigurationError
from .fields import ALL_COLUMNS, BY_NAME, EMPLOYEE_BANDS, KNOWN_PREFIX, FieldType, column_name, parse_columns
from .pasted import HYPHENS

_MINUS: Final = HYPHENS + "-"
_DIRECTION: Final = re.compile(rf"(?<!\A{KNOWN_PREFIX[:-1]})[\s:]+(asc|desc|ascending|descending)\Z", re.IGNORECASE)
"""A direction as SQL has it; a known list may have such a name."""


@dataclass(frozen=True)
class SortColumn:
    """A column to sort by, blanks last in both directions."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class DerivedColumn:
    """A column that is made of the fields of each row, in a way that `fields` does not know. It holds texts.

    Attributes:
        name: of the column, as `column_name` gives it: by it the column is found, however it is written.
        title: the name as it is shown.
        sources: the fields that a value is made from.
        version: changes whenever ``derive`` gives other values.
        derive: makes a value of those of ``sources``, each `ABSENT` where the row does not have it.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    version: Hashable
    derive: Callable[..., str | None] | None = field(compare=False, repr=False)


@dataclass(frozen=True)
class Chosen:
    """Rows that were chosen by something other than their columns.

    Attributes:
        positions: of these rows, in their order.
        columns: names and values of columns that come last, in the order of the positions.
        text: how many rows these are, and which: ``554 new to "crm"``.
    """

    positions: tuple[int, ...]
    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Selection:
    """What is shown of the companies.

    Attributes:
        criteria: all of them must hold.
        sort: the columns to sort by; companies that are equal in all of them stay in their order.
        top: how many are shown at most; None for all.
        chosen: the rows among which these choose; None for all.
        derived: columns that may be named beside those of `fields`, here and among those that are shown.
    """

    criteria: Criteria = ()
    sort: tuple[SortColumn, ...] = ()
    top: int | None = None
    chosen: Chosen | None = None
    derived: tuple[DerivedColumn, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.criteria or self.sort) or self.top is not None or self.chosen is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that decide, each once."""
        return tuple(dict.fromkeys([*(each.column for each in self.criteria), *(each.name for each in self.sort)]))

    def title(self, name: str) -> str:
        """How the name of a column is shown."""
        return next((column.title for column in self.derived if column.name == name), name)

    @property
    def key(self) -> Selection:
        """What is equal for equal selections, and keeps nothing in memory that columns are derived from."""
        return replace(self, derived=tuple(replace(column, derive=None) for column in self.derived))

    def __str__(self) -> str:
        """What is shown, for a sentence that begins with the companies: ``with country=Germany; the first 100``."""
        by = ",".join(("-" if each.descending else "") + self.title(each.name) for each in self.sort)
        parts = (
            "" if self.chosen is None else self.chosen.text,
            f"with {shown(self.criteria)}" if self.criteria else "",
            f"sorted by {by}" if by else "",
            "" if self.top is None else f"the first {self.top:,}",
        )
        return "; ".join(filter(None, parts))


ALL: Final = Selection()
"""Every company, in the service's order."""


def parse_sort(value: object) -> tuple[SortColumn, ...]:
    """The columns to sort by in a text, a list of texts or a range: ``"-employee_count,name"``, ``-`` for downwards.

    Raises:
        ConfigurationError: ``*``, a ``-`` without a column, or a direction in SQL's words.
        UnknownColumnError: something other than text is among them.
    """
    found: dict[str, SortColumn] = {}
    for text in parse_columns(value) or ():
        name = column_name(text.lstrip(_MINUS))
        if not name or name == ALL_COLUMNS:
            raise ConfigurationError(f"Sorting by {text!r} is not possible. Name columns, like -employee_count,name.")
        if direction := _DIRECTION.search(name):
            how = "-{} sorts downwards" if direction[1].lower().startswith("d") else "{} sorts upwards"
            column = how.format(column_name(name[: direction.start()].lstrip(_MINUS)))
            raise ConfigurationError(f"Sorting by {text!r} is not possible: {column}.")
        found.setdefault(name.casefold(), SortColumn(name, descending=text[0] in _MINUS))
    return tuple(found.values())


def parse_top(text: str) -> int | None:
    """How many companies are shown at most; None for a blank.

    Raises:
        ConfigurationError: it is no whole number from 1.
    """
    if not (number := text.strip()):
        return None
    if not re.fullmatch("[0-9]{1,15}", number) or not int(number):
        raise ConfigurationError(f"Give a whole number from 1 as top, not {number[:40]!r}.")
    return int(number)


def chosen_positions(selection: Selection, count: int, values_of: Callable[[str], Sequence[Any]]) -> list[int]:
    """The positions of the chosen rows among ``count`` rows, in their new order.

    Args:
        selection: what to choose.
        count: how many rows there are.
        values_of: the values of a column of the selection, by its name, in the order of the rows.
    """
    positions: Iterable[int] = range(count) if selection.chosen is None else selection.chosen.positions
    for criterion in selection.criteria:
        holds, values = criterion.matcher(), values_of(criterion.column)
        positions = [position for position in positions if holds(values[position])]
    positions = list(positions)
    for column in reversed(selection.sort):
        _sort(positions, column, values_of(column.name))
    return positions[: selection.top]


def _sort(positions: list[int], column: SortColumn, values: Sequence[Any]) -> None:
    """Sort the positions by the values, which keeps those with equal values in their order."""
    known = BY_NAME.get(column.name)
    is_band = known is not None and known.type is FieldType.BAND
    keys = {position: _band_key(values[position]) if is_band else sort_key(values[position]) for position in positions}
    blank = (-1,) if column.descending else (9,)
    positions.sort(key=lambda position: keys[position] or blank, reverse=column.descending)


def _band_key(value: Any) -> tuple[int, int] | None:
    return (0, EMPLOYEE_BANDS.index(value)) if value in EMPLOYEE_BANDS else None


def sort_key(value: Any) -> tuple[int, Any] | None:
    """Numbers, then texts, then FALSE and TRUE, as sheets sort them; None for a blank."""
    if isinstance(value, str):
        return None if looks_blank(value) else (1, text_order(value))
    if value is None or type(value) is int:
        return None if value is None else (0, value)
    cell = to_cell(value)
    if isinstance(cell, bool):
        return 2, cell
    if isinstance(cell, float):
        return 0, cell
    return sort_key(to_text(cell))
