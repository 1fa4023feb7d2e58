"""A short run of selections from columns and from rows, with the same examples every time."""

from __future__ import annotations

from pathlib import Path

from . import fuzz, selections

EXAMPLES = 4


def test_selections_from_columns_are_those_from_rows(tmp_path: Path) -> None:
    assert fuzz.run(selections.target(tmp_path), EXAMPLES) >= EXAMPLES
