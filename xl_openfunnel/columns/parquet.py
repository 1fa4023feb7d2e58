"""A job's Parquet file, written through DuckDB."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .connection import Connection, connect, identifier, literal
from .schema import COLUMNS, text_key

if TYPE_CHECKING:
    import numpy as np


_PANDAS_TYPES: Final = {
    "VARCHAR": ("unicode", "string"),
    "VARCHAR[]": ("list[unicode]", "object"),
    "BIGINT": ("int64", "Int64"),
    "DOUBLE": ("float64", "Float64"),
}
"""Of DuckDB's types: pandas' names of the value and of the dtype."""


def write(path: Path, job_id: str, origin: str, columns: Mapping[str, list[Any]], metadata: Mapping[str, str]) -> None:
    """Write a new file of a job with the columns of `read_columns`.

    Raises:
        UnavailableError: see `connect`.
    """
    table = {"job_id": job_id, "origin": origin, "rank": range(1, len(columns["_band"]) + 1), **columns}
    write_table(path, table, COLUMNS, len(columns["_band"]), metadata)


def write_table(
    path: Path,
    columns: Mapping[str, Sequence[Any]],
    types: Mapping[str, str],
    count: int,
    metadata: Mapping[str, str],
) -> None:
    """Write a file of any columns.

    The values reach DuckDB as arrays, which takes a third of the time of parameters or JSON, and converts nothing.

    Args:
        path: of the new file.
        columns: the values of each column; a text stands in every row. Times are texts in UTC.
        types: the columns of the file, in order, with their DuckDB types.
        count: the number of rows.
        metadata: the file's own keys and values.

    Raises:
        UnavailableError: see `connect`.
    """
    import numpy as np  # some 70 ms

    arrays: dict[str, np.ndarray[Any, Any]] = {"row": np.arange(count)}
    selected = []
    for number, (name, kind) in enumerate(types.items()):
        values, array = columns[name], f"c{number}"
        if isinstance(values, str):
            value = literal(values)
        elif all(value is None for value in values):
            value = "NULL"
        elif kind in ("VARCHAR", "TIMESTAMP"):
            arrays[array], value = _objects(values), array
        elif kind == "VARCHAR[]":
            lists = [None if value is None else msgspec.json.encode(value).decode() for value in values]
            arrays[array], value = _objects(lists), f"from_json({array}, '[\"VARCHAR\"]')"
        else:
            # Not a masked array: DuckDB before 2.0 takes no notice of the mask.
            objects = _objects(values)
            known = np.not_equal(objects, np.array(None))
            arrays[array] = np.where(known, objects, 0).astype("float64" if kind == "DOUBLE" else "int64")
            arrays[f"{array}_known"] = known
            value = f"CASE WHEN {array}_known THEN {array} END"
        selected.append(f"CAST({value} AS {kind}) AS {identifier(name)}")
    with connect(path.parent) as connection:
        connection.register("company", arrays)
        copy(connection, f"SELECT {', '.join(selected)} FROM company", path, metadata)  # noqa: S608


def read_keys(path: Path, *, names: bool) -> list[tuple[str | None, str | None, str | None]]:
    """The LinkedIn page, host and name of each company, in the service's order.

    Raises:
        UnavailableError: see `connect`.
    """
    name = "name" if names else "NULL"
    with connect(path.parent) as connection:
        source = f"FROM read_parquet({literal(str(path))}, hive_partitioning = false)"
        found = connection.execute(f"SELECT _linkedin, _host, {name} {source} ORDER BY rank").fetchall()
    if "%X" not in "".join(key for keys in found for key in keys[:2] if key):
        return found
    return [(text_key(slug), text_key(host), shown) for slug, host, shown in found]


def copy(connection: Connection, query: str, path: Path, metadata: Mapping[str, str]) -> None:
    """Write what a query gives into a new file, with keys and values of its own."""
    entries = ", ".join(f"{identifier(name)}: {literal(value)}" for name, value in metadata.items())
    connection.execute(
        f"COPY ({query}) TO {literal(str(path))}"
        f" (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, KV_METADATA {{{entries}}})"
    )


def _objects(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.fromiter(values, dtype=object, count=len(values))


def pandas_metadata(types: Mapping[str, str]) -> str:
    """What has pandas read whole numbers with blanks as such, and not as floats, under the key ``pandas``."""
    columns = []
    for name, kind in types.items():
        of_parquet, of_numpy = _PANDAS_TYPES[kind]
        known = {"name": name, "field_name": name, "pandas_type": of_parquet, "numpy_type": of_numpy, "metadata": None}
        columns.append(known)
    return json.dumps({"index_columns": [], "column_indexes": [], "columns": columns})
