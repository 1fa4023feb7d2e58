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


def record_times(owner: Any, name: str, rows: Callable[..., int]) -> None:
    """Record how long each call of a method takes."""
    method = getattr(owner, name)

    def timed(self: Any, *arguments: Any, **keywords: Any) -> Any:
        start = time.perf_counter()
        try:
            return method(self, *arguments, **keywords)
        finally:
            milliseconds = (time.perf_counter() - start) * 1000
            on_main_thread = threading.get_native_id() == os.getpid()  # on Linux the main thread has the process's id
            spans.append((f"{owner.__name__}.{name}", on_main_thread, milliseconds, rows(self, *arguments)))

    setattr(owner, name, timed)


def start() -> None:
    """Record every method in which LibreOffice's main thread runs our code or waits for it."""
    from xl_openfunnel.hosts.calc import addin, array_formulas, results

    record_times(addin.Functions, "call", lambda *_: 0)

    def rows(result: results.Result) -> int:
        return max([len(result.block), *(sized.size.rows for sized in result.sized.values() if sized.size)])

    record_times(addin._Result, "addResultListener", lambda result, _: rows(result._view.result))
    record_times(results.SizedResult, "notify", lambda sized, _: rows(sized.result))
    record_times(array_formulas.ArrayTracker, "fit", lambda _, result: rows(result))


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
