"""What the sheets say, read from ``workbook/sheets/texts.toml``."""

from __future__ import annotations

import tomllib
from functools import cache

import msgspec

from . import sources


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Beside the values on the first sheet."""

    job: str
    status: str
    rows: str
    progress: str
    as_of: str
    next_try: str
    key: str
    credits: str
    problem: str


class Button(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button of the first sheet: what it runs, what stands on it and beside it."""

    macro: str
    caption: str
    hint: str


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first sheet."""

    title: str
    about: str
    steps: tuple[str, ...]
    first_time: str
    no_macros: str
    ask: str
    key_accepted: str
    jobs: str
    jobs_hint: str
    labels: Labels
    buttons: tuple[Button, ...]


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sheet on which companies spill."""

    no_job: str
    hint: str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sheet on which they are landed."""

    title: str
    hint: str


class Pivot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sheet with the pivot, and what its axes and numbers are called."""

    title: str
    hint: str
    rows: str
    columns: str
    counted: str


class Charts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sheet with the charts."""

    title: str
    hint: str
    plotted: str
    by_country: str
    by_band: str


class Sheets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All sheets."""

    start: Start
    rows: Rows
    table: Table
    pivot: Pivot
    charts: Charts


@cache
def sheet_texts() -> Sheets:
    """What the sheets say.

    Raises:
        msgspec.ValidationError: the file lacks a text, or has one that no sheet shows.
    """
    return msgspec.convert(tomllib.loads(sources.sheet_texts()), Sheets)
