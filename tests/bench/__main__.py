"""Compare the package with alternatives: ``python -m tests.bench [--json FILE] [--check] [--only M1,M4]``.

    M1  all pages of a finished job: time, completeness under faults, memory
    M2  calls from cells: small, large, the first; through xlwings' COM server, on Windows or under Wine
    M3  requests that fifty watchers of one job cost
    M4  a frame as a block of cells
    M5  a stored job from disk to a block: time, memory
    M6  the import and the first watch, neither of which loads pandas or DuckDB
    M7  cells in LibreOffice Calc: a hard recalculation, and its main thread while a job is read
    M8  the command that builds the workbook
    M9  pivots over 50 jobs of 10,000 rows, from columns; only on request M9L, over 500 jobs, made in some minutes
    M10 rows in cells, from columns and a fresh process; the export of 50 jobs as files for other programs
    M11 50,000 known accounts against one job and against 50

Only these measures have time limits; tests count. Needs the extra ``bench``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from . import (
    m1_fetch,
    m2_cells,
    m3_requests,
    m4_block,
    m5_disk,
    m6_import,
    m7_calc,
    m8_workbook,
    m9_pivots,
    m10_files,
    m10_rows,
    m11_known,
)
from .measure import no_proxy, not_installed
from .report import Outcome, as_json, show


def _together(*measures: Callable[[], Outcome]) -> Outcome:
    outcome = Outcome()
    for measure in measures:
        outcome.add(measure())
    return outcome


MEASURES: dict[str, Callable[[], Outcome]] = {
    "M1": m1_fetch.measure,
    "M2": m2_cells.measure,
    "M3": m3_requests.measure,
    "M4": m4_block.measure,
    "M5": m5_disk.measure,
    "M6": m6_import.measure,
    "M7": m7_calc.measure,
    "M8": m8_workbook.measure,
    "M9": m9_pivots.measure,
    "M9L": m9_pivots.measure_large,
    "M10": lambda: _together(m10_rows.measure, m10_files.measure),
    "M11": m11_known.measure,
}

ON_REQUEST = ("M9L",)
"""The measures that run only where they are named: they take minutes, and some 500 MB of disk."""


def main() -> int:
    """Measure and print the results; 1 with ``--check`` where a goal is missed or something could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a goal is missed, and name it")
    parser.add_argument(
        "--only",
        type=_measure_names,
        default=tuple(name for name in MEASURES if name not in ON_REQUEST),
        metavar="M1,M4",
        help="measure only these",
    )
    options = parser.parse_args()

    missing = not_installed(("aiohttp", "dlt", "requests_cache"))
    if missing:
        _print(f'Not installed: {", ".join(missing)}. Get them with: pip install "xl-openfunnel[bench]"')
    outcome = Outcome()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is measured starts as it does for users
    with no_proxy():
        for name in options.only:
            start = time.monotonic()
            _print(f"{name} ...")
            outcome.add(MEASURES[name]())
            _print(f"{name} took {time.monotonic() - start:.0f} s")
    show(outcome)
    if options.json:
        options.json.write_text(json.dumps(as_json(outcome), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if not options.check:
        return 0
    for goal in outcome.missed:
        _print(f"goal missed: {goal}")
    if missing:
        _print(f"not compared with {', '.join(missing)}")
    for reason in outcome.skipped:
        _print(f"not measured: {reason}")
    return 1 if outcome.missed or outcome.skipped or missing else 0


def _measure_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().upper() for name in text.split(",") if name.strip())
    if not names or not set(names) <= MEASURES.keys():
        raise argparse.ArgumentTypeError(f"{text!r}: give some of {', '.join(MEASURES)}")
    return names


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
