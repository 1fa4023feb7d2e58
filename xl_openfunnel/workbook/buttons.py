"""Flat buttons: shapes of DrawingML that run macros, because XlsxWriter has only the gray buttons of forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from ..files.xlsx_style import BLUE, FONT, NAVY, WHITE
from .package import Package
from .sources import Button

_DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
_MAIN: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
_EMU: Final = 9525
"""English metric units in a pixel of 96 to the inch."""


@dataclass(frozen=True)
class ButtonRow:
    """Where the buttons stand, beside each other, each over some columns.

    Attributes:
        row: the row of the sheet, from 0.
        columns: the first and the last column of each button, from 0.
        height: pixels.
        margin: pixels above them, and between two.
    """

    row: int
    columns: Sequence[tuple[int, int]]
    height: int
    margin: int

    def add_to(self, package: Package, sheet: str, part: str, buttons: Sequence[Button]) -> None:
        """Add the buttons to a sheet without other drawings, from left to right; the first is darker.

        ``part`` is the path of the new part with the buttons.
        """
        shapes = "".join(
            self._shape(number, button, *columns)
            for number, (button, columns) in enumerate(zip(buttons, self.columns, strict=True))
        )
        root = f'<xdr:wsDr xmlns:xdr="{_DRAWING}" xmlns:a="{_MAIN}">{shapes}</xdr:wsDr>'
        package.add_part(part, "drawing", root)
        relationship_id = package.add_relationship(sheet, "drawing", part)
        package.replace(sheet, "</worksheet>", f'<drawing r:id="{relationship_id}"/></worksheet>')

    def _shape(self, number: int, button: Button, first: int, last: int) -> str:
        lines = _line(button.caption, 1100, bold=True) + _line(button.hint, 900)
        left = self.margin if number else 0
        return (
            '<xdr:twoCellAnchor editAs="oneCell">'
            + _corner("from", self.row, first, left, self.margin)
            + _corner("to", self.row, last + 1, 0, self.margin + self.height)
            + f'<xdr:sp macro="[0]!{button.macro}" textlink=""><xdr:nvSpPr><xdr:cNvPr id="{number + 2}" '
            f"name={quoteattr(button.caption)} descr={quoteattr(f'{button.caption}: {button.hint}')}/><xdr:cNvSpPr/>"
            '</xdr:nvSpPr><xdr:spPr><a:prstGeom prst="roundRect"><a:avLst><a:gd name="adj" fmla="val 9000"/></a:avLst>'
            f"</a:prstGeom>{_solid(BLUE if number else NAVY)}<a:ln><a:noFill/></a:ln></xdr:spPr>"
            '<xdr:txBody><a:bodyPr wrap="square" lIns="91440" tIns="0" rIns="45720" bIns="0" anchor="ctr"/>'
            f"<a:lstStyle/>{lines}</xdr:txBody></xdr:sp><xdr:clientData/></xdr:twoCellAnchor>"
        )


def _corner(name: str, row: int, column: int, right: int, down: int) -> str:
    """A corner of a shape, so many pixels from the upper left corner of a cell."""
    return (
        f"<xdr:{name}><xdr:col>{column}</xdr:col><xdr:colOff>{right * _EMU}</xdr:colOff>"
        f"<xdr:row>{row}</xdr:row><xdr:rowOff>{down * _EMU}</xdr:rowOff></xdr:{name}>"
    )


def _line(text: str, size: int, *, bold: bool = False) -> str:
    return (
        f'<a:p><a:pPr algn="l"/><a:r><a:rPr lang="en-US" sz="{size}" b="{bold:d}">{_solid(WHITE)}'
        f'<a:latin typeface="{FONT}"/><a:cs typeface="{FONT}"/></a:rPr><a:t>{escape(text)}</a:t></a:r></a:p>'
    )


def _solid(color: str) -> str:
    return f'<a:solidFill><a:srgbClr val="{color.lstrip("#")}"/></a:solidFill>'
