"""How the values of our columns are entered into a table: as numbers, as text, or as links."""

from __future__ import annotations

import enum
from typing import Final

from ....fields import KNOWN_PREFIX
from ....files.links import LINKS, link_formula
from ..table_merge import Value
from .ranges import FormulaText

_NUMERIC_COLUMNS: Final = ("rank", "employee_count", "employee_band")
"""Our columns that keep their number format: numbers, and bands, which look like nothing else, as the tiers of known
companies do. The others are text, whatever it looks like. The last column is not among them: a column that the user
adds after it inherits its format."""

LINK_COLOR: Final = 0xC47244
"""The blue of links in the files, 4472C4, in Excel's order: blue, green, red."""


class ColumnKind(enum.Enum):
    """How the values of a column are written.

    Links are formulas, since a formula moves with its row, is gone with it, and is no link of the 65,530 that a sheet
    can have. `Hyperlinks.Add` would take one call for each link, and its links stay where a cell gets another text.
    """

    NUMBER = enum.auto()
    TEXT = enum.auto()
    LINK = enum.auto()


def column_kind(column: str) -> ColumnKind:
    if column in LINKS:
        return ColumnKind.LINK
    keeps_format = column in _NUMERIC_COLUMNS or column.startswith(KNOWN_PREFIX)
    return ColumnKind.NUMBER if keeps_format else ColumnKind.TEXT


def with_link(column: str, value: Value) -> Value:
    """What to enter for a value: the formula of its link if it has one."""
    formula = link_formula(column, value)
    return value if formula is None else FormulaText(formula)
