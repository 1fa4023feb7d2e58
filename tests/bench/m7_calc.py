"""M7: what cells cost LibreOffice Calc: a hard recalculation, and its main thread's time while a job is read."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from .measure import ROUNDS, seconds_of
from .report import Goal, Outcome, Row
from .service import Service, simulator

if TYPE_CHECKING:
    from tests.hosts.basic.libreoffice import LibreOffice

JOBS: Final = 20
CELLS: Final = 200
ROWS: Final = 10_000
LATENCY: Final = 0.3
RUNNING: Final = 12.0
"""Seconds before each answer, and seconds that the job with a hundred slow pages runs."""

MAX_MS: Final = 50.0
"""Milliseconds that LibreOffice's main thread may be inside our code at a time."""

LARGE_ROWS: Final = 2_000
"""Blocks with more rows take as long as Calc itself needs for so many cells."""

TIMEOUT: Final = 120.0
"""Seconds for the job to become final."""

_SHEET: Final = "Sheet1"
_NOTIFY: Final = "SizedResult.notify"
"""The method in which another thread hands a result to Calc, as `calc_probe` names it."""

_PROBE: Final = """\
Option VBASupport 1
Public Function WriteTimes(path As String) As String
    On Error GoTo Failed
    CreateUnoService("xlopenfunnel.bench.Probe").trigger(path)
    WriteTimes = "written"
    Exit Function
Failed:
    WriteTimes = Err.Description
End Function
"""


def measure() -> Outcome:
    """Measure each in a headless LibreOffice of its own."""
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
    with simulator({}, jobs=[*jobs, large], latency=LATENCY) as service, _office(service) as (office, _):
        for index in range(CELLS):
            office.enter(_SHEET, f"A{index + 1}", f'=OF_STATUS("job-{index % JOBS}")')
        office.enter(_SHEET, f"C1:I{ROWS + 1}", '=OF_ROWS("large")', array=True)
        _wait_until_final(office, [str(job["job_id"]) for job in (*jobs, large)])
        _wait_until(lambda: office.values(_SHEET, f"C{ROWS + 1}") == [[ROWS]])
        service.forget_requests()
        seconds = [seconds_of(office.calculate) for _ in range(ROUNDS)]
        requests = len(service.requests())
    what = f"hard recalculation, {CELLS} OF_STATUS on {JOBS} jobs and OF_ROWS of {ROWS:,} × 7"
    row = Row("M7", what, "ms", median(seconds) * 1000, remark="LibreOffice Calc, headless")
    return Outcome([row], [Goal("M7 requests of a hard recalculation", requests, "<=", 0)])


def _slow_pages() -> Outcome:
    """A job of a hundred pages with 0.3 s latency, shown in all kinds of cells while it runs and is downloaded."""
    job = {"rows": ROWS, "shape": "narrow", "running": RUNNING, "job_id": "slow"}
    with simulator(job, latency=LATENCY) as service, _office(service) as (office, times):
        office.enter(_SHEET, "A1", "slow")
        for index in range(CELLS):
            office.enter(_SHEET, f"B{index + 1}", "=OF_STATUS(A1)" if index % 2 else '=OF_INFO(A1;"progress")')
        office.enter(_SHEET, "D1:E30", "=OF_INFO(A1)", array=True)
        office.enter(_SHEET, f"G1:M{ROWS + 1}", "=OF_ROWS(A1)", array=True)
        times()
        spans: list[list[Any]] = []
        end = time.monotonic() + TIMEOUT
        while office.values(_SHEET, f"G{ROWS + 1}") != [[ROWS]] and time.monotonic() < end:
            office.values(_SHEET, f"B1:E{CELLS}")  # reading cells recalculates them, as painting does
            spans += times()
            time.sleep(0.05)
        spans += times()
    # Cells that we read are calculated on a thread for remote calls; in a window it would be the main thread.
    inside = [ms for name, main, ms, rows in spans if (main or name != _NOTIFY) and rows <= LARGE_ROWS]
    waiting = [ms for name, main, ms, rows in spans if not main and name == _NOTIFY and rows <= LARGE_ROWS]
    large_blocks = [ms for name, _, ms, rows in spans if rows > LARGE_ROWS and name.endswith(("fit", "notify"))]
    rows = [
        Row("M7", "main thread inside our code, longest", "ms", max(inside), remark=f"{len(inside):,} times"),
        Row("M7", "a cell notified by another thread, longest", "ms", max(waiting, default=0.0)),
        Row(
            "M7",
            f"a block of over {LARGE_ROWS:,} rows handed over, longest",
            "ms",
            max(large_blocks, default=0.0),
            remark=f"{len(large_blocks)} times, Calc's own work included",
        ),
    ]
    return Outcome(rows, [Goal("M7 main thread inside our code at a time", max(inside), "<=", MAX_MS, " ms")])


def _wait_until_final(office: LibreOffice, jobs: list[str]) -> None:
    """Wait until nothing more is requested for these jobs: cells show `completed` while the last pages are read."""
    for row, job in enumerate(jobs, 1):
        office.enter(_SHEET, f"B{row}", f'=OF_INFO("{job}";"final")')
    _wait_until(lambda: office.values(_SHEET, f"B1:B{len(jobs)}") == [[True]] * len(jobs))
    for row in range(1, len(jobs) + 1):
        office.enter(_SHEET, f"B{row}", "")


@contextmanager
def _office(service: Service) -> Iterator[tuple[LibreOffice, Callable[[], list[list[Any]]]]]:
    """A LibreOffice with the add-in and the probe, and a function that returns the times since its last call."""
    from tests.hosts.basic.libreoffice import LibreOffice
    from tests.hosts.calc.home import user_home

    with user_home(service) as user:
        installed = user.run("install", "--calc")
        if installed.returncode != 0:
            raise RuntimeError(installed.stderr)
        user.add_extension(_probe(user.folder))
        with LibreOffice(user.profile, user.environ) as office:
            office.new({"Bench": _PROBE})
            # The probe needs the add-in's folders on the path, which the first formula adds.
            office.enter(_SHEET, "Z1", '=OF_STATUS("")')
            file = user.folder / "spans.json"

            def times() -> list[list[Any]]:
                if (outcome := office.call("Bench.WriteTimes", str(file))) != "written":
                    raise RuntimeError(str(outcome))
                spans: list[list[Any]] = json.loads(file.read_text())
                return spans

            yield office, times


def _probe(folder: Path) -> Path:
    """Make the probe's extension."""
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


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the cells do not show the expected values")
        time.sleep(0.05)
