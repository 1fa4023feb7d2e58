"""A short run of pivots from columns and from rows, with the same examples every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from xl_openfunnel.columns import pivot as column_pivot

from . import fuzz, pivots

EXAMPLES = 8


def test_pivots_from_columns_are_those_from_rows(tmp_path: Path) -> None:
    assert fuzz.run(pivots.target(tmp_path), EXAMPLES) >= EXAMPLES


def test_different_keys_are_counted_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_pivot, "_PART", 20)
    monkeypatch.setattr(pivots, "FUNCTIONS", ("companies", "nunique"))
    assert fuzz.run(pivots.target(tmp_path), EXAMPLES) >= EXAMPLES
