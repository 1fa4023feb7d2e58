"""What each OF_ function answers. A body may raise an `OpenFunnelError`; `edge.answer` makes a text of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain
from typing import Final

from ..errors import CELL_PREFIX, CELL_UNITS, ConfigurationError, InvalidJobIdError, OpenFunnelError, UnknownColumnError
from ..jobs.snapshot import NO_ROWS, Rows, Snapshot
from ..text import clip
from . import arguments, company_index, info, status_text
from . import pivot as pivot_table
from .cache import DerivedCache
from .context import CallContext

Block = pivot_table.Block
"""Rows of cells, all of one width."""

MAX_ROWS: Final = 100_000
"""Companies that a formula shows: as many rows take Excel some five seconds, in which it does nothing else. A sheet has
1,048,576, and a formula takes 1,000 jobs of 10,000."""

MAX_PIVOT_ROWS: Final = 500_000
"""Companies that a formula counts: as many take some five seconds too."""

_cache: Final = DerivedCache()


def status(look: CallContext, job: object) -> Block:
    """``OF_STATUS``: the service's word for each job, in the shape of the range that names them."""
    return _each(job, lambda named: status_text.status(look.snapshot(look.job_id(named), status_text.status)))


def rows(
    look: CallContext, job: object, columns: object = None, include_headers: object = None, state: object = None
) -> Block:
    """``OF_ROWS``: the companies, one row each; of several jobs, each once, behind a ``job_id``."""
    asked = arguments.columns(columns)
    headers = arguments.yes_or_no(include_headers, "include_headers", default=True)
    only_final = arguments.one_of(state, "state", ("latest", "final")) == "final"
    jobs = _each_once(look, job)
    if not jobs:
        return [[""]]
    seen = [(job_id, wrong or _rows_shown(look, job_id, only_final=only_final)) for job_id, wrong in jobs]
    held = {job_id: rows for job_id, rows in seen if isinstance(rows, Rows)}
    _check_row_limit(held.values(), MAX_ROWS)
    blocks = list(_blocks(seen, asked, held, look.block_units))
    stack = _stacked([job_id for job_id, _ in jobs], blocks) if arguments.is_range(job) else blocks[0]
    if not headers:
        return stack[1:]
    return [[clip(str(name), CELL_UNITS) for name in stack[0]], *stack[1:]]  # until here names are whole, and differ


def information(look: CallContext, job: object, fields: object = None) -> Block:
    """``OF_INFO``: one field in the shape of the jobs, several as a row per job, without any a list of all."""
    named_fields = arguments.columns(fields, "field")
    asked = info.field_names(named_fields)

    def told(named: arguments.JobArgument) -> list[str | float | bool]:
        job_id = look.job_id(named)
        label = look.label(job_id) if "label" in asked else None

        def sight(snapshot: Snapshot) -> Hashable:
            return tuple(info.value(name, snapshot, label) for name in asked)

        seen = look.snapshot(job_id, sight)
        return [info.value(name, seen, label) for name in asked]

    if len(asked) == 1:
        return _each(job, lambda named: told(named)[0])
    named = [name for line in arguments.jobs(job) for name in line]
    lines = [_rows_or_reason(told, name, len(asked)) for name in named]
    if named_fields is not None or len(lines) > 1:
        return lines
    return [list(pair) for pair in zip(asked, lines[0], strict=True)]


def lookup(look: CallContext, job: object, key: object, column: object, if_not_found: object = None) -> Block:
    """``OF_LOOKUP``: one value of one company as full text; of a range of keys, a block of its shape."""
    named = arguments.job(arguments.valid_value(job, "job"))
    asked = arguments.columns(column)
    if named == "":
        return [[""]]
    if asked is None or len(asked) != 1 or asked[0] == "*":
        raise ConfigurationError('Give the name of one column, for example "name".')
    job_id = look.job_id(named)
    seen = look.snapshot(job_id, lambda snapshot: (_rows_or_why(snapshot), status_text.pending_reason(snapshot)))
    rows = _rows_or_why(seen)
    if isinstance(rows, str):
        return [[rows for _ in line] for line in arguments.grid(key)]
    units = look.block_units if arguments.is_range(key) else company_index.FULL_TEXT
    finder, cells = _company_index(job_id, rows), _column(job_id, rows, asked[0], units)
    otherwise = arguments.one_value(if_not_found, "if_not_found")
    instead = _instead(otherwise, units)
    still = status_text.pending_reason(seen)

    def found(wanted: object) -> str | float | bool:
        if wanted is None or (isinstance(wanted, str) and not wanted.strip()):
            return ""
        place = finder.position(arguments.reject_error(wanted, "key"))
        if place is not None:
            return cells[place]
        if instead is not None:
            return instead
        company = f"The job has no company {arguments.text(wanted, 'key')[:60]!r}"
        raise ConfigurationError(f"{company} yet: {still}." if still else f"{company}.")

    return [[_jobs_or_errors(found, wanted) for wanted in line] for line in arguments.grid(key)]


def pivot(
    look: CallContext,
    job: object,
    row_fields: object,
    col_fields: object = None,
    values: object = None,
    function: object = None,
) -> Block:
    """``OF_PIVOT``: companies counted or summed by columns, with totals; of several jobs, each once, all together.

    A job without companies yet is said in a last row.
    """
    by, across = arguments.columns(row_fields) or (), arguments.columns(col_fields) or ()
    measured = arguments.columns(values) or ()
    how = arguments.text(arguments.valid_value(function, "function"), "function")
    if len(measured) > 1:
        raise ConfigurationError("Give one column as values: a pivot calculates with one.")
    value = measured[0] if measured else None
    needed = pivot_table.needed_columns(by, across, value)
    jobs = _each_once(look, job)
    if not jobs:
        return [[""]]
    held: dict[str, Rows] = {}
    empty, left_out = [], []
    for job_id, wrong in jobs:
        if wrong:
            empty.append(wrong)
            left_out.append(wrong.removeprefix(CELL_PREFIX))
            continue
        seen = look.snapshot(job_id, _rows_or_why)
        rows = _rows_or_why(seen)
        if isinstance(rows, Rows):
            held[job_id] = rows
            continue
        empty.append(rows)
        if why := status_text.excluded_reason(seen):
            left_out.append(f"{job_id}: {why.removeprefix(CELL_PREFIX)}")
    if not held:
        return [[empty[0]]]
    _check_row_limit(held.values(), MAX_PIVOT_ROWS)
    block = _pivot(held, needed, by, across, value, how)
    return [*block, *_said_below(left_out, len(jobs), len(block[0]))]


def jobs_table(look: CallContext) -> Block:
    """``OF_JOBS``: the jobs seen on this computer under the names of what is known of them, the latest first."""
    names = ("job_id", "label", "status", "rows", "credits", "query", "seeds", "first_seen", "last_seen")
    lines: Block = [list(names)]
    for entry in look.ledger():
        known = (
            *(entry.job_id, entry.label, entry.status, entry.row_count, entry.credits, entry.query),
            *(entry.seeds, info.excel_date(entry.first_seen), info.excel_date(entry.last_seen)),
        )
        lines.append([info.cell(value) for value in known])
    return lines


def credits_table(look: CallContext, field: object = None) -> Block:
    """``OF_CREDITS``: one figure of the account's balance; ``loading`` before the first answer."""
    wanted = arguments.one_of(field, "field", ("left", "used", "total"))
    known = look.credits()
    return [[status_text.LOADING if known is None else info.cell(getattr(known, wanted))]]


def _instead(otherwise: object, units: int) -> str | float | bool | None:
    """What is shown in place of a value that is not there; None where that was not said."""
    if otherwise is None:
        return None
    from .. import table

    return otherwise.text if isinstance(otherwise, arguments.CellError) else table.cell_of(otherwise, units)


def _jobs_or_errors(found: Callable[[object], str | float | bool], wanted: object) -> str | float | bool:
    try:
        return found(wanted)
    except ConfigurationError as error:
        return error.cell_text


def _each_once(look: CallContext, job: object) -> list[tuple[str, str]]:
    """The jobs that are named, in any way, each once: its id and ``""``, or ``""`` and why it is none."""
    found: dict[tuple[str, str], None] = {}
    for named in chain.from_iterable(arguments.jobs(job)):
        try:
            if named != "":
                found[look.job_id(named), ""] = None
        except InvalidJobIdError as error:
            found["", error.cell_text] = None
    return list(found)


def _rows_or_why(snapshot: Snapshot) -> Rows | str:
    """The job's rows, or why there are none."""
    return snapshot.rows if len(snapshot.rows) else status_text.no_rows_reason(snapshot)


def _said_below(left_out: list[str], jobs: int, width: int) -> Block:
    """The row below a pivot that says which jobs are not in it; none where all are."""
    if not left_out:
        return []
    are = "is" if len(left_out) == 1 else "are"
    said = f"{CELL_PREFIX}{len(left_out):,} of {jobs:,} jobs {are} not counted: {'; '.join(left_out)}"
    return [[clip(said, CELL_UNITS), *[""] * (width - 1)]]


def _rows_or_reason(
    told: Callable[[arguments.JobArgument], list[str | float | bool]], named: arguments.JobArgument, width: int
) -> list[str | float | bool]:
    if named == "":
        return [""] * width
    try:
        return told(named)
    except OpenFunnelError as error:
        return [error.cell_text, *[""] * (width - 1)]


def _each(job: object, tell: Callable[[arguments.JobArgument], str | float | bool]) -> Block:
    """What is told of each job, in the rectangle that names them; what is wrong with one stands in its place."""

    def cell(named: arguments.JobArgument) -> str | float | bool:
        return _rows_or_reason(lambda name: [tell(name)], named, 1)[0]

    return [[cell(named) for named in line] for line in arguments.jobs(job)]


def _rows_shown(look: CallContext, job_id: str, *, only_final: bool) -> Rows | str:
    """The job's rows as far as they are to be shown, or why there are none."""

    def sight(snapshot: Snapshot) -> Rows | str:
        waiting = only_final and not snapshot.final
        return status_text.no_rows_reason(snapshot) if waiting else _rows_or_why(snapshot)

    return sight(look.snapshot(job_id, sight))


def _check_row_limit(held: Iterable[Rows], most: int) -> None:
    """Refuse what would keep its program waiting for too long, before any row is read."""
    count = sum(map(len, held))
    if count > most:
        raise ConfigurationError(
            f"These jobs have {count:,} companies, and one formula takes {most:,} at most. Give it fewer jobs, or "
            "write files: in a terminal, xl-openfunnel rows JOB -o FILE.xlsx."
        )


def _blocks(
    seen: Iterable[tuple[str, Rows | str]], asked: tuple[str, ...] | None, held: dict[str, Rows], units: int
) -> Iterator[Block]:
    """A block for each job, as long as all of them fit into one table."""
    from .. import table

    names: set[object] = set()
    count = 0
    for job_id, rows in seen:
        block = _rows_of(job_id, rows, asked, held, units)
        names.update(block[0])
        count += len(block) - 1
        table.check_size(len(names), count)
        yield block


def _rows_of(job_id: str, seen: Rows | str, asked: tuple[str, ...] | None, held: dict[str, Rows], units: int) -> Block:
    """The names of the columns, then the job's rows, or one that says why there are none.

    A column that none of its rows has is blank, if another of the jobs that are ``held`` has it.
    """
    if isinstance(seen, Rows):
        try:
            return _block(job_id, seen, asked, units)
        except UnknownColumnError:
            if len(held) == 1:
                raise
            _check_columns(held, asked)
            return _block(job_id, seen, asked, units, strict=False)
    header = list(_block("", NO_ROWS, asked, units)[0])
    return [header, [seen, *[""] * (len(header) - 1)]]


def _check_columns(held: dict[str, Rows], asked: tuple[str, ...] | None) -> None:
    """Refuse a column that no job has."""

    def make() -> None:
        from .. import table

        table.frame(chain.from_iterable(held.values()), asked)

    _cache.get_or_make(("known", asked), held, make, lambda _: 0)


def _stacked(ids: list[str], blocks: list[Block]) -> Block:
    """The blocks of several jobs as one; columns that only some have are blank for the others."""
    first = blocks[0][0]
    if all(list(map(_folded, block[0])) == list(map(_folded, first)) for block in blocks):
        stack: Block = [["job_id", *first]]
        for job_id, block in zip(ids, blocks, strict=True):
            stack += [[job_id, *row] for row in block[1:]]
        return stack
    names: list[str | float | bool] = list(dict.fromkeys(name for block in blocks for name in block[0]))
    stack = [["job_id", *names]]
    for job_id, block in zip(ids, blocks, strict=True):
        place_of = {name: place for place, name in enumerate(block[0])}
        places = list(map(place_of.get, names))
        stack += [[job_id, *("" if place is None else row[place] for place in places)] for row in block[1:]]
    return stack


def _folded(name: object) -> str:
    """A field's name as it is compared: one job's may be spelled in another case than the other's."""
    return str(name).casefold()


def _block(job_id: str, seen: Rows, asked: tuple[str, ...] | None, units: int, *, strict: bool = True) -> Block:
    """The rows as cells, with so many UTF-16 units of a text, under the whole names of their columns."""

    def make() -> Block:
        from .. import table

        made = table.frame(seen, asked or table.DEFAULT_COLUMNS, strict=strict)
        return [list(map(str, made.columns)), *table.block(made, headers=False, text_limit=units)]

    return _cache.get_or_make(("block", asked, strict, units), {job_id: seen}, make, _size)


def _company_index(job_id: str, seen: Rows) -> company_index.CompanyIndex:
    def make() -> company_index.CompanyIndex:
        from .. import table

        return company_index.CompanyIndex(table.frame(seen, company_index.KEY_COLUMNS))

    return _cache.get_or_make("finder", {job_id: seen}, make, lambda _: len(seen) * len(company_index.KEY_COLUMNS))


def _column(job_id: str, seen: Rows, name: str, units: int) -> list[str | float | bool]:
    """A column's cells, with so many UTF-16 units of a text."""

    def make() -> list[str | float | bool]:
        from .. import table

        block = table.block(table.frame(seen, [name]), headers=False, text_limit=units)
        return [cell for (cell,) in block]

    return _cache.get_or_make(("column", name, units), {job_id: seen}, make, len)


def _pivot(
    held: dict[str, Rows],
    needed: list[str],
    by: tuple[str, ...],
    across: tuple[str, ...],
    value: str | None,
    how: str,
) -> Block:
    def make() -> Block:
        from .. import table

        frame = table.frame(chain.from_iterable(held.values()), needed)
        return pivot_table.pivot(frame, by, across, value, how or None)

    return _cache.get_or_make(("pivot", by, across, value, how), held, make, _size)


def _size(block: Block) -> int:
    return len(block) * len(block[0])
