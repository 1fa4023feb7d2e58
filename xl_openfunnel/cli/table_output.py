"""Tables on a terminal: as wide as it is and no wider."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from ..text import one_line
from .terminal import console, is_terminal, put_lines

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("rank", "name", "domain", "headquarters", "employee_count", "match_reason")
"""What a terminal shows where no columns are named: the default of a cell without the long address."""

_GAP = "  "
_NARROWEST = 6
"""Terminal columns that a cell keeps at least; a table that needs more then is wider than the terminal."""


def put_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and what they stand for, aligned, on stdout."""
    width = max((len(name) for name, _ in pairs), default=0) + len(_GAP)
    put_lines(f"{name:{width}}{text}" for name, text in pairs)


def put_frame(frame: pd.DataFrame) -> None:
    """A frame as a table."""
    from ..files.cells import as_text, cell_rows, names

    headers = names(frame)
    numbers = {place for place, name in enumerate(headers) if str(frame[name].dtype) in ("Int64", "Float64")}
    put_table(headers, [list(map(as_text, row)) for row in cell_rows(frame)], right=numbers, whole=numbers)


def put_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Set[int] = frozenset(),
    whole: Set[int] = frozenset(),
) -> None:
    """A readable table on stdout. Cells that do not fit end in ``…``.

    Args:
        headers: the names of the columns.
        rows: as many texts each.
        right: places of columns that are aligned to the right.
        whole: places of columns that are never cut.
    """
    from rich.cells import cell_len

    shown = [[one_line(cell) for cell in row] for row in (headers, *rows)]
    needed = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]
    out = console()
    widths = fitted(needed, out.width - len(_GAP) * (len(headers) - 1), whole)
    lines = [
        _GAP.join(_cell(cell, widths[place], right=place in right) for place, cell in enumerate(row)).rstrip()
        for row in shown
    ]
    bold, plain = ("\x1b[1m", "\x1b[0m") if out.color_system and is_terminal(sys.stdout) else ("", "")
    put_lines([f"{bold}{lines[0]}{plain}", _GAP.join("─" * width for width in widths), *lines[1:]])


def fitted(needed: Sequence[int], room: int, whole: Set[int]) -> list[int]:
    """The widths of columns in so much room: the widest give way first, each to the same width.

    Args:
        needed: the width that each column would take, however large.
        room: the width of all together.
        whole: places of columns that are never cut.
    """
    left = room - sum(width for place, width in enumerate(needed) if place in whole)
    elastic = [width for place, width in enumerate(needed) if place not in whole]
    widest = max(elastic, default=0)
    fitting = bisect_right(
        range(_NARROWEST + 1, widest + 1), left, key=lambda limit: sum(min(width, limit) for width in elastic)
    )
    limit = min(widest, _NARROWEST + fitting)
    widths = [width if place in whole else min(width, limit) for place, width in enumerate(needed)]
    # What rounding left over goes to the last column that was cut.
    cut = [place for place, width in enumerate(widths) if width < needed[place]]
    if cut:
        widths[cut[-1]] = min(needed[cut[-1]], max(widths[cut[-1]], widths[cut[-1]] + room - sum(widths)))
    return widths


def _cell(text: str, width: int, *, right: bool) -> str:
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    pad = " " * (width - cell_len(text))
    return pad + text if right else text + pad
