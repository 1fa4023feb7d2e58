"""Times the add-in's methods in LibreOffice: a UNO component of a separate extension, in the same Python.

The first ``trigger`` starts timing; each later one writes the times since the last to the file that it names.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import unohelper
from com.sun.star.task import XJobExecutor

NAME = "xlopenfunnel.bench.Probe"
spans: list[tuple[str, bool, float, int]] = []
"""Method, whether on LibreOffice's main thread, milliseconds, and the rows of its block or array."""


_inside = threading.local()
"""``rows``: those of the largest block that a recorded method has dealt with, in the call now under way."""


def record_times(owner: Any, name: str, rows: Callable[..., int] | None = None) -> None:
    """Record how long each call of a method takes.

    Args:
        owner: its class.
        name: its name.
        rows: the rows of its block or array, of its outcome and its arguments; by default those of the largest that
            any recorded method called by it has.
    """
    method = getattr(owner, name)

    def timed(self: Any, *arguments: Any, **keywords: Any) -> Any:
        before, _inside.rows = getattr(_inside, "rows", 0), 0
        outcome = None
        start = time.perf_counter()
        try:
            outcome = method(self, *arguments, **keywords)
            return outcome
        finally:
            milliseconds = (time.perf_counter() - start) * 1000
            on_main_thread = threading.get_native_id() == os.getpid()  # on Linux the main thread has the process's id
            own = _inside.rows if rows is None else rows(outcome, self, *arguments)
            spans.append((f"{owner.__name__}.{name}", on_main_thread, milliseconds, own))
            _inside.rows = max(before, _inside.rows, own)

    setattr(owner, name, timed)


def start() -> None:
    """Record every method in which LibreOffice's main thread runs our code or waits for it."""
    from xl_openfunnel.hosts.calc import addin, documents, results, updater

    def rows(result: results.Result) -> int:
        return max([len(result.block), *(sized.size.rows for sized in result.sized.values() if sized.size)])

    record_times(addin.Functions, "call", lambda *_: 0)  # a look-up, whatever the block
    record_times(updater.ResultUpdater, "result_for", lambda sized, *_: rows(sized.result))
    record_times(addin._Result, "addResultListener", lambda _, result, *__: rows(result._view.result))
    record_times(results.SizedResult, "notify", lambda _, sized, *__: rows(sized.result))
    record_times(documents._Callback, "notify")


class Probe(unohelper.Base, XJobExecutor):  # type: ignore[misc]
    started = False

    def __init__(self, _: Any) -> None:
        """LibreOffice passes its context."""

    def trigger(self, file: str) -> None:
        """Start timing, or write the times."""
        if not Probe.started:
            Probe.started = True
            start()
        Path(file).write_text(json.dumps(spans))
        spans.clear()


g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 - the loader looks for this name
g_ImplementationHelper.addImplementation(Probe, NAME, (NAME,))
