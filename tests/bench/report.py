"""Results and goals of the measures, as tables and as JSON."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

PACKAGES = ("msgspec", "pandas", "duckdb", "pyarrow", "requests", "xlwings", "aiohttp", "dlt", "requests-cache")

_FILE_WIDTH = 150
"""Width of a table that goes to a file: rich takes 80 there, which wraps every cell."""


@dataclass(frozen=True)
class Row:
    """Our result beside that of one peer.

    Attributes:
        measure: M1, M3, ...
        what: what was measured.
        unit: of all figures.
        ours: our median.
        peer: the peer's name.
        theirs: the peer's median; None where it gave no result, or there is no peer.
        floor: the best possible figure.
        remark: what else a reader must know.
    """

    measure: str
    what: str
    unit: str
    ours: float | None
    peer: str = ""
    theirs: float | None = None
    floor: float | None = None
    remark: str = ""

    @property
    def gain(self) -> float | None:
        """How many times better ours is than the peer's; less is better."""
        return self.theirs / self.ours if self.theirs is not None and self.ours else None

    @property
    def above_floor(self) -> float | None:
        """Ours as a multiple of the floor."""
        return self.ours / self.floor if self.ours is not None and self.floor else None


@dataclass(frozen=True)
class Goal:
    """A limit, and the measured figure."""

    name: str
    measured: float
    sign: Literal["<=", ">="]
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.measured <= self.limit if self.sign == "<=" else self.measured >= self.limit

    def __str__(self) -> str:
        sign = {"<=": "≤", ">=": "≥"}[self.sign]
        return f"{self.name}: {_format(self.measured)}{self.unit} (goal {sign} {_format(self.limit)}{self.unit})"


@dataclass
class Outcome:
    """The results of one or more measures.

    Attributes:
        rows: our figures beside those of peers.
        goals: the limits.
        notes: what a reader must know beside the figures.
        skipped: the measures that cannot run here, and why; none of their goals counts as met.
    """

    rows: list[Row] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.rows += other.rows
        self.goals += other.goals
        self.notes += other.notes
        self.skipped += other.skipped

    @property
    def missed(self) -> list[Goal]:
        return [goal for goal in self.goals if not goal.met]


def memory(
    measure: str,
    what: str,
    ours: float | None,
    limit: float,
    peer: str = "",
    theirs: float | None = None,
    floor: float | None = None,
    remark: str = "",
) -> Outcome:
    """Our peak memory in MB above the imports; None where the system does not report it."""
    if ours is None:
        return Outcome(notes=[f"{measure} memory: this system does not report a process's peak"])
    row = Row(measure, f"memory, {what}", "MB", ours, peer, theirs, floor, f"peak above the imports{remark}")
    return Outcome([row], [Goal(f"{measure} {what}, peak memory above the imports", ours, "<=", limit, " MB")])


def show(outcome: Outcome) -> None:
    """Print the tables."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_FILE_WIDTH)
    table = Table(title="Side by side (medians; less is better)", title_justify="left")
    for heading in ("", "what", "unit"):
        table.add_column(heading)
    for heading in ("ours", "peer", "theirs", "theirs ÷ ours", "floor", "ours ÷ floor"):
        table.add_column(heading, justify="left" if heading == "peer" else "right")
    table.add_column("remark")
    for row in outcome.rows:
        figures = (_format(row.ours), row.peer, _format(row.theirs), _format(row.gain, "×"))
        floor = (_format(row.floor), _format(row.above_floor, "×"))
        table.add_row(row.measure, row.what, row.unit, *figures, *floor, row.remark)
    console.print(table)
    for goal in outcome.goals:
        console.print("[green]met   [/]" if goal.met else "[red]MISSED[/]", str(goal), highlight=False)
    for note in outcome.notes:
        console.print(f"[yellow]note  [/] {note}", highlight=False)
    for reason in outcome.skipped:
        console.print(f"[red]SKIPPED[/] {reason}", highlight=False)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """All results, with the system that they were measured on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "rows": [{**asdict(row), "gain": row.gain, "above_floor": row.above_floor} for row in outcome.rows],
        "goals": [{**asdict(goal), "met": goal.met} for goal in outcome.goals],
        "notes": outcome.notes,
        "skipped": outcome.skipped,
    }


def count_results(results: Sequence[object]) -> str:
    """Equal results once, with their number: ``complete (4 of 5), HTTPError: ... (1 of 5)``."""
    texts = [str(result) for result in results]
    return ", ".join(
        text if texts.count(text) == len(texts) else f"{text} ({texts.count(text)} of {len(texts)})"
        for text in dict.fromkeys(texts)
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _format(value: float | None, unit: str = "") -> str:
    if value is None:
        return ""
    if value == int(value) and abs(value) < 1e6 and not unit:
        return str(int(value))
    return f"{value:.3g}{unit}" if abs(value) < 100 else f"{value:,.0f}{unit}"
