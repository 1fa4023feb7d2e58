"""What can go wrong between a cell and the service, looked at one by one, each with its cure.

Every check is a function of plain values (a registry reader, an environment, a path, a resolver) to one `Finding`;
`rounds.py` gives them the values of this computer. Nothing here changes anything.
"""

from .finding import Finding, State
from .letter import letter
from .rounds import examine

__all__ = ["Finding", "State", "examine", "letter"]
