"""What is asked of columns and of rows has the same answer: a short run, with the same examples every time."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from xl_openfunnel.columns import pivot as column_pivot

from . import comparisons, fuzz, pivots, selections


@pytest.mark.parametrize(
    ("part", "examples"),
    [
        pytest.param(pivots, 8, id="pivots"),
        pytest.param(selections, 4, id="selections"),
        pytest.param(comparisons, 4, id="comparisons"),
    ],
)
def test_columns_and_rows_give_the_same_answers(part: ModuleType, examples: int, tmp_path: Path) -> None:
    assert fuzz.run(part.target(tmp_path), examples) >= examples


def test_different_keys_are_counted_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_pivot, "_PART", 20)
    monkeypatch.setattr(pivots, "FUNCTIONS", ("companies", "nunique"))
    assert fuzz.run(pivots.target(tmp_path), 8) >= 8
