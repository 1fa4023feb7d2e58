"""Draws the ribbon as far as its XML tells: ``python -m tests.tools.ribbon_picture workbook/pictures/ribbon.png``.

It is no picture of Excel: what matters is which texts stand where, in each language. Office's own pictures are squares
here, and the letters in yellow are those that press a control after Alt and the tab's. Needs ImageMagick's convert.
"""

from __future__ import annotations

import argparse
import subprocess
import textwrap
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from xl_openfunnel.api.models import JobStatus
from xl_openfunnel.hosts.excel.ribbon_menu import job_menu
from xl_openfunnel.jobs.store.ledger import LedgerEntry
from xl_openfunnel.workbook import ribbon
from xl_openfunnel.workbook.languages import Language, languages, texts_of

HEIGHT = 112
LINE = 22
LETTER = 6.6
"""Pixels that a letter is wide, about."""

JOBS = (("Q4 fintech", "completed", 1_600), ("Acme & Co lookalikes", "running", 400), (None, "failed", 0))


class Drawing:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.right = 0.0

    def box(self, left: float, top: float, width: float, height: float, fill: str, line: str = "none") -> None:
        self.parts.append(
            f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{fill}" stroke="{line}"/>'
        )
        self.right = max(self.right, left + width)

    def text(self, left: float, top: float, text: str, *, middle: bool = False, fill: str = "#222222") -> None:
        anchor = "middle" if middle else "start"
        style = f'font-family="Carlito" font-size="13" fill="{fill}" text-anchor="{anchor}"'
        self.parts.append(f'<text x="{left}" y="{top}" {style}>{escape(text)}</text>')

    def svg(self, height: float) -> str:
        width = self.right + 10
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}">'
        return f'{head}<rect width="100%" height="100%" fill="#ffffff"/>{"".join(self.parts)}</svg>'


def width_of(*texts: str) -> float:
    return max(map(len, texts)) * LETTER


def draw_tab(drawing: Drawing, top: float, language: Language) -> float:
    """Draw the ribbon at this height; returns where the menu of jobs is."""
    texts = texts_of(language)
    (tab,) = ET.fromstring(ribbon.ribbon(ribbon.ADDIN)).iterfind(".//{*}tab")  # noqa: S314 - our own
    drawing.text(14, top + 15, str(tab.get("label")), fill="#1F6F43")
    keytip(drawing, 80, top + 3, str(tab.get("keytip")))
    top += 24
    left, menu = 10.0, 0.0
    for group in tab:
        begin = left
        small: list[ET.Element] = []
        for control in group:
            if control.get("size") != "large":
                small.append(control)
                continue
            lines = textwrap.wrap(text_for("label", control, texts), 12)
            wide = width_of(*lines) + 18
            if control.tag.endswith("toggleButton"):
                drawing.box(left + 2, top + 3, wide - 4, HEIGHT - 30, "#CFE3D6", "#6FA287")
            drawing.box(left + wide / 2 - 14, top + 9, 28, 28, "#DDE5F0", "#7F93B2")
            for number, line in enumerate(lines):
                drawing.text(left + wide / 2, top + 53 + 14 * number, line, middle=True)
            if control.tag.endswith("dynamicMenu"):
                menu = left
                drawing.text(left + wide / 2, top + 53 + 14 * len(lines), "▾", middle=True)
            keytip(drawing, left + wide / 2 + 6, top + 26, text_for("keytip", control, texts))
            left += wide
        for start in range(0, len(small), 3):
            column = small[start : start + 3]
            for number, control in enumerate(column):
                middle = top + 10 + LINE * number
                drawing.box(left + 6, middle, 13, 13, "#DDE5F0", "#7F93B2")
                label = text_for("label", control, texts)
                drawing.text(left + 25, middle + 11, label)
                keytip(drawing, left + 27 + width_of(label), middle - 1, text_for("keytip", control, texts))
            left += 52 + width_of(*(text_for("label", control, texts) for control in column))
        name = texts[f"group {str(group.get('tag')).partition('|')[2]}"]
        left = max(left, begin + width_of(name) + 16)
        drawing.text((begin + left) / 2, top + HEIGHT - 8, name, middle=True, fill="#666666")
        drawing.box(left + 3, top + 4, 1, HEIGHT - 10, "#C8C8C8")
        left += 8
    drawing.box(8, top, left - 8, HEIGHT, "none", "#C8C8C8")
    return menu


def text_for(kind: str, control: ET.Element, texts: dict[str, str]) -> str:
    return texts[f"{kind} {str(control.get('tag')).partition('|')[2]}"]


def keytip(drawing: Drawing, left: float, top: float, text: str) -> None:
    drawing.box(left, top, 8 + width_of(text), 14, "#FFF4C2", "#B39B3B")
    drawing.text(left + 4, top + 11, text)


def draw_menu(drawing: Drawing, left: float, top: float) -> float:
    """Draw the menu of jobs as Python writes it; returns where it ends."""
    seen = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    entries = [
        LedgerEntry(f"job-{number}", label, None, (), seen, seen, JobStatus(status), rows, None)
        for number, (label, status, rows) in enumerate(JOBS, 1)
    ]
    labels = [
        str(button.get("label")).replace("&&", "&")
        for button in ET.fromstring(job_menu(entries, "Macro"))  # noqa: S314 - our own
    ]
    drawing.box(left, top, width_of(*labels) + 24, LINE * len(labels) + 8, "#FFFFFF", "#9A9A9A")
    for number, label in enumerate(labels):
        drawing.text(left + 12, top + 20 + LINE * number, label)
    return top + LINE * len(labels) + 20


def main(file: str) -> None:
    drawing, top = Drawing(), 6.0
    for language in languages().values():
        menu = draw_tab(drawing, top, language)
        top += 24 + HEIGHT + 12
        if language.number == languages()["en"].number:
            top = draw_menu(drawing, menu, top - 10)
    command = ["/usr/bin/convert", "-density", "96", "msvg:-", "-strip", "-colors", "32", f"png8:{file}"]
    subprocess.run(command, input=drawing.svg(top), text=True, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.tools.ribbon_picture", description="Draws the ribbon.")
    parser.add_argument("file", help="the picture to write, a .png")
    main(parser.parse_args().file)
