"""The command that builds the workbook and the add-in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ..atomic import check_writable
from ..errors import ConfigurationError
from . import terminal

_NEXT: Final = (
    "Next: open it in Excel on Windows (xl-openfunnel install) or in LibreOffice on Linux (install --calc), allow its "
    "macros, and put a job into the yellow cell of the sheet Start."
)
_NEXT_ADD_IN: Final = (
    "xl-openfunnel install puts it where Excel finds it, with the Python that it needs: do that on every computer."
)


def workbook(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Its name.", show_default="OpenFunnel.xlsm or .xlam"),
    ] = None,
    add_in: Annotated[bool, typer.Option("--add-in", help="Build the add-in (.xlam) instead.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Build the Excel workbook with the OF_ functions, a pivot and charts. It holds no key and no companies."""
    from ..detect.excel import ADDIN_FILE
    from ..workbook import builder

    name, write = (ADDIN_FILE, builder.write_addin) if add_in else (builder.WORKBOOK_FILE_NAME, builder.write_workbook)
    output = output or Path(name)
    check_writable(output)
    suffix = Path(name).suffix
    if output.suffix.lower() != suffix:  # Excel opens no file with macros under another name
        raise ConfigurationError(
            f"{'The add-in' if add_in else 'The workbook'} has macros: end {output.name!r} in {suffix}."
        )
    if output.is_file() and not force:
        raise ConfigurationError(f"{output} is there already. Give another name with -o, or replace it with --force.")
    write(output)
    terminal.print_open(output, on_stdout=True)
    terminal.print_message(_NEXT_ADD_IN if add_in else _NEXT)
