"""M7: what cells cost LibreOffice Calc: a hard recalculation, and its own thread's time while a job is read."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from .measure import ROUNDS, seconds_of
from .report import Goal, Outcome, Row
from .service import Service, simulator

JOBS: Final = 20
CELLS: Final = 200
ROWS: Final = 10_000
LATENCY: Final = 0.3
RUNNING: Final = 12.0
"""Seconds of an answer's way, and of the life of the job with a hundred slow pages."""

MAX_MS: Final = 50.0
"""Milliseconds for which the office's own thread may be inside our code at a time."""

LARGE_ROWS: Final = 2_000
"""Rows above which handing a block over takes the time that Calc needs for so many cells."""

TIMEOUT: Final = 120.0
"""Seconds for the job to become final."""

_SHEET: Final = "Sheet1"
_TELL: Final = "View.tell"
_PROBE: Final = """\
Option VBASupport 1
Public Function Told(place As String) As String
    On Error GoTo Failed
    CreateUnoService("xlopenfunnel.bench.Probe").trigger(place)
    Told = "told"
    Exit Function
Failed:
    Told = Err.Description
End Function
"""


def measure() -> Outcome:
    """Both in one office each, headless."""
    from tests.hosts.basic import libreoffice

    if why := libreoffice.why_missing():
        return Outcome(skipped=[f"M7: {why}"])
    outcome = Outcome()
    outcome.add(_recalculation())
    outcome.add(_slow_pages())
    return outcome


def _recalculation() -> Outcome:
    jobs = [{"rows": 200, "shape": "narrow", "job_id": f"job-{number}"} for number in range(JOBS)]
    large = {"rows": ROWS, "shape": "narrow", "job_id": "large"}
    with simulator({}, jobs=[*jobs, large]) as service, _office(service) as (running, _):
        for place in range(CELLS):
            running.enter(_SHEET, f"A{place + 1}", f'=OF_STATUS("job-{place % JOBS}")')
        running.enter(_SHEET, f"C1:I{ROWS + 1}", '=OF_ROWS("large")', array=True)
        _wait_until(lambda: running.shown(_SHEET, f"C{ROWS + 1}") == [[ROWS]])
        _wait_until(lambda: running.shown(_SHEET, f"A1:A{CELLS}") == [["completed"]] * CELLS)
        service.forget_requests()
        seconds = [seconds_of(running.calculate) for _ in range(ROUNDS)]
        requests = len(service.requests())
    what = f"hard recalculation, {CELLS} OF_STATUS on {JOBS} jobs and OF_ROWS of {ROWS:,} × 7"
    row = Row("M7", what, "ms", median(seconds) * 1000, remark="LibreOffice Calc, headless")
    return Outcome([row], [Goal("M7 requests of a hard recalculation", requests, "<=", 0)])


def _slow_pages() -> Outcome:
    """A job of a hundred pages, each 0.3 s away, shown in cells of all kinds while it runs and is read again."""
    job = {"rows": ROWS, "shape": "narrow", "running": RUNNING, "job_id": "slow"}
    with simulator(job, latency=LATENCY) as service, _office(service) as (running, told):
        running.enter(_SHEET, "A1", "slow")
        for place in range(CELLS):
            running.enter(_SHEET, f"B{place + 1}", "=OF_STATUS(A1)" if place % 2 else '=OF_INFO(A1;"progress")')
        running.enter(_SHEET, "D1:E30", "=OF_INFO(A1)", array=True)
        running.enter(_SHEET, f"G1:M{ROWS + 1}", "=OF_ROWS(A1)", array=True)
        told()
        spans: list[list[Any]] = []
        end = time.monotonic() + TIMEOUT
        while running.shown(_SHEET, f"G{ROWS + 1}") != [[ROWS]] and time.monotonic() < end:
            running.shown(_SHEET, f"B1:E{CELLS}")  # as painting does: what has changed is calculated
            spans += told()
            time.sleep(0.05)
        spans += told()
    # What we read here is calculated on a thread for strangers; in a window it would be the office's own.
    inside = [took for name, own, took, rows in spans if (own or name != _TELL) and rows <= LARGE_ROWS]
    waiting = [took for name, own, took, rows in spans if not own and name == _TELL and rows <= LARGE_ROWS]
    handed = [took for name, _, took, rows in spans if rows > LARGE_ROWS and name.endswith(("fit", "tell"))]
    rows = [
        Row("M7", "office's thread inside our code, longest", "ms", max(inside), remark=f"{len(inside):,} times"),
        Row("M7", "a cell told by another thread, longest", "ms", max(waiting, default=0.0)),
        Row(
            *("M7", f"a block of over {LARGE_ROWS:,} rows handed over, longest", "ms", max(handed, default=0.0)),
            remark=f"{len(handed)} times, Calc's own work included",
        ),
    ]
    return Outcome(rows, [Goal("M7 office's thread inside our code at a time", max(inside), "<=", MAX_MS, " ms")])


@contextmanager
def _office(service: Service) -> Iterator[tuple[Any, Any]]:
    """An office with the add-in and the probe; and what gives the times since it was last asked."""
    from tests.hosts.basic.libreoffice import LibreOffice
    from tests.hosts.calc.home import user_home

    with user_home(service) as user:
        done = user.run("install", "--calc")
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        user.add_extension(_probe(user.folder))
        with LibreOffice(user.profile, user.environ) as running:
            running.new({"Bench": _PROBE})
            # The probe needs the add-in's folders, which a formula brings.
            running.enter(_SHEET, "Z1", '=OF_STATUS("")')
            file = user.folder / "spans.json"

            def told() -> list[list[Any]]:
                if (said := running.call("Bench.Told", str(file))) != "told":
                    raise RuntimeError(str(said))
                spans: list[list[Any]] = json.loads(file.read_text())
                return spans

            yield running, told


def _probe(folder: Path) -> Path:
    """The probe's extension."""
    kind = "application/vnd.sun.star.uno-component;type=Python"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">'
        f'<manifest:file-entry manifest:full-path="calc_probe.py" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    file = folder / "probe.oxt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(Path(__file__).with_name("calc_probe.py"), "calc_probe.py")
        archive.writestr("META-INF/manifest.xml", manifest)
    return file


def _wait_until(holds: Any) -> None:
    end = time.monotonic() + TIMEOUT
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the cells did not come to show what they should")
        time.sleep(0.05)
