"""What only a real Excel can show, tried in one: it is driven against the simulator, check by check.

`stage` has what a check acts on, `checks` the checks themselves, `rounds` their order, and `program` the
Excel they are made in, whose objects are `patient`.
"""

from .runner import Outcome, OutcomeState

__all__ = ["Outcome", "OutcomeState"]
