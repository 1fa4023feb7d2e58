"""The checks of `xl-openfunnel selftest` in a process of their own, as the command makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xl_openfunnel.hosts.excel.com.retry import RetryingComObject
from xl_openfunnel.selftest import checks, table_checks
from xl_openfunnel.selftest.check_context import CheckContext
from xl_openfunnel.selftest.runner import Check, run_each
from xl_openfunnel.simulator import ManualClock, Simulator

_clock = ManualClock()
_service = Simulator(clock=_clock)
_stage = CheckContext(None, _service, _clock, Path(), unchanged_for=3)


def begin() -> tuple[str, str]:
    """Start the simulator; its address and key."""
    _service.start()
    return _service.base_url, _service.api_key


def outcome(excel: Any, name: str, limit: float) -> tuple[str, str]:
    """What comes of a check in the first of the open books, as state and words."""
    _stage.timeout = limit
    _stage.excel = RetryingComObject(excel)
    _stage.book = _stage.excel.Workbooks(1)
    [came] = run_each([Check(getattr(table_checks if hasattr(table_checks, name) else checks, name))], _stage)
    _stage.excel = _stage.book = None
    return str(came.state), came.detail
