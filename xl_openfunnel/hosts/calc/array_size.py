"""Blocks in arrays of Calc, which knows no spill: the cells were chosen before anybody knew how many are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ...cell_values import Block
from ...errors import CELL_PREFIX
from ...text import count


@dataclass(frozen=True)
class Size:
    """Rows and columns of the cells into which a formula was entered."""

    rows: int
    columns: int

    @classmethod
    def of(cls, block: Block) -> Size:
        """What a block needs."""
        return cls(len(block), len(block[0]))

    def holds(self, block: Block) -> bool:
        """Whether all of a block shows."""
        return self.rows >= len(block) and self.columns >= len(block[0])


ONE: Final = Size(1, 1)
"""A single cell."""


def fit(block: Block, size: Size) -> Block:
    """The block in exactly that size.

    Calc shows ``#N/A`` where a block ends, and repeats one that is a single row or column, hence the blanks. What is
    too large is cut, and then the last row says what is missing.
    """
    blanks: list[str | float | bool] = [""] * size.columns
    rows = [(row + blanks)[: size.columns] for row in block[: size.rows]]
    rows += [blanks] * (size.rows - len(rows))
    if not size.holds(block):
        rows[-1] = [missing(block, size), *blanks[1:]]
    return rows


def missing(block: Block, size: Size) -> str:
    """What the last row says of a block that is larger than its cells."""
    needed = Size.of(block)
    rows = needed.rows - size.rows + 1 if needed.rows > size.rows else 0  # one more than is cut: this text's own
    parts = [
        count(number, name) for number, name in ((rows, "row"), (needed.columns - size.columns, "column")) if number > 0
    ]
    return (
        f"{CELL_PREFIX}Not shown for want of cells: {' and '.join(parts)}. Make room with OpenFunnel > Refresh, "
        f"or enter the formula as an array over {count(needed.rows, 'row')} and {count(needed.columns, 'column')}."
    )
