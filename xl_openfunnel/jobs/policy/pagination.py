"""Reading a finished job whole: which pages are still to be read, and whether what was read is all of it.

Everything is read again once the job is over. The pages' names are guessed from the manifest, so that they can be
read at once, and every answer is checked; a page is counted only when the page before it names it. So a wrong
guess costs a request and never a row, and reading falls back to following ``next_cursor`` by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...api.models import FIRST_PAGE, Page, whole_number
from ...errors import IncompleteResultError, InvalidResponseError

MAX_PAGES = 1000
"""Ceiling for a walk whose manifest states no number of pages: ten times the largest job the service takes."""

MAX_ROWS = 100_000
"""Ceiling for a job's companies, as many as `MAX_PAGES` pages of a hundred have."""

MAX_BYTES = 128 * 1024 * 1024
"""Ceiling for a job's pages in memory: seven times what the largest job with the fullest rows takes. One emoji in a
text makes every character of it take four bytes, so a table of them may take half a GB."""

MAX_VALUES = 3_000_000
"""Ceiling for the values in a job's rows: fourteen times those of the largest job with the fullest rows."""

_PAGE_NAME = re.compile(r"page_\d{4,}")


@dataclass(frozen=True)
class PageWalk:
    """A reading of all pages since the job was seen to be over.

    Attributes:
        pages: the pages from the first one on, each named by the one before it. The first one's own answer says
            that the job is over.
        as_of: when the first page was read.
        ahead: pages read under a guessed name that no page has named yet, by that name.
        expected: names that the manifest lets one expect, each with the ``next_cursor`` that its answer must have
            (None for the last).
        guesses: those of them that are still worth asking for.
        passed: every cursor that led to one of ``pages``.
    """

    pages: tuple[Page, ...]
    as_of: datetime
    prefetched: Mapping[str, Page] = field(default_factory=dict)
    expected: Mapping[str, str | None] = field(default_factory=dict)
    predicted: tuple[str, ...] = ()
    seen_cursors: frozenset[str] = frozenset({FIRST_PAGE})

    @property
    def first(self) -> Page:
        """The page that holds the manifest."""
        return self.pages[0]

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the next page, as the last page read names it; None at the end."""
        return self.pages[-1].next_cursor


def start(first: Page, as_of: datetime) -> PageWalk:
    """A walk from the first page, with the names that its manifest lets one expect."""
    names = [f"page_{number:04d}" for number in range(min(manifest_number(first, "pages") or 0, MAX_PAGES))]
    if first.name not in (None, FIRST_PAGE) or names[1:2] != [first.next_cursor]:
        return PageWalk((first,), as_of)
    expected = dict(zip(names[1:], [*names[2:], None], strict=True))
    return PageWalk((first,), as_of, expected=expected, predicted=tuple(expected))


def accept(walk: PageWalk, cursor: str, page: Page) -> PageWalk:
    """The walk with the answer to a request for ``cursor``; without guesses, where a guess was wrong.

    Raises:
        InvalidResponseError: the page is not the one asked for.
    """
    if cursor != walk.next_cursor and (page.name != cursor or page.next_cursor != walk.expected.get(cursor)):
        return stop_predicting(walk)
    if _PAGE_NAME.fullmatch(cursor) and page.name not in (None, cursor):
        raise InvalidResponseError(f"The service answered with {page.name} where {cursor} was asked for.")
    return replace(stop_predicting(walk, cursor), prefetched={**walk.prefetched, cursor: page})


def stop_predicting(walk: PageWalk, cursor: str | None = None) -> PageWalk:
    """The walk with this name no longer to be guessed; with None, nothing any more."""
    return replace(walk, predicted=tuple(name for name in walk.predicted if cursor not in (None, name)))


def advance(walk: PageWalk) -> PageWalk:
    """The walk moved on over every page ahead that is named by the one before it.

    Raises:
        InvalidResponseError: a page names one before it, so the walk would not end; or there are more pages than any
            job has.
        IncompleteResultError: a page more than the manifest states is named.
    """
    pages, ahead, passed = list(walk.pages), dict(walk.prefetched), set(walk.seen_cursors)
    most = manifest_number(walk.first, "pages")
    check_size((*pages, *ahead.values()))
    while (cursor := pages[-1].next_cursor) is not None:
        if cursor in passed:
            raise InvalidResponseError(f"The service's pages run in a circle: page {len(pages)} names {cursor} again.")
        if len(pages) >= (MAX_PAGES if most is None else most):
            raise IncompleteResultError(
                f"The service's manifest states {MAX_PAGES if most is None else most} pages, but page "
                f"{len(pages)} names another."
            )
        if cursor not in ahead:
            break
        passed.add(cursor)
        pages.append(ahead.pop(cursor))
    return replace(walk, pages=tuple(pages), prefetched=ahead, seen_cursors=frozenset(passed))


def check_size(pages: Iterable[Page]) -> None:
    """Hold no more than a job can be, whatever a service sends.

    Raises:
        InvalidResponseError: naming the numbers.
    """
    rows = size = values = 0
    for page in pages:
        rows, size, values = rows + page.row_count, size + len(page.rows_json), values + page.value_count
    if rows > MAX_ROWS or size > MAX_BYTES or values > MAX_VALUES:
        raise InvalidResponseError(
            f"The service sends more than any job has: {rows:,} companies with {values:,} values in "
            f"{size // 2**20:,} MB so far."
        )


def check(pages: tuple[Page, ...]) -> None:
    """Compare what was read with the manifest; without one, with the companies that the service says it processed.

    A page that is there twice takes the place of one that is missing, and no number tells: no two pages of a job hold
    the same companies.

    Raises:
        IncompleteResultError: naming both numbers.
    """
    first = pages[0]
    rows = sum(page.row_count for page in pages)
    if manifest_number(first, "rows") is None and rows < (first.processed or 0):
        raise IncompleteResultError(
            f"The service says that it delivered {first.processed} companies, but {rows} could be read. Refresh to "
            "read again; if it stays so, tell OpenFunnel's support."
        )
    for word, read in (("rows", rows), ("pages", page_count(pages))):
        promised = manifest_number(first, word)
        if promised is not None and promised != read:
            raise IncompleteResultError(
                f"The service's manifest states {promised} {word}, but {read} could be read. Refresh to read "
                "again; if it stays so, tell OpenFunnel's support."
            )
    first_with: dict[bytes, int] = {}
    for number, page in enumerate(pages, start=1):
        before = first_with.setdefault(page.rows_json, number)
        if before != number and page.row_count:
            raise IncompleteResultError(
                f"Pages {before} and {number} of the service hold the same companies. Refresh to read again; if it "
                "stays so, tell OpenFunnel's support."
            )


def page_count(pages: tuple[Page, ...]) -> int:
    """Pages as the manifest counts them: an empty first page is none."""
    return 0 if len(pages) == 1 and not pages[0].row_count else len(pages)


def manifest_number(first: Page, what: str) -> int | None:
    """The manifest's number of ``rows`` or ``pages``; None where it states none."""
    manifest = first.manifest or {}
    names = ("count", "unique_count") if what == "rows" else ("pages",)
    return next((n for n in (whole_number(manifest.get(name)) for name in names) if n is not None), None)
