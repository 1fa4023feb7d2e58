"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """How a check ended. Only `WRONG` makes the command fail."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    NOT_HERE = "not here"


@dataclass(frozen=True)
class CheckResult:
    """What one check has found.

    Attributes:
        check: the check's name, for the person.
        state: how it ended.
        what: what was found, in words.
        cure: what to do; "" where there is nothing to do.
        for_it: what only the IT department can change, with the exact setting; "" where it has no part in it.
    """

    check: str
    state: CheckState
    what: str
    cure: str = ""
    for_it: str = ""


def ok(check: str, what: str) -> CheckResult:
    """Nothing to do."""
    return CheckResult(check, CheckState.OK, what)


def wrong(check: str, what: str, cure: str, *, for_it: str = "") -> CheckResult:
    """Something to mend."""
    return CheckResult(check, CheckState.WRONG, what, cure, for_it)


def unknown(check: str, what: str, cure: str = "", *, for_it: str = "") -> CheckResult:
    """Nobody can say from here."""
    return CheckResult(check, CheckState.UNKNOWN, what, cure, for_it)


def not_here(check: str) -> CheckResult:
    """A check of Excel's surroundings on a system that has none."""
    return CheckResult(check, CheckState.NOT_HERE, "only on Windows")
