"""The command that looks for what is wrong, from a cell to the service."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..doctor import CheckResult, CheckState
from ..errors import ConfigurationError
from ..text import one_line
from . import terminal
from .session import BaseUrl, Json, session

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_MARKS: Final = {
    CheckState.OK: ("✓", "+", "green"),
    CheckState.WRONG: ("✗", "X", "bold red"),
    CheckState.UNKNOWN: ("?", "?", "yellow"),
}
"""How a state is marked: in Unicode, in ASCII, and in which colour."""

Found = list[tuple[str, CheckResult]]


def doctor(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", show_default=False, help="A workbook to look at as well.")
    ] = None,
    as_json: Json = False,
    base_url: BaseUrl = None,
) -> None:
    """Look for what is wrong, from a cell to the service, and say the cures. It changes nothing and costs nothing."""
    from ..doctor import run_checks, write_it_request
    from ..version import version

    if file is not None and not file.is_file():
        raise ConfigurationError(f"There is no file {file}.")
    url = base_url or session(context).base_url
    if url:
        from ..settings import checked_base_url

        checked_base_url(url)  # a wrong call, where in a variable it is something to find
    with terminal.Progress() as progress:
        # Without a terminal the findings themselves say as much.
        tell: Callable[[str], object] = progress.tell if terminal.is_terminal(sys.stderr) else lambda _: None
        found = list(run_checks(url, file and file.absolute(), about_to=lambda name: tell(f"looking at: {name}")))
    findings = [finding for _, finding in found]
    excel = all(finding.state is not CheckState.NOT_HERE for finding in findings)
    text = write_it_request(findings, version=version(), excel=excel)
    bad = sum(finding.state is CheckState.WRONG for finding in findings)
    if as_json:
        terminal.put_json(_plain(found, text, version()))
    else:
        _show(found)
        if text:
            terminal.put_lines(["", "For your IT department, to be pasted into a mail:", "", text])
    if bad:
        terminal.say(f"{bad} of these {'is' if bad == 1 else 'are'} wrong.", style="bold")
        raise typer.Exit(1)
    terminal.say("All is well, as far as can be seen from here.")


def _plain(found: Found, text: str, version: str) -> dict[str, object]:
    return {
        "version": version,
        "well": all(finding.state is not CheckState.WRONG for _, finding in found),
        "findings": [
            {
                "part": part,
                "check": finding.check,
                "state": str(finding.state),
                "what": finding.what,
                "cure": finding.cure or None,
            }
            for part, finding in found
        ],
        "for_it": text or None,
    }


def _show(found: Found) -> None:
    """On a terminal aligned and in parts; into a pipe a line each, parted by tabs; what is not here in one line."""
    here = [(part, finding) for part, finding in found if finding.state is not CheckState.NOT_HERE]
    elsewhere = ", ".join(finding.check for _, finding in found if finding.state is CheckState.NOT_HERE)
    if not terminal.is_terminal(sys.stdout):
        lines = [["state", "check", "what", "cure"], *([str(f.state), f.check, f.what, f.cure] for _, f in here)]
        if elsewhere:
            lines.append([str(CheckState.NOT_HERE), "", f"only on Windows: {elsewhere}", ""])
        terminal.put_lines("\t".join(map(one_line, line)) for line in lines)
        return
    from rich.text import Text

    out = terminal.console()
    unicode = _unicode(out)
    width = max((len(finding.check) for _, finding in here), default=0)
    for part in dict.fromkeys(part for part, _ in here):
        grid = _grid([finding for of, finding in here if of == part], width, unicode=unicode)
        _put(out, Text(part, style="bold"), grid)
    if elsewhere:
        _put(out, Text(f"Only on Windows: {elsewhere}", style="dim"))


def _put(out: Console, *drawn: Text | Table) -> None:
    """On stdout, as the console draws it."""
    with out.capture() as capture:
        out.print(*drawn, sep="\n")
    shown = capture.get()
    if out.legacy_windows:  # which would print colours as signs
        shown = _without_colours(shown)
    terminal.put_lines(line.rstrip() for line in shown.splitlines())


def _unicode(out: Console) -> bool:
    return out.encoding.startswith("utf") and not out.legacy_windows


def _without_colours(text: str) -> str:
    from rich.text import Text

    return Text.from_ansi(text).plain


def _grid(findings: Iterable[CheckResult], width: int, *, unicode: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=1)
    grid.add_column(width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    for finding in findings:
        sign, plain, style = _MARKS[finding.state]
        what = Text(one_line(finding.what))
        if finding.cure:
            what.append(f"\n{'→' if unicode else '->'} {one_line(finding.cure)}", style="cyan")
        grid.add_row(Text(sign if unicode else plain, style=style), finding.check, what)
    return grid
