"""Tables on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence, Set
from typing import TYPE_CHECKING

from ..text import one_line
from . import terminal
from .session import short_ids

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, RenderableType

TERMINAL_COLUMNS = ("rank", "name", "domain", "headquarters", "employee_count", "match_reason")
"""What a terminal shows where no columns are named: the default of a cell without the long address."""

_GAP = 2
_MIN_WIDTH = 16
"""Terminal columns that a text keeps at least: a column that would get less is left out."""

_MIN_TEXT_WIDTH = 24
"""Terminal columns beside names; where a terminal has fewer, texts stand below the names."""

_CUT_OF_JOBS = ("label", "query or seeds", "companies", "as of")
"""Columns of a table of jobs that may be cut."""

_STATUS_STYLES = {
    "completed": "green",
    "failed": "red",
    "cancelled": "yellow",
    "cancelling": "yellow",
    "running": "cyan",
    "pending": "cyan",
}


def status_style(status: str) -> str:
    """The colour of a job's status; none for an unknown one."""
    return _STATUS_STYLES.get(status.lower(), "")


def print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and their values, aligned; on a terminal no word is broken."""
    if terminal.is_terminal(sys.stdout):
        draw(
            terminal.new_console(),
            aligned(pairs, style=lambda name, text: status_style(text) if name == "status" else ""),
        )
        return
    width = max((len(name) for name, _ in pairs), default=0) + _GAP
    terminal.print_lines(f"{name:{width}}{text}" for name, text in pairs)


def aligned(
    pairs: Sequence[tuple[str, str]],
    *,
    width: int = 0,
    name_style: str = "",
    style: Callable[[str, str], str] = lambda _name, _text: "",
) -> RenderableType:
    """Names and texts in two columns; on narrow terminals one below the other, so that no word is broken.

    Args:
        pairs: the names and their texts.
        width: columns for the names at least.
        name_style: the style of the names.
        style: gives the style of a text.
    """
    from rich.cells import cell_len
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    width = max([width, *(cell_len(name) for name, _ in pairs)])
    longest = max((cell_len(word) for _, text in pairs for word in text.split()), default=0)
    cells = [(Text(name, name_style), Text(text, style(name, text))) for name, text in pairs]
    if terminal.new_console().width < width + _GAP + max(_MIN_TEXT_WIDTH, longest):
        return Group(*(Group(name, Padding(text, (0, 0, 0, _GAP))) for name, text in cells))
    table = Table.grid(padding=(0, _GAP, 0, 0))
    table.add_column(width=width, no_wrap=True)
    table.add_column()
    for cell in cells:
        table.add_row(*cell)
    return table


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
    drop: Sequence[int] = (),
    status: int | None = None,
) -> None:
    """Print a table that fits the terminal, one line per row. Cells that do not fit end in ``…``.

    Columns that have no room are left out, and named on stderr.

    Args:
        headers: the names of the columns, which are never cut.
        rows: as many texts each.
        right: indexes of columns that are aligned to the right.
        uncut: indexes of columns that are never cut.
        drop: indexes of the columns that are left out first, before the last ones.
        status: the index of a column of statuses, which are coloured.
    """
    from rich.rule import Rule
    from rich.table import Table
    from rich.text import Text

    columns = _columns(headers, rows)
    console = terminal.new_console()
    shown = list(range(len(headers)))
    order = [*drop, *(index for index in reversed(shown) if index not in drop)]
    while len(shown) > 1 and _required(columns, shown, uncut) > console.width:
        shown.remove(next(index for index in order if index in shown))
    widths = _widths(columns, shown, uncut, console.width)
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=True)
    for index in shown:
        table.add_column(justify="right" if index in right else "left", width=widths[index], no_wrap=True)
    for number in range(len(rows) + 1):
        cells = [(index, clip(columns[index][number], widths[index])) for index in shown]
        styles = {index: status_style(text) if index == status else "" for index, text in cells}
        table.add_row(*(Text(text, "bold" if number == 0 else styles[index]) for index, text in cells))
        if number == 0:
            table.add_row(*(Rule(style="none") for _ in shown))
    terminal.set_width(
        console, sum(widths[index] + _GAP for index in shown)
    )  # the gap after the last column is not printed
    draw(console, table)
    if hidden := [headers[index] for index in range(len(headers)) if index not in shown]:
        terminal.print_message(f"The terminal is too narrow for: {', '.join(hidden)}.", style="dim")


def print_jobs(
    headers: Sequence[str], lines: Sequence[Sequence[str]], *, numbers: Collection[str], drop: Sequence[str]
) -> None:
    """Print a table of jobs, with whole ids where there is room for all columns, else with their beginnings.

    Args:
        headers: the names of the columns: ``label``, which is left out where no job has one, ``job``, ``status``, and
            others.
        lines: as many texts each.
        numbers: the names of columns that are aligned to the right.
        drop: the names of columns that are left out first where there is no room. The job is always shown.
    """
    columns = [index for index, name in enumerate(headers) if name != "label" or any(line[index] for line in lines)]
    names = [headers[index] for index in columns]
    rows = [[line[index] for index in columns] for line in lines]
    uncut = {index for index, name in enumerate(names) if name not in _CUT_OF_JOBS}
    job = names.index("job")
    if _required(_columns(names, rows), range(len(names)), uncut) > terminal.new_console().width:
        for row, short in zip(rows, short_ids([row[job] for row in rows]), strict=True):
            row[job] = short
    order = [
        *drop,
        *(name for name in reversed(names) if name not in (*drop, "label", "status", "job")),
        "label",
        "status",
    ]
    print_table(
        *(names, rows),
        right={names.index(name) for name in numbers},
        uncut=uncut,
        drop=[names.index(name) for name in order if name in names],
        status=names.index("status"),
    )


def clip(text: str, width: int) -> str:
    """``text``, cut to so many terminal columns, with ``…`` at its end; between two words where there are several."""
    from rich.cells import cell_len, chop_cells

    if cell_len(text) <= width:
        return text
    cut = chop_cells(text, max(1, width - 1))[0]
    if text[len(cut)] != " " and cell_len(words := cut.rpartition(" ")[0]) * 2 >= width:
        cut = words
    return cut.rstrip(" ,;&-") + "…"


def _columns(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Each column with its header first."""
    return [list(map(one_line, column)) for column in zip(headers, *rows, strict=True)]


def _required(columns: Sequence[Sequence[str]], shown: Sequence[int], uncut: Set[int]) -> int:
    """The terminal columns that these columns need at least."""
    return sum(_min_width(columns[index], uncut=index in uncut) + _GAP for index in shown) - _GAP


def _min_width(column: Sequence[str], *, uncut: bool) -> int:
    from rich.cells import cell_len

    width = max(map(cell_len, column))
    return width if uncut else max(cell_len(column[0]), min(width, _MIN_WIDTH))


def _widths(columns: Sequence[Sequence[str]], shown: Sequence[int], uncut: Set[int], available: int) -> dict[int, int]:
    """Share the terminal: the widest columns are cut, and to one width."""
    from rich.cells import cell_len

    least = {index: _min_width(columns[index], uncut=index in uncut) for index in shown}
    widths = {index: max(map(cell_len, columns[index])) for index in shown}
    if len(shown) == 1:
        return {index: max(len(columns[index][0]), min(width, available)) for index, width in widths.items()}
    excess = sum(widths.values()) + _GAP * (len(shown) - 1) - available
    while excess > 0 and (wide := [index for index in shown if widths[index] > least[index]]):
        top = max(widths[index] for index in wide)
        tops = [index for index in wide if widths[index] == top]
        floor = max([least[index] for index in tops] + [widths[index] for index in wide if widths[index] < top])
        step = max(1, min(top - floor, excess // len(tops)))
        for index in tops:
            cut = min(step, excess)
            widths[index] -= cut
            excess -= cut
    return widths


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
