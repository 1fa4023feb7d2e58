"""What a cell gives to a function: a value, or a rectangle of values, whoever the host is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Final, TypeAlias

from ..api.endpoints import KEY_PREFIX
from ..cell_values import safe_str, to_text
from ..errors import ConfigurationError, UnknownColumnError
from ..fields import parse_columns

MAX_JOBS: Final = 1_000
"""Jobs in one call: a formula over a whole column of other things must not become as many requests."""


@dataclass(frozen=True)
class CellError:
    """An error that a cell holds, like ``#N/A``."""

    text: str


JobArgument: TypeAlias = str | float | CellError
"""What a cell holds that should name a job: a text without the spaces around it, ``""`` for a blank, or what it is."""

Grid = list[list[object]]
"""The values of a range, row by row."""


def is_range(value: object) -> bool:
    """Whether the value is more than one cell's."""
    return isinstance(value, (list, tuple)) and (len(value) != 1 or is_range(value[0]))


def grid(value: object) -> Grid:
    """The value as rows of cells, all of one width: a single cell is one row of one, a flat list is one row."""
    given = _plain(value)
    if not isinstance(given, (list, tuple)):
        return [[given]]
    if not any(isinstance(row, (list, tuple)) for row in given):
        return [list(map(_plain, given))] if given else [[None]]
    rows = [list(map(_plain, row)) if isinstance(row, (list, tuple)) else [_plain(row)] for row in given]
    width = max(1, *map(len, rows))
    return [row + [None] * (width - len(row)) for row in rows]


def _plain(cell: object) -> object:
    """A text, a number as a float, a boolean, a blank or an error, whatever kind of these a host has; else itself."""
    if cell is None or type(cell) in (str, float, bool, CellError):
        return cell
    if isinstance(cell, str):
        return str.__str__(cell)  # whatever it makes of itself
    if isinstance(cell, (Real, Decimal)):
        try:
            return float(cell)
        except Exception:
            return safe_str(cell)  # too large for a float, or none in spite of its type
    return cell.tolist() if hasattr(cell, "tolist") else cell  # numpy's


def one_value(value: object, what: str) -> object:
    """The one value that is given, which may be an error.

    Raises:
        ConfigurationError: a range of several, where ``what`` can be only one.
    """
    cells = [cell for row in grid(value) for cell in row]
    if len(cells) != 1:
        raise ConfigurationError(f"Give one {what}, not a range of {len(cells):,} cells.")
    return cells[0]


def valid_value(value: object, what: str) -> object:
    """The one value that is given.

    Raises:
        ConfigurationError: a range of several, where ``what`` can be only one; or an error value.
    """
    return reject_error(one_value(value, what), what)


def reject_error(value: object, what: str) -> object:
    """The value itself.

    Raises:
        ConfigurationError: it is the error of a cell.
    """
    if isinstance(value, CellError):
        raise ConfigurationError(f"The cell with the {what} holds {value.text}. Fix that cell first.")
    return value


def text(value: object, what: str) -> str:
    """What is written in the cell, without the spaces around it; ``""`` for a blank one.

    Raises:
        ConfigurationError: it is the error of a cell.
    """
    plain = reject_error(value, what)
    if plain is None:
        return ""
    return to_text(plain).strip()


def jobs(value: object) -> list[list[JobArgument]]:
    """What names jobs, in the rectangle in which it was given; whether it can be one is for `Look.job_id` to say.

    Raises:
        ConfigurationError: more than ``MOST_JOBS``.
    """
    named = [[job(cell) for cell in row] for row in grid(value)]
    count = sum(cell != "" for row in named for cell in row)
    if count > MAX_JOBS:
        raise ConfigurationError(
            f"That range names {count:,} jobs, and one formula takes {MAX_JOBS:,} at most. Give a smaller range."
        )
    return named


def job(value: object) -> JobArgument:
    """What a cell holds that should name a job."""
    return value if isinstance(value, (bool, int, float, CellError)) else text(value, "job")


def columns(value: object, what: str = "column") -> tuple[str, ...] | None:
    """The names of columns, or of ``what``, in a text, an array or a range; None where nothing is named.

    Raises:
        UnknownColumnError: something other than text is among them, or what begins like an API key: it would be shown.
        ConfigurationError: the error of a cell is among them.
    """
    names = [reject_error(cell, f"{what}s") for row in grid(value) for cell in row]
    for name in names:
        if name is not None and not isinstance(name, str):
            raise UnknownColumnError(
                f'{text(name, what)} is no {what}. Give names as text, like "name" in quotation marks.'
            )
    parsed = parse_columns(names)
    if any(name.startswith(KEY_PREFIX) for name in parsed or ()):
        raise UnknownColumnError(f"That begins like an API key, and is no {what}. Remove it from the sheet.")
    return parsed


def yes_or_no(value: object, what: str, *, default: bool) -> bool:
    """Whether a switch is on; a blank one is as ``default`` says.

    Raises:
        ConfigurationError: it is neither.
    """
    given = valid_value(value, what)
    if isinstance(given, (bool, float, int)):
        return bool(given)
    word = text(given, what).casefold()
    if not word:
        return default
    if word not in ("true", "false", "yes", "no"):
        raise ConfigurationError(f"Give TRUE or FALSE as {what}, not {word[:40]!r}.")
    return word in ("true", "yes")


def one_of(value: object, what: str, words: tuple[str, ...]) -> str:
    """The word among ``words`` that is given, whatever its case; the first for a blank.

    Raises:
        ConfigurationError: it is none of them.
    """
    word = text(valid_value(value, what), what).casefold()
    if word and word not in words:
        raise ConfigurationError(f"There is no {what} {word[:40]!r}. There are {', '.join(words)}.")
    return word or words[0]
