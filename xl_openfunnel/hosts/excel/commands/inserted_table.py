"""Inserts a job's companies into the workbook's table, with a column for each known list."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ....cell_values import MAX_CELL_UNITS, sheet_block
from ....errors import CELL_PREFIX, ConfigurationError
from ....fields import column_name
from ....files.metadata import content_hash, state
from ....jobs import job_text
from ....jobs.snapshot import Snapshot
from ....known.columns import columns_of_table, tallies
from ....known.lists import KnownLists
from ....text import companies, format_utc
from ....workbook.names import TABLE
from ..ports import Fact, TableWritten, WorkbookCommands
from ..table_merge import MergePlan, TableContent, Value, is_blank, plan_merge

_KNOWN_WIDTH: Final = 17
"""Characters of the column of a known list."""


def insert_companies(
    excel: WorkbookCommands, book: str, snapshot: Snapshot, known: KnownLists | None
) -> tuple[str, list[str]]:
    """Write a job's companies into the workbook's table, which is added where it is not there.

    ``known`` is None without a store.

    Returns:
        The name of the table, and what to say of it.

    Raises:
        ConfigurationError: there is nothing to insert.
    """
    from .... import table  # imports pandas
    from ....workbook.data_sheets import WIDTHS  # imports XlsxWriter
    from ....workbook.formulas import TABLE_COLUMNS

    if not snapshot.rows and not snapshot.final:
        reason = job_text.no_rows_reason(snapshot).removeprefix(CELL_PREFIX)
        raise ConfigurationError(f"There is nothing to insert yet: {reason}")
    present = excel.table_columns(book, TABLE)
    selection = columns_of_table(present, known)
    snapshot = replace(snapshot, selection=selection)
    names = (*TABLE_COLUMNS, *(column.name for column in selection.derived))
    block = table.block(snapshot.frame(names), headers=False, text_limit=MAX_CELL_UNITS)
    new_rows: list[list[Value]] = [[None if cell == "" else cell for cell in row] for row in sheet_block(block)]
    if not present:
        excel.add_table(book, TABLE, {selection.title(name): WIDTHS.get(name, _KNOWN_WIDTH) for name in names})
    elif missing := [name for name in names[len(TABLE_COLUMNS) :] if name not in map(column_name, present)]:
        excel.add_columns(book, TABLE, dict.fromkeys(map(selection.title, missing), _KNOWN_WIDTH))

    def make_plan(content: TableContent) -> MergePlan:
        if not new_rows and not is_blank(content, names):
            reason = f" ({snapshot.problem.message.rstrip('.')})" if snapshot.problem else ""
            raise ConfigurationError(f"The job has no companies{reason}. The table keeps those that it has.")
        return plan_merge(content, names, new_rows)

    written = excel.write_table(book, TABLE, names, make_plan, _facts(snapshot))
    return TABLE, [*_summary(snapshot, written), *tallies(snapshot)]


def _summary(snapshot: Snapshot, written: TableWritten) -> list[str]:
    plan = written.plan
    parts = [f"{companies(len(snapshot.rows))} inserted on the sheet {written.sheet}"]
    if not snapshot.final:
        parts.append("provisional: insert again once the job is final")
    if snapshot.problem:
        parts.append(snapshot.problem.message.rstrip("."))
    parts += [warning.rstrip(".") for warning in snapshot.warnings]
    if plan.kept_rows:
        parts.append(f"{plan.kept_rows:,} no longer in the job kept at the end, for what you have there")
    if plan.missing_columns:
        parts.append(f"without {', '.join(plan.missing_columns)}, which the table does not have")
    if written.filter_removed:
        parts.append("the table's filter was taken off")
    if not written.facts_written:
        parts.append("no room above the table to say what job it is")
    return parts


def _facts(snapshot: Snapshot) -> list[Fact]:
    """The facts above the table."""
    consumed = (snapshot.manifest or {}).get("credits_consumed")
    return [
        ("as of", format_utc(snapshot.as_of)),
        ("job", snapshot.job_id),
        ("state", state(snapshot)),
        ("rows", float(len(snapshot.rows))),
        ("content", content_hash(snapshot)),
        ("credits", float(consumed) if isinstance(consumed, (int, float)) else ""),
    ]
