"""A new workbook in LibreOffice, with stand-ins for Excel, Windows, the DLL and Python."""

from __future__ import annotations

from collections.abc import Mapping

from tests.hosts.basic.libreoffice import LibreOffice, project

PYTHON = r"C:\Programme für alle\of\Scripts\pythonw.exe"
SCRIPTS = r"C:\Programme für alle\of\Scripts"
ENVIRONMENT = r"C:\Programme für alle\of"
CELLS = {"B3": "a", "B5": "b", "C4": 7.5}
"""So the used cells end at C5."""


class Book:
    """A new workbook whose Python is there and answers, unless told otherwise."""

    def __init__(self, running: LibreOffice, modules: Mapping[str, str] | None = None) -> None:
        running.open(modules or project(), CELLS)
        self.call = running.call
        self.set()

    def set(
        self,
        *,
        python: str = PYTHON,
        dll: str = ENVIRONMENT,
        there: bool = True,
        failure: str = "",
        plan: str = "answer",
    ) -> None:
        self.call("Fakes.SetUp", python, dll, there, failure, plan)

    def noted(self, kind: str) -> list[str]:
        """What was asked of the stand-ins since the last time, of one kind."""
        return [line.removeprefix(kind).strip() for line in self.lines() if line.startswith(kind + " ")]

    def start(self) -> None:
        """Have Python start, and serve."""
        self.call("OpenFunnel.OpenFunnelLook")
        self.call("FakeWindows.Serve")
        self.look()
        self.call("Fakes.Noted")

    def look(self, milliseconds: int = 1000) -> None:
        """What OnTime runs, after a while."""
        self.advance(milliseconds)
        self.call("OpenFunnelTasks.OpenFunnelReady")

    def advance(self, milliseconds: int) -> None:
        self.call("FakeWindows.Advance", milliseconds)

    def lines(self) -> list[str]:
        """Everything that was asked of the stand-ins since the last time."""
        return str(self.call("Fakes.Noted")).splitlines()

    def cell(self) -> object:
        return self.call("OpenFunnelFunctions.OF_STATUS", "job_1")

    def passed(self, address: str) -> str:
        """The values that Python gets where a formula gives this range."""
        assert self.call("Fakes.CellOver", "OF_STATUS", address) == "answer"
        (call,) = self.noted("call")
        return call

    def set_plan(self, plan: str) -> None:
        """What the server does at its calls."""
        self.call("Fakes.PlanCalls", plan)


def waits(lines: list[str]) -> list[str]:
    """The calls that may take time."""
    return [line for line in lines if line.startswith(("sleep", "wait")) and line != "wait 0"]
