"""One company of a job by its rank, its domain or its LinkedIn page.

pandas is imported where it is used: most functions never need it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from ..errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

KEY_COLUMNS: Final = ("rank", "domain", "linkedin_url")
"""The columns that a :class:`Finder` needs."""

FULL_TEXT: Final = 32_767
"""The most UTF-16 units that a cell holds."""

_MOST_DIGITS: Final = 15
_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://|//)?(?:www\.)?([^/?#:]*)")
_PAGES: Final = "linkedin.com/"


class CompanyIndex:
    """Where the company of a key stands among a job's rows.

    Where several have the same domain or page, the first in the service's order is meant.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        """Index the rows.

        Args:
            frame: a row per company, in the service's order, with the ``KEY_COLUMNS``.
        """
        self._ranks = _first_positions(frame["rank"], lambda rank: rank)
        self._domains = _first_positions(frame["domain"], _domain)
        self._pages = _first_positions(frame["linkedin_url"], _page)

    def position(self, key: object) -> int | None:
        """The position of the company's row, from 0; None where there is none.

        Args:
            key: a number, or a text of digits: the rank, from 1. A text that is the address of a LinkedIn page: the
                page, whatever its scheme, country (``de.linkedin.com``), query, case and last slash. Any other text:
                the domain, also with ``www.``, port, path or as a URL.

        Raises:
            ConfigurationError: neither a number nor a text nor blank, so no key at all, such as TRUE or a date.
        """
        if key is None:
            return None
        if isinstance(key, (Real, Decimal)) and not isinstance(key, bool):
            return self._ranks.get(key)  # 12.0 is 12 for a dict too, and 1.5 is no rank
        if not isinstance(key, str):
            given = str(key).upper() if isinstance(key, bool) else f"A {type(key).__name__}"
            raise ConfigurationError(f"{given} is no key of a company. Give its rank, domain or linkedin_url.")
        digits = key.strip()
        if digits.isascii() and digits.isdigit():
            return self._ranks.get(int(digits)) if len(digits) <= _MOST_DIGITS else None
        page = _page(key)
        return self._domains.get(_domain(key)) if page is None else self._pages.get(page)


def _first_positions(column: pd.Series[Any], form: Callable[[Any], Hashable]) -> dict[Any, int]:
    """The first position of each value in the form that is compared; those without one are left out."""
    values = column.tolist()
    last = len(values) - 1
    # Backwards, so that the first is what remains.
    places = {form(value): last - back for back, value in enumerate(reversed(values))}
    places.pop(None, None)
    return places


def _domain(text: object) -> str | None:
    """``https://WWW.Acme.com:443/de`` -> ``acme.com``; None for blanks and what isn't text."""
    if not isinstance(text, str):
        return None
    found = _HOST.match(text.strip().lower())
    return (found[1].rstrip(".") or None) if found else None


def _page(text: object) -> str | None:
    """``http://de.linkedin.com/company/Acme/?trk=x`` -> ``company/acme``; None for what is no such address."""
    if not isinstance(text, str):
        return None
    before, found, path = text.strip().lower().partition(_PAGES)
    if not found or before[-1:] not in ("", ".", "/"):  # notlinkedin.com/ is another site
        return None
    path = path.partition("?")[0].partition("#")[0]
    return unquote(path).lower().strip("/") or None
