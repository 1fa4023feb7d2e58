"""Checks everything between a cell and the service, and names the remedy for what is wrong. It changes nothing.

A check is a function of plain values (a registry reader, an environment, a path, a resolver) that returns one
`CheckResult`. `runner.py` names the checks, orders them and passes them the values of this computer.
"""

from .result import CheckResult, CheckState, write_it_request
from .runner import run_checks

__all__ = ["CheckResult", "CheckState", "run_checks", "write_it_request"]
