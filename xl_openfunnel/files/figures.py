"""The figures of a job's summary. They are grouped and counted by `pivot`, so that they agree with OF_PIVOT."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Final

from .. import pivot
from ..cell_values import Cell
from ..fields import EMPLOYEE_BANDS
from ..jobs.snapshot import Snapshot
from ..pivot_rules import BLANK, COMPANY_COLUMNS, Question

MAX_COUNTRIES: Final = 15
"""How many countries have their own line; the others share one."""

SIZES: Final = (*EMPLOYEE_BANDS, BLANK)


@dataclass(frozen=True)
class Line:
    """The companies of one country, of several others, or of all, and those of each of `SIZES`."""

    name: str
    by_size: tuple[int, ...]
    total: int


@dataclass(frozen=True)
class Figures:
    """What the summary says of a job's companies.

    Attributes:
        countries: the largest countries, at most `MAX_COUNTRIES`, or one more where only that one is left.
        rest: the other countries together, and the companies without one; each only where there are any.
        different_companies: how many of all are different ones; several jobs may have the same.
        median_employees: the median of the numbers of employees; None without any.
    """

    countries: tuple[Line, ...]
    rest: tuple[Line, ...]
    total: Line
    different_companies: int
    country_count: int
    with_employees: int
    median_employees: float | None


def figures(snapshot: Snapshot) -> Figures:
    """Count the companies of a job."""
    from ..table import block  # imports pandas

    is_stacked = snapshot.rows.jobs is not None
    identity = COMPANY_COLUMNS if is_stacked else ()
    frame = snapshot.frame(["country", "employee_band", "employee_count", *identity])
    header, *body, bottom = pivot.pivot(frame, Question.of(["country"], ["employee_band"]))
    sizes = [str(name) for name in header[1:-1]]
    lines = [_line(sizes, cells) for cells in body]
    known = [line for line in lines if line.name != BLANK]
    shown = MAX_COUNTRIES if len(known) > MAX_COUNTRIES + 1 else len(known)
    others = _sum(f"{len(known) - shown} other countries", known[shown:])
    rest = [*([others] if others.total else []), *(line for line in lines if line.name == BLANK)]
    counts = [cell for (cell,) in block(frame[["employee_count"]], headers=False) if type(cell) is float]
    return Figures(
        countries=tuple(known[:shown]),
        rest=tuple(rest),
        total=_line(sizes, bottom),
        different_companies=pivot.count_different(frame) if is_stacked else len(frame),
        country_count=len(known),
        with_employees=len(counts),
        median_employees=statistics.median(counts) if counts else None,
    )


def _line(sizes: list[str], cells: list[Cell]) -> Line:
    """A line of the pivot; a size that no company has is not among its columns."""
    name, *counts, total = cells
    by_size = dict(zip(sizes, counts, strict=True))
    return Line(str(name), tuple(int(by_size.get(size) or 0) for size in SIZES), int(total))


def _sum(name: str, lines: list[Line]) -> Line:
    by_size = tuple(sum(line.by_size[position] for line in lines) for position in range(len(SIZES)))
    return Line(name, by_size, sum(line.total for line in lines))
