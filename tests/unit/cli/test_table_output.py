"""Tables on stdout: how columns share the terminal's width."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence, Set

import pytest

from xl_openfunnel.cli import terminal
from xl_openfunnel.cli.table_output import print_table

pytestmark = pytest.mark.dependencies

Print = Callable[..., list[str]]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Print:
    """The lines of a table, with one row, on a terminal that is `width` wide."""

    def printed(
        cells: Sequence[str], width: int, right: Set[int] = frozenset(), uncut: Set[int] = frozenset()
    ) -> list[str]:
        monkeypatch.setattr(terminal, "is_terminal", lambda stream: stream is sys.stdout)
        monkeypatch.setenv("COLUMNS", str(width))
        # rich leaves the last column of an old Windows console free, and takes Wine's for one.
        monkeypatch.setattr("rich.console.detect_legacy_windows", lambda: False)
        print_table([f"h{number}" for number in range(len(cells))], [cells], right=right, uncut=uncut)
        return capsys.readouterr().out.splitlines()

    return printed


def column_widths(lines: Sequence[str]) -> list[int]:
    return [len(rule) for rule in lines[1].split()]


def test_a_table_that_fits_has_aligned_columns_under_a_rule(printed: Print) -> None:
    assert printed(["12", "Oscar", "a b"], 80, right={0}) == [
        "h0  h1     h2",
        "──  ─────  ───",
        "12  Oscar  a b",
    ]


def test_the_widest_columns_are_cut_to_one_width_and_the_table_fills_the_terminal(printed: Print) -> None:
    lines = printed(["x" * 4, "x" * 20, "x" * 90, "x" * 90], 71)
    widths = column_widths(lines)
    assert widths[:2] == [4, 20]
    assert sorted(widths[2:]) == [20, 21]
    assert len(lines[2]) == 71
    assert lines[2].endswith("x…")


def test_no_column_becomes_too_narrow_to_be_read_and_some_are_never_cut(printed: Print) -> None:
    lines = printed(["x" * 30, "x" * 3, "x" * 90], 24, uncut={0})
    assert column_widths(lines) == [30, 3, 6]
    assert lines[2] == f"{'x' * 30}  xxx  xxxxx…"


def test_one_very_long_text_leaves_the_other_columns_whole(printed: Print) -> None:
    lines = printed([*["x" * 10] * 19, "x" * 10**6], 338)
    assert column_widths(lines) == [10] * 19 + [110]


def test_wide_characters_take_two_columns(printed: Print) -> None:
    assert printed(["阿里巴巴", "x"], 80)[1:] == ["────────  ──", "阿里巴巴  x"]
    assert printed(["阿里巴巴阿里巴巴", "x" * 20], 20)[2] == "阿里巴巴…  xxxxxxxx…"


def test_text_is_neither_markup_nor_an_escape_sequence(printed: Print) -> None:
    assert printed(["[red]a[/red] :smile:", "b\x1b[31mc\nd"], 80)[2] == "[red]a[/red] :smile:  b [31mc d"
