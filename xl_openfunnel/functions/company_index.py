"""Finds one company of a job by its rank, its domain or its LinkedIn page."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

from ..cell_values import to_text
from ..company_key import comparable, host, linkedin_slug
from ..errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

KEY_COLUMNS: Final = ("rank", "domain", "linkedin_url")
"""The columns that a `CompanyIndex` needs."""

_MAX_DIGITS: Final = 15
_OTHER_PAGE: Final = re.compile(r"(?:.*[./@])?linkedin\.com(?::[0-9]*)?/+[^/?#].*", re.DOTALL)
"""An address at LinkedIn, which is not the company LinkedIn."""


class CompanyIndex:
    """Maps keys to positions among a job's rows: of several companies with one key, the service's first.

    Args:
        frame: a row per company, in the service's order, with the ``KEY_COLUMNS``.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        domains, pages = frame["domain"].tolist(), frame["linkedin_url"].tolist()
        hosts, slugs = list(map(host, domains)), list(map(linkedin_slug, pages))
        self._ranks = _first_positions(frame["rank"].tolist())
        self._hosts = _first_positions(hosts)
        self._slugs = _first_positions(slugs)
        self._texts = {**_first_positions(_texts(pages, slugs)), **_first_positions(_texts(domains, hosts))}

    def position(self, key: object) -> int | None:
        """The position of the company's row, from 0; None where there is none.

        Args:
            key: a number, or a text of digits: the rank, from 1. The address of a company's LinkedIn page: the company
                with that `linkedin_slug`. A domain, a URL or an e-mail address: the company with that `host`. Any
                other text: the company whose domain or linkedin_url looks like it.

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
        text = comparable(key)
        if text.isascii() and text.isdigit():
            return self._ranks.get(int(text)) if len(text) <= _MAX_DIGITS else None
        if slug := linkedin_slug(key):
            return self._slugs.get(slug)
        name = None if _OTHER_PAGE.fullmatch(text) else host(key)
        return self._texts.get(text) if name is None else self._hosts.get(name)


def _first_positions(keys: Sequence[Hashable]) -> dict[Any, int]:
    """The first position of each key, except of None."""
    last = len(keys) - 1
    # Backwards, so that the first position of a key overwrites the later ones.
    positions = {key: last - back for back, key in enumerate(reversed(keys))}
    positions.pop(None, None)
    return positions


def _texts(values: list[object], keys: list[str | None]) -> list[str | None]:
    """What the texts without a key look like."""
    return [
        (comparable(value) or None) if key is None and isinstance(value, str) else None
        for value, key in zip(values, keys, strict=True)
    ]
