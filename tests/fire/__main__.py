"""The long form: ``python -m tests.fire [--only model,matrix] [--runs N] ...`` prints what was tried and what held.

    model   anything in any order: a state machine over fetcher, service and store
    matrix  every fault at every point of a job's life
    fuzz    anything as an answer, as an argument in a cell, as a setting
    secrecy a session before a service that repeats the key
    damage  damaged stores
    crash   processes killed while they store
    load    hundreds of jobs at once
    soak    hours of an office in simulated time

Each line is printed as soon as it is known. Where a promise is broken, or a part fails otherwise, its line says so, the
others go on, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.measure import no_proxy

from . import crash, crash_points, damage, fuzz, load, matrix, model, secrecy, soak

Line = tuple[str, str, str]
"""What was tried, what held, and what broke (nothing, if all is well)."""


def _model(asked: argparse.Namespace, folder: Path) -> Iterator[Line]:
    runs, steps = model.run(asked.runs, asked.steps, asked.seed)
    yield f"{runs:,} runs of anything in any order, {steps:,} steps", "every promise in every step", ""


def _matrix(asked: argparse.Namespace, folder: Path) -> Iterator[Line]:
    tried = matrix.cells()
    cells = []
    for number, (trial, point) in enumerate(tried):
        here = folder / str(number)
        here.mkdir()
        try:
            cells.append(matrix.cell(trial, point, here))
        except Exception as error:
            cells.append(matrix.Cell(trial.name, point, broken=(repr(error),)))
    broken = [f"{cell.trial}, {cell.point}: {', '.join(cell.broken)}" for cell in cells if cell.broken]
    complete = sum(cell.complete for cell in cells)
    measured = [cell.mb for cell in cells if cell.mb is not None]
    memory = f"{max(measured):.0f} MB" if measured else "memory that could not be measured"
    yield (
        f"{len({trial.name for trial, _ in tried})} faults, each at the points of a job's life where it can be",
        (
            f"{len(cells) - len(broken)} of {len(cells)}: {complete} complete all the same, the others said and whole "
            f"afterwards, no row lost; at the most {max(cell.requests for cell in cells)} requests and {memory}"
        ),
        "; ".join(broken),
    )


def _fuzz(asked: argparse.Namespace, folder: Path) -> Iterator[Line]:
    with fuzz.desk(folder) as look:
        functions = (fuzz.function_form(name, look) for name, (_, most) in fuzz.FUNCTIONS.items() if most)
        for form in (*fuzz.FORMS, *functions):
            try:
                tried = f"{form.name}: {fuzz.run(form, asked.examples, asked.seed):,} of any kind"
            except Exception as error:
                yield form.name, "", repr(error)
            else:
                yield tried, "taken, or refused in words", ""


def _secrecy(asked: argparse.Namespace, folder: Path) -> Iterator[Line]:
    left = secrecy.session(folder)
    texts = sum(1 for path in left.files for _ in secrecy.texts_of(path))
    broken = [f"the key is in {name}" for name in secrecy.files_with_the_key(left)]
    broken += ["the key was printed"] * secrecy.holds_key(left.printed.encode())
    broken += [f"the key is an argument of {words}" for words in left.named_in]
    processes = "no list of processes" if left.processes is None else f"the arguments of {left.processes} processes"
    yield (
        "a session of commands, cells, a landed table and a copy, before a service that repeats the key",
        (
            f"the key is not in {len(left.files)} files (with what is packed in them {texts}), "
            f"{len(left.printed) // 1000:,} KB of output and crash reports, {processes}"
        ),
        "; ".join(broken),
    )


def _damage(asked: argparse.Namespace, folder: Path) -> Iterator[Line]:
    outcomes = damage.run(folder / "store", asked.damages, asked.seed)
    aside = sum(count for outcome, count in outcomes.items() if "set aside" in outcome)
    yield (
        f"{asked.damages:,} damaged stores (flipped bits, lost or swapped stretches, cut, lengthened)",
        f"no crash and no wrong row; {aside:,} set aside, {asked.damages - aside:,} used with what was sound",
        "",
    )


def _crash(asked: argparse.Namespace, folder: Path) -> Iterator[Line]:
    if sys.platform != "win32":
        points = 0
        for start in crash_points.STARTS:
            (folder / start).mkdir()
            points += crash_points.run(folder / start, start)
        yield f"{points} kills, one before each statement", "the store opened each time, with whole jobs only", ""
    outcome = crash.run(folder, asked.kills, asked.seed)
    yield (
        f"{outcome.kills} kills (SIGKILL) of one of {crash.PROCESSES} processes that store",
        f"the store opened {outcome.opened} times; {outcome.whole:,} jobs found in it, every one whole",
        "",
    )


def _load(asked: argparse.Namespace, folder: Path) -> Iterator[Line]:
    outcome = load.run(folder, asked.jobs, asked.rows, asked.running)
    memory = "" if outcome.mb is None else f"{outcome.mb:.0f} MB above the start, "
    yield (
        f"{outcome.jobs} jobs of {outcome.rows:,} rows that are over, and {outcome.running} that run, at once",
        (
            f"those final after {outcome.seconds:.0f} s; {outcome.requests:,} requests for them ({outcome.fewest:,} at "
            f"least), {outcome.at_once} at once at the most; {memory}{outcome.threads} threads; the last job's first "
            f"word after {outcome.first_word:.0f} s"
        ),
        "; ".join(outcome.broken),
    )


def _soak(asked: argparse.Namespace, folder: Path) -> Iterator[Line]:
    outcome = soak.run(folder, asked.hours, asked.seed)
    before, after = outcome.before, outcome.after
    memory = "" if before.mb is None or after.mb is None else f"{before.mb:.0f} -> {after.mb:.0f} MB, "
    yield (
        f"{outcome.hours:g} hours of an office: {outcome.jobs} jobs, {outcome.requests:,} requests",
        (
            f"{memory}{before.objects:,} -> {after.objects:,} objects, {before.threads} -> {after.threads} threads, "
            f"{before.handles} -> {after.handles} handles; {after.pages_mb:.1f} MB of pages after a night"
        ),
        "; ".join(outcome.broken),
    )


PARTS: Final[dict[str, Callable[[argparse.Namespace, Path], Iterator[Line]]]] = {
    "model": _model,
    "matrix": _matrix,
    "fuzz": _fuzz,
    "secrecy": _secrecy,
    "damage": _damage,
    "crash": _crash,
    "load": _load,
    "soak": _soak,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Try everything that is asked for, and show what came of it."""
    asked = _arguments(arguments)
    whole = True
    _print("part", "tried", "held", "s")
    _print("---", "---", "---", "---:")
    with no_proxy():
        for part in asked.only:
            print(f"{part} ...", file=sys.stderr, flush=True)
            begin = time.monotonic()
            for tried, held, wrong in _lines(part, asked):
                _print(part, tried, f"BROKEN: {wrong}" if wrong else held, f"{time.monotonic() - begin:.0f}")
                whole = whole and not wrong
    print(f"\nPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors")
    return 0 if whole else 1


def _lines(part: str, asked: argparse.Namespace) -> Iterator[Line]:
    """The lines of one part; what ends it before its time is one of them."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            yield from PARTS[part](asked, Path(folder))
        except Exception as error:
            traceback.print_exc()
            yield "", "", f"{type(error).__name__}: {error}"


def _print(*cells: str) -> None:
    """A line of a table in Markdown."""
    print("|", " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells), "|", flush=True)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fire", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=_chosen, default=tuple(PARTS), metavar="PARTS", help="some parts, with commas")
    parser.add_argument("--runs", type=int, default=10_000, help="runs of the model (%(default)s)")
    parser.add_argument("--steps", type=int, default=25, help="steps of a run at the most (%(default)s)")
    parser.add_argument("--examples", type=int, default=2_000, help="of each thing that can be anything (%(default)s)")
    parser.add_argument("--damages", type=int, default=2_000, help="damaged stores (%(default)s)")
    parser.add_argument("--kills", type=int, default=200, help="kills (%(default)s)")
    parser.add_argument("--jobs", type=int, default=500, help="jobs that are over, at once (%(default)s)")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each (%(default)s)")
    parser.add_argument("--running", type=int, default=100, help="jobs that run beside them (%(default)s)")
    parser.add_argument("--hours", type=float, default=8.0, help="simulated hours (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another number, other runs (%(default)s)")
    return parser.parse_args(arguments)


def _chosen(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or not set(names) <= PARTS.keys():
        raise argparse.ArgumentTypeError(f"{text!r}: give some of {', '.join(PARTS)}")
    return names


if __name__ == "__main__":
    logging.getLogger("xl_openfunnel").setLevel(logging.ERROR)  # what is meant to fail needs no log
    sys.exit(main())
