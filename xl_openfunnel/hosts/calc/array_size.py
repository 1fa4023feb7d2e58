"""Fits blocks into array formulas. Calc cannot spill: the user chooses the cells before the block's size is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ...cell_values import Block
from ...errors import CELL_PREFIX
from ...text import count


@dataclass(frozen=True)
class Size:
    """Rows and columns of the cells that hold a formula."""

    rows: int
    columns: int

    @classmethod
    def of(cls, block: Block) -> Size:
        return cls(len(block), len(block[0]))

    def holds(self, block: Block) -> bool:
        """Whether these cells can show all of a block."""
        return self.rows >= len(block) and self.columns >= len(block[0])


ONE: Final = Size(1, 1)
"""A single cell."""


def fit(block: Block, size: Size) -> Block:
    """Pad or cut a block to exactly this size.

    Calc shows ``#N/A`` in cells beyond a block, and repeats a block of a single row or column; blanks prevent both. If
    a block is cut, the last row says what is missing.
    """
    blanks: list[str | float | bool] = [""] * size.columns
    rows = [(row + blanks)[: size.columns] for row in block[: size.rows]]
    rows += [blanks] * (size.rows - len(rows))
    if not size.holds(block):
        rows[-1] = [missing(block, size), *blanks[1:]]
    return rows


def missing(block: Block, size: Size) -> str:
    """The text in the last row of a block that was cut."""
    needed = Size.of(block)
    rows = needed.rows - size.rows + 1 if needed.rows > size.rows else 0  # and the row of this text
    parts = [
        count(number, name) for number, name in ((rows, "row"), (needed.columns - size.columns, "column")) if number > 0
    ]
    return (
        f"{CELL_PREFIX}Not shown for want of cells: {' and '.join(parts)}. Make room with OpenFunnel > Refresh, "
        f"or enter the formula as an array over {count(needed.rows, 'row')} and {count(needed.columns, 'column')}."
    )
