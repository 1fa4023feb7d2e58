"""What the workbook's buttons and the menu do in Calc, on the office's own thread but for what takes long."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from ...errors import OpenFunnelError
from ...functions.catalog import CATALOG
from ...functions.context import CREDITS, JOBS
from ...runtime.thread_pool import start_thread
from ...text import count
from ..session import session
from .array_size import Size
from .documents import find_arrays
from .results import Result
from .table_writer import Rows, TableUpdate, prepare
from .updater import ResultUpdater

_log = logging.getLogger(__name__)

RunOnMainThread = Callable[[Callable[[], object]], object]

_NAMES: Final = tuple(function.name for function in CATALOG)
_ONLY_IN_EXCEL: Final = "This needs Excel on Windows."
_FAILED: Final = "Something unexpected happened. The log says what; please report it."


def act(
    updater: ResultUpdater,
    document: Any,
    action: str,
    run_on_main_thread: RunOnMainThread,
    show: Callable[[str], object],
) -> str:
    """Do something for a document; gives what came of it. Never raises.

    Args:
        answers: those of this office.
        document: the document, None for none.
        action: its name.
        inside: runs something on the office's own thread, and waits until it is done.
        say: tells later what came of that which goes on meanwhile. Only from there.
    """
    if document is None or not hasattr(document, "Sheets"):
        return "Open a spreadsheet first."
    if document.isReadonly():
        return "This document is read-only. Save it under another name first."
    known = _COMMANDS.get(action)
    if known is not None:
        return _run_action(action, lambda: known(updater, document))
    if action == "land table":
        return _run_action(action, lambda: _land_table(document, run_on_main_thread, show))
    return _ONLY_IN_EXCEL


def _run_action(action: str, run: Callable[[], str]) -> str:
    try:
        said = run()
    except OpenFunnelError as error:
        said = error.message
    except Exception:
        _log.exception("%s failed", action)
        said = _FAILED
    _log.info("%s: %s", action, said)
    return said


def _land_table(document: Any, inside: RunOnMainThread, say: Callable[[str], object]) -> str:
    landing = prepare(document)
    start_thread("calc-landing", lambda: _build_and_write(landing, inside, say))
    return landing.started_text


def _build_and_write(landing: TableUpdate, inside: RunOnMainThread, say: Callable[[str], object]) -> None:
    made: Future[Rows] = Future()
    try:
        made.set_result(landing.rows())
    except Exception as error:  # told from there, like everything else
        made.set_exception(error)
    with contextlib.suppress(Exception):  # the office ends, or asks its user something
        inside(lambda: say(_run_action("land table", lambda: landing.write(made.result()))))


def refresh(updater: ResultUpdater, document: Any, *, final_too: bool = False) -> str:
    """Ask the service again for the document's jobs, and enter each formula into as many cells as it needs now.

    Where companies are not there yet, room is made as soon as they are.
    """
    asked = updater.called_by(document.calculateAll)
    jobs = {topic for answer in asked for topic in answer.seen if topic not in (JOBS, CREDITS)}
    again = [job for job in sorted(jobs) if final_too or not session().fetcher.watch(job).final]
    for job in again:
        session().fetcher.refresh(job)
    said = [f"{count(len(again), 'job')} asked again" if again or not jobs else ""]
    said.append(f"{count(len(jobs) - len(again), 'job')} final already" if len(jobs) > len(again) else "")
    made, blocked, waiting = _make_room(updater, document, asked)
    for answer in waiting:
        updater.once_known(answer, lambda known: _make_room(updater, document, [known], only=known))
    said.append(f"room made for {count(made, 'formula')}" if made else "")
    said.append(f"room follows for {count(len(waiting), 'formula')}, with the first answer" if waiting else "")
    said += [f"no free cells for the formula in {place}, or they are protected" for place in blocked]
    return "; ".join(part for part in said if part) + "."


def refresh_pivots(_: ResultUpdater, document: Any) -> str:
    """Bring every pivot of the document up to date."""
    pivots = [pivot for sheet in document.Sheets for pivot in sheet.DataPilotTables]
    for pivot in pivots:
        pivot.refresh()
    return f"{count(len(pivots), 'pivot')} refreshed."


def _make_room(
    updater: ResultUpdater, document: Any, asked: list[Result], only: Result | None = None
) -> tuple[int, list[str], list[Result]]:
    """Enter formulas into other cells where they need others: all, or those that show one answer.

    Returns:
        How many; the cells of those that something is in the way of; and what is not known yet.
    """
    for answer in asked:
        if answer.spreads:
            updater.arrays.notify(answer)  # so that an array has to be calculated, and tells by that what it shows
    each = (one for array in find_arrays(document, *_NAMES) for one in array.formulas())
    showing = [(array, updater.arrays.result_in(array)) for array in each]
    made, blocked, waiting = 0, [], []
    for array, shown in showing:  # only now, for each change has others calculated
        if shown is None or only not in (None, shown):
            continue
        if not shown.known:
            waiting.append(shown)
        elif array.size != Size.of(shown.block):
            if array.resize(Size.of(shown.block)):
                made += 1
            else:
                blocked.append(array.cells.AbsoluteName.replace("$", "").partition(":")[0])
    return made, blocked, waiting


def _refresh_final(updater: ResultUpdater, document: Any) -> str:
    return refresh(updater, document, final_too=True)


_COMMANDS: Final[dict[str, Callable[[ResultUpdater, Any], str]]] = {
    "refresh cell": refresh,
    "refresh sheet": refresh,
    "refresh book": refresh,
    "refresh final": _refresh_final,
    "refresh pivots": refresh_pivots,
    "send copy": lambda *_: "In Calc: File > Save a Copy keeps the formulas, File > Export as PDF the values.",
    "cancel job": lambda *_: "In a terminal: xl-openfunnel cancel JOB",
}
