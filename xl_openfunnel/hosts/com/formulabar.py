"""What Excel's formula bar shows for many cells at once.

Excel refuses that for a block with a text of more than 8,221 characters (xlwings/xlwings#887). Such a text is no
formula, so the block is read in halves until it stands alone, and nothing is shown for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..places import Area

_LONGEST_FORMULA: Final = 8_192
"""Characters, says the list of Excel's limits."""


def texts(area: Area, read: Callable[[Area], Any]) -> list[list[str]]:
    """What the formula bar shows for each cell of a block.

    Args:
        area: the block.
        read: asks Excel for a part of it; None where a text in it is too long.
    """
    shown = read(area)
    if shown is not None:
        return [list(map(str, line)) for line in shown] if isinstance(shown, tuple) else [[str(shown)]]
    if area.top < area.bottom:
        middle = (area.top + area.bottom) // 2
        upper = texts(Area(area.top, area.left, middle, area.right), read)
        return upper + texts(Area(middle + 1, area.left, area.bottom, area.right), read)
    if area.left < area.right:
        middle = (area.left + area.right) // 2
        left = texts(Area(area.top, area.left, area.bottom, middle), read)
        right = texts(Area(area.top, middle + 1, area.bottom, area.right), read)
        return [one + other for one, other in zip(left, right, strict=True)]
    return [[""]]


def too_long(values: Any) -> bool:
    """Whether what cells hold has a text for which Excel refuses them all."""
    lines = values if isinstance(values, tuple) else ((values,),)
    return any(isinstance(value, str) and len(value) > _LONGEST_FORMULA for line in lines for value in line)
