"""Parquet: the columns of `columns.schema`, each of one type for all jobs."""

from __future__ import annotations

import itertools
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..api.models import Row
from ..atomic import parts_error, parts_folder
from ..cell_values import to_json
from ..columns.connection import NoRoomError, UnavailableError, connect, literal
from ..columns.lenient import encodable, read_leniently
from ..columns.parquet import copy, pandas_metadata, write_table
from ..columns.schema import SHOWN_COLUMNS
from ..errors import FileWriteError
from ..fields import ALL_COLUMNS, JOB_COLUMN
from ..jobs.snapshot import Snapshot
from .cells import json_values

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)

_FILE: Final = "The .parquet file"

_ALL: Final = {name: kind for name, kind in SHOWN_COLUMNS.items() if name not in (JOB_COLUMN, "origin")}
"""What a file has without ``--columns``."""

_AT_ONCE: Final = 10_000
"""Companies that are written at once: those of a largest job take 60 MB."""


def write_parquet(path: Path, snapshot: Snapshot, columns: Sequence[str] | None) -> None:
    """Write all columns of the schema, or those that were asked for.

    A field that the schema does not know stands in ``other`` or, where it is asked for, in a column of its own, of JSON
    texts. ``other`` also has each value of another type than its column's: see `read_leniently`. What the frame says of
    the job is in the metadata, where pandas finds it. ``columns`` are names in the wanted order; None and ``"*"`` stand
    for all of the schema.

    Raises:
        UnknownColumnError: a name that is neither in the schema nor in the rows.
        FileWriteError: DuckDB cannot write the file.
    """
    types: dict[str, str] = {} if snapshot.rows.jobs is None else {JOB_COLUMN: "VARCHAR"}
    own = None
    if named := [name for name in columns or () if name != ALL_COLUMNS]:
        frame = snapshot.frame(named)
        types |= {name: _ALL.get(name, "VARCHAR") for name in frame.columns}
        own = frame[[name for name in types if name not in (*_ALL, JOB_COLUMN)]]
    if columns is None or ALL_COLUMNS in columns:
        types |= _ALL
    attributes = json.dumps(snapshot.attributes(), default=str)
    metadata = {"pandas": pandas_metadata(types), "PANDAS_ATTRS": attributes}
    try:
        # DuckDB writes in a folder of the system's, and so takes no notice of what is odd about that of the user.
        with parts_folder(_FILE) as folder:
            moved = _write(folder / "companies.parquet", snapshot, types, own, metadata)
            shutil.copyfile(folder / "companies.parquet", path)
    except NoRoomError as error:
        raise parts_error(_FILE, error.reason) from None
    except UnavailableError as error:
        raise FileWriteError(f"{_FILE} could not be written: {error}") from None
    if moved:
        where = "stand in the column other" if "other" in types else 'are left out: add "*" to --columns to have them'
        _log.warning("Values of another type than their column: %s. They %s.", f"{moved:,}", where)


def _write(
    path: Path, snapshot: Snapshot, types: Mapping[str, str], own: pd.DataFrame | None, metadata: Mapping[str, str]
) -> int:
    """Write the file, and others beside it; return how many values are not in their column.

    The frame ``own`` has the columns that are none of the schema.
    """
    derived = () if snapshot.selection is None else [column.title for column in snapshot.selection.derived]
    parts: list[Path] = []
    moved, first = 0, 0
    companies = _companies(snapshot)
    while (some := list(itertools.islice(companies, _AT_ONCE))) or not parts:
        columns, more = read_leniently([row for _, _, row in some])
        moved += sum(count for name, count in more.items() if name in types)
        columns[JOB_COLUMN], columns["rank"] = [job_id for job_id, _, _ in some], [rank for _, rank, _ in some]
        if own is not None:
            columns |= {
                str(name): (json_values if name in derived else _json_texts)(column[first : first + len(some)])
                for name, column in own.items()
            }
        parts.append(path.with_name(f"{len(parts)}.parquet"))
        write_table(parts[-1], columns, types, len(some), metadata)
        first += len(some)
    if len(parts) == 1:
        parts[0].replace(path)
        return moved
    with connect(path.parent) as connection:
        copy(connection, f"FROM read_parquet({literal(list(map(str, parts)))})", path, metadata)
    return moved


def _companies(snapshot: Snapshot) -> Iterator[tuple[str, int, Row]]:
    """Job, rank and fields of each company that the snapshot's frame has, in its order."""
    rows = snapshot.rows
    jobs = [(snapshot.job_id, len(rows))] if rows.jobs is None else rows.jobs
    places = ((job_id, rank) for job_id, count in jobs for rank in range(1, count + 1))
    if not snapshot.selection:
        yield from ((job_id, rank, row) for (job_id, rank), row in zip(places, rows, strict=True))
        return
    row_at = dict(zip(places, rows, strict=True))
    chosen = snapshot.frame(["rank"])
    job_ids = chosen[JOB_COLUMN] if JOB_COLUMN in chosen else itertools.repeat(snapshot.job_id, len(chosen))
    yield from ((job_id, rank, row_at[job_id, rank]) for job_id, rank in zip(job_ids, chosen["rank"], strict=True))


def _json_texts(column: pd.Series[Any]) -> list[str | None]:
    return [None if value is None else encodable(to_json(value)) for value in json_values(column)]
