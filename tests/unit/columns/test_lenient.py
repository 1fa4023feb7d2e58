"""Any rows as columns: nothing is lost, and regular rows are as in the strict reading."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given

from tests.unit.columns.any_rows import ANY_ROWS, REGULAR_ROWS, SOURCES
from xl_openfunnel.cell_values import to_json
from xl_openfunnel.columns.lenient import encodable, read_leniently
from xl_openfunnel.columns.schema import SHOWN_COLUMNS, IrregularError, read_columns
from xl_openfunnel.company_key import looks_blank


def as_sent(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows after their way over the wire, in which halves of characters may become whole ones."""
    sent: list[dict[str, Any]] = json.loads(json.dumps(rows))
    return sent


def readable(value: Any) -> Any:
    """A value as `other` has it: no infinite numbers, no halves of characters."""
    return parsed(encodable(to_json(value)))


def parsed(text: str) -> Any:
    """JSON with objects as pairs: two names that differ in halves of characters become the same."""
    return json.loads(text, object_pairs_hook=tuple)


def is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and looks_blank(value))


@given(REGULAR_ROWS | ANY_ROWS)
def test_regular_rows_are_as_in_the_strict_reading(rows: list[dict[str, Any]]) -> None:
    rows = as_sent(rows)
    try:
        strict = read_columns([json.dumps(rows).encode()])
    except IrregularError:
        return
    lenient, moved = read_leniently(rows)
    assert not moved
    assert repr({name: strict[name] for name in lenient}) == repr(lenient)
    assert [*SHOWN_COLUMNS] == ["job_id", "origin", "rank", *lenient]


@given(ANY_ROWS)
@example([{"?": [], "\ud800": None}])
def test_every_value_stands_in_its_column_or_in_other(rows: list[dict[str, Any]]) -> None:
    rows = as_sent(rows)
    columns, moved = read_leniently(rows)
    others = [parsed(text) if text else () for text in columns["other"]]
    for place, row in enumerate(rows):
        for name, value in row.items():
            shown = columns[name][place] if name in SOURCES else None
            if name in ("employee_count", "country", "city") and is_blank(value):
                continue  # another field may stand in
            if shown is None and value is not None:
                assert (encodable(name), readable(value)) in others[place]
            elif shown is not None:
                assert shown == readable(value)
    in_other = sum(name in SOURCES for other in others for name, _ in other)
    assert in_other == moved.total()
