"""Pivots of any jobs, from their files of columns and from their rows: both must give the same cells or errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hypothesis.strategies as st

from xl_openfunnel import pivot, table
from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import pivot as column_pivot
from xl_openfunnel.columns.companies import JobFile
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.fields import JOB_COLUMN
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.pivot_rules import FUNCTIONS, Question
from xl_openfunnel.selection import ALL, Selection

from .fuzz import Target

if TYPE_CHECKING:
    import pandas as pd

QUESTIONS: Final = 10
"""Questions about the jobs of one example."""

Row = dict[str, Any]

_BIG: Final = 2**53
TEXTS: Final = [
    *("x", "X", " x\u00a0", "\u200bx", "x  y", "X y", "\u00e9 y", "e\u0301\u202fY", "\u00c9 y\ufeff", "stra\u00dfe"),
    *("STRASSE", "(blank)", "(Blank) ", "", " ", "\ufeff\u2003", "Total", "1", "'); DROP TABLE file; --", "\U0001f600"),
    *("a\x00b", "\x00"),
]
_ALIKE: Final = ["peru", "Peru", "PERU", "Pe\u200bru", "chile", None]
WHOLE: Final = [0, 1, 5, 10, 11, 3_000, -1, _BIG - 1, _BIG, _BIG + 1, _BIG + 2, _BIG + 3, 2**63 - 1, -(2**63), 12.0]
_HOSTS: Final = [
    *("acme.com", "www.acme.com", "https://ACME.com/de", "b.example", "facebook.com", "x.github.io", "n/a", "")
]
_SLUGS: Final = ["acme", "Acme/about", "b", "%E9", "%E8", "stra\u00dfe"]

_texts = st.none() | st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
_whole = st.none() | st.sampled_from(WHOLE) | st.integers(-50, 50) | st.integers(-(2**63), 2**63 - 1)
_floats = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1, 0.2, 0.3, -0.0, 1e308, 5e-324, 2.0])
_numbers = st.none() | _floats | st.integers(-_BIG, _BIG)
FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "name": _texts,
    "domain": st.none() | st.sampled_from(_HOSTS),
    "linkedin_url": st.none()
    | st.sampled_from([*(f"https://www.linkedin.com/company/{slug}" for slug in _SLUGS), "x"]),
    "headquarters": st.sampled_from(["Lima, Peru", "lima, PERU", "Peru", " , Chile", None]),
    "hq_country": st.sampled_from(_ALIKE),
    "employee_count": _whole,
    "revenue_usd": _whole,
    "industries": st.none() | st.lists(st.none() | st.sampled_from(TEXTS) | st.sampled_from(_ALIKE), max_size=4),
    "match_score": _numbers,
    "rerank_score": st.none() | st.sampled_from([0.5, 0.25, 1]),
    "funding_stage": _texts,
}
_companies = st.fixed_dictionaries({}, optional=FIELDS)
_jobs = st.lists(st.lists(_companies, min_size=1, max_size=8), min_size=1, max_size=3)

COLUMNS: Final = (*FIELDS, "rank", "country", "city", "employee_band", "tagline", JOB_COLUMN)


@st.composite
def _questions(draw: Any) -> Question:
    names = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True))
    split = draw(st.integers(1, len(names)))
    function = draw(st.sampled_from(FUNCTIONS))
    values = None if function == "companies" else draw(st.sampled_from(COLUMNS))
    if function == "count" and draw(st.booleans()):
        values = None
    return Question.of(names[:split], names[split:], values, function)


def same_answers(jobs: list[list[Row]], files: list[JobFile], folder: Path, questions: list[Question]) -> None:
    """Ask all questions both ways."""
    for question in questions:
        frame = stacked(jobs, files, question.needed_columns)
        expected = cells(partial(pivot.pivot, frame, question))
        assert cells(partial(column_pivot.pivot, folder, files, question)) == expected, question


def stacked(
    jobs: list[list[Row]], files: list[JobFile], columns: Sequence[str], selection: Selection = ALL
) -> pd.DataFrame:
    """The rows of all jobs as one frame."""
    rows = [row for each in jobs for row in each]
    return table.stacked_frame(rows, [(file.job_id, file.count) for file in files], columns, selection=selection)


@contextmanager
def _job_files(jobs: list[list[Row]], folder: ColumnFolder, number: int) -> Iterator[list[JobFile]]:
    """The files of jobs with these rows, as long as they are asked; every other job runs, and has a temporary one.

    The first id and the third differ in case only.
    """
    files = []
    with ExitStack() as temporary:
        for place, rows in enumerate(jobs):
            job_id, body = f"{'JOB' if place > 1 else 'job'}-{number}-{place % 2}", json.dumps(rows).encode()
            if place % 2:
                running = Rows([len(rows)], partial(_page, body))
                path = temporary.enter_context(folder.temporary(job_id, running))
            else:
                path = folder.make(job_id, Rows([len(rows)], partial(_page, body), content="1"), None)
                temporary.callback(folder.forget, job_id)
            files.append(JobFile(job_id, path, len(rows)))
        yield files


def both_ways(
    name: str,
    jobs: st.SearchStrategy[list[list[Row]]],
    questions: st.SearchStrategy[Any],
    same_answers: Callable[[list[list[Row]], list[JobFile], Path, list[Any]], None],
    folder: Path,
    *examples: tuple[list[list[Row]], list[Any]],
) -> Target:
    """Jobs, and `QUESTIONS` about them, for a function that asks them of columns and of rows.

    It is given the rows of each job, the jobs' files, the folder that these are in, and the questions.
    """
    columns, numbers = ColumnFolder(folder, "https://api.openfunnel.dev:443"), count()

    def check(value: tuple[list[list[Row]], list[Any]]) -> None:
        rows, asked = value
        with _job_files(rows, columns, next(numbers)) as files:
            same_answers(rows, files, columns.path, asked)

    asked = st.lists(questions, min_size=QUESTIONS, max_size=QUESTIONS)
    return Target(name, st.tuples(jobs, asked), check, examples)


def target(folder: Path) -> Target:
    return both_ways("pivots from columns and from rows", _jobs, _questions(), same_answers, folder)


def _page(body: bytes, numbers: range) -> list[bytes]:
    return [body for _ in numbers]


def cells(make: Callable[[], Block]) -> list[list[str]] | str:
    """Every cell with its type, or the error."""
    try:
        return [[repr(cell) for cell in line] for line in make()]
    except ConfigurationError as error:
        return error.message
