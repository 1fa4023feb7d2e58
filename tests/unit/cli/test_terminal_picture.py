"""The picture of a terminal shows what the commands print today, up to its drawing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.tools import terminal_picture
from xl_openfunnel.text import companies


def test_the_picture_of_the_terminal_can_be_drawn_again() -> None:
    pytest.importorskip("pty")
    lines = terminal_picture.screen()
    text = "\n".join(line.plain.rstrip() for line in lines)
    status, rows, watch = re.split(r"^\$ xl-openfunnel .*\n", text, flags=re.MULTILINE)[1:]
    assert re.search("^status +completed$", status, re.MULTILINE)
    assert rows.count(" new\n") == 7
    assert f"7 of {companies(len(terminal_picture.DONE.rows))}." in rows
    assert re.fullmatch(r". running · qualifying companies\n[━╸╺]+ 400 of 471 companies · 4 pages · \d:\d\d", watch)
    assert not re.search("error|warning|note:", text)
    assert max(len(line.plain) for line in lines) <= terminal_picture.COLUMNS
    markup = terminal_picture.markup(lines)
    assert f'<span foreground="{terminal_picture.THEME.ansi_colors[2].hex}" weight="normal">completed' in markup
    drawn = ET.fromstring(f"<markup>{markup}</markup>")  # noqa: S314 - our own
    assert "".join(drawn.itertext()) == "\n".join(line.plain for line in lines)
