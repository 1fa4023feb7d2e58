"""What can go wrong between a cell and the service, looked at one by one, each with its cure.

Every check is a function of plain values (a registry reader, an environment, a path, a resolver) to one `CheckResult`;
`runner.py` gives them the values of this computer. Nothing here changes anything.
"""

from .it_request import write_it_request
from .result import CheckResult, CheckState
from .runner import run_checks

__all__ = ["CheckResult", "CheckState", "run_checks", "write_it_request"]
