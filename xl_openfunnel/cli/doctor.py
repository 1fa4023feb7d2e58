"""The command that looks for what is wrong, from a cell to the service."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..errors import ConfigurationError
from ..text import one_line
from . import table_output, terminal
from .log_format import messages
from .options import Json
from .progress import Progress
from .session import session

if TYPE_CHECKING:
    from rich.table import Table

    from ..doctor import CheckResult

_MARKS: Final = {"ok": ("✓", "+", "green"), "wrong": ("✗", "X", "bold red"), "unknown": ("?", "?", "yellow")}
"""How a check's state is marked: in Unicode, in ASCII, and in which style."""

Results = list[tuple[str, str, "CheckResult"]]
"""Part, name and result of each check, for example ("Python", "xlwings DLL", ...)."""


def doctor(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", show_default=False, help="A workbook to look at as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look for what is wrong, from a cell to the service, and say the cures. It changes nothing and costs nothing."""
    from ..doctor import CheckState, run_checks, write_it_request
    from ..version import version

    if file is not None and not file.is_file():
        raise ConfigurationError(f"There is no file {file}.")
    url = session(context).base_url
    if url:
        from ..settings import checked_base_url

        checked_base_url(url)  # a wrong argument is an error; in a variable it is a finding
    with Progress() as progress:
        # Without a terminal the printed results are progress enough.
        show: Callable[[str], object] = progress.update if terminal.is_terminal(sys.stderr) else lambda _: None
        found = list(run_checks(url, file and file.absolute(), on_start=lambda name: show(f"looking at: {name}")))
    hint = messages.with_base_url
    results = [
        (part, name, replace(each, what=hint(each.what), remedy=hint(each.remedy))) for part, name, each in found
    ]
    checks = [check for _, _, check in results]
    has_excel = all(check.state is not CheckState.NOT_HERE for check in checks)
    it_request = write_it_request(checks, version=version(), excel=has_excel)
    wrong = sum(check.state is CheckState.WRONG for check in checks)
    if as_json:
        terminal.print_json(
            {
                "version": version(),
                "well": not wrong,
                "findings": [_as_json(*result) for result in results],
                "for_it": it_request or None,
            }
        )
    else:
        _print_results(results)
        if it_request:
            terminal.print_lines(["", "For your IT department, to be pasted into an e-mail:", "", it_request])
    if wrong:
        terminal.print_message(f"{wrong} of these {'is' if wrong == 1 else 'are'} wrong.", style="bold")
        raise typer.Exit(1)
    terminal.print_message("All is well, as far as can be seen from here.")


def _as_json(part: str, name: str, check: CheckResult) -> dict[str, object]:
    return {
        "part": part,
        "check": name,
        "state": str(check.state),
        "what": check.what,
        "cure": check.remedy or None,
    }


def _print_results(results: Results) -> None:
    """On a terminal a table for each part, into a pipe tab-separated lines; checks for Windows only share a line."""
    from ..doctor import CheckState

    tried = [(part, name, check) for part, name, check in results if check.state is not CheckState.NOT_HERE]
    only_on_windows = ", ".join(name for _, name, check in results if check.state is CheckState.NOT_HERE)
    if not terminal.is_terminal(sys.stdout):
        rows = [[str(check.state), name, check.what, check.remedy] for _, name, check in tried]
        lines = [["state", "check", "what", "cure"], *rows]
        if only_on_windows:
            lines.append([str(CheckState.NOT_HERE), "", f"only on Windows: {only_on_windows}", ""])
        terminal.print_lines("\t".join(map(one_line, line)) for line in lines)
        return
    from rich.text import Text

    console = terminal.new_console()
    unicode = terminal.can_print_unicode(console)
    name_width = max((len(name) for _, name, _ in tried), default=0)
    for part in dict.fromkeys(part for part, _, _ in tried):
        checks = [(name, check) for of, name, check in tried if of == part]
        table_output.draw(console, Text(part, style="bold"), _table(checks, name_width, unicode=unicode))
    if only_on_windows:
        table_output.draw(console, Text(f"Only on Windows: {only_on_windows}", style="dim"))


def _table(checks: list[tuple[str, CheckResult]], name_width: int, *, unicode: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=1)
    table.add_column(width=name_width, no_wrap=True)
    table.add_column(overflow="fold")
    for name, check in checks:
        sign, ascii_sign, style = _MARKS[check.state]
        what = Text(one_line(check.what))
        if check.remedy:
            what.append(f"\n{'→' if unicode else '->'} {one_line(check.remedy)}", style="cyan")
        table.add_row(Text(sign if unicode else ascii_sign, style=style), name, what)
    return table
