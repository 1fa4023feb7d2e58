"""Snapshots with values that file formats easily corrupt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from xl_openfunnel import JobStatus, Page, Rows, Snapshot

HOSTILE = (
    *("=1+1", "+Oscar", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1"', "'=1", "＝1+1", "\u200b=1"),
    *("TRUE", "99", "1e5", "2-10", "01.02.2026", "#N/A", "=#REF!", "NaN", "null", "00123", "1,5"),
    *("https://a.example/?q=1&x=<y>", "mailto:a@b.example", "a@b.example", "{=1}", "<b>&amp;</b>", "]]>", "_x0041_"),
    *("line\nbreak", "carriage\r\nreturn", "tab\there", " leading", "trailing ", 'comma, "quote"', "semi;colon"),
    *("São Paulo", "Алматы", "القاهرة", "阿里巴巴", "🚀 rocket", "e\u0301", "\u2028", "x\x07y", "", "'"),
)

ROWS: list[dict[str, Any]] = [
    {
        "name": text,
        "domain": "" if index % 2 else f"{index}.example",
        "headquarters": None,
        "employee_count": None if index % 5 == 0 else index * 1000,
        "revenue_usd": 29_938_000_000 if index == 1 else None,
        "industries": None if index % 3 == 0 else ["Oil, Gas", "Mining"][: index % 3],
        "match_score": index / 4,
        "public": index % 2 == 0,
        "intent": {"a": [1, None]} if index % 4 == 0 else None,
        "mixed": [index, str(index), None, True][index % 4],
        "big": 2**60 + index,
    }
    for index, text in enumerate(HOSTILE)
]

MANIFEST = {
    "count": len(ROWS),
    "pages": 1,
    "derived_query": "=HYPERLINK(1)",
    "resolved_seed_domains": ["a.example", "b.example"],
    "unresolved_seed_domains": [],
    "partial": False,
    "extra": {"deep": [1]},
}

MakeSnapshot = Callable[..., Snapshot]


def make_snapshot(rows: Sequence[Mapping[str, Any]] = ROWS, **overrides: Any) -> Snapshot:
    """A final snapshot of these rows."""
    page = Page(JobStatus.COMPLETED, row_count=len(rows), rows_json=json.dumps(rows).encode())
    defaults = {
        "status": JobStatus.COMPLETED,
        "pages": 1 if rows else 0,
        "manifest": MANIFEST,
        "rows": Rows.of([page] if rows else []),
        "final": True,
        "settled": True,
        "source": "service",
        "as_of": datetime(2026, 7, 5, 12, 30, 15, 250_000, UTC),
    }
    return Snapshot("a-job", **(defaults | overrides))


@pytest.fixture
def snapshot() -> MakeSnapshot:
    return make_snapshot
