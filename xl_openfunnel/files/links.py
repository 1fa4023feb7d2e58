"""Links that a file or a cell may hold: to a company's LinkedIn page and to its own domain, built from checked parts.

What a row holds is never the link itself, since it may lead anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, unquote

from ..company_key import linkedin_slug
from ..text import utf16_units

MAX_LINKS: Final = 65_530
"""Links in one sheet of Excel, which calls a file with more of them damaged."""

_MAX_LENGTH: Final = 2_000
"""Excel's limit for a link is 2,080."""

_MAX_FORMULA_TEXT: Final = 255
"""UTF-16 units of a text in a formula of Excel, according to Microsoft's list of its limits."""

_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{0,58}}[a-z0-9])")
"""Letters, digits and hyphens (RFC 1123), under a top-level domain of letters: browsers read others as IP addresses."""

_UNSAFE: Final = frozenset("/\\%?# …")
"""What a server that decodes a path twice could take for another path; and what stands for the rest of a cut text."""


def domain_link(text: object) -> str | None:
    """``https://acme.com`` for ``acme.com``; None for anything but a bare ASCII host name."""
    if not isinstance(text, str) or not text.isascii():
        return None
    host = text.lower()
    return f"https://{host}" if _HOST.fullmatch(host) else None


def linkedin_link(text: object) -> str | None:
    """``https://www.linkedin.com/company/acme`` for any address of that page; None for anything else."""
    if not isinstance(text, str) or len(text) > _MAX_LENGTH or not text.isprintable():
        return None
    slug = linkedin_slug(text)
    # Folding makes strasse of straße, which would be another page.
    if slug is None or _is_unsafe(slug) or slug not in unquote(text).lower():
        return None
    link = f"https://www.linkedin.com/company/{quote(slug, safe='')}"
    return link if len(link) <= _MAX_LENGTH else None


LINKS: Final[Mapping[str, Callable[[object], str | None]]] = {"domain": domain_link, "linkedin_url": linkedin_link}
"""What makes the link of a cell, by the name of its column."""


def link_formula(column: str, text: object, separator: str = ",") -> str | None:
    """A formula for a cell: ``=HYPERLINK("https://acme.com","acme.com")`` shows the text that the cell would hold.

    None if the cell gets no link, or would have a text too long for a formula. LibreOffice takes ``;`` as the
    separator.
    """
    link = LINKS[column](text) if column in LINKS else None
    if link is None or max(len(link), utf16_units(str(text))) > _MAX_FORMULA_TEXT:
        return None
    shown = str(text).replace('"', '""')
    return f'=HYPERLINK("{link}"{separator}"{shown}")'


def _is_unsafe(slug: str) -> bool:
    return not slug.isprintable() or not slug.strip(".") or not _UNSAFE.isdisjoint(slug)
