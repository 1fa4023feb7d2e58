"""JSON: an object per company with typed values, nulls as null and lists as lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..text import as_json
from .cells import names

if TYPE_CHECKING:
    import pandas as pd

    from . import Content


def write_json(path: Path, content: Content) -> None:
    """One array, a line per company."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        before = "[\n"
        for line in json_lines(content.frame):
            file.write(before + line)
            before = ",\n"
        file.write("\n]\n" if before == ",\n" else "[]\n")


def write_jsonl(path: Path, content: Content) -> None:
    """One object a line."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(line + "\n" for line in json_lines(content.frame))


def json_lines(frame: pd.DataFrame) -> Iterator[str]:
    """Each row as a JSON object on one line."""
    keys = names(frame)
    columns = [_plain(column) for _, column in frame.items()]
    for values in zip(*columns, strict=True):
        yield as_json(dict(zip(keys, values, strict=True)))


def _plain(column: pd.Series[Any]) -> list[Any]:
    """The values as JSON has them, None where there is nothing."""
    missing = column.isna().tolist()
    values = column.astype(object).tolist()
    return [None if blank else value for blank, value in zip(missing, values, strict=True)]
