"""The commands that set up Excel, and take that away again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from ..errors import ConfigurationError
from . import calc, terminal

_NEXT: Final = "Next: xl-openfunnel key set, then start Excel anew: its ribbon has a tab OpenFunnel."
_STAYS: Final = "The API key, the stored jobs and the log stay: xl-openfunnel key remove, xl-openfunnel forget --all."

_Calc = Annotated[bool, typer.Option("--calc", help="LibreOffice Calc instead of Excel; on Linux.")]


def install(
    repair: Annotated[
        bool, typer.Option("--repair", help="Make everything anew, as after an update or removal of Python.")
    ] = False,
    in_calc: _Calc = False,
) -> None:
    """Set up Excel for you: a Python of its own, the setting that names it, and the add-in. Needs no administrator."""
    if in_calc:
        calc.install()
    else:
        _set_up_excel(repair=repair)


def _set_up_excel(*, repair: bool) -> None:
    _only_on_windows("install")
    from ..install import environment, excel
    from ..install.setting import RegistrySetting

    places, setting = excel.InstallPaths.of(os.environ), RegistrySetting()
    with terminal.Progress() as progress:
        excel.install(places, setting, sys.base_prefix, repair=repair, make=environment.make, tell=progress.tell)
    for what, where in (
        ("Python", places.python),
        ("setting", f"{setting.key}, Interpreter = {setting.read()}"),
        ("add-in", places.addin),
    ):
        terminal.put(f"{what}\t{where}")
    terminal.say(_NEXT)


def uninstall(in_calc: _Calc = False) -> None:
    """Take away what install made. The API key, the stored jobs and the log stay."""
    if in_calc:
        calc.uninstall()
    else:
        _leave_excel()


def _leave_excel() -> None:
    _only_on_windows("uninstall")
    from ..install import excel
    from ..install.setting import RegistrySetting

    setting = RegistrySetting()
    named = setting.read()
    with terminal.Progress() as progress:
        found = excel.uninstall(excel.InstallPaths.of(os.environ), setting, tell=progress.tell)
    terminal.say("Excel is as it was before." if found else "Nothing was set up here.")
    if named and Path(named).exists():
        terminal.say(f"{named}, which Excel started, is of another folder and stays.", mark="note: ")
    terminal.say(_STAYS)


def _only_on_windows(command: str) -> None:
    if sys.platform == "win32":
        return
    instead = "" if sys.platform == "darwin" else f" For LibreOffice Calc: xl-openfunnel {command} --calc."
    raise ConfigurationError(
        f"Excel can be set up on Windows only, where its cells can call Python.{instead} "
        "Without it: xl-openfunnel rows JOB -o companies.xlsx"
    )
