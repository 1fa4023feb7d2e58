"""A short run of comparisons with known companies, with the same examples every time."""

from __future__ import annotations

from pathlib import Path

from . import comparisons, fuzz

EXAMPLES = 4


def test_comparisons_from_columns_are_those_from_rows(tmp_path: Path) -> None:
    assert fuzz.run(comparisons.target(tmp_path), EXAMPLES) >= EXAMPLES
