"""The functions that compare companies with those that are known already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ..cell_values import Block, Cell
from ..fields import JOB_COLUMN
from ..jobs import job_text
from ..jobs.snapshot import Rows
from ..known import domains
from ..known.columns import Telling
from ..known.reading import company_name, keys_in
from ..known.selection import UNKNOWN, chosen, why
from ..known.tiers import MATCHES, KnownCompanies, Matcher, Tier, deepest
from ..selection import ALL
from . import arguments, derived_tables
from .context import CallContext
from .implementations import MAX_ROWS, MAX_SEARCHED_ROWS
from .job_rows import header_without_rows, own_columns, rows_or_reason, unique_jobs
from .known_sources import job_view, known_companies
from .limits import cancellation, check_count, count_read
from .registry import Argument, of_function, optional

NONE_NEW: Final = "no company is new"
_SHOWN: Final = ("rows", "count", "why")
_LINES_PER_CHECK: Final = 1_000


def _telling_known(
    _jobs: object, _known: object = None, columns: object = None, _match: object = None, show: object = None
) -> Telling:
    is_why = arguments.one_of(show, "show", _SHOWN) == "why"
    return Telling.COLUMNS if is_why else arguments.telling_known(columns)


def _host(value: str) -> str:
    return next(iter(keys_in(value).hosts), "")


def _site(value: str) -> str:
    return domains.site(_host(value)) or ""


def _linkedin(value: str) -> str:
    return next(iter(keys_in(value).linkedin), "")


_PARTS: Final[Mapping[str, Callable[[str], str]]] = {
    "host": _host,
    "site": _site,
    "linkedin": _linkedin,
    "name": company_name,
}


@of_function(
    "OF_DOMAIN",
    "What a website, LinkedIn page or e-mail address is compared by: acme.com, however it is written.",
    Argument("value", "The website, LinkedIn page, e-mail address or name; or a range of these."),
    optional("part", '"host" (the default), "site" (without subdomains), "linkedin" (the page) or "name".'),
    large=True,
    without_spill="Give one value per formula.",
)
def domain(context: CallContext, value: object, part: object = None) -> Block:  # noqa: ARG001 - depends on no job
    """``OF_DOMAIN``: one part of each value, in the shape of the range; blank where it has none.

    Hosts that many companies share, and providers of e-mail addresses, are blank too: they identify no company.
    """
    name = arguments.one_of(part, "part", tuple(_PARTS))
    count_read(arguments.cell_count(value), slow=name in ("host", "site") and not domains.loaded(), looked_up=True)
    read = _PARTS[name]

    def cell(given: object) -> Cell:
        if isinstance(given, arguments.CellError):
            return given.text
        return read(given) if isinstance(given, str) else ""

    block: Block = []
    for number, line in enumerate(arguments.grid(value)):
        if number % _LINES_PER_CHECK == 0:
            cancellation().check()
        block.append([cell(given) for given in line])
    return block


@of_function(
    "OF_NEW",
    "The companies of one or more jobs, each once, that are not among those you know already.",
    Argument("jobs", "The job's id, its URL or its label; or a range of these."),
    optional(
        "known", "Ranges of domains or LinkedIn pages, the name of a known list, another job; or a range of these."
    ),
    optional("columns", 'Their names, like "name,domain,country", or a range with them; "*" for all.'),
    optional("match", 'The weakest match that counts as known: "host" (the default), "site", "name" or "linkedin".'),
    optional("show", '"rows" (the default), "count", or "why" (every company, with what is known of it).'),
    large=True,
    without_spill='Ask for the number: OF_NEW(A2,"crm",,,"count").',
    telling_known=_telling_known,
)
def new(
    context: CallContext,
    jobs: object,
    known: object = None,
    columns: object = None,
    match: object = None,
    show: object = None,
) -> Block:
    """``OF_NEW``: the new companies, then those that cannot be compared, with their tier in the last column."""
    several = arguments.is_range(jobs)
    column_names = own_columns(arguments.columns(columns), stacked=several)
    weakest = Tier(arguments.one_of(match, "match", tuple(map(str, MATCHES))))
    shown = arguments.one_of(show, "show", _SHOWN)
    named = unique_jobs(context, jobs)
    if not named:
        return [[""]]
    contents = [(job_id, error or rows_or_reason(context.snapshot(job_id, job_view))) for job_id, error in named]
    rows_by_job = {job_id: rows for job_id, rows in contents if isinstance(rows, Rows)}
    check_count(sum(map(len, rows_by_job.values())), MAX_SEARCHED_ROWS)
    width = several + len(header_without_rows(column_names)) + 1 + (shown == "why")
    context.width = 1 if shown == "count" else width
    hints = shown == "why"
    # Looked up before anything takes long, so that an answer that is there already is known to be that of this call.
    selection = context.with_known_columns(ALL, column_names if rows_by_job and shown != "count" else None)
    excluding = known_companies(context, known, names=deepest(weakest, hints=hints) is Tier.NAME)
    reasons = [(job_id, rows) for job_id, rows in contents if isinstance(rows, str)]
    if isinstance(excluding, str):
        if shown == "count":
            return [[excluding]]
        rows_by_job, reasons = {}, [("", excluding)]
    elif shown == "count" and (incomplete := [reason for job_id, reason in reasons if _may_have_more(context, job_id)]):
        return [[incomplete[0]]]
    matcher = Matcher(excluding) if isinstance(excluding, KnownCompanies) else None
    tiers = {"rows": UNKNOWN, "count": (), "why": tuple(Tier)}[shown]
    as_of = {job_id: context.snapshot(job_id, job_view).as_of for job_id in rows_by_job}
    counts, companies = derived_tables.compared(
        rows_by_job, matcher, weakest, tiers, MAX_ROWS, context.columns, as_of, hints=hints
    )
    if shown == "count":
        return [[float(counts.new)]]
    check_count(sum(counts.tiers[tier] for tier in tiers), MAX_ROWS)
    selected = chosen(companies) if shown == "rows" else why(companies)
    lines: Block = []
    if rows_by_job:
        selection, files = replace(selection, chosen=selected), context.columns
        block = derived_tables.selected_block(
            rows_by_job, column_names, selection, context.block_units, stacked=several, files=files, as_of=as_of
        )
        if len(block) == 1:
            settled = all(context.snapshot(job_id, job_view).settled for job_id in rows_by_job)
            lines.append([NONE_NEW if settled else f"{NONE_NEW} yet"])
    else:
        names = header_without_rows(column_names, selection)
        block = [[*([JOB_COLUMN] if several else []), *names, *(name for name, _ in selected.columns)]]
    lines += [[job_id, reason] if several else [reason] for job_id, reason in reasons]
    if shown == "why" and rows_by_job:
        lines.append([counts.text()])
    width = len(block[0])
    return [*block, *([*line, *[""] * (width - len(line))] for line in lines)]


def _may_have_more(context: CallContext, job_id: str) -> bool:
    """Whether it is not known of a job that it has no companies; a text that names no job has no id."""
    return not job_id or bool(job_text.excluded_reason(context.snapshot(job_id, job_view)))
