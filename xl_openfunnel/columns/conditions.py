"""Criteria as conditions in SQL over the files of many jobs, exactly as `Criterion.matcher` judges the rows.

The matcher itself judges each distinct text or entry of a list once; DuckDB finds the companies that have a matching
one, and compares numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from math import ceil, floor, inf
from typing import Any, Final

from ..api.models import INT64
from ..company_key import looks_blank
from ..criteria import Criteria, Criterion, Test
from ..fields import BY_NAME, EMPLOYEE_BANDS, JOB_COLUMN, FieldType
from .companies import Companies, JobFile, read
from .connection import UnavailableError
from .schema import COLUMNS

_BATCH: Final = 100_000
"""Companies whose texts are judged at once: so many long ones fit into the memory of a connection."""

_MAX_CHARACTERS: Final = 30_000_000
"""Of the texts that are right: more would not fit there."""


def is_column(name: str, *, job_column: bool = False) -> bool:
    """Whether the files have a column of this name as people see it; with ``job_column`` also that of the job's id."""
    return (name in BY_NAME and name in COLUMNS) or (job_column and name == JOB_COLUMN)


def can_judge(criteria: Criteria, *, job_column: bool = False) -> bool:
    """Whether the conditions of these criteria are exact for all values."""
    return all(
        is_column(criterion.column, job_column=job_column) and all(map(_is_exact(criterion.column), criterion.tests))
        for criterion in criteria
    )


def conditions(companies: Companies, criteria: Criteria) -> list[str]:
    """Conditions over the tables ``stored`` and ``job`` that hold where the criteria do; `can_judge` accepts these."""
    return [f"({_condition(companies, criterion)})" for criterion in criteria]


def field_type(name: str) -> FieldType:
    return BY_NAME[name].type if name in BY_NAME else FieldType.TEXT


def _condition(companies: Companies, criterion: Criterion) -> str:
    match field_type(criterion.column):
        case FieldType.BAND:
            return _bands(criterion)
        case FieldType.INTEGER:
            return _integers(criterion)
        case FieldType.NUMBER:
            return _numbers(criterion)
        case FieldType.LIST:
            return _lists(companies, criterion)
        case FieldType.TEXT:
            return _texts(companies, criterion)


# --- texts and lists ---


def _texts(companies: Companies, criterion: Criterion) -> str:
    column = criterion.column
    inverted = all(test.sign == "<>" for test in criterion.tests)  # few are wrong then
    found = _judged(companies, column, lambda: _other(criterion.matcher(), inverted))
    listed = f"{column} {'NOT ' * inverted}IN (SELECT value::VARCHAR FROM {companies.table('judged_', value=found)})"
    return f"CASE WHEN {column} IS NULL THEN {criterion.matcher()(None)} ELSE {listed} END"


def _other(holds: Callable[[object], bool], inverted: bool) -> Callable[[object], bool]:
    return (lambda value: not holds(value)) if inverted else holds


def _lists(companies: Companies, criterion: Criterion) -> str:
    column, is_blank_right = criterion.column, criterion.matcher()(None)
    right, wrong = _with_signs(criterion, negative=False), _with_signs(criterion, negative=True)
    parts = []
    if right.tests:
        parts.append(_has_entry(companies, column, lambda: _filled(right.matcher())))
    if wrong.tests:
        parts.append("NOT " + _has_entry(companies, column, lambda: _filled(_other(wrong.matcher(), inverted=True))))
    condition = f"({' OR '.join(parts)})"
    if is_blank_right == bool(wrong.tests):  # lists without a filled entry are found so already
        return condition
    blanks = _judged(companies, f"unnest({column})", lambda: lambda value: looks_blank(str(value)))
    table = companies.table("judged_", value=blanks)
    filled = _companies_with(companies, column, f"value NOT IN (SELECT value::VARCHAR FROM {table})")
    return f"({condition} OR NOT {filled})" if is_blank_right else f"({condition} AND {filled})"


def _with_signs(criterion: Criterion, *, negative: bool) -> Criterion:
    return Criterion(criterion.column, tuple(test for test in criterion.tests if (test.sign == "<>") is negative))


def _filled(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: not looks_blank(str(value)) and holds(value)


def _has_entry(companies: Companies, column: str, matcher: Callable[[], Callable[[object], bool]]) -> str:
    table = companies.table("judged_", value=_judged(companies, f"unnest({column})", matcher))
    return _companies_with(companies, column, f"value IN (SELECT value::VARCHAR FROM {table})")


def _companies_with(companies: Companies, column: str, condition: str) -> str:
    """A condition: one of the entries, ``value``, that are not null meets another one."""
    entries = f"SELECT rank + before AS place, unnest({column}) AS value FROM stored JOIN job USING (job_id)"
    table = companies.query_table(
        "having_", f"SELECT DISTINCT place FROM ({entries}) WHERE value IS NOT NULL AND {condition}"
    )
    return f"(rank + before IN (SELECT place FROM {table}))"


def _judged(companies: Companies, values: str, matcher: Callable[[], Callable[[object], bool]]) -> list[Any]:
    """The different values that are right, of an expression in SQL; nulls are left out."""
    found: dict[Any, None] = {}
    for files in _batches(companies.files):
        query = f"SELECT DISTINCT x FROM (SELECT {values} AS x FROM {read(files)}) WHERE x IS NOT NULL"
        holds = matcher()  # it remembers all texts that it has seen
        found |= dict.fromkeys(value for (value,) in companies.rows(query) if holds(value))
        if sum(map(len, found)) > _MAX_CHARACTERS:
            raise UnavailableError("too many texts are right")
    return list(found)


def _batches(files: Sequence[JobFile]) -> Iterator[list[JobFile]]:
    """The files in groups of some `_BATCH` companies."""
    before = 0

    def group(file: JobFile) -> int:
        nonlocal before
        before += file.count
        return before // _BATCH

    return (list(each) for _, each in groupby(files, group))


# --- bands and numbers ---


def _bands(criterion: Criterion) -> str:
    holds = criterion.matcher()
    places = [place for place, band in enumerate(EMPLOYEE_BANDS) if holds(band)]
    return f"CASE WHEN _band IS NULL THEN {holds(None)} ELSE {_one_of('_band', places)} END"


def _is_exact(column: str) -> Callable[[Test], bool]:
    """Whether a test of this column means the same for a number and for what the files have instead.

    They have floats for whole numbers, or the other way around, where both are equal.
    """
    kind = field_type(column)

    def is_exact(test: Test) -> bool:
        number = test.operand.number
        if number is None or kind not in (FieldType.INTEGER, FieldType.NUMBER):
            return True
        if isinstance(number, Fraction):
            return not float(number).is_integer()
        return kind is FieldType.INTEGER or float(number) == number

    return is_exact


def _integers(criterion: Criterion) -> str:
    column = criterion.column
    bounds = {">": floor, ">=": ceil, "<": ceil, "<=": floor}

    def compared(test: Test) -> str:
        number = bounds[test.sign](test.operand.number or 0)
        return f"{column} {test.sign} {max(INT64.start - 1, min(INT64.stop, number))}"

    def equal(numbers: Iterable[int | Fraction]) -> str:
        return _one_of(column, [n for n in numbers if isinstance(n, int) and n in INT64])

    return f"CASE WHEN {column} IS NULL THEN {criterion.matcher()(None)} ELSE {_tested(criterion, equal, compared)} END"


def _numbers(criterion: Criterion) -> str:
    column, holds = criterion.column, criterion.matcher()

    def compared(test: Test) -> str:
        return f"{column} {test.sign} {_float(test.operand.number or 0)}"

    def equal(numbers: Iterable[int | Fraction]) -> str:
        return _one_of(column, list(map(_float, numbers)))

    odd = {f"{column} IS NULL OR isnan({column})": None, f"{column} = {_float(inf)}": inf}
    odd[f"{column} = {_float(-inf)}"] = -inf
    cases = " ".join(f"WHEN {case} THEN {holds(value)}" for case, value in odd.items())
    return f"CASE {cases} ELSE {_tested(criterion, equal, compared)} END"


def _tested(
    criterion: Criterion,
    equal: Callable[[Iterable[int | Fraction]], str],
    compared: Callable[[Test], str],
) -> str:
    """The tests of a number, in SQL: texts among the operands are never equal to one."""
    operands: dict[str, list[int | Fraction]] = {"=": [], "<>": []}
    parts = []
    for test in criterion.tests:
        if test.sign not in operands:
            parts.append(compared(test))
        elif test.operand.number is not None:
            operands[test.sign].append(test.operand.number)
    parts.append(equal(operands["="]))
    if any(test.sign == "<>" for test in criterion.tests):
        parts.append(f"NOT {equal(operands['<>'])}")
    return " OR ".join(parts)


def _one_of(column: str, values: Sequence[object]) -> str:
    return f"({column} IN ({', '.join(map(str, values))}))" if values else "FALSE"


def _float(number: float | Fraction) -> str:
    return f"'{float(number)!r}'::DOUBLE"
