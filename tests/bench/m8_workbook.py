"""M8: how long `xl-openfunnel workbook` takes, from process start to end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from .measure import ROOT, alternate
from .report import Goal, Outcome, Row

ROUNDS: Final = 7
MAX_SECONDS: Final = 2.0


def measure() -> Outcome:
    """The workbook and, as the floor, an interpreter that imports XlsxWriter."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "OpenFunnel.xlsm"
        commands = {
            "ours": ("-m", "xl_openfunnel", "workbook", "--force", "-o", str(file)),
            "floor": ("-c", "import xlsxwriter"),
        }
        results = alternate({name: partial(_seconds, *command) for name, command in commands.items()}, rounds=ROUNDS)
        size = file.stat().st_size
    seconds = {name: median(each) for name, each in results.items()}
    remark = f"{size / 1000:.0f} KB; floor: a Python that imports XlsxWriter"
    row = Row("M8", "the workbook, built by the command", "s", seconds["ours"], floor=seconds["floor"], remark=remark)
    return Outcome([row], [Goal("M8 workbook", seconds["ours"], "<=", MAX_SECONDS, " s")])


def _seconds(*arguments: str) -> float:
    """How long a Python process takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True)
    return time.perf_counter() - start
