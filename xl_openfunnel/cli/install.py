"""The commands that set up Excel or LibreOffice Calc, and undo that."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from ..errors import ConfigurationError
from . import terminal
from .progress import Progress

_NEXT: Final = "Next: xl-openfunnel key set, then restart Excel: its ribbon has a tab OpenFunnel."
_STAYS: Final = "The API key, the stored jobs and the log stay: xl-openfunnel key remove --all, forget --all."
_VIRTUAL_ENVIRONMENT: Final = (
    "Start it from the menu, or from another terminal: in this one a Python environment is activated, which "
    "LibreOffice's own Python would take for its own, and crash."
)

_Calc = Annotated[bool, typer.Option("--calc", help="LibreOffice Calc instead of Excel; on Linux.")]


def install(
    repair: Annotated[
        bool, typer.Option("--repair", help="Recreate everything, for example after Python was updated or removed.")
    ] = False,
    add_in: Annotated[
        Path | None,
        typer.Option("--add-in", metavar="FILE", help="The add-in of this version, as your company signed it."),
    ] = None,
    in_calc: _Calc = False,
) -> None:
    """Set up Excel for you: a Python of its own, the setting that names it, and the add-in. Needs no administrator."""
    if in_calc:
        _install_in_calc()
    else:
        _install_in_excel(repair=repair, add_in=add_in)


def uninstall(in_calc: _Calc = False) -> None:
    """Take away what install made. The API key, the stored jobs and the log stay."""
    if in_calc:
        _uninstall_from_calc()
    else:
        _uninstall_from_excel()


def _install_in_excel(*, repair: bool, add_in: Path | None) -> None:
    _require_windows("install")
    from ..detect.excel import find_excel
    from ..detect.python import INTERPRETER_SETTING, configured_interpreter
    from ..detect.registry import read_key
    from ..install import environment, excel

    paths = excel.InstallPaths.for_user(os.environ)
    with Progress() as progress:
        excel.install(
            paths,
            sys.base_prefix,
            repair=repair,
            addin=add_in,
            excel=find_excel(read_key),
            create=environment.create,
            notify=progress.update,
        )
    for part, place in (
        ("Python", paths.python),
        ("setting", f"{INTERPRETER_SETTING}, Interpreter = {configured_interpreter(read_key)}"),
        ("add-in", paths.addin),
    ):
        terminal.print_line(f"{part}\t{place}")
    _print_command()
    terminal.print_message(_NEXT)


def _print_command() -> None:
    """Say where the command is, if its name alone does not find it. The user's Path is theirs to change."""
    command = Path(sys.executable).with_name("xl-openfunnel.exe")
    if shutil.which("xl-openfunnel") is None and command.exists():
        terminal.print_message(
            f'For a terminal: "{command}". To call it by its name, add its folder to your Path (press the Windows key '
            "and type: environment variables for your account)."
        )


def _uninstall_from_excel() -> None:
    _require_windows("uninstall")
    from ..detect.python import configured_interpreter
    from ..detect.registry import read_key
    from ..install import environment, excel

    interpreter = configured_interpreter(read_key)
    paths = excel.InstallPaths.for_user(os.environ)
    with Progress() as progress:
        removed = excel.uninstall(paths, notify=progress.update)
    terminal.print_message("Excel is as it was before." if removed else "Nothing was set up here.")
    if environment.is_running(paths.python):
        terminal.print_note(f"The Python that runs this cannot remove itself. Delete the folder {paths.python}.")
    elif interpreter and Path(interpreter).exists():
        terminal.print_note(f"{interpreter}, which Excel started, is of another folder and stays.")
    terminal.print_message(_STAYS)


def _require_windows(command: str) -> None:
    if sys.platform == "win32":
        return
    instead = "" if sys.platform == "darwin" else f" For LibreOffice Calc: xl-openfunnel {command} --calc."
    if command == "uninstall":
        raise ConfigurationError(f"Nothing of Excel is installed here: that is possible on Windows only.{instead}")
    raise ConfigurationError(
        f"Excel can be set up on Windows only, where its cells can call Python.{instead} "
        "Without it: xl-openfunnel rows JOB -o companies.xlsx"
    )


def _install_in_calc() -> None:
    from ..install import calc

    libreoffice = calc.find_libreoffice()
    terminal.print_message("Adding the functions to LibreOffice ...")
    for folder in calc.install(libreoffice):
        terminal.print_line(folder)
    terminal.print_message(
        "Done. Restart LibreOffice; =OF_STATUS(A2) and the other functions are there in every spreadsheet."
    )
    if "VIRTUAL_ENV" in os.environ:
        terminal.print_note(_VIRTUAL_ENVIRONMENT)


def _uninstall_from_calc() -> None:
    from ..install import calc

    removed = calc.uninstall()
    terminal.print_message("Removed from LibreOffice." if removed else "LibreOffice does not have the functions.")
