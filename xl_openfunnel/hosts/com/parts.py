"""Cells in pieces that are read or written in one go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..places import Area

_CELLS_AT_ONCE: Final = 20_000
"""Cells of one piece: Excel's user should not notice, and is let in between two."""


def of_lines(lines: int, columns: int) -> Iterator[tuple[int, int]]:
    """Of so many lines the first and the one behind the last of each piece."""
    height = max(1, _CELLS_AT_ONCE // columns)
    for first in range(0, lines, height):
        yield first, min(first + height, lines)


def of_area(area: Area) -> Iterator[Area]:
    """An area in pieces, each as wide as it is."""
    for first, end in of_lines(area.bottom - area.top + 1, area.right - area.left + 1):
        yield Area(area.top + first, area.left, area.top + end - 1, area.right)
