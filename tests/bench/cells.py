"""Measurements in a Windows Python: ``python -m tests.bench.cells TASK JSON``.

A fake Excel calls the functions through the real xlwings DLL and COM server. Each task prints one JSON object with
times in seconds. Environment variables name the service and the store.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from tests.hosts import earlier, shipped
from tests.hosts.excel.bridge import Bridge
from tests.hosts.excel.fake.excel import FakeExcel
from tests.hosts.excel.fake.model import Cells
from tests.hosts.excel.fake.refs import Area

from .measure import ROUNDS, alternate, seconds_of

PLAIN_MODULE: Final = f"{__package__}.cell_functions"
PLAIN_COMMAND: Final = earlier.COMMAND.replace("xl_openfunnel.hosts.serve", "tests.hosts.excel.windows.probe_server")

SMALL_CALLS: Final = 200
LARGE_CALLS: Final = 15

Output = dict[str, Any]


class Cell:
    """A cell that calls functions of one server."""

    def __init__(self, excel: FakeExcel, *, command: str = "", module: str = shipped.MODULE) -> None:
        self.excel = excel
        self._server = Bridge(excel, sys.prefix, command=command, module=module)
        self._place = Cells(excel.open("Bench.xlsx", r"C:\Books").sheet("Sheet1"), Area(1, 1, 1, 1))

    def value(self, name: str, *args: object) -> Any:
        return self._server.call(name, list(args), self._place)

    def seconds(self, name: str, *args: object, size: tuple[int, int] | None = None) -> float:
        """How long the call takes; raises for a result that is an error or has another size."""
        results: list[Any] = []
        seconds = seconds_of(lambda: results.append(self.value(name, *args)))
        [result] = results
        if size != ((len(result), len(result[0])) if isinstance(result, tuple) else None):
            raise RuntimeError(f"{name} gave something else: {str(result)[:300]}")
        if isinstance(result, str) and result.startswith(("#OF!", "loading")):
            raise RuntimeError(f"{name} gave no result: {result}")
        return seconds

    def close(self) -> None:
        self._server.kill()


@contextmanager
def _cells() -> Iterator[tuple[Cell, Cell]]:
    """A cell that calls our server, and one that calls a plain xlwings server."""
    with FakeExcel() as excel:
        ours, plain = Cell(excel), Cell(excel, command=PLAIN_COMMAND, module=PLAIN_MODULE)
        try:
            yield ours, plain
        finally:
            ours.close()
            plain.close()


def store(job: str) -> Output:
    """Read the job into the store."""
    with _cells() as (ours, _):
        ours.excel.pump(lambda: ours.value("OF_INFO", job, "final") is True, timeout=120)
    return {}


def first(job: str) -> Output:
    """The first calls of an Excel; ours comes first, so its time includes loading the DLL."""
    with _cells() as (ours, plain):
        return {"ours": ours.seconds("OF_STATUS", job), "plain": plain.seconds("NOTHING")}


def warm(job: str, rows: int) -> Output:
    """The first rows of a session; then small calls, and large ones beside a requests loop."""
    size = (rows + 1, 7)
    with _cells() as (ours, plain):
        inside = Cell(ours.excel, module=PLAIN_MODULE)  # the same command: the same server
        first_rows = float(inside.value("OUR_SECONDS", job))
        ours_small, plain_small = partial(ours.seconds, "OF_STATUS", job), partial(plain.seconds, "NOTHING")
        large: dict[str, Callable[[], float]] = {
            "inside": lambda: float(inside.value("OUR_SECONDS", job)),
            "rows": partial(ours.seconds, "OF_ROWS", job, size=size),
        }
        return {
            "first_rows": first_rows,
            "small": alternate({"ours": ours_small, "plain": plain_small}, SMALL_CALLS),
            "large": alternate(large, LARGE_CALLS),
            "loop": [plain.seconds("LOOP_ROWS", job, size=size) for _ in range(ROUNDS)],
        }


TASKS: Final[dict[str, Callable[..., Output]]] = {task.__name__: task for task in (store, first, warm)}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
