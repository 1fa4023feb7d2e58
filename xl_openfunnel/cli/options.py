"""Arguments and options that several commands take."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ..errors import ConfigurationError, OpenFunnelError
from ..fields import BY_NAME

MAX_COMPANIES: Final = 50_000
"""Companies of a simulated job: five times the service's largest job, and all that a client reads in 128 MB."""


def _known_jobs() -> list[tuple[str, str]]:
    """The labels and ids of the jobs known here, with their queries, for a shell that completes them."""
    from .session import Session

    try:
        entries = Session().store.ledger(wait=False)
    except (OpenFunnelError, sqlite3.Error, OSError):
        return []
    return [(name, entry.query or "") for entry in entries for name in (entry.label, entry.job_id) if name]


def _formats() -> list[str]:
    from ..files import TEXT_FORMATS

    return list(TEXT_FORMATS)


def _column_names(incomplete: str) -> list[str]:
    """The list of columns so far with each name that it does not have yet as its last."""
    *begin, _ = incomplete.split(",")
    return [",".join([*begin, name]) for name in BY_NAME if name not in begin]


_JOBS: Final[dict[str, Any]] = {"metavar": "JOB", "show_default": False, "autocompletion": _known_jobs}
_JOB = typer.Argument(help="A job's id, its URL or its label.", **_JOBS)
Job = Annotated[str, _JOB]
OptionalJob = Annotated[str | None, _JOB]
Jobs = Annotated[list[str], typer.Argument(help="A job's id, its URL or its label; or several of them.", **_JOBS)]
SomeJobs = Annotated[
    list[str] | None,
    typer.Argument(help="Ids, URLs or labels of jobs. (default: all that are stored here)", **_JOBS),
]
JobOption = Annotated[
    list[str] | None,
    typer.Option(
        "--job",
        help="A job's id, its URL or its label; may be given several times. (default: all that are stored here)",
        **_JOBS,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write .xlsx, .csv, .tsv, .json, .jsonl or .parquet; a file of that name is replaced. - is stdout.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        autocompletion=_formats,
        help="csv, tsv, json or jsonl, for a pipe: all columns, as a file has them, all texts unchanged.",
    ),
]
Separator = Annotated[
    str | None,
    typer.Option("--separator", metavar="SIGN", help='What separates values in CSV, for example ";" or "\\t".'),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        metavar="NAMES",
        autocompletion=_column_names,
        help='For example "name,domain,country"; "*" for all, the default for files.',
    ),
]
Criteria = Annotated[
    list[str] | None,
    typer.Option(
        "--criteria",
        metavar="TEXT",
        help='Only companies that match, as SUMIFS has it: "country=Germany|Austria; employee_count>=50". May be given '
        "several times: all must hold.",
    ),
]
NewAgainst = Annotated[
    list[str] | None,
    typer.Option(
        "--new-against",
        metavar="LIST",
        help="Only companies that a known list does not have, each once; or several: crm,partners.",
    ),
]
Sort = Annotated[
    list[str] | None,
    typer.Option(
        "--sort", metavar="NAMES", help='Columns, "-" before those that go down, for example "-employee_count,name".'
    ),
]
Top = Annotated[str | None, typer.Option("--top", metavar="NUMBER", help="The first companies of the sort only.")]
Raw = Annotated[bool, typer.Option("--raw", help="Leave text in .csv and .tsv as it is, even if it is a formula.")]
SourceFile = Annotated[
    Path | None, typer.Option("--from", metavar="FILE.jsonl", help="Real rows: a file with one JSON object a line.")
]


def seconds_parser(option: str) -> Callable[[str | float], float]:
    """Make a parser for an option that takes seconds.

    Raises:
        ConfigurationError: raised by the parser for a text that is no number of seconds.
    """

    def parse(text: str | float) -> float:
        try:
            if (number := float(text)) >= 0:
                return number
        except ValueError:
            pass
        raise ConfigurationError(f"{option} takes a number of seconds, for example {option} 600, and not {text!r}.")

    return parse


def company_count_parser(minimum: int) -> Callable[[str | int], int]:
    """Make a parser for the option ``--rows``, the number of companies to simulate.

    Raises:
        ConfigurationError: raised by the parser for a text that is no number from `minimum` to `MAX_COMPANIES`.
    """

    def parse(text: str | int) -> int:
        try:
            if minimum <= (number := int(text)) <= MAX_COMPANIES:
                return number
        except ValueError:
            pass
        raise ConfigurationError(f"--rows takes a number from {minimum} to {MAX_COMPANIES:,}, and not {text!r}.")

    return parse


Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", parser=seconds_parser("--timeout"), help="Give up after this time."),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Read it again, even if it is stored here.")]
