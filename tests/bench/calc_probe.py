"""Times what the add-in does in an office: a component of an extension of its own, in the same Python.

The first ``trigger`` begins to take times, the next writes them to the file that it names, and forgets them.
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
"""What, whether on the office's own thread, milliseconds, and the rows of the block or array that it was about."""


def timed(owner: Any, name: str, rows: Callable[..., int]) -> None:
    """Have a method note how long it takes."""
    method = getattr(owner, name)

    def noting(self: Any, *given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return method(self, *given, **named)
        finally:
            took = (time.perf_counter() - start) * 1000
            own = threading.get_native_id() == os.getpid()  # on Linux the first thread has the process's number
            spans.append((f"{owner.__name__}.{name}", own, took, rows(self, *given)))

    setattr(owner, name, noting)


def begin() -> None:
    """Every way in which the office's thread comes to our code, or has to wait for it."""
    from xl_openfunnel.hosts.calc import addin, array_formulas, results

    timed(addin.Functions, "call", lambda *_: 0)

    def rows(result: results.Result) -> int:
        return max([len(result.block), *(sized.size.rows for sized in result.sized.values() if sized.size)])

    timed(addin._Result, "addResultListener", lambda result, _: rows(result._view.result))
    timed(results.SizedResult, "notify", lambda sized, _: rows(sized.result))
    timed(array_formulas.ArrayTracker, "fit", lambda _, result: rows(result))


class Probe(unohelper.Base, XJobExecutor):  # type: ignore[misc]
    """What is triggered."""

    begun = False

    def __init__(self, _: Any) -> None:
        """The office gives its context."""

    def trigger(self, file: str) -> None:
        """Begin, or write what was noted."""
        if not Probe.begun:
            Probe.begun = True
            begin()
        Path(file).write_text(json.dumps(spans))
        spans.clear()


g_ImplementationHelper = unohelper.ImplementationHelper()  # noqa: N816 - the loader looks for this name
g_ImplementationHelper.addImplementation(Probe, NAME, (NAME,))
