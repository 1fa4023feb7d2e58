"""The calling cell, as Excel writes it."""

from __future__ import annotations

import pytest

from xl_openfunnel.hosts.places import Caller, Place, caller


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("[Book1]Sheet1!$A$1", Place("Book1", "Sheet1", "$A$1")),
        ("'[My book.xlsx]Rows 1'!$A$5", Place("My book.xlsx", "Rows 1", "$A$5")),
        ("'[Müller''s.xlsx]It''s'!$XFD$1048576", Place("Müller's.xlsx", "It's", "$XFD$1048576")),
        ("'[a (1).xlsx]Q3!'!$B$2:$C$9", Place("a (1).xlsx", "Q3!", "$B$2")),
    ],
)
def test_the_calling_cell_is_read(where: str, place: Place) -> None:
    assert caller(f"1311588 spill {where}") == Caller(1311588, spills=True, place=place)
    assert caller(f"7 nospill {where}") == Caller(7, spills=False, place=place)


@pytest.mark.parametrize(
    "where", [None, "", 12.0, "x spill [B]S!$A$1", "1 spill", "1 maybe [B]S!$A$1", "1 spill S!$A$1"]
)
def test_what_is_no_cell_is_no_caller(where: object) -> None:
    assert caller(where) is None
