"""What buttons, the ribbon and the macro list do. Each action ends with words for the status bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .... import settings
from ....api.endpoints import is_uuid
from ....errors import CELL_PREFIX, ConfigurationError, InvalidJobIdError, JobFailedError, OpenFunnelError
from ....files.metadata import content_hash, job_facts, manifest_facts, state, utc
from ....functions import status_text
from ....functions.company_index import FULL_TEXT
from ....functions.context import CallContext, Services
from ....jobs.snapshot import Snapshot
from ....runtime.clock import Clock
from ....text import companies, count
from ..addresses import CellRef
from ..live_cells.updater import VisibleJobs
from ..ports import Fact, HostBusyError, HostError, HostGoneError, TableWritten, WorkbookAccess, WorkbookCommands
from ..table_merge import MergePlan, TableContent, Value, is_blank, plan_merge
from . import help_page

JOB_NAME: Final = "job"
"""The name of the cell with a workbook's job."""

ANSWER_TIMEOUT: Final = 30.0
"""Seconds in which the service should have answered: longer than its slowest answers seen."""

_NO_JOB: Final = "The selected cell neither holds a job nor shows one."
_AT_ONCE: Final = 0.0


@dataclass(frozen=True)
class CommandContext:
    """What a button was pressed for.

    Attributes:
        window: a window of the program.
        place: the selected cell; None where none is, as on a chart sheet.
        text: what it shows.
        job: the job that the user was asked about; ``""`` where nobody was asked.
    """

    window: int
    cell: CellRef | None
    text: str
    job: str = ""


Handler = Callable[[WorkbookCommands, CommandContext], str]
"""Does something and says in words what came of it."""


class CommandHandlers:
    """The actions, by the words with which macros ask for them.

    Attributes:
        handlers: what is done with the program, and what it is told meanwhile.
        urgent: what is done at once, whatever else is done and whether the program lets anybody in: it costs money.

    Args:
        services: the shared fetcher and the store.
        visible_jobs: which cells show which jobs.
        workbooks: connects to Excel.
        clock: tells the time.
        cancel: asks the service to stop a job.
        open_file: opens a file as a double click does.
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
    ) -> None:
        self._services = services
        self._visible_jobs = visible_jobs
        self._workbooks = workbooks
        self._clock = clock
        self._cancel_job = cancel
        self._open_file = open_file
        self.handlers: Mapping[str, tuple[str, Handler]] = {
            "refresh cell": ("Asking the service ...", lambda work, pressed: self._refresh(work, pressed, "cell")),
            "refresh sheet": ("Asking the service ...", lambda work, pressed: self._refresh(work, pressed, "sheet")),
            "refresh book": ("Asking the service ...", lambda work, pressed: self._refresh(work, pressed, "book")),
            "refresh final": ("Reading all jobs anew ...", lambda w, p: self._refresh(w, p, "book", final=True)),
            "land table": ("Landing the companies ...", self._insert_table),
            "refresh pivots": ("Refreshing the pivots ...", self._refresh_pivots),
            "send copy": ("Making a copy ...", self._save_copy),
            "open log": ("Opening the log ...", lambda *_: self._open_log()),
            "open help": ("Opening the help ...", lambda *_: self._open_help()),
        }
        self.urgent: Mapping[str, tuple[str, Callable[[CommandContext], str]]] = {
            "cancel job": ("Asking the service to stop the job ...", lambda pressed: self._cancel(pressed.job)),
        }

    def job_here(self, pressed: CommandContext) -> str:
        """The job that the selected cell holds or shows; ``""`` for none, or for several.

        Does not wait for anything: the program waits for the answer.
        """
        try:
            with self._workbooks.connect(pressed.window, _AT_ONCE) as work:
                _, jobs = self._cell(work, pressed)
        except (HostBusyError, HostGoneError, HostError):
            jobs = self._jobs_of(pressed.cell, pressed)
        return next(iter(jobs)) if len(jobs) == 1 else ""

    # ---- refresh ---------------------------------------------------------------------------------------------

    def _refresh(self, work: WorkbookCommands, pressed: CommandContext, scope: str, *, final: bool = False) -> str:
        """Ask the service anew for the jobs of a cell, a sheet or a book; for final ones only with ``final``."""
        if scope == "sheet" and pressed.cell is None:
            return "There are no cells on this sheet."
        if scope == "cell":
            cell, named = self._cell(work, pressed)
            shown = {cell: named} if cell else {}
        else:
            shown = self._cells(work, pressed, whole_book=scope == "book")
        jobs = sorted(frozenset().union(*shown.values()))
        if not jobs:
            return _NO_JOB if scope == "cell" else f"No cell of this {scope} shows a job."
        fetcher = self._services.fetcher
        before = [fetcher.refresh(job) for job in jobs if final or not fetcher.watch(job).final]
        until = self._clock.monotonic() + ANSWER_TIMEOUT
        troubles = [trouble for seen in before if (trouble := self._trouble(seen, until))]
        asked, outdated = {seen.job_id for seen in before}, self._visible_jobs.outdated(pressed.window)
        if places := [place for place, of_cell in shown.items() if of_cell & asked or place in outdated]:
            work.recalculate(places)
        said = f"{len(before) - len(troubles)} refreshed, {len(troubles)} failed, {len(jobs) - len(before)} unchanged"
        return ": ".join([said, *troubles[:1]])

    def _trouble(self, before: Snapshot, until: float) -> str | None:
        """Wait for the service's answer about a job; in words why there is none."""

        def answered(seen: Snapshot) -> bool:
            return seen.as_of != before.as_of or _error(seen) not in (None, _error(before))

        seconds = max(until - self._clock.monotonic(), 0.0)
        seen = self._services.fetcher.wait(before.job_id, seconds, until=answered)
        if error := _error(seen):
            return error.message
        return None if answered(seen) else "The service has not answered yet. It is asked again by itself."

    # ---- tables, pivots, copies ------------------------------------------------------------------------------

    def _insert_table(self, work: WorkbookCommands, pressed: CommandContext) -> str:
        """Write a job's companies into the book's table, and have its pivots read it."""
        from .... import table  # imports pandas
        from ....workbook.cached_values import TABLE_COLUMNS
        from ....workbook.data_sheets import TABLE_NAME, WIDTHS  # imports XlsxWriter

        book = self._book(work, pressed)
        seen = self._with_rows(self._job(work, pressed, book))
        if not seen.rows and not seen.final:
            why = status_text.no_rows_reason(seen).removeprefix(CELL_PREFIX)
            raise ConfigurationError(f"There is nothing to land yet: {why}")
        cells = table.block(seen.frame(TABLE_COLUMNS), headers=False, text_limit=FULL_TEXT)
        fresh: list[list[Value]] = [[None if cell == "" else cell for cell in line] for line in cells]
        if not work.has_table(book, TABLE_NAME):
            work.add_table(book, TABLE_NAME, {name: WIDTHS[name] for name in TABLE_COLUMNS})

        def planned(standing: TableContent) -> MergePlan:
            if not fresh and not is_blank(standing, TABLE_COLUMNS):
                why = f" ({seen.problem.message.rstrip('.')})" if seen.problem else ""
                raise ConfigurationError(f"The job has no companies{why}. The table keeps those that it has.")
            return plan_merge(standing, TABLE_COLUMNS, fresh)

        landed = work.write_table(book, TABLE_NAME, TABLE_COLUMNS, planned, _facts(seen))
        return "; ".join([*_landed(seen, landed), self._pivots(work, book, TABLE_NAME)])

    def _pivots(self, work: WorkbookCommands, book: str, name: str) -> str:
        try:
            return count(work.refresh_pivots(book, name), "pivot") + " refreshed"
        except HostError as refused:
            return f"the pivots could not be refreshed ({refused.text})"

    def _refresh_pivots(self, work: WorkbookCommands, pressed: CommandContext) -> str:
        """Have the pivots that stand on the landed table read it anew."""
        from ....workbook.data_sheets import TABLE_NAME

        book = self._book(work, pressed)
        pivots = work.refresh_pivots(book, TABLE_NAME)
        if pivots:
            return f"{count(pivots, 'pivot')} refreshed."
        if not work.has_table(book, TABLE_NAME):
            raise ConfigurationError("No companies were landed in this workbook yet.")
        return f"No pivot of this workbook stands on the table {TABLE_NAME}."

    def _save_copy(self, work: WorkbookCommands, pressed: CommandContext) -> str:
        """Save a copy with values, to send to somebody without the functions."""
        book = self._book(work, pressed)
        shown = self._cells(work, pressed, whole_book=True)
        seen = [self._services.fetcher.watch(job) for job in sorted(frozenset().union(*shown.values()))]
        copied = work.save_copy(book, [_all_facts(job) for job in seen])
        said = [f"The copy is {copied.path}."]
        if provisional := sum(not job.final for job in seen):
            said.append(f"{count(provisional, 'job')} in it still provisional.")
        if copied.links:
            links = ", ".join(copied.links)
            said.append(
                f"Links to {links} are left in it: look for them in names, data validation and protected sheets."
            )
        return " ".join(said)

    # ---- the rest --------------------------------------------------------------------------------------------

    def _cancel(self, job: str) -> str:
        """Stop the job that the user was asked about, whatever is selected by now."""
        if not job:
            return "Nobody was asked about a job. Nothing was cancelled."
        self._cancel_job(job)
        self._services.fetcher.refresh(job)
        return f"Job {job} stops at its next step. What it delivers until then is billed."

    def _open_log(self) -> str:
        path = settings.log_path()
        if not path.exists():
            return f"There is no log yet. It will be {path}"
        self._open_file(path)
        return f"The log is {path}"

    def _open_help(self) -> str:
        folder = settings.Settings.load().cache_dir
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "help.html"
        path.write_text(help_page.page(), encoding="utf-8")
        self._open_file(path)
        return f"The help is {path}"

    # ---- which jobs are meant --------------------------------------------------------------------------------

    def _book(self, work: WorkbookCommands, pressed: CommandContext) -> str:
        book = pressed.cell.book if pressed.cell else work.active_workbook()
        if book is None:
            raise ConfigurationError("No workbook is open.")
        return book

    def _cell(self, work: WorkbookCommands, pressed: CommandContext) -> tuple[CellRef | None, frozenset[str]]:
        """The cell behind the selected one, and the jobs that it shows, or the one that it holds."""
        if pressed.cell is None:
            return None, frozenset()
        cell = work.formula_cell(pressed.cell)
        return cell, self._jobs_of(cell, pressed)

    def _jobs_of(self, cell: CellRef | None, pressed: CommandContext) -> frozenset[str]:
        if cell is None:
            return frozenset()
        return self._visible_jobs.by_cell(pressed.window).get(cell) or self._named(pressed)

    def _named(self, pressed: CommandContext) -> frozenset[str]:
        """The job that the selected cell's text names. Nearly every word could be an id: it must be a known one."""
        try:
            job = CallContext(self._services).job_id(pressed.text.strip())
        except InvalidJobIdError:
            return frozenset()
        return frozenset({job} if is_uuid(job) or self._is_known(job, pressed.window) else ())

    def _is_known(self, job: str, window: int) -> bool:
        shown = self._visible_jobs.by_cell(window).values()
        return any(job in jobs for jobs in shown) or any(
            entry.job_id == job for entry in CallContext(self._services).ledger()
        )

    def _cells(
        self, work: WorkbookCommands, pressed: CommandContext, *, whole_book: bool
    ) -> dict[CellRef, frozenset[str]]:
        """The cells that call our functions, with the jobs that they show."""
        book = self._book(work, pressed)
        sheet = None if whole_book or pressed.cell is None else pressed.cell.sheet
        places = list(work.formulas(book, sheet))

        def shown() -> dict[CellRef, frozenset[str]]:
            known = self._visible_jobs.by_cell(pressed.window)
            return {place: known.get(place, frozenset()) for place in places}

        # Cells that have not called since the book was opened, or are somewhere else now.
        if silent := [place for place, jobs in shown().items() if not jobs]:
            work.recalculate(silent)
            self._visible_jobs.catch_up()
        return shown()

    def _job(self, work: WorkbookCommands, pressed: CommandContext, book: str) -> str:
        """The selected cell's job, else the book's."""
        _, jobs = self._cell(work, pressed)
        if len(jobs) > 1:
            raise ConfigurationError(f"The selected cell shows {len(jobs)} jobs. Select one that shows a single job.")
        if jobs:
            return next(iter(jobs))
        if named := work.named_cell_text(book, JOB_NAME):
            return CallContext(self._services).job_id(named)
        raise ConfigurationError(f"{_NO_JOB} Select one that does.")

    def _with_rows(self, job: str) -> Snapshot:
        """The job once it is known; with all its rows where it is over and they are being read."""

        def enough(seen: Snapshot) -> bool:
            return seen.settled or _error(seen) is not None or not (seen.status is None or seen.status.terminal)

        seen = self._services.fetcher.watch(job)
        return seen if enough(seen) else self._services.fetcher.wait(job, ANSWER_TIMEOUT, until=enough)


def _error(seen: Snapshot) -> OpenFunnelError | None:
    """What keeps the job from being known; that it failed is knowledge of it."""
    error = seen.problem.error if seen.problem else None
    return None if isinstance(error, JobFailedError) else error


def _landed(seen: Snapshot, landed: TableWritten) -> list[str]:
    """What there is to say about a landing."""
    made = landed.plan
    said = [f"{companies(len(seen.rows))} landed on the sheet {landed.sheet}"]
    if not seen.final:
        said.append("provisional: land again when the job is over")
    if seen.problem:
        said.append(seen.problem.message.rstrip("."))
    if made.kept_rows:
        said.append(f"{made.kept_rows:,} no longer in the job kept at the end, for what you have there")
    if made.missing_columns:
        said.append(f"without {', '.join(made.missing_columns)}, which the table does not have")
    if landed.filter_removed:
        said.append("the table's filter was taken off")
    if not landed.facts_written:
        said.append("no room above the table to say what job it is")
    return said


def _facts(seen: Snapshot) -> list[Fact]:
    """What stands above the table."""
    consumed = (seen.manifest or {}).get("credits_consumed")
    return [
        ("as of", utc(seen.as_of)),
        ("job", seen.job_id),
        ("state", state(seen)),
        ("rows", float(len(seen.rows))),
        ("content", content_hash(seen)),
        ("credits", float(consumed) if isinstance(consumed, (int, float)) else ""),
    ]


def _all_facts(seen: Snapshot) -> list[Fact]:
    """What a copy's own sheet says of a job."""
    facts = [*job_facts(seen), ("content", content_hash(seen)), *manifest_facts(seen)]
    return [(name, float(value) if type(value) is int else value) for name, value in facts]
