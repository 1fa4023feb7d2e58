"""Finds companies that a job holds more than once, which is evidence that another company is missing.

No recorded search holds a LinkedIn page twice (contract, section 7), but the service promises nothing. So a job that
does is read again, and stands with a warning if it stays the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from ...api.models import Page, read_rows
from ...text import clip, count, one_line

_MAX_NAME = 60
"""UTF-16 units of a name or a slug, so that a cell has room for the sentence."""


def describe_repeats(pages: Sequence[Page]) -> str | None:
    """One sentence that names the first company that repeats and its pages, from 1 on; None where none repeats.

    Companies are compared by their LinkedIn page. Those without one repeat only where they fill two equal pages.
    """
    first_page: dict[str | bytes, int] = {}
    repeats: dict[str | bytes, tuple[int, int, int]] = {}
    for number, page in enumerate(pages, start=1):
        keys = page.slugs if any(page.slugs) else (page.rows_json,) if page.row_count else ()
        for position, key in enumerate(keys):
            if key in first_page:
                repeats.setdefault(key, (first_page[key], number, position))
            elif key is not None:
                first_page[key] = number
    if not repeats:
        return None
    key, (before, number, position) = next(iter(repeats.items()))
    if isinstance(key, bytes):
        return f"Pages {before} and {number} hold the same companies: others may be missing."
    company = _company(pages[number - 1], position, key)
    what = (
        f"Page {number} holds {company} twice"
        if before == number
        else f"Pages {before} and {number} both hold {company}"
    )
    if more := len(repeats) - 1:
        verb = "comes" if more == 1 else "come"
        others = count(more, "more company", "more companies")
        return f"{what}, and {others} {verb} more than once: others may be missing."
    return f"{what}: another company may be missing."


def fingerprint(pages: Sequence[Page]) -> str:
    """The same for readings with the same companies in the same order on the same pages.

    A company without a LinkedIn page is compared by its whole row.
    """
    companies = []
    for page in pages:
        slugs = page.slugs or (None,) * page.row_count
        rows = read_rows(page.rows_json) if None in slugs else []
        companies.append([slug or rows[position] for position, slug in enumerate(slugs)])
    return hashlib.blake2b(json.dumps(companies, sort_keys=True).encode("ascii"), digest_size=16).hexdigest()


def _company(page: Page, position: int, slug: str) -> str:
    link = f"linkedin.com/company/{clip(one_line(slug), _MAX_NAME)}"
    name = read_rows(page.rows_json)[position].get("name")
    return f"{clip(one_line(name), _MAX_NAME)} ({link})" if isinstance(name, str) and one_line(name) else link
