"""Measurements in a Windows Python: ``python -m tests.bench.cells TASK JSON``.

A fake Excel calls the functions through the real xlwings DLL and COM server. Each task prints one JSON object with
times in seconds. Environment variables name the service and the store.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any, Final

from tests.hosts import earlier, shipped
from tests.hosts.excel.bridge import Bridge
from tests.hosts.excel.fake.excel import FakeExcel
from tests.hosts.excel.fake.model import Cells
from tests.hosts.excel.fake.refs import Area
from xl_openfunnel import Store
from xl_openfunnel.api.models import Page
from xl_openfunnel.settings import Settings, origin_of, store_path

from .measure import ROUNDS, alternate, seconds_of

PLAIN_MODULE: Final = f"{__package__}.cell_functions"
PLAIN_COMMAND: Final = earlier.COMMAND.replace("xl_openfunnel.hosts.serve", "tests.hosts.excel.windows.probe_server")

FRESH_WORKBOOK: Final = tuple(f"B{row}" for row in range(1, 15))
"""Cells, as many as a fresh workbook has with formulas."""

SMALL_CALLS: Final = 200
LARGE_CALLS: Final = 15

Output = dict[str, Any]


class Cell:
    """A cell that calls functions of one server."""

    def __init__(self, excel: FakeExcel, *, folder: str = sys.prefix, **options: Any) -> None:
        self.excel = excel
        self.server = Bridge(excel, folder, **{"module": shipped.MODULE, **options})
        self.sheet = excel.open("Bench.xlsx", r"C:\Books").sheet("Sheet1")
        self._place = Cells(self.sheet, Area(1, 1, 1, 1))

    def shown(self) -> set[object]:
        """What the cells show into which `_enter_all` entered formulas."""
        return {self.sheet.value(address) for address in FRESH_WORKBOOK}

    def value(self, name: str, *args: object) -> Any:
        return self.server.call(name, list(args), self._place)

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
        self.server.kill()


@contextmanager
def _cells() -> Iterator[tuple[Cell, Cell]]:
    """A cell that calls our server, and one that calls a plain xlwings server."""
    with FakeExcel() as excel:
        ours, plain = Cell(excel), Cell(excel, command=PLAIN_COMMAND, module=PLAIN_MODULE)
        ours.server.wait()
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
    """The first calls of an Excel: until the first value, and the longest time for which Excel is frozen.

    Ours comes first, so its times include loading the DLL. xlwings' way is one call, for which Excel waits.
    """
    with FakeExcel() as excel:
        ours, plain = Cell(excel), Cell(excel, command=PLAIN_COMMAND, module=PLAIN_MODULE)
        try:
            before = time.perf_counter()
            freezes = _enter_all(ours, f'=OF_STATUS("{job}")')
            excel.pump(lambda: "starting" not in ours.shown(), timeout=120)
            return {
                "ours": time.perf_counter() - before,
                "freeze": max(freezes),
                "plain": plain.seconds("NOTHING"),
            }
        finally:
            ours.close()
            plain.close()


def copies(job: str, count: int) -> Output:
    """Store the job under as many other ids."""
    settings = Settings.load()
    store = Store(store_path(), origin_of(settings.base_url))
    stored = store.find(job)
    if stored is None:
        raise RuntimeError("the job should be stored by now")
    bodies = stored.rows.load(range(len(stored.rows.counts)))
    pages = tuple(
        Page(stored.status, row_count=rows, rows_json=body)
        for rows, body in zip(stored.rows.counts, bodies, strict=True)
    )
    for job_id in copy_ids(job, count):
        store.save(job_id, stored, pages, None)
    store.close()
    return {}


def copy_ids(job: str, count: int) -> list[str]:
    return [f"copy-{number}" for number in range(count)]


def busy(job: str, count: int) -> Output:
    """The longest call by its kind, from its arrival in Python: over many jobs on disk, in a fresh server."""
    with FakeExcel() as excel:
        ours = Cell(excel)
        ours.server.wait()
        try:
            inside = Cell(excel, module=PLAIN_MODULE)  # the same command: the same server
            said = str(inside.value("LONGEST_CALLS", ",".join(copy_ids(job, count))))
            if not said.startswith("{"):
                raise RuntimeError(f"LONGEST_CALLS gave something else: {said[:300]}")
            kinds: Output = json.loads(said)
            return kinds
        finally:
            ours.close()


FAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "missing": {"folder": r"C:\no such folder"},
    "hanging": {"arguments": ' -I -B -c "import threading; threading.Event().wait()" '},
    "broken": {"arguments": ' -I -B -c "raise SystemExit(3)" '},
}


def faults(job: str) -> Output:
    """The longest call of a cell by the state of Python: the median of some fresh workbooks, each calculated twice."""
    output: Output = {state: median(_longest_call(job, state) for _ in range(ROUNDS)) for state in FAULTS}
    return {**output, "serving": _longest_call(job, "serving")}


def _longest_call(job: str, state: str) -> float:
    formula = f'=OF_STATUS("{job}")'
    with FakeExcel() as excel:
        cell = Cell(excel, another=state, **FAULTS.get(state, {}))
        try:
            if state == "serving":
                cell.server.wait()
            seconds = _enter_all(cell, formula)
            if state == "broken":
                excel.pump(partial(_has_ended, cell.server, cell.server.start.process_handle()))
            return max(seconds + _enter_all(cell, formula))
        finally:
            cell.close()


def _has_ended(server: Bridge, handle: int | None) -> bool:
    return server.start.has_ended(str(handle))[0]


def _enter_all(cell: Cell, formula: str) -> list[float]:
    """Enter a formula into as many cells as a fresh workbook has; how long each call took."""
    seconds: list[float] = []
    answer = cell.server.call

    def timed(name: str, args: list[Any], caller: Cells) -> Any:
        results: list[Any] = []
        seconds.append(seconds_of(lambda: results.append(answer(name, args, caller))))
        return results[0]

    cell.excel.other_functions = timed
    for address in FRESH_WORKBOOK:
        cell.sheet.enter(address, formula)
    cell.excel.other_functions = answer
    return seconds


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


TASKS: Final[dict[str, Callable[..., Output]]] = {
    task.__name__: task for task in (store, copies, first, faults, busy, warm)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
