"""How surely a company is known already.

LinkedIn pages by number (``/company/12345``) are a kind of key of their own: they cannot be compared with names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from ..company_key import CompanyKeys
from ..shared_hosts import is_shared
from .domains import site
from .reading import company_name


class Tier(StrEnum):
    """How surely a company is known, the surest first."""

    LINKEDIN = "linkedin"
    HOST = "host"
    SITE = "site"
    NAME = "name"
    NEW = "new"
    NOT_COMPARABLE = "not comparable"


MEANINGS: Final = {
    Tier.LINKEDIN: "the same LinkedIn page",
    Tier.HOST: "the same host, unless it is one of the shared hosts below; the LinkedIn pages may differ",
    Tier.SITE: "the same registrable domain, but other hosts: often one company, sometimes a franchise",
    Tier.NAME: "the same name, which is no more than a hint",
    Tier.NEW: "nothing in common, and at least one kind of key to compare",
    Tier.NOT_COMPARABLE: "no kind of key in common: the company has no domain, for example, and the list nothing else",
}
"""What the company and a known one have in common."""

MATCHES: Final = (Tier.HOST, Tier.SITE, Tier.NAME, Tier.LINKEDIN)
"""The tiers that can be the weakest that counts as known; the first is the default."""

MATCHED: Final = (Tier.LINKEDIN, Tier.HOST, Tier.SITE, Tier.NAME)
"""The tiers of a company that has something in common with a known one."""

_DEPTHS: Final = {tier: depth for depth, tier in enumerate(Tier)}


class Match(NamedTuple):
    """How surely a company is known.

    Attributes:
        tier: the strongest.
        note: what is noted of the known company; ``""`` where there is none.
        doubtful: whether something speaks against the tier: of ``host``, that the known company with it has another
            LinkedIn page; of ``not comparable``, that the name is known.
    """

    tier: Tier
    note: str = ""
    doubtful: bool = False


_NEW: Final = Match(Tier.NEW)
_NOT_COMPARABLE: Final = Match(Tier.NOT_COMPARABLE)


@dataclass(repr=False)
class KnownCompanies:
    """The keys of known companies, each with what is noted of the first company that has it.

    Attributes:
        linkedin: slugs, or numbers, of LinkedIn pages.
        hosts: as `company_key.host` gives them, none of them shared.
        names: as `reading.company_name` gives them.
        paged: those of the hosts whose company has a LinkedIn page too.
    """

    linkedin: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    paged: set[str] = field(default_factory=set)

    def add(self, linkedin: Collection[str], hosts: Iterable[str], name: str = "", note: str = "") -> None:
        for slug in linkedin:
            self.linkedin.setdefault(slug, note)
        for host in hosts:
            self.hosts.setdefault(host, note)
            if linkedin:
                self.paged.add(host)
        if name:
            self.names.setdefault(name, note)

    def update(self, other: KnownCompanies) -> None:
        """Add the companies of another list."""
        for own, others in ((self.linkedin, other.linkedin), (self.hosts, other.hosts), (self.names, other.names)):
            for key, note in others.items():
                own.setdefault(key, note)
        self.paged |= other.paged

    @cached_property
    def sites(self) -> Mapping[str, str]:
        """The registrable domains of the hosts, noted as these are. Asked for once all companies are there."""
        sites: dict[str, str] = {}
        for host, note in self.hosts.items():
            if own := site(host):
                sites.setdefault(own, note)
        return sites

    @property
    def has_sites(self) -> bool:
        """Whether `sites` is made already: 50,000 hosts take 0.2 s."""
        return "sites" in vars(self)

    @property
    def size(self) -> int:
        """How many keys there are."""
        return len(self.linkedin) + len(self.hosts) + len(self.names)


class Matcher:
    """Tells the tier of companies.

    Args:
        known: must not change any more.

    Attributes:
        known: the same.
        has_slugs: whether it has LinkedIn pages by name.
        has_numbers: whether it has LinkedIn pages by number.
    """

    def __init__(self, known: KnownCompanies) -> None:
        self.known = known
        self.has_slugs = not all(map(is_number, known.linkedin))
        self.has_numbers = any(map(is_number, known.linkedin))

    def match(self, keys: CompanyKeys, weakest: Tier = Tier.NAME, *, hints: bool = False) -> Match:
        """The strongest tier of a company, of those that are not weaker than ``weakest``.

        A name is no kind of key: unless names count as known, a company that shares no other with the list has the
        tier ``not comparable``, also if its name is known.

        Args:
            keys: of the company.
            weakest: the weakest tier that counts as known.
            hints: look for weaker tiers too.
        """
        return self.matches([keys], weakest, hints=hints)[0]

    def matches(self, companies: Iterable[CompanyKeys], weakest: Tier, *, hints: bool = False) -> list[Match]:
        """As `match`, for each of many. With ``host``, without hints, several times as fast."""
        pages, hosts, paged = self.known.linkedin, self.known.hosts, self.known.paged
        depth = deepest(weakest, hints=hints)
        by_host, further, has_slugs = looks_for(Tier.HOST, depth), looks_for(Tier.SITE, depth), self.has_slugs
        found = []
        for keys in companies:
            slug, host, _ = keys
            if slug is not None and slug in pages:
                match = Match(Tier.LINKEDIN, pages[slug])
            elif by_host and host in hosts:
                match = Match(Tier.HOST, hosts[host], host in paged and self._has_kind(slug))
            elif further and (weaker := self._weaker_match(keys, weakest, depth)) is not None:
                match = weaker
            elif has_slugs and slug is not None and not is_number(slug):
                match = _NEW
            else:
                match = self._no_match(slug, host)
            found.append(match)
        return found

    def unread(self, depth: Tier) -> int:
        """The known hosts whose registrable domains must be found first, to look for tiers down to ``depth``."""
        return len(self.known.hosts) if looks_for(Tier.SITE, depth) and not self.known.has_sites else 0

    def site_of(self, host: str) -> str | None:
        """The registrable domain of the host, if a known company has it too."""
        sites, below = self.known.sites, host
        while below and below not in sites:  # most hosts are below none, which is quickly seen
            below = below.partition(".")[2]
        return own if below and (own := site(host)) in sites else None

    def name_of(self, name: str) -> str | None:
        """What the name is compared by, if a known company has it too."""
        own = company_name(name)
        return own if own in self.known.names else None

    def _weaker_match(self, keys: CompanyKeys, weakest: Tier, depth: Tier) -> Match | None:
        if keys.host is not None and (own := self.site_of(keys.host)) is not None:
            return Match(Tier.SITE, self.known.sites[own])
        if not looks_for(Tier.NAME, depth) or keys.name is None or (named := self.name_of(keys.name)) is None:
            return None
        note = self.known.names[named]
        if looks_for(Tier.NAME, weakest) or self._no_match(keys.linkedin, keys.host) is _NEW:
            return Match(Tier.NAME, note)
        return Match(Tier.NOT_COMPARABLE, note, doubtful=True)

    def _no_match(self, slug: str | None, host: str | None) -> Match:
        same_kind = self._has_kind(slug) or (host is not None and self.known.hosts and not is_shared(host))
        return _NEW if same_kind else _NOT_COMPARABLE

    def _has_kind(self, slug: str | None) -> bool:
        """Whether there are known LinkedIn pages of this kind, by name or by number."""
        return slug is not None and (self.has_numbers if is_number(slug) else self.has_slugs)


def deepest(weakest: Tier, *, hints: bool) -> Tier:
    """The weakest tier that is looked for, if ``weakest`` is the weakest that counts as known."""
    return Tier.NAME if hints else weakest


def looks_for(tier: Tier, weakest: Tier) -> bool:
    """Whether a tier is looked for, if ``weakest`` is the weakest that is."""
    return _DEPTHS[tier] <= _DEPTHS[weakest]


def is_number(slug: str) -> bool:
    """Whether a LinkedIn page is given by its number."""
    return slug.isascii() and slug.isdigit()
