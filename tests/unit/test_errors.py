"""Errors as a cell shows them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel import RateLimitError
from xl_openfunnel.text import clip, one_line, utf16_units


def test_a_cell_text_begins_with_the_prefix_and_is_on_one_line() -> None:
    error = RateLimitError("Too many requests.\nWait.", status=429, request_id="r-1")
    assert error.cell_text == "#OF! Too many requests. Wait."
    assert str(error) == "Too many requests. Wait. [request r-1]"


@given(st.text(), st.integers(1, 300))
def test_a_clipped_text_fits_and_splits_no_character(text: str, units: int) -> None:
    cut = clip(text, units)
    assert utf16_units(cut) <= units
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


def test_a_character_of_two_units_is_never_split() -> None:
    assert clip("ab🎉cd", 6) == "ab🎉cd"
    assert clip("ab🎉cd", 5) == "ab🎉…"
    assert clip("ab🎉cd", 4) == "ab…"


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert line == " ".join(line.split())
