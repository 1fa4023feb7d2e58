"""What *Keep as known list* does in Excel and in Calc, apart from asking the user and reading the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..errors import ConfigurationError
from ..known.lists import KnownLists, possible_name
from ..known.tables import make_list
from ..runtime.background import in_background
from ..text import count

MAX_CELLS: Final = 5_000_000
"""Cells that are read at most: 50,000 rows of 100 columns."""

_NO_LISTS: Final = "Lists cannot be kept on this computer. In a terminal, xl-openfunnel doctor says why."
_NOTHING: Final = (
    "The selected cells are empty. Select the companies that you know, with their websites or LinkedIn pages."
)


@dataclass(frozen=True)
class SelectedCells:
    """What the user selected: rows of one width, and whether some are hidden, as by a filter."""

    rows: Sequence[Sequence[object]] = field(repr=False)
    hidden: bool = False


@dataclass(frozen=True)
class Proposal:
    """A name for a list, and what is kept under it already.

    Attributes:
        name: ``""`` if none can be made of the text.
        companies: how many, such as ``50,000``; ``""`` if there is no such list.
        date: when it was kept, such as ``2026-11-30``.
    """

    name: str
    companies: str = ""
    date: str = ""


class KeptText(str):
    """A text for the user alone: the log gets none of it, since the name of a column may be a cell of the list."""

    __slots__ = ()


def propose(lists: KnownLists | None, text: str) -> Proposal:
    """A name for a list from a text: a sheet's name, or what the user typed."""
    name = possible_name(text)
    known = lists.find(name) if lists is not None and name else None
    if known is None:
        return Proposal(name)
    return Proposal(name, f"{known.companies:,}", f"{known.set_at.astimezone():%Y-%m-%d}")


def check_size(rows: int, columns: int) -> None:
    """Refuse more cells than can be read.

    Raises:
        ConfigurationError: they are more than `MAX_CELLS`.
    """
    if rows * columns > MAX_CELLS:
        raise ConfigurationError(
            f"{count(rows, 'row')} of {count(columns, 'column')} are too many cells. Select the columns with websites "
            "or LinkedIn pages alone."
        )


def keep(lists: KnownLists | None, name: str, cells: SelectedCells, separator: str = ",") -> KeptText:
    """Keep the companies of cells as a list, in place of an older one of this name; returns what was kept.

    The lists are None where there is no store. ``separator`` is that of a formula's arguments.

    Raises:
        ConfigurationError: there are no lists here, or there is nothing in these cells by which companies are compared.
        FileWriteError: the list cannot be written.
    """
    if lists is None:
        raise ConfigurationError(_NO_LISTS)
    if not any(cell not in (None, "") for row in cells.rows for cell in row):
        raise ConfigurationError(_NOTHING)
    with in_background():
        known = make_list(name, cells.rows)
    lists.set(known)
    hidden = " Hidden rows are in it too." if cells.hidden else ""
    return KeptText(f'{known.summary}.{hidden} Use it as =OF_NEW(A2{separator}"{known.name}")')
