"""A package that was not looked up does not count as clean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .vulnerabilities import summarize

CLEAN = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (1)"}
KNOWN = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3"]}]}


@pytest.mark.parametrize(
    ("packages", "vulnerabilities", "sentence"),
    [
        ([CLEAN, KNOWN], ["c 2: PYSEC-2026-1"], "2 of 2 packages looked up, 1 known"),
        ([CLEAN, SKIPPED], [], "1 of 2 packages looked up, 0 known"),
        ([SKIPPED], [], "NOT ASKED"),
        ([], [], "NOT ASKED"),
    ],
)
def test_the_number_of_packages_looked_up_is_reported(
    packages: list[dict[str, Any]], vulnerabilities: list[str], sentence: str
) -> None:
    assert summarize(json.dumps({"dependencies": packages, "fixes": []}))[0] == vulnerabilities
    assert sentence in summarize(json.dumps({"dependencies": packages, "fixes": []}))[1]


@pytest.mark.parametrize("report", ["", "no JSON", "[]", "{}"])
def test_no_report_counts_as_not_asked(report: str) -> None:
    assert summarize(report) == ([], summarize("")[1])
    assert summarize("")[1].startswith("NOT ASKED")
