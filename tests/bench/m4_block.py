"""M4: a frame of 10,000 × 7 as a block of cells, against what xlwings makes of a DataFrame that a UDF returns."""

from __future__ import annotations

import ast
import datetime as dt
import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pandas as pd
import xlwings
from xlwings import conversion

from xl_openfunnel import table
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.simulator import companies

from .measure import alternate, seconds_of
from .report import Goal, Outcome, Row

ROWS: Final = 10_000
MIN_GAIN: Final = 4.0
AIM: Final = 8.0

_ENGINE: Final = "excel-on-windows"


def measure() -> Outcome:
    """Make the same cells of the same frame in both ways."""
    _add_engine()
    frame = table.frame(companies(ROWS, shape="narrow"), DEFAULT_COLUMNS)
    mine, theirs = partial(table.block, frame), partial(_written_by_xlwings, frame)
    unequal = _unequal_cells(mine(), theirs())
    seconds = alternate({"ours": partial(seconds_of, mine), "xlwings": partial(seconds_of, theirs)}, rounds=7)
    ours, xlwings_seconds = (median(seconds[name]) for name in ("ours", "xlwings"))
    gain = xlwings_seconds / ours
    remark = f"{unequal} cells differ; the aim is {AIM:g}×, {'reached' if gain >= AIM else 'not reached'}"
    peer = f"xlwings {xlwings.__version__}"
    row = Row("M4", f"block of {ROWS:,} × 7", "ms", ours * 1000, peer, xlwings_seconds * 1000, None, remark)
    goals = [
        Goal("M4 block, faster than xlwings' writer", gain, ">=", MIN_GAIN, "×"),
        Goal("M4 cells that differ from xlwings'", unequal, "<=", 0),
    ]
    return Outcome([row], goals)


def _written_by_xlwings(frame: pd.DataFrame) -> list[list[Any]]:
    """What xlwings does with the result of a UDF (``udfs.call_udf``) before COM."""
    write: Any = conversion.write
    cells: list[list[Any]] = write(frame, None, {"index": False}, engine_name=_ENGINE)
    return cells


def _add_engine() -> None:
    """Register xlwings' Windows engine on any system, as far as its writer needs it.

    Its module imports pywin32, so only the method for one cell is compiled from its source.
    """
    impl = SimpleNamespace(name=_ENGINE, type="desktop", prepare_xl_data_element=_cell_method())
    xlwings.engines.add(xlwings.main.Engine(impl=impl))


def _cell_method() -> Callable[[Any, Any], Any]:
    spec = importlib.util.find_spec("xlwings")
    source = Path(spec.origin or "").with_name("_xlwindows.py") if spec else Path()
    engine = next(
        node
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "Engine"
    )
    method = next(
        node for node in engine.body if isinstance(node, ast.FunctionDef) and node.name == "prepare_xl_data_element"
    )
    method.decorator_list = []
    # pywintypes.TimeType, the third of xlwings' time types, is a datetime itself.
    names: dict[str, Any] = {"pd": pd, "np": np, "time_types": (dt.date, dt.datetime, np.datetime64)}
    exec(compile(ast.Module([method], []), source.name, "exec"), names)
    function: Callable[[Any, Any], Any] = names[method.name]
    return function


def _unequal_cells(mine: list[list[Any]], theirs: list[list[Any]]) -> int:
    if [len(row) for row in mine] != [len(row) for row in theirs]:
        return ROWS * 7
    return sum(
        _plain(a) != _plain(b) for ours, xl in zip(mine, theirs, strict=True) for a, b in zip(ours, xl, strict=True)
    )


def _plain(cell: Any) -> Any:
    """A cell makes no difference between int and float, or None and empty text, but between text and number."""
    if cell is None:
        return ""
    return float(cell) if isinstance(cell, (int, float)) and not isinstance(cell, bool) else cell
