"""The command that builds the workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ..errors import ConfigurationError
from ..files.replacing import check_place
from . import terminal

_SUFFIX: Final = ".xlsm"
_NEXT: Final = (
    "Next: open it in Excel on Windows, allow its macros, and put a job into the yellow cell of the sheet Start."
)


def workbook(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.xlsm", help="The workbook.")] = Path(
        "OpenFunnel.xlsm"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Build the Excel workbook with the OF_ functions, a pivot and charts. It holds no key and no companies."""
    if output.suffix.lower() != _SUFFIX:  # Excel opens no workbook with macros under another name
        raise ConfigurationError(f"The workbook has macros: end {output.name!r} in {_SUFFIX}.")
    if output.is_file() and not force:
        raise ConfigurationError(f"{output} is there already. Give another name with -o, or replace it with --force.")
    check_place(output)
    from ..workbook import book

    book.write(output)
    terminal.put(str(output.resolve()))
    terminal.say(_NEXT)
