"""Companies compared with known ones, from files of columns and from rows: both must find the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import hypothesis.strategies as st

from xl_openfunnel.columns.companies import JobFile
from xl_openfunnel.columns.rows import can_show
from xl_openfunnel.company_key import host, keys_of, linkedin_slug
from xl_openfunnel.known import in_columns
from xl_openfunnel.known.counts import Counts
from xl_openfunnel.known.reading import company_name
from xl_openfunnel.known.selection import Compared, chosen, unique_companies, why
from xl_openfunnel.known.tiers import MATCHES, KnownCompanies, Matcher, Tier
from xl_openfunnel.selection import Selection
from xl_openfunnel.shared_hosts import is_shared, use_own

from .fuzz import Target
from .pivots import Row, both_ways
from .selections import same_rows

Question: TypeAlias = tuple[KnownCompanies | None, Tier, bool]
"""The known companies, the weakest tier that counts as known, and whether hints are looked for."""

_PAGE: Final = "https://www.linkedin.com/company/"
_PAGES: Final = [
    *("acme", "Acme/about", "acme-fr", "beta", "123", "0123", "12", "%C2%B2", "%D9%A1%D9%A2", "1-2", "%ff", "%25ff"),
    *("%X0041", "%EF%BC%91", "m%C3%BCnchen"),
]
_DOMAINS: Final = [
    *("acme.com", "https://WWW.acme.com/de", "fr.acme.com", "www2.fr.acme.com", "acme.co.uk", "shop.acme.co.uk"),
    *("co.uk", "beta.io", "a.beta.io", "facebook.com", "de.facebook.com", "acme.wordpress.com", "wordpress.com"),
    *("a.acme.wordpress.com", "b.wordpress.com", "xn--mnchen-3ya.de", "www.münchen.de", "acme.directory", "n/a", "k"),
    *("a.acme.directory", "com.acme", "acme.com.", "user@acme.com", "acme.123"),
]
_NAMES: Final = [
    *("Acme", "ACME GmbH", "Acme, Inc.", "acme  Ltd", "Ａcme", "Beta", "Béta", "GmbH", " ", "", "%X0041", "ß")
]
_OWN: Final = ("acme.directory",)
"""What a user adds to the shared hosts."""

_SHOWN: Final = ("rank", "name", "job_id", "domain")

_rows: Final[st.SearchStrategy[Row]] = st.fixed_dictionaries(
    {},
    optional={
        "linkedin_url": st.none() | st.sampled_from(_PAGES).map(lambda page: _PAGE + page),
        "domain": st.none() | st.sampled_from(_DOMAINS),
        "name": st.none() | st.sampled_from(_NAMES),
    },
)
_jobs: Final = st.lists(st.lists(_rows, max_size=8), min_size=1, max_size=3).filter(any)


@st.composite
def _questions(draw: Any) -> Question:
    weakest, hints = draw(st.sampled_from(MATCHES)), draw(st.booleans())
    if draw(st.integers(0, 9)) == 0:
        return None, weakest, hints
    known = KnownCompanies()
    parts = (st.sampled_from(_PAGES), st.sampled_from(_DOMAINS), st.sampled_from(_NAMES))
    for number, (page, domain, name) in enumerate(draw(st.lists(st.tuples(*map(_or_none, parts)), max_size=5))):
        slug, own = linkedin_slug(_PAGE + page) if page else None, host(domain)
        hosts = [own] if own is not None and not is_shared(own) else []
        known.add([slug] if slug else [], hosts, company_name(name) if name else "", f"note {number}")
    return known, weakest, hints


def _or_none(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | values


def _every_row() -> Iterator[Row]:
    """Each page, domain and name with some of the others."""
    for number in range(len(_DOMAINS) * 3):
        page, name = _PAGES[number % len(_PAGES)], _NAMES[number % len(_NAMES)]
        row: Row = {"linkedin_url": _PAGE + page, "domain": _DOMAINS[number % len(_DOMAINS)], "name": name}
        yield {key: value for place, (key, value) in enumerate(row.items()) if number % 7 in (place, 3, 4 + place)}


def same_answers(jobs: list[list[Row]], files: list[JobFile], folder: Path, questions: list[Question]) -> None:
    """Ask all questions both ways, with a shared host of the user's own."""
    rows = [row for each in jobs for row in each]
    ranks = [rank for each in jobs for rank in range(len(each))]
    use_own(_OWN)
    try:
        keys = list(map(keys_of, rows))
        for known, weakest, hints in questions:
            matcher = None if known is None else Matcher(known)
            companies = unique_companies(keys, ranks, matcher, weakest, hints=hints)
            counts = Counts.of((each.match for each in companies), weakest)
            for most, shown in ((len(rows), companies), (0, ())):
                found = in_columns.compare(folder, files, matcher, weakest, tuple(Tier), most, hints=hints)
                assert found == Compared(counts, shown), (known, weakest, hints)
    finally:
        use_own(())
    for selection in (Selection(chosen=chosen(companies)), Selection(chosen=why(companies))):  # of the last question
        assert can_show(_SHOWN, selection, stacked=True)
        same_rows(jobs, files, folder, _SHOWN, selection)


def target(folder: Path) -> Target:
    return both_ways("known companies from columns and from rows", _jobs, _questions(), same_answers, folder, _edges())


def _edges() -> tuple[list[list[Row]], list[Question]]:
    """Every kind of key in two jobs, and lists that have all or only one kind."""
    rows, lists = list(_every_row()), []
    for pages, domains, names in (
        (["acme", "12", "%25ff", "m%C3%BCnchen"], ["acme.com", "acme.co.uk", "acme.wordpress.com"], ["Acme", "Beta"]),
        (["123"], [], []),
        (["beta"], [], ["GmbH"]),
        ([], ["b.wordpress.com", "a.beta.io", "xn--mnchen-3ya.de"], []),
        ([], [], ["acme"]),
    ):
        known = KnownCompanies()
        for page in pages:
            known.add([linkedin_slug(_PAGE + page) or ""], [], note=page)
        for domain in domains:
            known.add([], [host(domain) or ""], note=domain)
        for name in names:
            known.add([], [], company_name(name), note=name)
        lists.append(known)
    half = len(rows) // 2
    return [rows[:half], rows[half:]], [
        (known, tier, hints) for known in (None, *lists) for tier in MATCHES for hints in (False, True)
    ]
