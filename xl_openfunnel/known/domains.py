"""Registrable domains, and the providers of e-mail addresses that belong to no company.

The public suffix list comes with `publicsuffixlist`, which is imported by the first question: nothing is downloaded.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from ..shared_hosts import PLATFORMS, is_shared

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# fmt: off
FREE_MAIL: Final = frozenset((
    "126.com", "139.com", "163.com", "aol.com", "bigpond.com", "bluewin.ch", "btinternet.com", "comcast.net",
    "email.cz", "fastmail.com", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de",
    "gmx.net", "googlemail.com", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr",
    "hotmail.it", "icloud.com", "laposte.net", "libero.it", "live.co.uk", "live.com", "live.de", "live.fr",
    "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com", "o2.pl", "online.de", "orange.fr",
    "outlook.com", "outlook.de", "outlook.fr", "pm.me", "proton.me", "protonmail.com", "qq.com", "rediffmail.com",
    "rocketmail.com", "sapo.pt", "seznam.cz", "sfr.fr", "sina.com", "t-online.de", "terra.com.br", "tiscali.it",
    "tuta.com", "tutanota.com", "uol.com.br", "verizon.net", "virgilio.it", "wanadoo.fr", "web.de", "wp.pl",
    "yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.com.br", "yahoo.de", "yahoo.es",
    "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru", "ymail.com", "zoho.com",
))
"""Hosts of e-mail addresses that anyone can have."""
# fmt: on


def site(host: str) -> str | None:
    """The registrable domain of a host: ``shop.acme.co.uk`` -> ``acme.co.uk``.

    None for a host that many companies share, and for one that is nothing but a public suffix. Below a platform the
    part that each company chooses belongs to it: ``www2.acme.wordpress.com`` -> ``acme.wordpress.com``.

    Args:
        host: as `company_key.host` gives it.
    """
    if is_shared(host):
        return None
    labels = host.split(".")
    for start in range(1, len(labels)):
        if ".".join(labels[start:]) in PLATFORMS:
            return ".".join(labels[start - 1 :])
    return _suffixes().privatesuffix(host)


def has_known_suffix(host: str) -> bool:
    """Whether the host ends in a suffix that the public suffix list has, as ``Node.js`` in a text does not."""
    return _strict_suffixes().publicsuffix(host) is not None


def loaded() -> bool:
    """Whether the list is loaded, which takes some 30 ms."""
    return _suffixes.cache_info().currsize > 0 and _strict_suffixes.cache_info().currsize > 0


@cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@cache
def _strict_suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False)
