"""Tables on stdout: how columns share the terminal's width."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence, Set

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from xl_openfunnel.cli import table_output, terminal
from xl_openfunnel.cli.table_output import clip, print_pairs, print_table

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


def test_a_column_without_room_is_left_out_and_named(printed: Print, capsys: pytest.CaptureFixture[str]) -> None:
    table = [["12", "x" * 30, "y" * 30, "3"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal, "is_terminal", lambda stream: stream is sys.stdout)
        patch.setenv("COLUMNS", "40")
        print_table(["rank", "name", "domain", "employee_count"], table, uncut={0, 3}, drop=[1])
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["rank", "domain", "employee_count"]
    assert max(map(len, out.splitlines())) <= 40
    assert err == "The terminal is too narrow for: name.\n"


@given(
    cells=st.lists(st.text(st.sampled_from("abc 阿é"), max_size=40), min_size=1, max_size=8),
    width=st.sampled_from([40, 80, 120]),
    uncut=st.sets(st.integers(0, 7), max_size=2),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_table_fits_on_one_line_per_row_and_breaks_no_header(
    printed: Print, cells: list[str], width: int, uncut: set[int]
) -> None:
    lines = printed(cells, width, uncut=uncut)
    assert len(lines) <= 3  # the last one may be blank
    assert all(cell_len(line) <= width for line in lines)
    assert all(re.fullmatch(r"h\d", header) for header in lines[0].split())


def test_a_text_is_cut_between_two_words() -> None:
    assert clip("Software for mid-sized retailers", 20) == "Software for…"
    assert clip("Junivakin & Sons", 12) == "Junivakin…"
    assert clip("Software for mid-sized retailers", 32) == "Software for mid-sized retailers"
    assert clip("a verylongwordthatmustbecut", 12) == "a verylongw…"
    assert clip("braisogard.example", 10) == "braisogar…"


def test_one_very_long_text_leaves_the_other_columns_whole(printed: Print) -> None:
    lines = printed([*["x" * 10] * 19, "x" * 10**6], 338)
    assert column_widths(lines) == [10] * 19 + [110]


def test_wide_characters_take_two_columns(printed: Print) -> None:
    assert printed(["阿里巴巴", "x"], 80)[1:] == ["────────  ──", "阿里巴巴  x"]
    assert printed(["阿里巴巴" * 5, "x" * 40], 40)[2] == f"{'阿里巴巴' * 2}阿…  {'x' * 18}…"


def test_text_is_neither_markup_nor_an_escape_sequence(printed: Print) -> None:
    assert printed(["[red]a[/red] :smile:", "b\x1b[31mc\nd"], 80)[2] == "[red]a[/red] :smile:  b [31mc d"


@pytest.mark.parametrize("width", [40, 80])
def test_pairs_fit_a_terminal_and_break_no_word(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: stream is sys.stdout)
    monkeypatch.setenv("COLUMNS", str(width))
    pairs = [("job", "2b4c8b27-8a40-5274-973e-730c722286d6"), ("query", "Hosted order management " * 6)]
    print_pairs(pairs)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    assert set(out.split()) == {word for pair in pairs for text in pair for word in text.split()}


@pytest.mark.parametrize(("variable", "coloured"), [("TERM", True), ("NO_COLOR", False)])
def test_a_status_is_coloured_unless_colours_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str, coloured: bool
) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: stream is sys.stdout)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv(variable, "xterm-256color")
    print_pairs([("status", "completed")])
    print_table(["job", "status"], [["a", "failed"], ["b", "unheard-of"]], status=1)
    out = capsys.readouterr().out
    assert ("\x1b[32mcompleted" in out, "\x1b[31mfailed" in out) == (coloured, coloured)
    assert "m" + "unheard-of" not in out


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "texas", "日本の会社"]), st.uuids().map(str), st.sampled_from(["failed", "running"])
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda line: line[1],
    ),
    st.integers(10, 140),
    st.sampled_from(["dumb", "xterm"]),
)
def test_a_table_of_jobs_always_shows_which_job_a_line_is(
    lines: list[tuple[str, str, str]], width: int, term: str
) -> None:
    environment = {"COLUMNS": str(width), "TERM": term}
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(terminal, "is_terminal", lambda stream: True)
        patch.setattr("rich.console.Console.is_terminal", True)
        patch.setattr(terminal, "print_lines", printed.extend)
        patch.setattr(terminal, "print_message", lambda *_, **__: None)
        table_output.print_jobs(("label", "job", "status"), lines, numbers=(), drop=())
    head, _, *rows = [Text.from_ansi(line).plain for line in printed]
    assert "job" in head.split()
    assert ("label" in head) <= any(label for label, _, _ in lines)
    assert max(map(cell_len, (head, *rows))) <= max(width, 36)
    assert all(job[:8] in row for row, (_, job, _) in zip(rows, lines, strict=True))


@pytest.mark.parametrize("columns", ["30", "40", "80", "132", "", "0"])
@pytest.mark.parametrize("term", ["dumb", "unknown", "xterm"])
def test_any_terminal_is_as_wide_as_it_says(monkeypatch: pytest.MonkeyPatch, columns: str, term: str) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((50, 20)))
    console = terminal.new_console()
    assert console.width == (int(columns) if columns not in ("", "0") else 50)
    terminal.set_width(console, 33)
    assert console.width == 33
