"""Checks what only a real Excel can show: drives one against the simulator, check by check."""

from .runner import Outcome, OutcomeState

__all__ = ["Outcome", "OutcomeState"]
