"""What was not looked up is not called clean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .vulnerabilities import told

CLEAN = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (1)"}
KNOWN = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3"]}]}


@pytest.mark.parametrize(
    ("packages", "found", "words"),
    [
        ([CLEAN, KNOWN], ["c 2: PYSEC-2026-1"], "2 of 2 packages looked up, 1 known"),
        ([CLEAN, SKIPPED], [], "1 of 2 packages looked up, 0 known"),
        ([SKIPPED], [], "NOT ASKED"),
        ([], [], "NOT ASKED"),
    ],
)
def test_what_was_looked_up_is_told(packages: list[dict[str, Any]], found: list[str], words: str) -> None:
    assert told(json.dumps({"dependencies": packages, "fixes": []}))[0] == found
    assert words in told(json.dumps({"dependencies": packages, "fixes": []}))[1]


@pytest.mark.parametrize("answer", ["", "no JSON", "[]", "{}"])
def test_no_answer_is_told_as_not_asked(answer: str) -> None:
    assert told(answer) == ([], told("")[1])
    assert told("")[1].startswith("NOT ASKED")
