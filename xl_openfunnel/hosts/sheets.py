"""What live cells need of a program with sheets, however it is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from .places import Place


class HostBusyError(Exception):
    """The program lets nobody in at the moment: a cell is being edited, a dialog is open, it calculates."""


class HostGoneError(Exception):
    """The program has no workbook open, or has ended."""


class Visit(Protocol):
    """An Excel that accepts calls. Every member may raise `HostBusyError`; use nothing of it after the visit."""

    @property
    def free(self) -> bool:
        """Whether a calculation disturbs nobody: nothing is being copied, and the program takes input."""

    @property
    def automatic(self) -> bool:
        """Whether the program calculates by itself; if not, it waits for its user to say so."""

    def formula(self, place: Place) -> str | None:
        """The formula in a cell; None where there is none, or no such cell any more."""

    def formulas(self, book: str | None) -> Mapping[Place, str] | None:
        """Where in the book, or in all books, formulas call our functions; None where there is no such book."""

    def mark(self, places: Iterable[Place]) -> None:
        """Have cells calculated at the next calculation; those that are not there any more are passed over."""

    def calculate(self) -> None:
        """Calculate everything that is marked."""

    def calculate_cell(self, place: Place) -> None:
        """Calculate one cell, marked or not."""

    def enter(self, place: Place, formula: str) -> None:
        """Enter a formula into a cell."""

    def unnoticed(self) -> AbstractContextManager[None]:
        """What happens inside leaves books as saved as they were, unless the user does something meanwhile."""


class Sheets(Protocol):
    """The running programs."""

    def program(self, window: int) -> int | None:
        """The number of the program that a window belongs to."""

    def visit(self, program: int) -> AbstractContextManager[Visit]:
        """A visit to a program.

        Raises:
            HostBusyError: it lets nobody in now.
            HostGoneError: it has nothing open, or has ended.
        """
