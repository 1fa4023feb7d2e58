"""Tables on stdout."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from ..text import one_line
from . import terminal

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, RenderableType

TERMINAL_COLUMNS = ("rank", "name", "domain", "headquarters", "employee_count", "match_reason")
"""What a terminal shows where no columns are named: the default of a cell without the long address."""

_GAP = 2
_MIN_WIDTH = 6
"""Terminal columns that a cell keeps at least; a table that needs more then is wider than the terminal."""


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and their values, aligned."""
    width = max((len(name) for name, _ in pairs), default=0) + _GAP
    terminal.print_lines(f"{name:{width}}{text}" for name, text in pairs)


def print_frame(frame: pd.DataFrame) -> None:
    """Print a frame as a table; numbers are aligned to the right and never cut."""
    from ..cell_values import to_text
    from ..files.cells import cell_rows, column_names

    headers = column_names(frame)
    numbers = {index for index, name in enumerate(headers) if str(frame[name].dtype) in ("Int64", "Float64")}
    print_table(headers, [list(map(to_text, row)) for row in cell_rows(frame)], right=numbers, uncut=numbers)


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Set[int] = frozenset(),
    uncut: Set[int] = frozenset(),
) -> None:
    """Print a table as wide as the terminal at most, one line per row. Cells that do not fit end in ``…``.

    Args:
        headers: the names of the columns.
        rows: as many texts each.
        right: indexes of columns that are aligned to the right.
        uncut: indexes of columns that are never cut, even if the table becomes wider than the terminal.
    """
    from rich.cells import cell_len
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    lines = [[one_line(cell) for cell in line] for line in (headers, *rows)]
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=True)
    required = 0
    for index, column in enumerate(zip(*lines, strict=True)):
        table.add_column(justify="right" if index in right else "left", no_wrap=index in uncut)
        width = max(map(cell_len, column))
        required += _GAP + (width if index in uncut else min(width, _MIN_WIDTH))
    for number, line in enumerate(lines):
        style = "" if number else "bold"
        table.add_row(*(Text(cell, style=style, no_wrap=True, overflow="ellipsis") for cell in line))
        if number == 0:
            table.add_row(*(Rule(style="none") for _ in line))
    console = terminal.new_console()
    console.width = max(console.width + _GAP, required)  # the gap after the last column is not printed
    draw(console, table)


def draw(console: Console, *renderables: RenderableType) -> None:
    """Print on stdout what rich draws, in colour on terminals that understand escape sequences."""
    terminal.print_lines(drawn_lines(console, *renderables))


def drawn_lines(console: Console, *renderables: RenderableType) -> list[str]:
    """What rich draws, as lines, in colour on terminals that understand escape sequences."""
    from rich.console import Group
    from rich.text import Text

    with console.capture() as capture:
        console.print(Group(*renderables), crop=False)
    drawn = capture.get()
    if console.legacy_windows or not terminal.is_terminal(sys.stdout):
        drawn = Text.from_ansi(drawn).plain
    return [line.rstrip() for line in drawn.splitlines()]
