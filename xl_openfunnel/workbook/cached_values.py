"""What the workbook's cells show until Excel calculates them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ..functions import info
from ..functions.catalog import INFO_FIELDS
from ..functions.pivot import Block, pivot
from ..jobs.snapshot import Snapshot
from ..table import DEFAULT_COLUMNS, block
from .texts import sheet_texts

STATUS: Final = "OF_STATUS(job)"
ROWS: Final = "OF_ROWS(job)"
BY_COUNTRY: Final = 'OF_PIVOT(job,"country")'
BY_BAND: Final = 'OF_PIVOT(job,"employee_band")'
JOBS: Final = "OF_JOBS()"
CREDITS: Final = 'OF_CREDITS("left")'

TABLE_COLUMNS: Final = (*DEFAULT_COLUMNS, "country", "employee_band")
"""The columns of the table that the pivot stands on."""


@dataclass(frozen=True)
class CachedValues:
    """What the cells show. Without arguments: what they show as long as no job is named.

    Attributes:
        job: in the cell for it.
        answers: of the functions, by how they are called. Without one a cell shows nothing.
        table: the companies in the table, in ``TABLE_COLUMNS``.
    """

    job: str = ""
    answers: Mapping[str, Block] = field(default_factory=dict)
    table: Sequence[Sequence[str | float | bool]] = ()

    def block(self, call: str) -> Block:
        """What a function answers, called like this."""
        return self.answers.get(call, [[""]])


CREDITS_LEFT: Final = f'IF(ISNUMBER({CREDITS}),{CREDITS},"")'
"""The credits alone; what keeps them from being known stands in the line about the key."""


def key(accepted: str) -> str:
    """Whether the key is accepted: the service tells credits only to whom it knows. If not, what it answered."""
    return f'IF(ISNUMBER({CREDITS}),"{accepted}",{CREDITS})'


def call_info(name: str) -> str:
    """How one field of the job is asked for."""
    return f'OF_INFO(job,"{name}")'


def example(snapshot: Snapshot, label: str = "", credits_left: float | str = "") -> CachedValues:
    """What the cells show of a job, for pictures and tests.

    Args:
        snapshot: the job, with its rows.
        label: its name.
        credits_left: the account's.
    """
    frame = snapshot.frame(TABLE_COLUMNS)
    table = block(frame)
    manifest = snapshot.manifest or {}
    at = info.cell(info.excel_date(snapshot.as_of))
    seeds = info.cell(manifest.get("resolved_seed_domains"))
    known = (
        *(snapshot.job_id, label, str(snapshot.status), float(len(snapshot.rows))),
        *(info.cell(manifest.get(name)) for name in ("credits_consumed", "derived_query")),
        *(seeds, at, at),
    )
    answers: dict[str, Block] = {
        ROWS: [row[: len(DEFAULT_COLUMNS)] for row in table],
        BY_COUNTRY: pivot(frame, ["country"]),
        BY_BAND: pivot(frame, ["employee_band"]),
        JOBS: [
            ["job_id", "label", "status", "rows", "credits", "query", "seeds", "first_seen", "last_seen"],
            list(known),
        ],
        CREDITS_LEFT: [[credits_left]],
        key(sheet_texts().start.key_accepted): [[sheet_texts().start.key_accepted]],
        STATUS: [[str(snapshot.status)]],
    }
    for name in INFO_FIELDS:
        answers[call_info(name)] = [[info.value(name, snapshot, label)]]
    return CachedValues(snapshot.job_id, answers, table[1:])
