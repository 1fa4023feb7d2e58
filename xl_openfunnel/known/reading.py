"""Reads the keys of companies from cells that people wrote: a column of a sheet, or an export of a CRM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..cell_values import to_text
from ..company_key import comparable, host, linkedin_slug, looks_blank
from ..shared_hosts import is_shared
from .domains import FREE_MAIL, has_known_suffix

_MIN_SHARE: Final = 0.2
"""The part of a column's filled cells that must hold keys: people put notes between them."""

_SAMPLE: Final = 2_000
"""Rows of a large table that are looked at to find its columns."""

_SEPARATORS: Final = re.compile(r"[\s,;|()<>\[\]{}\"]+")
_PLAIN_PAGE: Final = re.compile(
    r"(?:https?://)?(?:[a-z]{2,3}\.)?linkedin\.com/company/([a-z0-9-]+)/?", re.ASCII | re.IGNORECASE
)
_PLAIN_SITE: Final = re.compile(
    r"(?:https?://)?(?:www\.)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?<!linkedin\.com)(?:/[a-z0-9/_.-]*)?",
    re.ASCII | re.IGNORECASE,
)
"""How nearly all cells spell a page or a site, which is quicker to read than any other form."""

# fmt: off
_NAME_HEADERS: Final = frozenset((
    "name", "company", "company name", "account", "account name", "organization", "organisation", "organization name",
    "customer", "customer name", "firma", "firmenname", "unternehmen", "kunde", "société", "empresa",
))
_LEGAL_FORMS: Final = frozenset((
    "ab", "ag", "as", "a/s", "aps", "bv", "b.v.", "co", "co.", "corp", "corp.", "corporation", "company", "gmbh",
    "inc", "inc.", "incorporated", "kg", "limited", "llc", "llp", "ltd", "ltd.", "nv", "n.v.", "oy", "plc", "pty",
    "sa", "s.a.", "sarl", "sas", "se", "sl", "s.l.", "spa", "s.p.a.", "srl", "s.r.l.", "ug", "&",
))
# fmt: on


class CellKeys(NamedTuple):
    """What one cell says of a company; a cell may name several pages or sites."""

    linkedin: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.linkedin or self.hosts)


@dataclass(frozen=True)
class Columns:
    """The columns of a table that hold keys, by position, and how many rows of headers it has."""

    keys: tuple[int, ...]
    name: int | None
    headers: int


def keys_in(cell: object) -> CellKeys:
    """The LinkedIn pages and hosts in a cell; of e-mail addresses the domain, unless anyone can have one there.

    A host that many companies share is none, nor is a word with a dot in a longer text that ends in no public suffix.
    """
    if not isinstance(cell, str):
        return CellKeys()
    if match := _PLAIN_PAGE.fullmatch(cell):
        return CellKeys(linkedin=(match[1].lower(),))
    if (match := _PLAIN_SITE.fullmatch(cell)) and "xn--" not in (plain := match[1].lower()):
        return CellKeys() if is_shared(plain) else CellKeys(hosts=(plain,))
    if looks_blank(cell):
        return CellKeys()
    parts = [part for part in _SEPARATORS.split(cell) if part]
    slugs, hosts = dict[str, None](), dict[str, None]()
    for part in parts:
        if slug := linkedin_slug(part):
            slugs[slug] = None
        elif (own := _own_host(part)) and (len(parts) == 1 or has_known_suffix(own)):
            hosts[own] = None
    return CellKeys(tuple(slugs), tuple(hosts))


def _own_host(text: str) -> str | None:
    name = host(text)
    is_mail = "@" in text and "/" not in text.split("@")[0].removeprefix("mailto:")
    return None if name is None or is_shared(name) or (is_mail and name in FREE_MAIL) else name


def company_name(text: str) -> str:
    """A company's name for comparison: as `comparable`, without legal forms at its end: ``Acme GmbH`` -> ``acme``."""
    words = comparable(text).replace(",", " ").split()
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def find_columns(rows: Sequence[Sequence[object]]) -> Columns:
    """The columns of a table that hold LinkedIn pages, hosts or e-mail addresses, found by what is in them.

    Args:
        rows: of one width, with or without a row of headers.
    """
    width = len(rows[0]) if rows else 0
    headers = 1 if len(rows) > 1 and not any(map(keys_in, rows[0])) and all(map(_is_header, rows[0])) else 0
    keys = []
    step = max(1, len(rows) // _SAMPLE)
    for column in range(width):
        filled = [row[column] for row in rows[headers::step] if _filled(row[column])]
        if filled and sum(map(bool, map(keys_in, filled))) >= max(1.0, _MIN_SHARE * len(filled)):
            keys.append(column)
    names = [
        column
        for column in range(width)
        if column not in keys and headers and comparable(to_text(rows[0][column])) in _NAME_HEADERS
    ]
    return Columns(tuple(keys), names[0] if names else None, headers)


def _is_header(cell: object) -> bool:
    return cell is None or isinstance(cell, str)


def _filled(cell: object) -> bool:
    return isinstance(cell, str) and not looks_blank(cell)


def row_keys(row: Sequence[object], columns: Iterable[int]) -> CellKeys:
    """The keys in these columns of a row, each once."""
    found = list(filter(None, (keys_in(row[column]) for column in columns)))
    if len(found) <= 1:
        return found[0] if found else CellKeys()
    slugs = dict.fromkeys(slug for keys in found for slug in keys.linkedin)
    hosts = dict.fromkeys(name for keys in found for name in keys.hosts)
    return CellKeys(tuple(slugs), tuple(hosts))
