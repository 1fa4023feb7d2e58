"""The arguments of functions: reads, checks and converts what hosts pass, one value or a range of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from numbers import Real
from typing import Final, TypeAlias

from ..cell_values import safe_str, to_text
from ..company_key import comparable
from ..criteria import Criteria, parse, parse_pairs
from ..errors import ConfigurationError, UnknownColumnError
from ..fields import KNOWN_PREFIX, KNOWN_TIERS, parse_columns
from ..known.columns import Telling
from ..pasted import holds_key
from ..selection import SortColumn, parse_sort, parse_top

MAX_JOBS: Final = 1_000
"""Jobs in one call, so that a formula over a whole column of other data does not become as many requests."""

_KEY_REFUSED: Final = "That holds an API key, and is no {}. Remove it from the sheet."


@dataclass(frozen=True)
class CellError:
    """An error that a cell holds, like ``#N/A``."""

    text: str


JobArgument: TypeAlias = str | float | CellError
"""A cell's value that should name a job: a stripped text, ``""`` for a blank, or a number or error as it is."""

Grid = list[list[object]]
"""The values of a range, row by row."""


def is_range(value: object) -> bool:
    """Whether the value comes from more than one cell."""
    return isinstance(value, (list, tuple)) and (len(value) != 1 or is_range(value[0]))


def cell_count(value: object) -> int:
    """How many cells the value has at least, without reading them."""
    if not isinstance(value, (list, tuple)):
        return 1
    return sum(len(row) if isinstance(row, (list, tuple)) else 1 for row in value)


def grid(value: object) -> Grid:
    """The value as rows of cells, all of one width: a single cell is one row of one, a flat list is one row."""
    plain = _plain(value)
    if not isinstance(plain, (list, tuple)):
        return [[plain]]
    if not any(isinstance(row, (list, tuple)) for row in plain):
        return [list(map(_plain, plain))] if plain else [[None]]
    rows = [list(map(_plain, row)) if isinstance(row, (list, tuple)) else [_plain(row)] for row in plain]
    width = max(1, *map(len, rows))
    return [row + [None] * (width - len(row)) for row in rows]


def _plain(cell: object) -> object:
    """A host's kind of text, number, boolean, blank or error as Python's; anything else unchanged."""
    if cell is None or type(cell) in (str, float, bool, CellError):
        return cell
    if isinstance(cell, str):
        return str.__str__(cell)  # of a subclass too, without its own __str__
    if isinstance(cell, (Real, Decimal)):
        try:
            return float(cell)
        except Exception:
            return safe_str(cell)  # too large for a float, or not a number in spite of its type
    return cell.tolist() if hasattr(cell, "tolist") else cell  # numpy's


def one_value(value: object, what: str) -> object:
    """The value of the only cell, which may be an error.

    Raises:
        ConfigurationError: there are several cells, but only one ``what`` is allowed.
    """
    cells = [cell for row in grid(value) for cell in row]
    if len(cells) != 1:
        raise ConfigurationError(f"Give one {what}, not a range of {len(cells):,} cells.")
    return cells[0]


def valid_value(value: object, what: str) -> object:
    """The value of the only cell.

    Raises:
        ConfigurationError: there are several cells, but only one ``what`` is allowed; or see `valid_cell`.
    """
    return valid_cell(one_value(value, what), what)


def valid_cell(value: object, what: str) -> object:
    """The value, unchanged.

    Raises:
        ConfigurationError: it is a cell's error, or a text that holds an API key, which a message would show.
    """
    if isinstance(value, str) and holds_key(value):
        raise ConfigurationError(_KEY_REFUSED.format(what))
    return reject_error(value, what)


def reject_error(value: object, what: str) -> object:
    """The value, unchanged.

    Raises:
        ConfigurationError: it is a cell's error.
    """
    if isinstance(value, CellError):
        raise ConfigurationError(f"The cell with the {what} holds {value.text}. Fix that cell first.")
    return value


def text(value: object, what: str) -> str:
    """The cell's value as stripped text; ``""`` for a blank cell.

    Raises:
        ConfigurationError: the cell holds an error.
    """
    return "" if reject_error(value, what) is None else to_text(value).strip()


def jobs(value: object) -> list[list[JobArgument]]:
    """The names of jobs, in the shape of the range. `CallContext.job_id` resolves them.

    Raises:
        ConfigurationError: more than `MAX_JOBS`.
    """
    named = [[job(cell) for cell in row] for row in grid(value)]
    count = sum(cell != "" for row in named for cell in row)
    if count > MAX_JOBS:
        raise ConfigurationError(
            f"That range names {count:,} jobs, and one formula takes {MAX_JOBS:,} at most. Give a smaller range."
        )
    return named


def job(value: object) -> JobArgument:
    """A cell's value that should name a job."""
    return value if isinstance(value, (bool, int, float, CellError)) else text(value, "job")


def columns(value: object, what: str = "column") -> tuple[str, ...] | None:
    """The names of columns, or of another ``what``, in a text, an array or a range; None where all are blank.

    Raises:
        UnknownColumnError: one is not text, or holds an API key, which a message would show.
        ConfigurationError: one is a cell's error.
    """
    names = [reject_error(cell, f"{what}s") for row in grid(value) for cell in row]
    for name in names:
        if name is not None and not isinstance(name, str):
            raise UnknownColumnError(
                f'{text(name, what)} is no {what}. Give names as text, like "name" in quotation marks.'
            )
    parsed = parse_columns(names)
    if any(map(holds_key, parsed or ())):
        raise UnknownColumnError(_KEY_REFUSED.format(what))
    return parsed


def criteria(value: object) -> Criteria:
    """The criteria in a text, in a range of such texts, or in a range of two columns: names and what they must be.

    Raises:
        ConfigurationError: one cannot be understood, is a cell's error, or holds an API key; or it is another range.
    """
    cells = [[valid_cell(cell, "criterion") for cell in row] for row in grid(value)]
    if len(cells[0]) == 2:
        return parse_pairs((row[0], row[1]) for row in cells)
    if len(cells[0]) > 2 or any(not isinstance(cell, str) and cell is not None for (cell,) in cells):
        raise ConfigurationError(
            'Give criteria as text, like "country=Germany; employee_count>=50", or as a range of two columns: names, '
            "and what they must be."
        )
    return tuple(chain.from_iterable(parse(cell) for (cell,) in cells if isinstance(cell, str)))


def sort(value: object) -> tuple[SortColumn, ...]:
    """The columns to sort by; none for a blank.

    Raises:
        ConfigurationError: one is no column, a cell's error, or holds an API key.
    """
    return parse_sort(columns(value))


def telling_known(*shown: object, chosen_by: object = None, sorted_by: object = None) -> Telling:
    """What of the rows of a call says which companies are in a known list, and not only which are new to it.

    Args:
        shown: arguments that name columns of the block.
        chosen_by: criteria; those that only new companies meet say nothing of the known ones.
        sorted_by: the columns to sort by.

    Raises:
        ConfigurationError: one of the arguments is wrong.
    """
    matchers: dict[str, list[Callable[[object], bool]]] = {}
    for criterion in criteria(chosen_by):
        if criterion.column.startswith(KNOWN_PREFIX):
            matchers.setdefault(criterion.column, []).append(criterion.matcher())
    only_new = {
        column
        for column, tests in matchers.items()
        if not any(all(test(tier) for test in tests) for tier in KNOWN_TIERS)
    }
    ordering = {column.name for column in sort(sorted_by) if column.name.startswith(KNOWN_PREFIX)}
    if (ordering | set(matchers)) - only_new:
        return Telling.ROWS
    named = any(name.startswith(KNOWN_PREFIX) for value in shown for name in columns(value) or ())
    return Telling.COLUMNS if named else Telling.NOTHING


def top(value: object) -> int | None:
    """How many companies are shown at most; None for a blank.

    Raises:
        ConfigurationError: it is no whole number from 1.
    """
    return parse_top(text(valid_value(value, "top"), "top"))


def yes_or_no(value: object, what: str) -> bool:
    """A TRUE or FALSE argument; TRUE for a blank.

    Raises:
        ConfigurationError: it is neither.
    """
    plain = valid_value(value, what)
    if isinstance(plain, (bool, float, int)):
        return bool(plain)
    word = comparable(text(plain, what))
    if word not in ("", "true", "false", "yes", "no"):
        raise ConfigurationError(f"Give TRUE or FALSE as {what}, not {word[:40]!r}.")
    return word in ("", "true", "yes")


def one_of(value: object, what: str, words: tuple[str, ...]) -> str:
    """The one of ``words`` that the argument is, in any case; the first for a blank.

    Raises:
        ConfigurationError: it is none of them.
    """
    word = comparable(text(valid_value(value, what), what))
    if word and word not in words:
        raise ConfigurationError(f"There is no {what} {word[:40]!r}. There are {', '.join(words)}.")
    return word or words[0]
