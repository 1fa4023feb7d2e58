"""Registrable domains, and the providers of e-mail addresses that belong to no company.

The public suffix list comes with `publicsuffixlist`, which is imported by the first question: nothing is downloaded.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from ..shared_hosts import PLATFORMS, is_shared

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

# fmt: off
_FREE_MAIL: Final = frozenset((
    "126.com", "139.com", "163.com", "abv.bg", "alice.it", "arcor.de", "att.net", "bellsouth.net", "bigpond.com",
    "bk.ru", "bluewin.ch", "blueyonder.co.uk", "bol.com.br", "btinternet.com", "centrum.cz", "charter.net",
    "comcast.net", "cox.net", "daum.net", "duck.com", "earthlink.net", "email.cz", "fastmail.com", "foxmail.com",
    "free.fr", "freemail.hu", "freenet.de", "gmail.com", "googlemail.com", "hanmail.net", "hetnet.nl", "hey.com",
    "home.nl", "hushmail.com", "icloud.com", "ig.com.br", "inbox.ru", "interia.pl", "kpnmail.nl", "laposte.net",
    "libero.it", "list.ru", "live.be", "live.ca", "live.cn", "live.co.uk", "live.com", "live.com.au", "live.com.mx",
    "live.de", "live.dk", "live.fr", "live.it", "live.jp", "live.nl", "live.no", "live.se", "mac.com", "mail.com",
    "mail.ru", "mailbox.org", "me.com", "msn.com", "naver.com", "neuf.fr", "ntlworld.com", "o2.pl", "onet.pl",
    "online.de", "optonline.net", "orange.fr", "planet.nl", "pm.me", "posteo.de", "privaterelay.appleid.com",
    "proton.me", "protonmail.com", "qq.com", "rambler.ru", "rediffmail.com", "rocketmail.com", "sapo.pt",
    "sbcglobal.net", "seznam.cz", "sfr.fr", "sina.cn", "sina.com", "skynet.be", "t-online.de", "talktalk.net",
    "telenet.be", "terra.com.br", "tin.it", "tiscali.it", "tuta.com", "tutamail.com", "tutanota.com", "ukr.net",
    "uol.com.br", "verizon.net", "virgilio.it", "wanadoo.fr", "web.de", "wp.pl", "ya.ru", "yeah.net", "ymail.com",
    "ziggo.nl", "zoho.com",
))
"""Hosts of e-mail addresses that anyone can have."""
# fmt: on

_RESERVED: Final = ".example"

_FREE_MAIL_EVERYWHERE: Final = re.compile(
    r"(?:aol|gmx|hotmail|outlook|windowslive|yahoo|yandex)\.[a-z]{2,3}(?:\.[a-z]{2})?"
)
"""Those that have a host in each country, as ``yahoo.com.mx``."""


def is_free_mail(host: str) -> bool:
    """Whether the e-mail addresses of a host are those of anyone, and tell no company."""
    return host in _FREE_MAIL or _FREE_MAIL_EVERYWHERE.fullmatch(host) is not None


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
    """Whether the host ends in a suffix that the public suffix list has, as ``Node.js`` in a text does not.

    ``.example`` is one too: RFC 2606 keeps it for invented hosts, such as those of the simulator.
    """
    return host.endswith(_RESERVED) or _strict_suffixes().publicsuffix(host) is not None


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
