"""Commands for known lists. None of them prints the companies of a list."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ConfigurationError
from ..fields import parse_columns
from ..known.lists import KnownList, KnownLists, checked_name, split_names
from ..pasted import job_ids
from ..settings import store_path
from ..text import clip, format_utc, one_line
from . import table_output, terminal
from .options import Json, Yes
from .session import session

Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="The name of the known list.")]

LIST_FIRST = "A known list and a job have the name {!r}: OF_NEW takes the list."

_SHOWN_UNITS = 40

_HEADERS = ("name", "companies", "columns", "noted", "set (UTC)")


def set_list(
    context: typer.Context,
    name: Name,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            show_default=False,
            help="A table: .csv .tsv .txt, .xlsx .xlsm .xlsb .xls .ods, .parquet, or .json .jsonl of rows.",
        ),
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="NAMES", help="Those with domains or links; else they are found."),
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", metavar="NAME", help='A column to keep for OF_NEW\'s "why", like Owner.')
    ] = None,
    yes: Yes = False,
) -> None:
    """Keep the companies of a file as a known list, in place of an older one of this name.

    Only what companies are compared by is kept, and the column of --note.
    """
    from ..known.tables import make_list, read_table

    lists = _lists()
    checked_name(name)
    named = parse_columns(",".join(columns)) if columns else None
    table = read_table(file, named or (), note)
    known = make_list(name, table.rows, named, note)
    sheet = (
        f" From the sheet {clip(one_line(table.name), _SHOWN_UNITS)!r}, one of {table.sheets}." if table.name else ""
    )
    terminal.print_message(f"{known.summary}.{sheet}")
    if not columns and not yes and not terminal.confirm(f"Keep them as {known.name!r}?"):
        terminal.print_message("Nothing was kept.")
        raise typer.Exit(1)
    lists.set(known)
    terminal.print_message(f'Kept. In a cell: =OF_NEW(A2,"{known.name}")')
    is_label = False
    with contextlib.suppress(ConfigurationError):  # where the base URL is wrong, there are no labels
        store = session(context).store_if_usable
        is_label = store is not None and store.job_id_of(known.name) is not None
    if is_label or known.name.lower() in job_ids(known.name):
        terminal.print_message(LIST_FIRST.format(known.name))


def list_lists(as_json: Json = False) -> None:
    """List the known lists."""
    lists = _lists().all()
    if as_json:
        terminal.print_json([_as_json(known) for known in lists])
        return
    lines = [[text for _, text in _details(known)][: len(_HEADERS)] for known in lists]
    if not terminal.is_terminal(sys.stdout):
        terminal.print_lines("\t".join(line) for line in [list(_HEADERS), *lines])
    elif lists:
        table_output.print_table(_HEADERS, lines, right={1})
    if not lists:
        terminal.print_message("There is no known list yet: xl-openfunnel known set crm accounts.csv")


def show_list(name: Name, as_json: Json = False) -> None:
    """Show what is kept of a known list: never its companies."""
    known = _lists().get(name)
    if as_json:
        terminal.print_json(_as_json(known))
    else:
        table_output.print_pairs(_details(known))


def remove_list(name: Name) -> None:
    """Remove a known list from this computer."""
    lists = _lists()
    known = lists.find(name)
    if not lists.remove(name):
        lists.get(name)  # says which lists there are
    shown = known.name if known else checked_name(name)
    terminal.print_message(f"The known list {shown!r} is removed.")


def parse_new_against(texts: Sequence[str] | None) -> list[str]:
    """The names in the texts of ``--new-against``.

    Raises:
        ConfigurationError: they have none.
    """
    names = split_names(",".join(texts or ()))
    if texts and not names:
        raise ConfigurationError("--new-against names no list. Say for example --new-against crm.")
    return names


def _lists() -> KnownLists:
    return KnownLists.beside(store_path())


def _as_json(known: KnownList) -> dict[str, Any]:
    return {
        "name": known.name,
        "companies": known.companies,
        "columns": list(known.columns),
        "note_column": known.note_column,
        "set_at": known.set_at.isoformat(),
        "rows_without_keys": known.skipped,
        "linkedin_pages": len(known.keys.linkedin),
        "domains": len(known.keys.hosts),
    }


def _details(known: KnownList) -> list[tuple[str, str]]:
    return [
        ("name", known.name),
        ("companies", str(known.companies)),
        ("columns", ", ".join(known.columns)),
        ("noted", known.note_column or ""),
        ("set (UTC)", format_utc(known.set_at)),
        ("rows without keys", str(known.skipped)),
        ("LinkedIn pages", str(len(known.keys.linkedin))),
        ("domains", str(len(known.keys.hosts))),
    ]
