"""Tables on a terminal: what each column gets of its width."""

from __future__ import annotations

from xl_openfunnel.cli.table_output import fitted


def test_the_widest_columns_give_way_first_and_the_last_one_cut_takes_what_is_over() -> None:
    assert fitted([4, 20, 90, 90], 65, frozenset()) == [4, 20, 20, 21]


def test_no_column_becomes_too_narrow_to_be_read_and_some_are_never_cut() -> None:
    assert fitted([30, 3, 90], 20, frozenset({0})) == [30, 3, 6]


def test_widths_are_found_at_once_however_long_a_text_is() -> None:
    assert fitted([10] * 19 + [10**15], 300, frozenset()) == [10] * 19 + [110]
