"""The names, arguments and help texts of the functions, for the function wizard, the wrappers and the documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

CATEGORY: Final = "OpenFunnel"
"""The category in which a host lists the functions."""

# fmt: off
INFO_FIELDS: Final[tuple[str, ...]] = (
    "status", "stage", "processed", "rows", "pages", "progress", "as_of", "final", "provisional", "credits_consumed",
    "derived_query", "partial", "rerank_degraded", "unresolved_seed_domains", "problem", "next_try", "source", "label",
    "version",
)
"""The fields of ``OF_INFO``, in the order of the full list."""
# fmt: on


@dataclass(frozen=True)
class Argument:
    """One argument of a function.

    Attributes:
        name: as hosts show it.
        help: what to pass, for the function wizard.
        optional: whether it may be left out.
    """

    name: str
    help: str
    optional: bool = False


@dataclass(frozen=True)
class Function:
    """One function.

    Attributes:
        name: as people write it in a cell.
        help: what it returns, for the function wizard.
        arguments: in order.
        large: whether it may return thousands of rows.
    """

    name: str
    help: str
    arguments: tuple[Argument, ...] = ()
    large: bool = False

    @property
    def signature(self) -> str:
        """For help texts: ``OF_ROWS(job, [columns])``."""
        names = (f"[{argument.name}]" if argument.optional else argument.name for argument in self.arguments)
        return f"{self.name}({', '.join(names)})"


def _optional(name: str, help_text: str) -> Argument:
    return Argument(name, help_text, optional=True)


_JOB: Final = Argument("job", "The job's id, its URL or its label; or a cell with one.")
_JOBS: Final = Argument("job", "The job's id, its URL or its label; or a range of these.")

STATUS: Final = Function(
    "OF_STATUS",
    "The job's status in the service's own word: pending, running, completed ... It keeps itself up to date.",
    (_JOBS,),
)
ROWS: Final = Function(
    "OF_ROWS",
    "The job's companies, one row each, in the service's order. The block grows while the job runs.",
    (
        _JOBS,
        _optional("columns", 'Their names, like "name,domain,country", or a range with them; "*" for all.'),
        _optional("include_headers", "FALSE for no row of names above the companies."),
        _optional("state", '"latest" (also what may still change) or "final" (nothing before the job is over).'),
    ),
    large=True,
)
INFO: Final = Function(
    "OF_INFO",
    "What is known of the job: one field, several in a row, or without a field all of them with their names.",
    (
        _JOBS,
        _optional("fields", ", ".join(INFO_FIELDS)),
    ),
)
LOOKUP: Final = Function(
    "OF_LOOKUP",
    "One value of one company of the job, as full text.",
    (
        _JOB,
        Argument("key", "The company: its rank (a number), its domain or its linkedin_url; or a range of these."),
        Argument("column", 'The name of the column, like "name" or "match_reason".'),
        _optional("if_not_found", "What to show where the job has no such company."),
    ),
)
PIVOT: Final = Function(
    "OF_PIVOT",
    "The job's companies counted or summed by one or more columns, the largest first, with totals.",
    (
        _JOBS,
        Argument("row_fields", 'Columns whose values become rows, like "country" or "country,employee_band".'),
        _optional("col_fields", 'Columns whose values become columns, like "employee_band".'),
        _optional("values", 'The column to calculate with, like "employee_count"; without one companies count.'),
        _optional("function", "count, sum, mean, median, min, max or nunique."),
    ),
    large=True,
)
JOBS: Final = Function("OF_JOBS", "The jobs seen on this computer, the latest first, with their status and rows.")
CREDITS: Final = Function(
    "OF_CREDITS",
    "The account's credits. Asked for at most once a minute.",
    (_optional("field", '"left" (the default), "used" or "total".'),),
)

CATALOG: Final[tuple[Function, ...]] = (STATUS, ROWS, INFO, LOOKUP, PIVOT, JOBS, CREDITS)
"""All functions, in the order of the documents."""

_CALL: Final = re.compile(rf"(?<![\w.])({'|'.join(function.name for function in CATALOG)})\s*\(", re.IGNORECASE)

_FORMULA_START: Final = re.compile(r"=[\s@+-]*")


def called_in(formula: str) -> tuple[Function, ...]:
    """The functions that a formula calls, one entry for each call."""
    by_name = {function.name: function for function in CATALOG}
    return tuple(by_name[name.upper()] for name in _CALL.findall(formula))


def calls_always(formula: str) -> bool:
    """Whether a formula begins with a call, so that it calls a function whatever the cells hold that it refers to."""
    start = _FORMULA_START.match(formula)
    return start is not None and _CALL.match(formula, start.end()) is not None
