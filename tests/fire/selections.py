"""Selections of any jobs' companies, from their files of columns and from their rows: both must give the same cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeAlias

import hypothesis.strategies as st

from xl_openfunnel import pivot, table
from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import pivot as column_pivot
from xl_openfunnel.columns import rows as column_rows
from xl_openfunnel.columns.companies import JobFile
from xl_openfunnel.columns.conditions import can_judge
from xl_openfunnel.criteria import parse
from xl_openfunnel.errors import CELL_UNITS, ConfigurationError
from xl_openfunnel.fields import BY_NAME, EMPLOYEE_BANDS, FieldType
from xl_openfunnel.pivot_rules import Question
from xl_openfunnel.selection import Selection, parse_sort

from .fuzz import Target
from .pivots import COLUMNS, FIELDS, TEXTS, WHOLE, Row, both_ways, cells, stacked

_SPECIAL: Final = "=<>*?|;~"
_PATTERNS: Final = ["*", "?", "x*", "*x", "?*?", "p?ru", "*e*", "~*", "*y", "lima"]
_BIG: Final = 2**53


_companies = st.fixed_dictionaries({**FIELDS, "company_size": st.none() | st.sampled_from(["", "12", "74"])})
_jobs = st.lists(st.lists(_companies, min_size=2, max_size=8), min_size=1, max_size=3)


Asked: TypeAlias = tuple[tuple[str, ...], Selection, Question]
"""Columns, what is shown of them, and a question about the same companies."""


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
def _criteria(draw: Any) -> str:
    parts = []
    for _ in range(draw(st.sampled_from([1, 1, 2, 0]))):
        column = draw(st.sampled_from(COLUMNS))
        kind = BY_NAME[column].type if column in BY_NAME else FieldType.TEXT
        is_number = kind in (FieldType.INTEGER, FieldType.NUMBER)
        values = {FieldType.BAND: _bands}.get(kind, _numbers if is_number else _texts)
        tests = []
        for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
            sign = draw(st.sampled_from(["=", "=", "<>", "<>", ">", ">=", "<", "<="]))
            is_equality = sign in ("=", "<>")
            value = draw(values | st.sampled_from(["", "*", "x"]) if is_equality else values)
            tests.append(sign + (value or "" if is_equality else value or "x"))
        parts.append(column + "|".join(tests))
    return ";".join(parts)


@st.composite
def _selections(draw: Any) -> Asked:
    text = draw(_criteria())
    try:
        criteria = parse(text)
    except ConfigurationError:
        criteria = ()
    names = draw(st.lists(st.sampled_from(COLUMNS), max_size=3, unique=True))
    sort = parse_sort(",".join(("-" if draw(st.booleans()) else "") + name for name in names))
    top = draw(st.none() | st.integers(1, 8))
    columns = tuple(draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique=True)))
    return columns, Selection(criteria, sort, top), Question.of(columns[:1], columns[1:2])


_EDGES: Final = [
    *("employee_count>9.5", "employee_count>=9.5", "employee_count<10.5", "employee_count<=10.5", "employee_count<>"),
    *(f"employee_count>{_BIG}", f"employee_count={_BIG + 1}|12", "employee_count<1e300", "employee_count<>12|x"),
    *("employee_count=12.0000000000000000000001", "employee_count=|>10", "rank<=3", "rank>=9", "rank<>1|4"),
    *("match_score=0.1", "match_score>0.1", "match_score<=10%", "match_score<>0.5", "match_score=", "match_score>=-0"),
    *("industries=", "industries<>", "industries<>x", "industries=x|<>peru", "industries<>(blank)", "industries=|x"),
    *("industries>=p", "industries=*", "industries<>*", "industries=?", "industries=peru;industries<>x"),
    *("employee_band=", "employee_band<>", "employee_band>11-50", "employee_band<>1-10|*+", "employee_band<=11-50|="),
    *("name=x|", "name<>", "name=", "name<>x", "name<>x|", "name>p", "name<=x", "name=?", "job_id=*-1", "name=~*"),
]
_EDGE_ROWS: Final = [
    {
        "name": TEXTS[number % len(TEXTS)] if number % 5 else None,
        "employee_count": [None, 9, 10, 11, 12.0, _BIG, _BIG + 1, 2**63 - 1, 300, 40_000][number % 10],
        "match_score": [None, 0.1, 0.5, 0, -0.0, 1, 0.10000000000000002][number % 7],
        "industries": [None, [], ["x"], ["Peru", "x"], ["peru"], [None], ["", " "], ["(blank)", None]][number % 8],
    }
    for number in range(24)
]
_EDGE_SORTS: Final = ("-name", "-match_score,employee_band", "industries,-rank", "-employee_count", "job_id,-rank")


def _edges() -> tuple[list[list[Row]], list[Asked]]:
    """Two jobs, and criteria that only just include or leave out some of their companies."""
    selections: list[Asked] = [
        (
            ("rank", "name", "industries"),
            Selection(parse(text), parse_sort(_EDGE_SORTS[at % len(_EDGE_SORTS)]), 9 if at % 3 == 0 else None),
            Question.of(["employee_band"], ["rank"] if at % 2 else ["job_id"]),
        )
        for at, text in enumerate(_EDGES)
    ]
    return [_EDGE_ROWS[:10], _EDGE_ROWS[10:]], selections


def same_answers(jobs: list[list[Row]], files: list[JobFile], folder: Path, questions: list[Asked]) -> None:
    """Ask all questions both ways."""
    for columns, selection, question in questions:
        same_rows(jobs, files, folder, columns, selection)
        if can_judge(selection.criteria, job_column=True):
            _same_pivot(jobs, files, question, Selection(selection.criteria), folder)


def same_rows(
    jobs: list[list[Row]], files: list[JobFile], folder: Path, columns: tuple[str, ...], selection: Selection
) -> None:
    """Show these columns both ways, if columns can show them."""
    if not column_rows.can_show(columns, selection, stacked=True):
        return

    def from_rows() -> Block:
        frame = stacked(jobs, files, columns, selection)
        return [list(map(str, frame.columns)), *table.block(frame, headers=False, text_limit=CELL_UNITS)]

    def from_columns() -> Block:
        return column_rows.selected_block(folder, files, columns, selection, CELL_UNITS, stacked=True)

    assert cells(from_columns) == cells(from_rows), (columns, selection)


def _same_pivot(
    jobs: list[list[Row]], files: list[JobFile], question: Question, selection: Selection, folder: Path
) -> None:
    def from_rows() -> Block:
        frame = stacked(jobs, files, question.needed_columns, selection)
        if selection and not len(frame):
            return []
        return pivot.pivot(frame, question)

    def from_columns() -> Block:
        return column_pivot.pivot(folder, files, question, selection.criteria)

    assert cells(from_columns) == cells(from_rows), (question, selection)


def target(folder: Path) -> Target:
    return both_ways("selections from columns and from rows", _jobs, _selections(), same_answers, folder, _edges())
