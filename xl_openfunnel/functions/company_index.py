"""Finds one company of a job by its rank, its domain or its LinkedIn page."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from ..cell_values import to_text
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

KEY_COLUMNS: Final = ("rank", "domain", "linkedin_url")
"""The columns that a `CompanyIndex` needs."""

_MAX_DIGITS: Final = 15
_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://|//)?(?:www\.)?([^/?#:]*)")
_LINKEDIN: Final = "linkedin.com/"


class CompanyIndex:
    """Maps keys to positions among a job's rows: of several companies with one key, the service's first.

    Args:
        frame: a row per company, in the service's order, with the ``KEY_COLUMNS``.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._ranks = _first_positions(frame["rank"], lambda rank: rank)
        self._domains = _first_positions(frame["domain"], _domain)
        self._pages = _first_positions(frame["linkedin_url"], _page)

    def position(self, key: object) -> int | None:
        """The position of the company's row, from 0; None where there is none.

        Args:
            key: a number, or a text of digits: the rank, from 1. The address of a LinkedIn page: that page, regardless
                of scheme, country (``de.linkedin.com``), query, case and trailing slash. Any other text: the domain,
                also with ``www.``, port or path, or as a URL.

        Raises:
            ConfigurationError: it is neither number, text nor blank, but for example TRUE or a date.
        """
        if key is None:
            return None
        if isinstance(key, (Real, Decimal)) and not isinstance(key, bool):
            return self._ranks.get(key)  # 12.0 is 12 for a dict too, and 1.5 is no rank
        if not isinstance(key, str):
            shown = to_text(key) if isinstance(key, bool) else f"A {type(key).__name__}"
            raise ConfigurationError(f"{shown} is no key of a company. Give its rank, domain or linkedin_url.")
        digits = key.strip()
        if digits.isascii() and digits.isdigit():
            return self._ranks.get(int(digits)) if len(digits) <= _MAX_DIGITS else None
        page = _page(key)
        return self._domains.get(_domain(key)) if page is None else self._pages.get(page)


def _first_positions(column: pd.Series[Any], normalize: Callable[[Any], Hashable]) -> dict[Any, int]:
    """The first position of each normalized value, except of None."""
    values = column.tolist()
    last = len(values) - 1
    # Backwards, so that the first position of a value overwrites the later ones.
    positions = {normalize(value): last - back for back, value in enumerate(reversed(values))}
    positions.pop(None, None)
    return positions


def _domain(text: object) -> str | None:
    """``https://WWW.Acme.com:443/de`` -> ``acme.com``; None for blanks and anything but text."""
    if not isinstance(text, str):
        return None
    match = _HOST.match(text.strip().lower())
    return (match[1].rstrip(".") or None) if match else None


def _page(text: object) -> str | None:
    """``http://de.linkedin.com/company/Acme/?trk=x`` -> ``company/acme``; None for any other address."""
    if not isinstance(text, str):
        return None
    before, separator, path = text.strip().lower().partition(_LINKEDIN)
    if not separator or before[-1:] not in ("", ".", "/"):  # notlinkedin.com/ is another site
        return None
    path = path.partition("?")[0].partition("#")[0]
    return unquote(path).lower().strip("/") or None
