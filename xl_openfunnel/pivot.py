"""A pivot table of a frame's companies. pandas is imported when one is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from .cell_values import Block, to_cell
from .company_key import CompanyKeys, group_companies, host, linkedin_slug, looks_blank
from .errors import UnknownColumnError
from .exact_numbers import Number, calculate, floats_are_exact, number_of, rounded
from .fields import column_name
from .pivot_rules import (
    COMPANY_COLUMNS,
    COUNTS,
    Codes,
    Labels,
    Question,
    Result,
    check_limit,
    labels_of,
    layout,
    no_numbers,
    spelling,
)
from .shared_hosts import is_shared

if TYPE_CHECKING:
    import pandas as pd

MAX_ENTRIES: Final = 5_000_000
"""Lines of companies, one for each combination of the entries of their lists: two lists of thousands of entries turn
one company into millions of lines."""


def pivot(frame: pd.DataFrame, question: Question) -> Block:
    """A pivot table of the frame's rows, which are companies.

    The header has the names of the row fields, then a label per column (with several column fields their labels
    joined with `` / ``) and ``Total``; without column fields one name, such as ``companies`` or
    ``mean of revenue_usd``. A line per combination of row values that occurs follows, then a line ``Total``, and
    one that tells how many values were left out of a calculation, if any.

    Texts with the same `comparable` are one group, shown in its most frequent spelling, of equally frequent ones the
    first. Whole numbers that a float cannot hold are grouped by their digits. Within each group the largest total comes
    first; ties are sorted by label, an ordered category (``employee_band``) by its own order, ``(blank)`` last. A field
    with lists has a line per entry: a company counts once under each of its entries and once in every total, so lines
    can add up to more than their total. Totals are calculated from the companies, not from the cells. ``count`` counts
    rows, or those with a value; ``companies`` counts rows that are the same company (`group_companies`) once in each
    cell and once in each total; ``nunique`` counts different values, the entries of lists one by one; the others
    use numbers only, no text, booleans, lists or infinities, nor whole numbers beyond all floats. A sum, minimum or
    maximum of whole numbers has all its digits, as text where a float cannot hold it; any other result is the exact
    one, rounded once. A cell is ``""`` where there are no companies or nothing to calculate with, or where the result
    is beyond all floats.

    Args:
        frame: a row per company, with the columns that `Question.needed_columns` names.
        question: what is asked of them.

    Returns:
        Rows of texts, floats and booleans, all of one width; texts have at most 255 UTF-16 units.

    Raises:
        UnknownColumnError: the frame has no such column.
        ConfigurationError: a column without numbers, or a pivot that is too large.
    """
    question = Question(
        _own_names(frame, question.rows),
        _own_names(frame, question.columns),
        None if question.values is None else _own_names(frame, [question.values])[0],
        question.function,
    )
    fields = [_field(frame, name) for name in question.fields]
    companies = _Companies(frame, question, fields)
    return layout(question, [field.labels for field in fields], companies.results, companies.left_out)


def count_different(frame: pd.DataFrame) -> int:
    """How many different companies (`group_companies`) the rows of a frame with `COMPANY_COLUMNS` are."""
    return len(set(_company_numbers(frame)))


def _own_names(frame: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """The names as the frame spells them, each once."""
    own = {column_name(column).casefold(): column for column in frame.columns} | {
        column: column for column in frame.columns
    }
    for name in names:
        if name not in own and name.casefold() not in own:
            raise UnknownColumnError(f"There is no column {name!r}. There are {', '.join(frame.columns)}.")
    return tuple(dict.fromkeys(own.get(name) or own[name.casefold()] for name in names))


@dataclass(frozen=True)
class _Field:
    """One column.

    Attributes:
        labels: its groups.
        codes: of the companies. Their index is the position of the company, repeated for each entry of a list.
    """

    labels: Labels
    codes: pd.Series[int]


def _field(frame: pd.DataFrame, name: str) -> _Field:
    import pandas as pd

    from .table import block

    column = frame[name].reset_index(drop=True)
    ordered = isinstance(column.dtype, pd.CategoricalDtype) and bool(column.dtype.ordered)
    if column.dtype == object:  # Series.explode would take the keys of a JSON object as entries
        entries = [_entries(value) for value in column]
        positions = column.index.repeat(list(map(len, entries)))
        column = pd.Series(list(chain.from_iterable(entries)), index=positions, dtype=object)
    spellings = [spelling(cell) for (cell,) in block(column.to_frame(), headers=False)]
    order = list(column.cat.categories) if ordered else None
    labels = labels_of(name, Counter(spellings), order)
    return _Field(labels, pd.Series([labels.codes[each] for each in spellings], column.index, "int64"))


def _entries(value: object) -> Sequence[Any]:
    """The filled entries of a list, or one blank where there are none; anything else is its only entry."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        return (value,)
    return [entry for entry in value if entry is not None and _is_filled(entry)] or ("",)


def _is_filled(cell: object) -> bool:
    return not isinstance(cell, str) or not looks_blank(cell)


class _Companies:
    """The companies with the codes of their fields: a line for each combination of the entries of their lists.

    Attributes:
        left_out: how many companies have a value that cannot be calculated with.
    """

    def __init__(self, frame: pd.DataFrame, question: Question, fields: Sequence[_Field]) -> None:
        import pandas as pd

        self._function, self._unit, self.left_out = question.function, "company", 0
        self._exact: list[Number | None] | None = None
        value = question.values
        counted = _field(frame, value) if value is not None and self._function == "nunique" else None
        check_limit(_combinations([*fields, *([counted] if counted else [])]), MAX_ENTRIES, "entries")
        lines = pd.DataFrame({"company": pd.RangeIndex(len(frame)), "all": 0})
        for position, field in enumerate(fields):
            lines = lines.join(field.codes.rename(str(position)), on="company")
        if counted:
            self._unit = "value"
            lines = lines.join(counted.codes.rename("value"), on="company")
            lines["number"] = (lines["value"] != counted.labels.blank).astype("float64")
        elif self._function == "companies":
            self._unit = "value"
            lines["value"] = pd.Series(_company_numbers(frame), dtype="int64")[lines["company"]].to_numpy()
            lines["number"] = 1.0
        elif value is not None and self._function not in COUNTS:
            numbers, self.left_out = _numbers(frame[value], self._function)
            if not floats_are_exact(numbers):
                self._exact = numbers
            else:
                lines["number"] = pd.Series(numbers, dtype="float64")[lines["company"]].to_numpy()
        else:
            lines["number"] = pd.Series(_counted(frame, value), dtype="float64")[lines["company"]].to_numpy()
        self._one_line_each = self._unit == "company" and len(lines) == len(frame)
        self._lines = lines
        self._results: dict[tuple[int, ...], dict[Codes, Result]] = {}

    def results(self, fields: tuple[int, ...]) -> dict[Codes, Result]:
        """The result for each combination of the codes of these fields that occurs."""
        if fields not in self._results:
            by = [str(position) for position in fields] or ["all"]
            lines = self._lines if self._one_line_each else self._lines.drop_duplicates([*by, self._unit])
            found = self._exact_results(lines, by) if self._exact is not None else self._float_results(lines, by)
            self._results[fields] = {() if not fields else codes: result for codes, result in found.items()}
        return self._results[fields]

    def _float_results(self, lines: pd.DataFrame, by: list[str]) -> dict[Codes, Result]:
        groups = lines.groupby(by, sort=False)["number"]
        results = groups.sum(min_count=1) if self._function in (*COUNTS, "sum") else groups.agg(self._function)
        keys = results.index.tolist()
        return {
            key if type(key) is tuple else (key,): None if result != result else result
            for key, result in zip(keys, results.tolist(), strict=True)
        }

    def _exact_results(self, lines: pd.DataFrame, by: list[str]) -> dict[Codes, Result]:
        numbers: dict[Codes, list[Number]] = {}
        columns = (lines[key].tolist() for key in by)
        for key, company in zip(zip(*columns, strict=True), lines["company"].tolist(), strict=True):
            group = numbers.setdefault(key, [])
            if (number := self._exact[company]) is not None:  # type: ignore[index]
                group.append(number)
        return {key: rounded(calculate(self._function, group)) if group else None for key, group in numbers.items()}


def _combinations(fields: Sequence[_Field]) -> int:
    """The number of lines for all companies, at most 1e15 for each."""
    lines, *others = [field.codes.groupby(level=0).size().astype("float64") for field in fields]
    for entries in others:
        lines = (lines * entries).clip(upper=1e15)
    return int(lines.sum())


def _company_numbers(frame: pd.DataFrame) -> list[int]:
    """The number of each row's company."""
    values = (_objects(frame[name]) for name in COMPANY_COLUMNS)
    keys = (CompanyKeys(linkedin_slug(link), host(domain), None) for link, domain in zip(*values, strict=True))
    return group_companies(keys, is_shared)


def _counted(frame: pd.DataFrame, value: str | None) -> list[float]:
    """1 for each company that counts, else 0."""
    from .table import block

    if value is None:
        return [1.0] * len(frame)
    return [float(_is_filled(cell)) for (cell,) in block(frame[[value]], headers=False)]


def _numbers(column: Any, function: str) -> tuple[list[Number | None], int]:
    """The number of each company in a Series, None where there is none, and how many values are no numbers."""
    values = _objects(column)
    numbers = [number_of(value) for value in values]
    if numbers and not any(number is not None for number in numbers):
        raise no_numbers(column.name, function)
    others = [value for value, number in zip(values, numbers, strict=True) if number is None and value is not None]
    return numbers, sum(_is_filled(to_cell(value)) for value in others)


def _objects(column: Any) -> list[Any]:
    """The values of a Series, blanks as None."""
    values: list[Any] = column.to_numpy(dtype=object, na_value=None).tolist()
    return values
