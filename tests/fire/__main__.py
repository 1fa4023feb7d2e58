"""The long form: ``python -m tests.fire [--only model,matrix] [--runs N] ...`` prints what was tested and the results.

    model       random events in random order: a state machine over fetcher, service and store
    matrix      every fault at every point of a job's life
    fuzz        random responses, cell arguments and settings
    pivots      pivots of random jobs, from columns and from rows
    selections  criteria, sorts and tops of random jobs, from columns and from rows
    comparisons random jobs compared with known companies, from columns and from rows
    known       a CRM with the dirt of real exports, as known companies of a job
    secrecy     sessions with a service that repeats the key, and with a list of known companies
    damage      damaged stores
    crash       processes killed while they write to the store
    columns     rows of any values, damaged files, processes killed while they make files
    exports     a folder of exported files that is read while it is written, by processes that are killed
    load        hundreds of jobs at once
    soak        hours of office use in simulated time

Each line is printed as soon as its result is known. If a promise is broken or a part fails otherwise, its line says so,
the other parts go on, and the exit code is 1.
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
from types import ModuleType
from typing import Final

from tests.bench.measure import no_proxy
from xl_openfunnel.functions.catalog import CATALOG

from . import (
    children,
    columns,
    comparisons,
    crash,
    crash_points,
    damage,
    exports,
    fuzz,
    known,
    known_secrecy,
    load,
    matrix,
    model,
    pivots,
    secrecy,
    selections,
    soak,
)

Line = tuple[str, str, str]
"""What was tested, the result, and the errors ("" if there are none)."""

Part = Callable[[argparse.Namespace, Path], Iterator[Line]]


def _model(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    runs, steps = model.run(options.runs, options.steps, options.seed)
    yield f"{runs:,} runs of random events, {steps:,} steps", "every promise holds in every step", ""


def _matrix(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    cases = matrix.all_cases()
    results = []
    for number, (case, point) in enumerate(cases):
        case_folder = folder / str(number)
        case_folder.mkdir()
        try:
            results.append(matrix.run_case(case, point, case_folder))
        except Exception as error:
            results.append(matrix.CaseResult(case.name, point, errors=(repr(error),)))
    failed = [f"{result.fault}, {result.point}: {', '.join(result.errors)}" for result in results if result.errors]
    complete = sum(result.complete for result in results)
    measured = [result.mb for result in results if result.mb is not None]
    memory = f"{max(measured):.0f} MB" if measured else "memory that could not be measured"
    yield (
        f"{len({case.name for case, _ in cases})} faults, each at the points of a job's life where it can happen",
        (
            f"{len(results) - len(failed)} of {len(results)}: {complete} complete all the same, the others reported "
            f"and complete afterwards, no row lost; at most {max(result.requests for result in results)} requests "
            f"and {memory}"
        ),
        "; ".join(failed),
    )


def _fuzz(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    with fuzz.call_contexts(folder) as new_context:
        functions = (fuzz.function_target(function.name, new_context) for function in CATALOG if function.arguments)
        for target in (*fuzz.TARGETS, *functions):
            try:
                count = fuzz.run(target, options.examples, options.seed)
            except Exception as error:
                yield target.name, "", repr(error)
            else:
                yield f"{target.name}: {count:,} random examples", "accepted, or refused with an error message", ""


def _both_ways(part: ModuleType, what: str, result: str) -> Part:
    """Ask the questions of a part of random jobs."""

    def lines(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
        jobs = fuzz.run(part.target(folder), -(-options.pivots // pivots.QUESTIONS), options.seed)
        yield f"{jobs * pivots.QUESTIONS:,} {what} of {jobs:,} random jobs, from columns and from rows", result, ""

    return lines


def _known(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    made, results = known.run(folder, options.accounts, options.rows, options.seed)
    for tier, result in results.tiers.items():
        named = sum(known.is_named(made, *pair) for pair in result.wrong)
        found = result.right + len(result.wrong)
        yield (
            f"{tier}: the strongest tier that tells {result.expected:,} companies of {options.accounts:,} accounts",
            (
                f"precision {result.precision:.2%} ({result.right:,} of {found:,}; {named:,} others by an account "
                f"that names them as its own), recall {result.recall:.2%} ({len(result.missed):,} missed)"
            ),
            known.broken(made, tier, result),
        )
    yield (
        f"{results.strangers:,} companies without an account",
        f"{results.new:,} new, {results.strangers - results.new:,} with a weaker match that does not exclude them",
        "",
    )


def _secrecy(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    output = secrecy.session(folder)
    contents = sum(1 for path in output.files for _ in secrecy.contents_of(path))
    errors = [f"the key is in {name}" for name in secrecy.files_with_the_key(output)]
    errors += ["the key was printed"] * secrecy.holds_key(output.printed.encode())
    errors += [f"the key is an argument of {arguments}" for arguments in output.leaking_arguments]
    processes = "no list of processes" if output.processes is None else f"the arguments of {output.processes} processes"
    yield (
        "a session of commands, cells, a written table and a copy, with a service that repeats the key",
        (
            f"the key is not in {len(output.files)} files ({contents} with the files packed in them), "
            f"{len(output.printed) // 1000:,} KB of output and crash reports, {processes}"
        ),
        "; ".join(errors),
    )
    for name in ("home", "source"):
        (folder / name).mkdir()
    yield from _known_secrecy(known_secrecy.run(folder / "home", folder / "source"))


def _known_secrecy(output: secrecy.SessionOutput) -> Iterator[Line]:
    meant = ("cell why: ", known_secrecy.REPEATS)
    lines = [line for line in output.printed.splitlines() if not line.startswith(meant)]
    shown = [*filter(known_secrecy.marks_in, (*lines, *output.requests))]
    kept = known_secrecy.files_with_marks(output.home)
    yield (
        "a session of commands, cells, a written table and a copy, with a known list, also a damaged one",
        (
            f"nothing of it in {len(output.requests)} requests, {len(output.printed) // 1000:,} KB of output and, once "
            f"it is removed, {len(output.files)} files"
        ),
        "; ".join([*(f"printed or sent: {line}" for line in shown), *(f"in {name}" for name in kept)]),
    )


def _damage(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    outcomes = damage.run(folder / "store", options.damages, options.seed)
    aside = sum(count for outcome, count in outcomes.items() if "set aside" in outcome)
    yield (
        f"{options.damages:,} damaged stores (flipped bits, lost or swapped stretches, cut, lengthened)",
        f"no crash and no wrong row; {aside:,} set aside, {options.damages - aside:,} used with their sound jobs",
        "",
    )


def _crash(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    if sys.platform != "win32":
        points = 0
        for start in crash_points.STARTS:
            (folder / start).mkdir()
            points += crash_points.run(folder / start, start)
        yield f"{points} kills, one before each statement", "the store opened each time, with complete jobs only", ""
    found = crash.run(folder, options.kills, options.seed)
    yield (
        f"{options.kills} kills (SIGKILL) of one of {children.PROCESSES} processes that write to the store",
        f"the store opened each time; {found:,} jobs found in it, every one complete",
        "",
    )


def _columns(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    regular = fuzz.run(columns.TARGET, options.examples, options.seed)
    yield f"{regular:,} jobs with rows of any values", "the file has what a table has, or the job has none", ""
    outcomes = columns.damage(folder / "damaged", options.damages // 20, options.seed)
    yield (
        f"{outcomes['damaged']:,} damaged files of columns, {outcomes['renamed']:,} under another's name",
        f"none was taken for a job's own; {outcomes['found']:,} sound ones beside them were found, the rest made again",
        "",
    )
    found = columns.kill(folder / "killed", options.kills, options.seed)
    yield (
        f"{options.kills} kills (SIGKILL) of one of {children.PROCESSES} processes that make files",
        f"{found:,} files found, every one sound, and nothing left over",
        "",
    )


def _exports(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    for name in ("read", "killed"):
        (folder / name).mkdir()
    seen = exports.read_while_written(folder / "read")
    yield (
        f"{exports.ADDED} jobs exported one after the other while DuckDB, pandas, pyarrow and Polars read the folder",
        f"{seen.total():,} times a reader saw some of the jobs, always whole ones",
        "",
    )
    read = exports.kill(folder / "killed", options.kills, options.seed)
    yield (
        f"{options.kills} kills (SIGKILL) of one of {len(exports.COMPUTERS)} computers that export into one folder",
        f"{read:,} files read, every one whole, and nothing left over",
        "",
    )


def _load(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    outcome = load.run(folder, options.jobs, options.rows, options.running)
    memory = "" if outcome.mb is None else f"{outcome.mb:.0f} MB above the start, "
    if outcome.mb_after is not None:
        memory += f"{outcome.mb_after:.0f} MB in use once all are stored, "
    yield (
        f"{outcome.jobs} finished jobs of {outcome.rows:,} rows and {outcome.running} running ones, at once",
        (
            f"finished ones final after {outcome.seconds:.0f} s; {outcome.requests:,} requests for them (minimum "
            f"{outcome.min_requests:,}), at most {outcome.concurrent} at once; {memory}{outcome.threads} threads; the "
            f"last job's first status after {outcome.first_status:.0f} s"
        ),
        "; ".join(outcome.errors),
    )


def _soak(options: argparse.Namespace, folder: Path) -> Iterator[Line]:
    outcome = soak.run(folder, options.hours, options.seed)
    before, after = outcome.before, outcome.after
    memory = "" if before.mb is None or after.mb is None else f"{before.mb:.0f} -> {after.mb:.0f} MB, "
    yield (
        f"{outcome.hours:g} hours of office use: {outcome.jobs} jobs, {outcome.requests:,} requests",
        (
            f"{memory}{before.objects:,} -> {after.objects:,} objects, {before.threads} -> {after.threads} threads, "
            f"{before.handles} -> {after.handles} handles; {after.pages_mb:.1f} MB of pages after a night"
        ),
        "; ".join(outcome.errors),
    )


PARTS: Final[dict[str, Part]] = {
    "model": _model,
    "matrix": _matrix,
    "fuzz": _fuzz,
    "pivots": _both_ways(pivots, "pivots", "the same cells, or the same error"),
    "selections": _both_ways(selections, "selections", "the same cells"),
    "comparisons": _both_ways(
        comparisons, "comparisons with known companies", "the same companies in the same tiers, with the same notes"
    ),
    "known": _known,
    "secrecy": _secrecy,
    "damage": _damage,
    "crash": _crash,
    "columns": _columns,
    "exports": _exports,
    "load": _load,
    "soak": _soak,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts and print a table of their results; 1 if a promise is broken."""
    options = _parse(arguments)
    passed = True
    _print("part", "tested", "result", "s")
    _print("---", "---", "---", "---:")
    with no_proxy():
        for part in options.only:
            print(f"{part} ...", file=sys.stderr, flush=True)
            start = time.monotonic()
            for tested, result, errors in _lines(part, options):
                _print(part, tested, f"BROKEN: {errors}" if errors else result, f"{time.monotonic() - start:.0f}")
                passed = passed and not errors
    print(f"\nPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors")
    return 0 if passed else 1


def _lines(part: str, options: argparse.Namespace) -> Iterator[Line]:
    """The lines of one part; an exception that ends it becomes a line too."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            yield from PARTS[part](options, Path(folder))
        except Exception as error:
            traceback.print_exc()
            yield "", "", f"{type(error).__name__}: {error}"


def _print(*cells: str) -> None:
    """Print a line of a Markdown table."""
    print("|", " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells), "|", flush=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fire", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", type=_part_names, default=tuple(PARTS), metavar="PARTS", help="some parts, separated by commas"
    )
    parser.add_argument("--runs", type=int, default=10_000, help="runs of the model (%(default)s)")
    parser.add_argument("--steps", type=int, default=25, help="maximum steps of a run (%(default)s)")
    parser.add_argument("--examples", type=int, default=2_000, help="fuzzing examples of each kind (%(default)s)")
    parser.add_argument(
        "--pivots",
        type=int,
        default=10_000,
        help="pivots, selections and known lists, each asked both ways (%(default)s)",
    )
    parser.add_argument("--damages", type=int, default=2_000, help="damaged stores (%(default)s)")
    parser.add_argument("--kills", type=int, default=200, help="kills (%(default)s)")
    parser.add_argument("--jobs", type=int, default=500, help="finished jobs, at once (%(default)s)")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each job (%(default)s)")
    parser.add_argument("--accounts", type=int, default=50_000, help="accounts of the CRM (%(default)s)")
    parser.add_argument("--running", type=int, default=100, help="running jobs beside them (%(default)s)")
    parser.add_argument("--hours", type=float, default=8.0, help="simulated hours (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices (%(default)s)")
    return parser.parse_args(arguments)


def _part_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or not set(names) <= PARTS.keys():
        raise argparse.ArgumentTypeError(f"{text!r}: give some of {', '.join(PARTS)}")
    return names


if __name__ == "__main__":
    logging.getLogger("xl_openfunnel").setLevel(logging.ERROR)  # failures that the tests provoke need no log
    sys.exit(main())
