"""A sheet of a running Calc, the add-in's menu, and jobs for its cells."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pytest

from tests.hosts.basic.libreoffice import BasicError, LibreOffice
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

SHEET: Final = "Sheet1"
_numbers = itertools.count()

MENU: Final = {
    "Menu": """\
Option VBASupport 1
Public Function Act(action As String) As String
    Act = CreateUnoService("xlopenfunnel.calc.Actions").act(ThisComponent, action)
End Function
"""
}
"""A module for the document in front."""


def act(libreoffice: LibreOffice, action: str) -> object:
    """What the menu tells after it has done something. The document has the module."""
    return libreoffice.call("Menu.Act", action)


class Sheet:
    """A new document with one sheet."""

    def __init__(self, running: LibreOffice) -> None:
        self.libreoffice = running
        running.new(MENU)

    def __setitem__(self, area: str, content: str | float) -> None:
        self.libreoffice.enter(SHEET, area, content, array=":" in area)

    def __getitem__(self, area: str) -> list[list[object]]:
        return self.libreoffice.values(SHEET, area)

    def wait_until(self, area: str, wanted: object) -> list[list[list[object]]]:
        """All that the cells show one after the other, until the first of them shows what is wanted."""
        return self.wait_for(area, lambda shown: shown == wanted)

    def wait_for(self, area: str, right: Callable[[object], bool]) -> list[list[list[object]]]:
        """As `wait_until`, until that is right."""
        return self.libreoffice.wait_until(SHEET, area, right)

    def stays(self, area: str, shown: list[list[object]]) -> None:
        """Have Calc go on for a moment, in which the cells keep showing this."""
        with pytest.raises(BasicError, match=r"^TimeoutError: still "):
            self.libreoffice.wait_for_change(SHEET, area, shown, seconds=0.5)

    def act(self, action: str) -> object:
        return act(self.libreoffice, action)


def add_job(service: Simulator, rows: int | Sequence[Mapping[str, Any]] = 250, **script: Any) -> SimulatedJob:
    """Let the service have a job with these rows, or so many invented ones."""
    made = companies(rows) if isinstance(rows, int) else rows
    service.add(job := SimulatedJob(made, **{"job_id": f"job-{next(_numbers)}", **script}))
    return job
