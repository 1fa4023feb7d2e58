"""Selections of any jobs' companies, from their files of columns and from their rows: both must give the same cells."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any, Final

import hypothesis.strategies as st

from xl_openfunnel import pivot, table
from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import pivot as column_pivot
from xl_openfunnel.columns import rows as column_rows
from xl_openfunnel.columns.companies import JobFile
from xl_openfunnel.columns.conditions import can_judge
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.criteria import parse
from xl_openfunnel.errors import CELL_UNITS, ConfigurationError
from xl_openfunnel.fields import BY_NAME, EMPLOYEE_BANDS, FieldType
from xl_openfunnel.pivot_rules import Question
from xl_openfunnel.selection import Selection, parse_sort

from .fuzz import Target
from .pivots import COLUMNS, TEXTS, WHOLE, Row, any_jobs, cells, job_files

QUESTIONS: Final = 10
"""Questions about the jobs of one example."""

_SPECIAL: Final = "=<>*?|;~"
_JOB: Final = "job_id"
_PATTERNS: Final = ["*", "?", "x*", "*x", "?*?", "p?ru", "*e*", "~*", "*y", "lima"]
_BIG: Final = 2**53


def _escaped(text: str) -> str:
    return "".join(f"~{sign}" if sign in _SPECIAL else sign for sign in text)


_texts = st.one_of(
    st.sampled_from(TEXTS).map(_escaped), st.sampled_from(_PATTERNS), st.sampled_from(["peru", "12", ""])
)
_numbers = st.one_of(
    st.sampled_from([*WHOLE, 9.5, 0.1, 0.5, -0.5, 1e17, 10**300]).map(str),
    st.integers(-50, 50).map(str),
    st.sampled_from(["50%", "1e3", str(_BIG + 1), "0.1000000000000000055", "12.0000000000000000000001"]),
)
_bands = st.sampled_from([*EMPLOYEE_BANDS, "1-10", "10,001+"])


@st.composite
def _criteria(draw: Any, *, stacked: bool) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 2))):
        column = draw(st.sampled_from([*COLUMNS, *[_JOB] * stacked]))
        kind = BY_NAME[column].type if column in BY_NAME else FieldType.TEXT
        is_number = kind in (FieldType.INTEGER, FieldType.NUMBER)
        values = {FieldType.BAND: _bands}.get(kind, _numbers if is_number else _texts)
        tests = []
        for _ in range(draw(st.integers(1, 3))):
            sign = draw(st.sampled_from(["=", "=", "<>", "<>", ">", ">=", "<", "<="]))
            is_equality = sign in ("=", "<>")
            value = draw(values | st.sampled_from(["", "*", "x"]) if is_equality else values)
            tests.append(sign + (value or "" if is_equality else value or "x"))
        parts.append(column + "|".join(tests))
    return ";".join(parts)


@st.composite
def _selections(draw: Any) -> tuple[tuple[str, ...], Selection, Question]:
    """Columns, what is shown of them, and a question about the same companies."""
    text = draw(_criteria(stacked=True))
    try:
        criteria = parse(text)
    except ConfigurationError:
        criteria = ()
    names = draw(st.lists(st.sampled_from([*COLUMNS, _JOB]), max_size=3, unique=True))
    sort = parse_sort(",".join(("-" if draw(st.booleans()) else "") + name for name in names))
    top = draw(st.none() | st.integers(1, 8))
    columns = tuple(draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True)))
    return columns, Selection(criteria, sort, top), Question.of(columns[:1], columns[1:2])


def same_answers(
    jobs: list[list[Row]],
    selections: list[tuple[tuple[str, ...], Selection, Question]],
    folder: ColumnFolder,
    number: int,
) -> None:
    """Ask all questions both ways.

    Args:
        jobs: the rows of each job.
        selections: of the companies of all these jobs.
        folder: where their files are made.
        number: of the jobs in the folder.
    """
    rows = [row for each in jobs for row in each]
    with job_files(jobs, folder, number) as files:
        for columns, selection, question in selections:
            _same_rows(rows, files, columns, selection, folder.path)
            if can_judge(selection.criteria):
                _same_pivot(rows, files, question, Selection(selection.criteria), folder.path)


def _same_rows(
    rows: list[Row], files: list[JobFile], columns: tuple[str, ...], selection: Selection, folder: Path
) -> None:
    if not column_rows.can_show(columns, selection, stacked=True):
        return

    def from_rows() -> Block:
        jobs = [(file.job_id, file.count) for file in files]
        frame = table.stacked_frame(rows, jobs, columns, selection=selection)
        return [list(map(str, frame.columns)), *table.block(frame, headers=False, text_limit=CELL_UNITS)]

    def from_columns() -> Block:
        return column_rows.selected_block(folder, files, columns, selection, CELL_UNITS, stacked=True)

    assert cells(from_columns) == cells(from_rows), (columns, selection)


def _same_pivot(rows: list[Row], files: list[JobFile], question: Question, selection: Selection, folder: Path) -> None:
    def from_rows() -> Block:
        frame = table.frame(rows, question.needed_columns, selection=selection)
        if selection and not len(frame):
            return []
        return pivot.pivot(frame, question.rows, question.columns, question.values, question.function)

    def from_columns() -> Block:
        return column_pivot.pivot(folder, files, question, selection.criteria)

    assert cells(from_columns) == cells(from_rows), (question, selection)


def target(folder: Path) -> Target:
    """Any jobs, and `QUESTIONS` about them; each example makes files in this folder."""
    columns, numbers = ColumnFolder(folder, "https://api.openfunnel.dev:443"), count()

    def check(value: tuple[list[list[Row]], list[tuple[tuple[str, ...], Selection, Question]]]) -> None:
        same_answers(*value, columns, next(numbers))

    selections = st.lists(_selections(), min_size=QUESTIONS, max_size=QUESTIONS)
    return Target("selections from columns and from rows", st.tuples(any_jobs, selections), check)
