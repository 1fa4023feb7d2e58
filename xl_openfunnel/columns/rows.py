"""The companies of many jobs that a selection shows, from their files: the cells of `table.block`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..cell_values import Block, clip_cells, to_cell
from ..fields import JOB_COLUMN, FieldType
from ..selection import Selection, SortColumn, sort_key
from .companies import Cancellation, Companies, JobFile, companies_of
from .conditions import can_judge, conditions, field_type, is_column


def can_show(columns: Sequence[str], selection: Selection, *, stacked: bool) -> bool:
    """Whether the files have all that `selected_block` needs."""
    names = (*columns, *(each.name for each in selection.sort))
    choosing = bool(selection.criteria or selection.sort) or selection.top is not None
    added = () if selection.chosen is None else [name for name, _ in selection.chosen.columns]
    return (
        not (choosing and selection.chosen)
        and not set(map(str.casefold, columns)) & set(added)
        and can_judge(selection.criteria, job_column=stacked)
        and all(is_column(name, job_column=stacked) for name in names)
    )


def selected_block(
    folder: Path,
    files: Sequence[JobFile],
    columns: Sequence[str],
    selection: Selection,
    units: int,
    *,
    stacked: bool,
    cancellation: Cancellation | None = None,
) -> Block:
    """The chosen companies of all these jobs, sorted as one, below the names of the columns.

    Args:
        folder: where the files are.
        files: of the jobs, in the order in which companies that are equal in the sort stay.
        columns: which, each once; `can_show` accepts them and the selection.
        selection: what is shown.
        units: the most UTF-16 units of a text.
        stacked: whether a column with the job's id comes first.
        cancellation: ends the question.

    Raises:
        UnavailableError: the files cannot be read, or the question was interrupted.
    """
    names = list(dict.fromkeys((*[JOB_COLUMN] * stacked, *columns)))
    with companies_of(folder, files, cancellation) as companies:
        if selection.chosen is None:
            companies.choose(conditions(companies, selection.criteria))
            places = _chosen(companies, selection)
        else:
            places = [position + 1 for position in selection.chosen.positions]
        added = () if selection.chosen is None else selection.chosen.columns
        block: Block = [[*names, *(name for name, _ in added)], *[[]] * len(places)]
        for lines in companies.batches(_shown(companies, names, places)):
            numbers, *values = zip(*lines, strict=True)
            values += [tuple(texts[number] for number in numbers) for _, texts in added]
            # Most are texts, which are cells already.
            made = [[each if type(each) is str else to_cell(each) for each in column] for column in values]
            cells = [clip_cells(column, units) for column in made]
            for number, line in zip(numbers, zip(*cells, strict=True), strict=True):
                block[1 + number] = list(line)
    return block


def _chosen(companies: Companies, selection: Selection) -> list[int]:
    """The companies, each as the number of those before it in all files, in their new order."""
    joins, order = [], []
    for column in selection.sort:
        place, join = _place(companies, column)
        joins.append(join)
        order.append(f"{place} {'DESC' if column.descending else 'ASC'} NULLS LAST")
    limit = "" if selection.top is None else f"LIMIT {selection.top}"
    found = companies.rows(
        f"SELECT s.rank + before FROM file AS s JOIN job USING (job_id) {' '.join(joins)}"
        f" ORDER BY {', '.join([*order, 's.rank + before'])} {limit}"
    )
    return [place for (place,) in found]


def _place(companies: Companies, column: SortColumn) -> tuple[str, str]:
    """What orders companies by a column, null for blanks; and the join that it needs."""
    name, kind = column.name, field_type(column.name)
    if kind is FieldType.BAND:
        return "s._band", ""
    if kind is FieldType.INTEGER:
        return f"s.{name}", ""
    not_finite = f"SELECT count(*) FILTER (NOT isfinite({name})) FROM file"
    if kind is FieldType.NUMBER and companies.rows(not_finite) == [(0,)]:
        return f"s.{name} + 0.0", ""  # no zero below zero
    value = f"array_to_string(s.{name}, '; ')" if kind is FieldType.LIST else f"s.{name}"
    found = companies.rows(f"SELECT DISTINCT {value} AS x FROM file AS s WHERE x IS NOT NULL")
    keys = {x: key for (x,) in found if (key := sort_key(x)) is not None}
    places = {key: place for place, key in enumerate(sorted(set(keys.values())))}
    table = companies.table("placed_", value=list(keys), place=[places[key] for key in keys.values()])
    return f"{table}.place::BIGINT", f"LEFT JOIN {table} ON {value} = {table}.value"


def _shown(companies: Companies, names: Sequence[str], chosen: Sequence[int]) -> str:
    """A query for the chosen companies, in any order: the place of each in ``chosen``, from 0, and these columns."""
    table = companies.table("shown", place=list(chosen), line=list(range(len(chosen))))
    return (
        f"SELECT line, {', '.join(f's.{name}' for name in names)} FROM stored AS s JOIN job USING (job_id)"
        f" JOIN {table} ON s.rank + before = {table}.place"
    )
