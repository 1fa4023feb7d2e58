"""Which pages of a finished job are still to be read, and whether those that were read are complete.

All pages are read again once the job is over. Their names are predicted from the manifest, so that they can be
requested in parallel, and every answer is checked: a page counts only when the page before it names it. So a wrong
prediction costs a request and never a row, and the walk falls back to following ``next_cursor`` page by page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...api.models import FIRST_PAGE, Page, whole_number
from ...errors import IncompleteResultError, InvalidResponseError
from ...text import companies, count

MAX_PAGES = 1000
"""Limit for a job whose manifest states no number of pages: ten times the largest job that the service accepts."""

MAX_ROWS = 100_000
"""Limit for the companies of a job: `MAX_PAGES` pages of a hundred."""

MAX_BYTES = 128 * 1024 * 1024
"""Limit for the bytes of a job's pages: seven times those of the largest job with the fullest rows. One emoji makes
every character of a text take four bytes in memory, so a table may take half a GB."""

MAX_VALUES = 3_000_000
"""Limit for the values in a job's rows: fourteen times those of the largest job with the fullest rows."""

READ_AGAIN = "Refresh to read again; if it stays so, tell OpenFunnel's support."
"""What to do about a job whose pages do not agree with what the service says of it."""

_PAGE_NAME = re.compile(r"page_\d{4,}")


@dataclass(frozen=True)
class PageWalk:
    """The pages read since the job's status became terminal.

    Attributes:
        pages: the pages from the first one on, each named by the one before it. The first one itself has a terminal
            status.
        as_of: when the first page was read.
        prefetched: pages read under a predicted name that no page has named yet, by that name.
        expected: names predicted from the manifest, each with the ``next_cursor`` that its page must have (None for
            the last).
        predicted: those of ``expected`` that are still to be requested.
        seen_cursors: every cursor that led to one of ``pages``.
    """

    pages: tuple[Page, ...]
    as_of: datetime
    prefetched: Mapping[str, Page] = field(default_factory=dict)
    expected: Mapping[str, str | None] = field(default_factory=dict)
    predicted: tuple[str, ...] = ()
    seen_cursors: frozenset[str] = frozenset({FIRST_PAGE})

    @property
    def first(self) -> Page:
        """The first page, which holds the manifest."""
        return self.pages[0]

    @property
    def next_cursor(self) -> str | None:
        """The cursor that the last page names; None at the end."""
        return self.pages[-1].next_cursor


def start(first: Page, as_of: datetime) -> PageWalk:
    """A walk from the first page, with the page names that its manifest predicts."""
    names = [f"page_{number:04d}" for number in range(min(manifest_number(first, "pages") or 0, MAX_PAGES))]
    if first.name not in (None, FIRST_PAGE) or names[1:2] != [first.next_cursor]:
        return PageWalk((first,), as_of)
    expected = dict(zip(names[1:], [*names[2:], None], strict=True))
    return PageWalk((first,), as_of, expected=expected, predicted=tuple(expected))


def accept(walk: PageWalk, cursor: str, page: Page) -> PageWalk:
    """The walk with the page that was requested as ``cursor``; a wrong prediction ends all predictions.

    Raises:
        InvalidResponseError: it is another page than the requested one.
    """
    if cursor != walk.next_cursor and (page.name != cursor or page.next_cursor != walk.expected.get(cursor)):
        return stop_predicting(walk)
    if _PAGE_NAME.fullmatch(cursor) and page.name not in (None, cursor):
        raise InvalidResponseError(f"OpenFunnel sent {page.name} where {cursor} was asked for.")
    return replace(stop_predicting(walk, cursor), prefetched={**walk.prefetched, cursor: page})


def stop_predicting(walk: PageWalk, cursor: str | None = None) -> PageWalk:
    """The walk without this predicted name, or without any with None."""
    return replace(walk, predicted=tuple(name for name in walk.predicted if cursor not in (None, name)))


def advance(walk: PageWalk) -> PageWalk:
    """The walk with the prefetched pages appended that are now named by the page before them.

    Raises:
        InvalidResponseError: a page names an earlier one, so the walk would not end; or the pages are larger than
            those of any job.
        IncompleteResultError: there are more pages than the manifest states.
    """
    pages, prefetched, seen_cursors = list(walk.pages), dict(walk.prefetched), set(walk.seen_cursors)
    stated = manifest_number(walk.first, "pages")
    max_pages = MAX_PAGES if stated is None else stated
    check_size((*pages, *prefetched.values()))
    while (cursor := pages[-1].next_cursor) is not None:
        if cursor in seen_cursors:
            raise InvalidResponseError(
                f"OpenFunnel's pages run in a circle: page {len(pages):,} leads back to {cursor}. {READ_AGAIN}"
            )
        if len(pages) >= max_pages:
            raise IncompleteResultError(
                f"OpenFunnel says {count(max_pages, 'page')}; page {len(pages):,} leads to another. {READ_AGAIN}"
            )
        if cursor not in prefetched:
            break
        seen_cursors.add(cursor)
        pages.append(prefetched.pop(cursor))
    return replace(walk, pages=tuple(pages), prefetched=prefetched, seen_cursors=frozenset(seen_cursors))


def check_size(pages: Iterable[Page]) -> None:
    """Refuse more rows, bytes or values than any job has.

    Raises:
        InvalidResponseError: naming the numbers.
    """
    rows = size = values = 0
    for page in pages:
        rows, size, values = rows + page.row_count, size + len(page.rows_json), values + page.value_count
    if rows > MAX_ROWS or size > MAX_BYTES or values > MAX_VALUES:
        raise InvalidResponseError(
            f"OpenFunnel sends more than any job has: {companies(rows)} with {values:,} values in "
            f"{size // 2**20:,} MB so far. {READ_AGAIN}"
        )


def check(pages: tuple[Page, ...]) -> None:
    """Compare the pages with the manifest; without one, with the number of companies that the service processed.

    Raises:
        IncompleteResultError: naming both numbers.
    """
    first = pages[0]
    rows = sum(page.row_count for page in pages)
    stated_rows, stated_pages = manifest_number(first, "rows"), manifest_number(first, "pages")
    if stated_rows is None and rows < (first.processed or 0):
        stated_rows = first.processed
    if stated_rows is not None and stated_rows != rows:
        raise IncompleteResultError(f"OpenFunnel says {companies(stated_rows)}; {rows:,} could be read. {READ_AGAIN}")
    if stated_pages is not None and stated_pages != page_count(pages):
        raise IncompleteResultError(
            f"OpenFunnel says {count(stated_pages, 'page')}; {page_count(pages):,} could be read. {READ_AGAIN}"
        )


def page_count(pages: tuple[Page, ...]) -> int:
    """The number of pages as the manifest counts them: a single empty page counts as none."""
    return 0 if len(pages) == 1 and not pages[0].row_count else len(pages)


def manifest_number(first: Page, what: str) -> int | None:
    """The manifest's number of ``rows`` or ``pages``; None where it states none."""
    manifest = first.manifest or {}
    names = ("count", "unique_count") if what == "rows" else ("pages",)
    return next((n for n in (whole_number(manifest.get(name)) for name in names) if n is not None), None)
