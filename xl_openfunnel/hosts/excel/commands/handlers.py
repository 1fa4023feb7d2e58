"""What buttons, the ribbon and the macro list do. Each handler returns a text for the status bar."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .... import settings
from ....errors import ConfigurationError, InvalidJobIdError
from ....files.metadata import content_hash, job_facts, manifest_facts
from ....functions.context import CallContext, Services
from ....jobs.snapshot import Snapshot
from ....jobs.waiting import ANSWER_TIMEOUT, read_error, refresh_errors
from ....pasted import job_ids
from ....runtime.clock import Clock
from ....text import count
from ....workbook import names
from ...known_list import keep
from ..addresses import CellRef
from ..live_cells.updater import VisibleJobs
from ..ports import Fact, HostBusyError, HostError, HostGoneError, WorkbookAccess, WorkbookCommands
from . import help_page
from .inserted_table import insert_companies
from .key_process import KeyAsked, ask_for_key

_NO_JOB: Final = "The selected cell neither holds a job nor shows one."
_NO_WAITING: Final = 0.0

_CALCULATION_CHECK: Final = 0.1
"""Seconds after which it is checked again whether calculations are over."""


@dataclass(frozen=True)
class CommandContext:
    """What the user had selected when they pressed a button.

    Attributes:
        window: a window of their Excel.
        cell: the selected cell; None if there is none, as on a chart sheet.
        text: what it shows; for *Keep as known list*, the address of all selected cells.
        given: what the user was asked about, or gave: a job, or the name of a list; ``""`` if they were not asked.
    """

    window: int
    cell: CellRef | None
    text: str
    given: str = ""


Handler = Callable[[WorkbookCommands, CommandContext], str]
"""Does something and returns a text that says what came of it."""


class CommandHandlers:
    """The handlers, by the action texts that macros send.

    Attributes:
        handlers: for each action a text for the status bar while it runs, and its handler.
        urgent: the same for actions that run at once, even while another one runs or Excel is busy: waiting costs
            money.
        windows: the same for actions that ask in a window of their own, for as long as the user likes.
    """

    def __init__(
        self,
        services: Services,
        visible_jobs: VisibleJobs,
        workbooks: WorkbookAccess,
        clock: Clock,
        *,
        cancel: Callable[[str], object],
        open_file: Callable[[Path], object],
        ask_key: Callable[[], KeyAsked] = ask_for_key,
    ) -> None:
        self._services = services
        self._visible_jobs = visible_jobs
        self._workbooks = workbooks
        self._clock = clock
        self._cancel_job = cancel
        self._open_file = open_file
        self._ask_key = ask_key
        self._key_window = threading.Lock()
        self.handlers: Mapping[str, tuple[str, Handler]] = {
            "refresh cell": ("Asking the service ...", lambda excel, context: self._refresh(excel, context, "cell")),
            "refresh sheet": ("Asking the service ...", lambda excel, context: self._refresh(excel, context, "sheet")),
            "refresh book": ("Asking the service ...", lambda excel, context: self._refresh(excel, context, "book")),
            "refresh final": ("Reading all jobs again ...", self._refresh_final),
            "insert table": ("Inserting the companies ...", self._write_table),
            "refresh pivots": ("Refreshing the pivots ...", self._refresh_pivots),
            "save values copy": ("Saving a copy ...", self._save_copy),
            "keep list": ("Reading the companies ...", self._keep_list),
            "open log": ("Opening the log ...", lambda *_: self._open_log()),
            "open help": ("Opening the help ...", lambda *_: self._open_help()),
        }
        self.urgent: Mapping[str, tuple[str, Callable[[CommandContext], str]]] = {
            "cancel job": ("Asking the service to cancel the job ...", lambda context: self._cancel(context.given)),
        }
        self.windows: Mapping[str, tuple[str, Callable[[CommandContext], str]]] = {
            "set key": ("A window asks for the API key ...", lambda _: self._set_key()),
        }

    def job_here(self, context: CommandContext) -> str:
        """The job that the selected cell holds or shows; ``""`` for none or several.

        Waits for nothing, because Excel waits for the result.
        """
        try:
            with self._workbooks.connect(context.window, _NO_WAITING) as excel:
                _, jobs = self._selection(excel, context)
        except (HostBusyError, HostGoneError, HostError):
            jobs = self._jobs_of(context.cell, context)
        return next(iter(jobs)) if len(jobs) == 1 else ""

    # ---- refresh ---------------------------------------------------------------------------------------------

    def _refresh_final(self, excel: WorkbookCommands, context: CommandContext) -> str:
        return self._refresh(excel, context, "book", final=True)

    def _refresh(self, excel: WorkbookCommands, context: CommandContext, scope: str, *, final: bool = False) -> str:
        """Read the jobs of a cell, a sheet or a book from the service again; final ones only with ``final``."""
        if scope == "sheet" and context.cell is None:
            return "There are no cells on this sheet."
        if scope == "cell":
            cell, cell_jobs = self._selection(excel, context)
            jobs_by_cell = {cell: cell_jobs} if cell else {}
        else:
            jobs_by_cell = self._cells(excel, context, whole_book=scope == "book")
        jobs = sorted(frozenset().union(*jobs_by_cell.values()))
        if not jobs:
            self._format_times(excel, context, jobs_by_cell)
            return _NO_JOB if scope == "cell" else f"No cell of this {scope} shows a job."
        fetcher = self._services.fetcher
        before = [fetcher.refresh(job) for job in jobs if final or not fetcher.watch(job).final]
        errors = refresh_errors(fetcher, before)
        refreshed, outdated = {snapshot.job_id for snapshot in before}, self._visible_jobs.outdated(context.window)
        if cells := [cell for cell, shown in jobs_by_cell.items() if shown & refreshed or cell in outdated]:
            excel.recalculate(cells)
        self._format_times(excel, context, jobs_by_cell)
        summary = f"{len(before) - len(errors)} refreshed, {len(errors)} failed, {len(jobs) - len(before)} unchanged"
        return ": ".join([summary, *errors[:1]])

    def _format_times(self, excel: WorkbookCommands, context: CommandContext, cells: Collection[CellRef]) -> None:
        times = self._visible_jobs.times(context.window)
        excel.format_times({cell: times[cell] for cell in cells if cell in times})

    # ---- tables, pivots, copies ------------------------------------------------------------------------------

    def _write_table(self, excel: WorkbookCommands, context: CommandContext) -> str:
        """Write a job's companies into the workbook's table, and refresh the PivotTables that read it."""
        book = self._book(excel, context)
        snapshot = self._snapshot_with_rows(self._job(excel, context, book))
        table, parts = insert_companies(excel, book, snapshot, self._services.known)
        return "; ".join([*parts, self._pivot_summary(excel, book, table)])

    def _pivot_summary(self, excel: WorkbookCommands, book: str, table: str) -> str:
        try:
            return count(excel.refresh_pivots(book, table), "pivot") + " refreshed"
        except HostError as error:
            return f"the pivots could not be refreshed ({error.text})"

    def _refresh_pivots(self, excel: WorkbookCommands, context: CommandContext) -> str:
        """Refresh the PivotTables that read the workbook's table."""
        book = self._book(excel, context)
        pivots = excel.refresh_pivots(book, names.TABLE)
        if pivots:
            return f"{count(pivots, 'pivot')} refreshed."
        if not excel.table_columns(book, names.TABLE):
            raise ConfigurationError("No companies were inserted in this workbook yet.")
        return f"No pivot of this workbook stands on the table {names.TABLE}."

    def _save_copy(self, excel: WorkbookCommands, context: CommandContext) -> str:
        """Save a copy with values, for people without the functions."""
        book = self._book(excel, context)
        cells = self._cells(excel, context, whole_book=True)
        unfinished = self._finish_calculations(excel, context, cells)
        jobs = frozenset().union(*cells.values())
        snapshots = [self._services.fetcher.watch(job) for job in sorted(jobs)]
        telling_known = self._visible_jobs.telling_known(context.window)
        copy = excel.save_copy(book, [_all_facts(snapshot) for snapshot in snapshots], telling_known)
        sentences = [f"The copy is {copy.path}."]
        if copy.left_out:
            sentences.append("It does not say which companies you know.")
        if provisional := sum(not snapshot.final for snapshot in snapshots):
            sentences.append(f"{count(provisional, 'job')} in it still provisional.")
        if unfinished:
            sentences.append(f"{count(unfinished, 'formula')} in it still being calculated: save it again later.")
        if copy.links:
            links = ", ".join(copy.links)
            sentences.append(
                f"Links to {links} are left in it: look for them in names, data validation and protected sheets."
            )
        if copy.without_links:
            sentences.append(f"Too many links for Excel, so there are none on {', '.join(copy.without_links)}.")
        return " ".join(sentences)

    def _finish_calculations(
        self, excel: WorkbookCommands, context: CommandContext, cells: Mapping[CellRef, frozenset[str]]
    ) -> int:
        """Wait until cells show what is calculated for them; returns for how many that takes too long."""
        fetcher, deadline = self._services.fetcher, self._clock.monotonic() + ANSWER_TIMEOUT

        def is_unfinished(cell: CellRef, shows_older: bool | None) -> bool:  # while a job runs, another follows
            return shows_older is not None and not (
                shows_older and any(not fetcher.watch(job).final for job in cells[cell])
            )

        while True:
            calculating = self._visible_jobs.calculating(context.window)
            unfinished = sum(is_unfinished(cell, calculating.get(cell)) for cell in cells)
            if not unfinished or self._clock.monotonic() >= deadline:
                break
            self._clock.sleep(_CALCULATION_CHECK)
        if outdated := self._visible_jobs.outdated(context.window) & cells.keys():
            excel.recalculate(outdated)
        return unfinished

    def _keep_list(self, excel: WorkbookCommands, context: CommandContext) -> str:
        """Keep the companies of the selected cells as a known list."""
        if context.cell is None:
            return "There are no cells on this sheet."
        return keep(self._services.known, context.given, excel.selected_cells(context.cell, context.text))

    # ---- cancel, key, log, help -------------------------------------------------------------------------------

    def _cancel(self, job: str) -> str:
        """Stop the job that the user was asked about, whatever is selected by now."""
        if not job:
            return "No job was confirmed. Nothing was cancelled."
        self._cancel_job(job)
        self._services.fetcher.refresh(job)
        return f"Job {job} stops at its next step. What it delivers until then is billed."

    def _set_key(self) -> str:
        """Ask for the key; where it was refused or missing, everything goes on at once."""
        if not self._key_window.acquire(blocking=False):
            return "The window that asks for the API key is open already."
        try:
            asked = self._ask_key()
        finally:
            self._key_window.release()
        if asked.kept:
            self._services.fetcher.key_replaced()
            self._services.credits.key_replaced()
        return asked.text

    def _open_log(self) -> str:
        path = settings.log_path()
        if not path.exists():
            return f"There is no log yet. It will be {path}"
        self._open_file(path)
        return f"The log is {path}"

    def _open_help(self) -> str:
        path = settings.store_path().with_name("help.html")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(help_page.page(), encoding="utf-8")
        self._open_file(path)
        return f"The help is {path}"

    # ---- which jobs are meant --------------------------------------------------------------------------------

    def _book(self, excel: WorkbookCommands, context: CommandContext) -> str:
        book = context.cell.book if context.cell else excel.active_workbook()
        if book is None:
            raise ConfigurationError("No workbook is open.")
        return book

    def _selection(self, excel: WorkbookCommands, context: CommandContext) -> tuple[CellRef | None, frozenset[str]]:
        """The cell whose formula fills the selected one, and the jobs that it shows or holds."""
        if context.cell is None:
            return None, frozenset()
        cell = excel.formula_cell(context.cell)
        return cell, self._jobs_of(cell, context)

    def _jobs_of(self, cell: CellRef | None, context: CommandContext) -> frozenset[str]:
        if cell is None:
            return frozenset()
        return self._visible_jobs.by_cell(context.window).get(cell) or self._job_in_text(context)

    def _job_in_text(self, context: CommandContext) -> frozenset[str]:
        """The job that the selected cell's text names. It must be known, since nearly every word could be a job id."""
        try:
            job = CallContext(self._services).job_id(context.text.strip())
        except InvalidJobIdError:
            return frozenset()
        return frozenset({job} if job_ids(job) or self._is_known(job, context.window) else ())

    def _is_known(self, job: str, window: int) -> bool:
        visible = self._visible_jobs.by_cell(window).values()
        return any(job in jobs for jobs in visible) or any(
            entry.job_id == job for entry in CallContext(self._services).ledger()
        )

    def _cells(
        self, excel: WorkbookCommands, context: CommandContext, *, whole_book: bool
    ) -> dict[CellRef, frozenset[str]]:
        """The cells that call our functions, with the jobs that they show."""
        book = self._book(excel, context)
        sheet = None if whole_book or context.cell is None else context.cell.sheet
        cells = list(excel.formulas(book, sheet))

        def jobs_by_cell() -> dict[CellRef, frozenset[str]]:
            visible = self._visible_jobs.by_cell(context.window)
            return {cell: visible.get(cell, frozenset()) for cell in cells}

        # Cells that have not called since the workbook was opened, or that were moved.
        if unknown := [cell for cell, jobs in jobs_by_cell().items() if not jobs]:
            excel.recalculate(unknown)
            self._visible_jobs.catch_up()
        return jobs_by_cell()

    def _job(self, excel: WorkbookCommands, context: CommandContext, book: str) -> str:
        """The selected cell's job, else the workbook's."""
        _, jobs = self._selection(excel, context)
        if len(jobs) > 1:
            raise ConfigurationError(f"The selected cell shows {len(jobs)} jobs. Select one that shows a single job.")
        if jobs:
            return next(iter(jobs))
        if text := excel.named_cell_text(book, names.JOB):
            return CallContext(self._services).job_id(text)
        raise ConfigurationError(f"{_NO_JOB} Select one that does.")

    def _snapshot_with_rows(self, job: str) -> Snapshot:
        """The job once it is known, with all its rows if it is over and they are being read."""

        def is_complete(snapshot: Snapshot) -> bool:
            if snapshot.settled or read_error(snapshot) is not None:
                return True
            return snapshot.status is not None and not snapshot.status.terminal

        snapshot = self._services.fetcher.watch(job)
        if is_complete(snapshot):
            return snapshot
        return self._services.fetcher.wait(job, ANSWER_TIMEOUT, until=is_complete)


def _all_facts(snapshot: Snapshot) -> list[Fact]:
    """The facts on the sheet that is added to a copy."""
    facts = [*job_facts(snapshot), ("content", content_hash(snapshot)), *manifest_facts(snapshot)]
    return [(name, float(value) if type(value) is int else value) for name, value in facts]
