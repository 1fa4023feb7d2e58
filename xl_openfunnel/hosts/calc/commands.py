"""The commands of the workbook's buttons and the menu in Calc. They run on the main thread, except for slow steps."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from com.sun.star.lang import Locale

from ...cell_values import TIME_FORMAT
from ...errors import OpenFunnelError, unexpected
from ...functions.catalog import CATALOG
from ...functions.context import is_job
from ...functions.registry import TimeCells
from ...jobs.snapshot import Snapshot
from ...jobs.waiting import refresh_errors
from ...runtime.thread_pool import start_thread
from ...text import count
from ...workbook.commands import EARLIER_ACTIONS
from ..known_list import KeptText, keep, propose
from ..session import session
from .array_size import Size
from .documents import CalcArray, find_arrays
from .questions import Questions
from .results import Result
from .selected_cells import find_selection
from .table_writer import prepare
from .updater import ResultUpdater

_log = logging.getLogger(__name__)

RunOnMainThread = Callable[[Callable[[], object]], object]

_NAMES: Final = tuple(function.name for function in CATALOG)
_ONLY_IN_EXCEL: Final = "This needs Excel on Windows."
_ENGLISH: Final = Locale("en", "US", "")
_GENERAL: Final = 0  # the key of the format of cells that have none
_REFRESHES: Final = ("refresh cell", "refresh sheet", "refresh book", "refresh final")

_FAILED: Final = unexpected()
_NO_WINDOW: Final = "This document has no window in which cells could be selected."
_NOTHING_KEPT: Final = "Nothing was kept."

_T = TypeVar("_T")


def act(
    updater: ResultUpdater,
    document: Any,
    action: str,
    run_on_main_thread: RunOnMainThread,
    show: Callable[[str], object],
    ask: Callable[[], Questions],
) -> str:
    """Run a command on a document. Never raises.

    ``run_on_main_thread`` waits for its function. ``show`` gets the message of a step that ends after this returned,
    and is called on the main thread.

    Returns:
        The message for the user.
    """
    if document is None or not hasattr(document, "Sheets"):
        return "Open a spreadsheet first."
    if action == "keep list":
        return _run_action(action, lambda: _keep_list(document, ask, run_on_main_thread, show))
    if document.isReadonly():
        return "This document is read-only. Save it under another name first."
    action = EARLIER_ACTIONS.get(action, action)
    command = _COMMANDS.get(action)
    if action in _REFRESHES:
        return _run_action(action, lambda: _refresh_and_report(updater, document, action, run_on_main_thread, show))
    if command is not None:
        return _run_action(action, lambda: command(updater, document))
    if action == "insert table":
        return _run_action(action, lambda: _insert_table(document, run_on_main_thread, show))
    return _ONLY_IN_EXCEL


def _run_action(action: str, run: Callable[[], str]) -> str:
    try:
        message = run()
    except OpenFunnelError as error:
        message = error.message
    except Exception:
        _log.exception("%s failed", action)
        message = _FAILED
    _log.info("%s: %s", action, "done" if isinstance(message, KeptText) else message)
    return message


def _insert_table(document: Any, run_on_main_thread: RunOnMainThread, show: Callable[[str], object]) -> str:
    update = prepare(document)
    _run_slow("insert table", update.rows, update.write, run_on_main_thread, show)
    return update.started_text


def _keep_list(
    document: Any, ask: Callable[[], Questions], run_on_main_thread: RunOnMainThread, show: Callable[[str], object]
) -> str:
    """Ask for a name, and keep the companies of the selected cells under it."""
    selection, lists = find_selection(document), session().known
    if selection is None:
        return ask().texts().one_block if document.CurrentController is not None else _NO_WINDOW
    questions = ask()
    texts = questions.texts()
    typed = questions.ask_text(texts.list_name, propose(lists, selection.title).name)
    proposal = propose(lists, typed)
    if not proposal.name:
        return texts.no_list_name if typed else _NOTHING_KEPT
    question = texts.replace_list.format(list=proposal.name, companies=proposal.companies, date=proposal.date)
    if proposal.companies and not questions.confirm(question):
        return _NOTHING_KEPT

    def read_and_keep() -> str:
        return keep(lists, proposal.name, selection.read(run_on_main_thread), ";")

    _run_slow("keep list", read_and_keep, lambda text: text, run_on_main_thread, show)
    return "Reading the companies ..."


def _run_slow(
    action: str,
    do: Callable[[], _T],
    finish: Callable[[_T], str],
    run_on_main_thread: RunOnMainThread,
    show: Callable[[str], object],
) -> None:
    """Do something on another thread, then finish it on the main thread and show what came of it."""

    def run() -> None:
        done: Future[_T] = Future()
        try:
            done.set_result(do())
        except Exception as error:  # raised again on the main thread, where `_run_action` reports it
            done.set_exception(error)
        with contextlib.suppress(Exception):  # LibreOffice is closing, or shows a dialog
            run_on_main_thread(lambda: show(_run_action(action, lambda: finish(done.result()))))

    start_thread(f"calc-{action.replace(' ', '-')}", run)


def _refresh_and_report(
    updater: ResultUpdater,
    document: Any,
    action: str,
    run_on_main_thread: RunOnMainThread,
    show: Callable[[str], object],
) -> str:
    """Refresh, and show later which jobs could not be read: cells keep their rows."""

    def report(before: list[Snapshot]) -> None:
        errors = refresh_errors(session().fetcher, before)
        if errors:
            text = f"{len(before) - len(errors)} refreshed, {len(errors)} failed: {errors[0]}"
            with contextlib.suppress(Exception):  # LibreOffice is closing, or shows a dialog
                run_on_main_thread(lambda: show(_run_action(action, lambda: text)))

    return refresh(
        updater,
        document,
        final_too=action == "refresh final",
        asked=lambda before: start_thread("calc-refresh", lambda: report(before)),
    )


def refresh(
    updater: ResultUpdater,
    document: Any,
    *,
    final_too: bool = False,
    asked: Callable[[list[Snapshot]], object] = lambda _: None,
) -> str:
    """Refresh the document's jobs, and resize each array formula to the cells it needs now.

    A formula whose companies are not known yet, or have just changed, is resized once they are there. ``asked``
    receives what was known of the refreshed jobs before.
    """
    results = updater.results_called_by(document.calculateAll)
    jobs = {topic for result in results for topic in result.dependencies if is_job(topic)}
    refreshed = [job for job in sorted(jobs) if final_too or not session().fetcher.watch(job).final]
    asked([session().fetcher.refresh(job) for job in refreshed])
    parts = [f"{count(len(refreshed), 'job')} asked again" if refreshed or not jobs else ""]
    parts.append(f"{count(len(jobs) - len(refreshed), 'job')} final already" if len(jobs) > len(refreshed) else "")
    resized, blocked, pending = _resize_arrays(updater, document, results)
    for result in pending:
        updater.when_known(result, lambda known: _resize_arrays(updater, document, [known], only=known))
    parts.append(f"room made for {count(resized, 'formula')}" if resized else "")
    unknown = sum(not result.known for result in pending)
    parts.append(f"room follows for {count(unknown, 'formula')}, with the first answer" if unknown else "")
    parts += [f"no free cells for the formula in {cell}, or they are protected" for cell in blocked]
    return "; ".join(filter(None, parts)) + "."


def _format_times(document: Any, array: CalcArray, times: TimeCells | None) -> None:
    """Give the times of an array a date format, where they have none and their sheet is not protected."""
    if times is None or array.sheet.isProtected() or times.first_row >= array.size.rows:
        return
    formats = document.NumberFormats
    key = formats.queryKey(TIME_FORMAT, _ENGLISH, False)  # noqa: FBT003 - UNO knows no keywords
    key = key if key != -1 else formats.addNew(TIME_FORMAT, _ENGLISH)
    for column in times.columns_of(array.size.columns):
        cells = array.cells.getCellRangeByPosition(column, times.first_row, column, array.size.rows - 1)
        alike = cells.getCellFormatRanges()
        for part in map(alike.getByIndex, range(alike.Count)):
            if part.NumberFormat == _GENERAL:
                part.NumberFormat = key


def refresh_pivots(_: ResultUpdater, document: Any) -> str:
    """Refresh every pivot of the document."""
    pivots = [pivot for sheet in document.Sheets for pivot in sheet.DataPilotTables]
    for pivot in pivots:
        pivot.refresh()
    return f"{count(len(pivots), 'pivot')} refreshed."


def _resize_arrays(
    updater: ResultUpdater, document: Any, results: list[Result], only: Result | None = None
) -> tuple[int, list[str], list[Result]]:
    """Resize the array formulas that need more or fewer cells: all of them, or those that show one result.

    Times get a date format then.

    Returns:
        How many were resized; the first cells of those without enough free cells; and the results to come.
    """
    for result in results:
        if result.multi_cell:
            updater.arrays.notify(result)  # makes Calc recalculate the arrays, which reveals what each one shows
    formulas = (formula for array in find_arrays(document, *_NAMES) for formula in array.formulas())
    shown = [(formula, updater.arrays.result_in(formula)) for formula in formulas]
    resized, blocked, pending = 0, [], []
    for formula, shown_result in shown:  # in a second loop, since each resize makes Calc recalculate others
        if shown_result is None or only not in (None, shown_result):
            continue
        if updater.is_behind(shown_result):
            pending.append(shown_result)
        if not shown_result.known:
            continue
        array: CalcArray | None = formula
        if formula.size != Size.of(shown_result.block):
            array = formula.resize(Size.of(shown_result.block))
            if array:
                resized += 1
            else:
                blocked.append(formula.cells.AbsoluteName.replace("$", "").partition(":")[0])
        _format_times(document, array or formula, shown_result.function.time_cells(shown_result.arguments))
    return resized, blocked, pending


_COMMANDS: Final[dict[str, Callable[[ResultUpdater, Any], str]]] = {
    "refresh pivots": refresh_pivots,
    "save values copy": lambda *_: "In Calc: File > Save a Copy keeps the formulas, File > Export as PDF the values.",
    "cancel job": lambda *_: "In a terminal: xl-openfunnel cancel JOB",
}
