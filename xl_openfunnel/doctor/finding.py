"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended. Only `WRONG` makes the command fail."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    NOT_HERE = "not here"


@dataclass(frozen=True)
class Finding:
    """What one check has found.

    Attributes:
        check: the check's name, for the person.
        state: how it ended.
        what: what was found, in words.
        cure: what to do; "" where there is nothing to do.
        for_it: what only the IT department can change, with the exact setting; "" where it has no part in it.
    """

    check: str
    state: State
    what: str
    cure: str = ""
    for_it: str = ""


def ok(check: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding(check, State.OK, what)


def wrong(check: str, what: str, cure: str, *, for_it: str = "") -> Finding:
    """Something to mend."""
    return Finding(check, State.WRONG, what, cure, for_it)


def unknown(check: str, what: str, cure: str = "", *, for_it: str = "") -> Finding:
    """Nobody can say from here."""
    return Finding(check, State.UNKNOWN, what, cure, for_it)


def not_here(check: str) -> Finding:
    """A check of Excel's surroundings on a system that has none."""
    return Finding(check, State.NOT_HERE, "only on Windows")
