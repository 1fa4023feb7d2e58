"""Selected cells as a known list: its name, what is kept, and what the user is told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.known_list import Proposal, SelectedCells, check_size, keep, propose
from xl_openfunnel.known.lists import KnownLists

ROWS: list[list[object]] = [
    ["Account", "Website", "LinkedIn"],
    ["Acme", "https://www.ACME.com/de", "linkedin.com/company/acme"],
    ["Foo", "foo.example", None],
    ["Bar", "n/a", -2146826246],  # an error of Excel
    [None, None, None],
]


@pytest.fixture
def lists(tmp_path: Path) -> KnownLists:
    return KnownLists(tmp_path / "known")


def test_what_is_kept_is_said_with_the_formula_that_uses_it(lists: KnownLists) -> None:
    said = keep(lists, "crm", SelectedCells(ROWS))
    assert said == '2 companies: 2 by Website, 1 by LinkedIn; 1 row had neither. Use it as =OF_NEW(A2,"crm")'
    assert lists.get("crm").keys.hosts == {"acme.com": "", "foo.example": ""}


def test_hidden_rows_are_kept_and_mentioned(lists: KnownLists) -> None:
    said = keep(lists, "crm", SelectedCells([["acme.com"]], hidden=True), ";")
    assert said == '1 company: 1 by column 1. Hidden rows are in it too. Use it as =OF_NEW(A2;"crm")'


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "The selected cells are empty. Select"),
        ([[None, ""]], "The selected cells are empty. Select"),
        ([["Account"], ["Acme"]], "No column has LinkedIn pages"),
        ([[5.0, True]], "No column has LinkedIn pages"),
    ],
)
def test_without_keys_an_older_list_stays(lists: KnownLists, rows: list[list[object]], reason: str) -> None:
    keep(lists, "crm", SelectedCells(ROWS))
    with pytest.raises(ConfigurationError, match=reason):
        keep(lists, "crm", SelectedCells(rows))
    assert lists.get("crm").companies == 2


def test_without_a_store_it_is_said_what_to_do() -> None:
    assert propose(None, "crm") == Proposal("crm")
    with pytest.raises(ConfigurationError, match="xl-openfunnel doctor"):
        keep(None, "crm", SelectedCells(ROWS))


def test_a_name_is_proposed_with_what_is_kept_under_it(lists: KnownLists) -> None:
    keep(lists, "crm", SelectedCells(ROWS))
    assert propose(lists, "CRM!") == Proposal("CRM", "2", f"{datetime.now().astimezone():%Y-%m-%d}")
    assert propose(lists, "Accounts: 2026") == Proposal("Accounts 2026")
    assert propose(lists, "#") == Proposal("")


def test_too_many_cells_are_refused_with_what_to_do() -> None:
    check_size(50_000, 100)
    with pytest.raises(ConfigurationError, match="1,048,576 rows of 5 columns are too many cells"):
        check_size(1_048_576, 5)


def test_no_row_is_shown_where_an_error_shows_what_was_selected() -> None:
    assert "acme" not in repr(SelectedCells(ROWS)).lower()
