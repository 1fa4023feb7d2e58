"""SQL over the companies of the jobs that are stored here."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from ..cell_values import to_text
from ..columns.connection import UnavailableError
from ..columns.folder import ColumnFolder, Irregular
from ..columns.schema import IrregularError
from ..columns.sql import SCHEMA, Answer, Database, SqlError, open_database, reads_companies
from ..errors import ConfigurationError, IncompleteResultError
from ..jobs.store.ledger import LedgerEntry
from ..settings import shown_origin
from ..text import clip, count, first_of, one_line
from . import table_output, terminal
from .exit_codes import FAILED, PRECEDENCE, TRY_LATER, WRONG_CALL
from .options import Format, JobOption, Output, Raw, Separator
from .output import MAX_SHOWN, Target, print_apostrophes
from .progress import Progress
from .session import Session, session, short_ids

_STDIN: Final = "-"
_MAX_NAMED: Final = 10
"""Jobs that one warning names, and warnings at most."""

_MAX_VALUE: Final = 80
"""UTF-16 units of a value that a column cannot hold."""

_NUMBERS: Final = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "DECIMAL", "DOUBLE", "FLOAT"),
)
"""DuckDB's types of numbers."""


def sql(
    context: typer.Context,
    query: Annotated[
        str | None, typer.Argument(metavar="SQL", show_default=False, help="DuckDB's SQL; - reads it from stdin.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE.sql", help="Read the SQL from a file.")
    ] = None,
    jobs: JobOption = None,
    output: Output = None,
    file_format: Format = None,
    separator: Separator = None,
    raw: Raw = False,
    schema: Annotated[bool, typer.Option("--schema", help="Show the columns of companies and jobs.")] = False,
) -> None:
    """Ask with SQL: the views companies and jobs hold what is stored here, and your own files can be joined.

    Asks the service nothing. A job that is not stored, or that the view cannot hold, is left out and named. The rows
    of the last statement are shown; a pipe gets them as CSV. What SQL may read and write, you may: other files too.
    """
    if (query is None) + (file is None) + (not schema) != 2:
        raise ConfigurationError(
            'Give one of these: SQL ("select count(*) from companies"), --file FILE.sql or --schema. - reads stdin.'
        )
    target = Target.of(output, file_format, separator, raw=raw)
    if schema:
        _write(target, Answer(["view", "column", "type", "meaning"], ["VARCHAR"] * 4, iter(SCHEMA)))
        return
    text = _text(query, file)
    run = session(context)
    ledger = run.store.ledger()
    named = run.known_job_ids(jobs) if jobs else None
    files, left_out = _find_columns(run, ledger, named) if reads_companies(text) else (None, [])
    exit_code = _report_left_out(left_out, all_asked=not jobs)
    try:
        with open_database(files, ledger, run.store.origin) as database:
            _run(database, text, target)
    except SqlError as error:
        terminal.print_error(str(error), kind="SqlError", exit_code=WRONG_CALL)
        raise typer.Exit(WRONG_CALL) from None
    except UnavailableError as error:
        terminal.print_error(f"{error}. xl-openfunnel doctor tells more.", kind="DuckDB", exit_code=FAILED)
        raise typer.Exit(FAILED) from None
    if files == [] and not left_out:
        service = shown_origin(run.store.origin)
        terminal.print_warning(
            f"No job of {service} is stored here: companies is empty. xl-openfunnel rows JOB reads one."
        )
    if exit_code:
        raise typer.Exit(exit_code)


def _text(query: str | None, file: Path | None) -> str:
    """The SQL, from wherever it comes."""
    if file is not None:
        try:
            return file.read_text("utf-8-sig")
        except (OSError, UnicodeError) as error:
            raise ConfigurationError(
                f"{file} could not be read: {getattr(error, 'strerror', None) or error}."
            ) from None
    return sys.stdin.read().removeprefix("\ufeff") if query == _STDIN else str(query)


@dataclass(frozen=True)
class _LeftOut:
    """A job whose companies are not among those asked.

    Attributes:
        job_id: its id.
        name: its label, else its id.
        why: the reason; with ``{0}`` for *it* or *they*, ``{1}`` for *its* or *their*, ``{2}`` for *was* or *were*.
        exit_code: of the command where the job was named.
        remedy: what to do, with ``{0}`` for the jobs.
        stored: its companies are here all the same.
    """

    job_id: str
    name: str
    why: str
    exit_code: int
    remedy: str = ""
    stored: bool = False


def _find_columns(
    run: Session, ledger: Iterable[LedgerEntry], named: Sequence[str] | None
) -> tuple[list[Path], list[_LeftOut]]:
    """The files of the jobs named, or of all, those that were missing made now; and the jobs that have none."""
    entries = {entry.job_id: entry for entry in ledger}
    folder = ColumnFolder.beside(run.store.path, run.store.origin)
    files: list[Path] = []
    left_out: list[_LeftOut] = []
    irregular = {each.job_id: each for each in folder.irregular()}
    job_ids = list(entries) if named is None else named
    with Progress() as progress:
        progress.step("reading what is stored")
        for number, job_id in enumerate(job_ids, 1):
            entry = entries.get(job_id)
            name = (entry and entry.label) or job_id
            result = run.store.find(job_id)
            if result is None or (content := result.rows.content) is None:
                left_out.append(_not_stored(job_id, name, entry))
                continue
            if result.status.failed:
                left_out.append(_failed(job_id, name))
                continue
            if folder.is_irregular(job_id, content) and (known := irregular.get(job_id)):
                left_out.append(_irregular(name, known))
                continue
            try:
                path = folder.find(job_id, content)
                if path is None:
                    progress.step(f"preparing job {number} of {len(job_ids)}, once")
                    path = folder.make(job_id, result.rows, result.as_of)
                files.append(path)
            except IrregularError as error:
                left_out.append(_irregular(name, Irregular(job_id, error.field, error.rank, error.shown())))
            except (IncompleteResultError, UnavailableError, OSError) as error:
                left_out.append(_LeftOut(job_id, name, _plain(one_line(str(error)).rstrip(".")), FAILED, stored=True))
    return files, left_out


def _irregular(name: str, found: Irregular) -> _LeftOut:
    value = clip(one_line(found.value), _MAX_VALUE)
    why = f"in row {found.rank}, its column {found.field!r} cannot hold {value} exactly"
    return _LeftOut(found.job_id, name, _plain(why), FAILED, stored=True)


def _plain(why: str) -> str:
    """A reason that is the same for one job and for several."""
    return why.replace("{", "{{").replace("}", "}}")


def _failed(job_id: str, name: str) -> _LeftOut:
    return _LeftOut(job_id, name, "{0} failed", FAILED, "xl-openfunnel rows {0} --partial takes what was delivered.")


def _not_stored(job_id: str, name: str, entry: LedgerEntry | None) -> _LeftOut:
    status = entry.status if entry else None
    if status is not None and status.failed:
        return _failed(job_id, name)
    runs = status is not None and not status.terminal
    why = (
        f"{{0}} {{2}} {_plain(str(status))} when {{0}} {{2}} last seen" if runs else "{1} companies are not stored here"
    )
    remedy = "To wait for the companies: xl-openfunnel rows {0}" if runs else "To read them: xl-openfunnel rows {0}"
    return _LeftOut(job_id, name, why, TRY_LATER if runs else FAILED, remedy)


def _report_left_out(left_out: Sequence[_LeftOut], *, all_asked: bool) -> int:
    """Name the jobs, those with one reason in one warning, and return the exit code.

    Where all were asked for, only those that are stored count.
    """
    short = dict(zip((ids := [each.job_id for each in left_out]), short_ids(ids), strict=True))
    groups: dict[tuple[str, str], list[_LeftOut]] = {}
    for each in left_out:
        groups.setdefault((each.why, each.remedy), []).append(each)
    for (why, remedy), jobs in itertools.islice(groups.items(), _MAX_NAMED):
        if len(jobs) == 1:
            begin, words, ids = f"{jobs[0].name} is", ("it", "its", "was"), [jobs[0].job_id]
        else:
            ids = [short[each.job_id] for each in jobs[:_MAX_NAMED]]
            names = [short[each.job_id] if each.name == each.job_id else each.name for each in jobs]
            begin, words = f"{first_of(names, _MAX_NAMED)} are", ("they", "their", "were")
        text = f"{begin} left out: {why.format(*words)}. {remedy.format(' '.join(ids))}"
        terminal.print_warning(text.rstrip(), job=jobs[0].job_id if len(jobs) == 1 else None)
    if rest := sum(map(len, itertools.islice(groups.values(), _MAX_NAMED, None))):
        terminal.print_warning(f"{count(rest, 'more job')} left out. xl-openfunnel jobs lists all.")
    codes = {each.exit_code for each in left_out if each.stored or not all_asked}
    return next((code for code in PRECEDENCE if code in codes), 0)


def _run(database: Database, text: str, target: Target) -> None:
    """Run the SQL and write the answer."""
    if target.path is not None and target.file_format == "parquet":
        from ..atomic import atomic_replace

        with atomic_replace(target.path) as temporary:
            number = database.write_parquet(text, temporary)
        _report(target.path, number, 0)
        return
    answer = database.execute(text)
    if answer is not None:
        _write(target, answer)
    elif target.path is not None:
        raise SqlError(f"It is done, but the last statement gives no rows to write to {target.path}.")
    else:
        terminal.print_message("Done.")


def _write(target: Target, answer: Answer) -> None:
    """Write rows to where the options say.

    Raises:
        SqlError: the query fails while its rows are taken.
        StdoutClosedError, ConfigurationError, FileWriteError: see `Target.write`.
    """
    from ..files import query

    if target.path is not None:
        number = itertools.count()
        rows = (row for row, _ in zip(answer.rows, number, strict=False))
        guarded = query.write(
            target.path,
            answer.names,
            rows,
            target.file_format or "",
            raw=target.raw,
            separator=target.separator,
        )
        _report(target.path, next(number), guarded)
    elif target.file_format is None and terminal.is_terminal(sys.stdout):
        _show(answer)
    else:
        with terminal.data_stream() as stream:
            query.write_text(stream, answer.names, answer.rows, target.file_format or "csv", separator=target.separator)


def _report(path: Path, number: int, guarded: int) -> None:
    terminal.print_message(f"{count(number, 'row')} written to {path}", event="written", file=str(path), rows=number)
    print_apostrophes(guarded)
    terminal.print_open(path)


def _show(answer: Answer) -> None:
    from ..files.query import cells

    rows = [list(map(to_text, cells(row))) for row in itertools.islice(answer.rows, MAX_SHOWN + 1)]
    if answer.names == ["explain_key", "explain_value"]:
        terminal.print_lines(line for _, plan in rows for line in plan.splitlines())
        return
    numbers = {place for place, kind in enumerate(answer.types) if kind.partition("(")[0] in _NUMBERS}
    table_output.print_table(answer.names, rows[:MAX_SHOWN], right=numbers, uncut=numbers)
    if len(rows) > MAX_SHOWN:
        terminal.print_message(f"The first {MAX_SHOWN} rows. A pipe gets all of them, and so does -o FILE.")
    else:
        terminal.print_message(f"{count(len(rows), 'row')}.")
