"""An invented CRM with the dirt of real exports, together with the truth that it was made from.

A job's companies are made first, then accounts: most are of companies that the job has not. What a cell says of a
company is known before it is written, so that no rule of the package decides what should be found.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import openpyxl
from openpyxl.cell import WriteOnlyCell

from xl_openfunnel.known.tiers import Tier

Forms = dict[str, Callable[["Company"], str]]

_SYLLABLES: Final = (
    "al an ar be bo bra ca co da del dor el en fa fen ga gor ha hol il ka kel la lin lo lu ma mer mo na nel no or pa "
    "pel po ra ren ri ro sa sel si so ta tel to tri ul va vel vi vo xa za zel zu"
)
_SUFFIXES: Final = ("com", "com", "com", "de", "co.uk", "io", "fr", "com.br", "it", "net")
_WORDS: Final = ("", "", "", "-group", "hq", "systems", "-tec")
_LETTERS: Final = {"a": "ä", "o": "ö", "u": "ü", "e": "é"}
_PLATFORMS: Final = ("wordpress.com", "vercel.app", "business.site", "myshopify.com")
_LEGAL_FORMS: Final = (
    *("GmbH", "AG", "Inc.", "LLC", "Ltd.", "S.A.", "S.r.l.", "B.V.", "GmbH & Co. KG", "Pty Ltd", "Co., Ltd."),
    *("S.A. de C.V.", "Sp. z o.o.", "Pvt. Ltd.", "Sdn. Bhd.", "Oy", "A/S", "SAS", "K.K.", "Ltda."),
)


@dataclass(frozen=True)
class Company:
    """A company of the truth.

    Attributes:
        number: those of the job come first.
        stem: its name without the legal form.
        host: the job's domain for it.
        site: the registrable domain of that, or where a platform gave it a part, that part.
        old_host: a domain it had before.
        other_host: a second one that it has.
        slug: of its LinkedIn page.
    """

    number: int
    stem: str
    legal_form: str
    host: str
    site: str
    old_host: str
    other_host: str
    slug: str


@dataclass(frozen=True)
class Account:
    """One line of the CRM.

    Attributes:
        cells: by `FIELDS`.
        companies: the numbers of those it is really of.
        named: another that its cells name, as if it were its own: an agency's address is no key to tell apart.
        evidence: by number of a company, the tiers by which its cells can tell it.
    """

    cells: dict[str, str]
    companies: frozenset[int]
    named: frozenset[int]
    evidence: dict[int, frozenset[Tier]]


@dataclass(frozen=True)
class Crm:
    """The rows of a job, the accounts, and the files that have them."""

    rows: list[dict[str, Any]]
    accounts: dict[str, Account]
    files: dict[Path, str]
    """With the name of the column that has the account's id."""


FIELDS: Final = ("id", "name", "website", "linkedin", "email", "notes", "owner")


def _texts(*texts: str) -> Forms:
    """Cells that are the same for all companies."""
    return {text or "blank": lambda _, text=text: text for text in texts}  # type: ignore[misc]


HOSTS: Final[Forms] = {
    "plain": lambda c: c.host,
    "plain again": lambda c: c.host,
    "URL": lambda c: f"https://{c.host}",
    "URL with www": lambda c: f"http://www.{c.host}/",
    "capitals": lambda c: f"WWW.{c.host.upper()}",
    "dots at the end": lambda c: f"www.{c.host}..",
    "port": lambda c: f"{c.host}:8080/home",
    "tracking": lambda c: f"https://www.{c.host}/de?utm_source=crm&utm_medium=mail&ref=https://partner.example.org/",
    "half a scheme": lambda c: f"http//{c.host}",
    "half the slashes": lambda c: f"https:/{c.host}/",
    "no slashes": lambda c: f"http:{c.host}",
    "mistyped scheme": lambda c: f"htpp://{c.host}",
    "colon behind": lambda c: f"https//:www.{c.host}",
    "two schemes": lambda c: f"http://https://{c.host}",
    "backslashes": lambda c: f"http:\\\\www.{c.host}\\",
    "dot before": lambda c: f"http://.{c.host}",
    "dot for a colon": lambda c: f"http.//{c.host}",
    "label": lambda c: f"Website: {c.host}",
    "label without a blank": lambda c: f"web:{c.host}",
    "note behind": lambda c: f"{c.host} (old site, see notes)",
    "note before": lambda c: f"see {c.host}, called 2019",
    "dash and note": lambda c: f"{c.host} - do not call",
    "sentence": lambda c: f"They moved to www.{c.host}.",
    "moved": lambda c: f"was {c.old_host}, now {c.host}",
    "two sites": lambda c: f"{c.host}; {c.other_host}",
    "two lines": lambda c: f"https://{c.other_host}\nhttps://{c.host}",
    "slash between": lambda c: f"{c.other_host} / {c.host}",
    "slash without blanks": lambda c: f"{c.other_host}/{c.host}",
    "and": lambda c: f"{c.other_host} and {c.host}",
    "plus": lambda c: f"{c.other_host}+{c.host}",
    "ampersand": lambda c: f"{c.other_host}&{c.host}",
    "e-mail address": lambda c: f"info@{c.host}",
    "name and address": lambda c: f"Jo Doe <jo.doe@{c.host}>",
    "HTML": lambda c: f'<a href="https://www.{c.host}/">{c.stem}</a>',
    "Markdown": lambda c: f"[{c.stem}](https://{c.host})",
    "formula": lambda c: f'=HYPERLINK("http://{c.host}","{c.stem}")',
    "Access": lambda c: f"{c.stem}#http://www.{c.host}/#",
    "SharePoint": lambda c: f"http://www.{c.host}, {c.stem}",
    "quotation marks": lambda c: f"\u201e{c.host}\u201c",
    "invisible": lambda c: f"\u200b{c.host}\u00a0",
    "punycode": lambda c: f"https://{c.host.encode('idna').decode()}/",
    "encoded": lambda c: f"https://{quote(c.host)}/",
    "wholly encoded": lambda c: quote(f"https://{c.host}/", safe=""),
}
"""How a website is written, its host in each."""

SITES: Final[Forms] = {
    "shop": lambda c: f"https://shop.{c.site}/",
    "www2": lambda c: f"www2.{c.site}",
    "jobs": lambda c: f"jobs@mail.{c.site}",
}
"""Other hosts of the same registrable domain."""

OTHER: Final[Forms] = {
    "old domain": lambda c: c.old_host,
    **_texts("", "n/a", "N/A", "-", "--", "?", "none", "keine", "tbd", "0", "#N/A", "http//", "http://", "https:/"),
    **_texts("www.", "https://www.", "unknown", "no website yet", "localhost", "192.168.0.1", "gmail.com"),
    **_texts("www.gmail.com", "http://www.google.com", "call 555.1234", "see e.g. Node.js"),
    "Facebook": lambda c: f"https://www.facebook.com/{quote(c.slug)}/",
    "Instagram": lambda c: f"instagram.com/{quote(c.slug)}",
    "links": lambda c: f"linktr.ee/{quote(c.slug)}",
    "Google site": lambda c: f"https://sites.google.com/view/{quote(c.slug)}",
    "map": lambda c: f"https://www.google.com/maps/place/{quote(c.stem)}",
    "short map": lambda c: f"https://maps.app.goo.gl/{quote(c.slug)}",
    "search": lambda c: f"https://www.google.com/search?q={quote(c.stem)}",
}
"""Websites that tell nothing of whose they are."""

PAGES: Final[Forms] = {
    "canonical": lambda c: f"https://www.linkedin.com/company/{c.slug}",
    "slash": lambda c: f"https://www.linkedin.com/company/{c.slug}/",
    "country": lambda c: f"http://de.linkedin.com/company/{c.slug}?trk=x",
    "tab": lambda c: f"linkedin.com/company/{c.slug}/about/?viewAsMember=true",
    "capitals": lambda c: f"WWW.LINKEDIN.COM/company/{c.slug.upper()}",
    "encoded": lambda c: f"https://www.linkedin.com/company/{quote(c.slug)}/",
    "wholly encoded": lambda c: quote(f"https://www.linkedin.com/company/{c.slug}", safe=""),
    "school": lambda c: f"https://www.linkedin.com/school/{c.slug}/",
    "showcase": lambda c: f"https://www.linkedin.com/showcase/{c.slug}",
    "mobile": lambda c: f"https://www.linkedin.com/mwlite/company/{c.slug}",
    "guest": lambda c: f"https://www.linkedin.com/organization-guest/company/{c.slug}?challengeId=x",
    "label": lambda c: f"LinkedIn: https://www.linkedin.com/company/{c.slug} (main)",
    "label without a blank": lambda c: f"LI:linkedin.com/company/{c.slug}",
    "half a scheme": lambda c: f"https//www.linkedin.com/company/{c.slug}",
    "sentence": lambda c: f"see linkedin.com/company/{c.slug}.",
}
"""How a LinkedIn page is written."""

NO_PAGES: Final[Forms] = {
    **_texts("", "n/a", "-", "none", "not found", "TBD"),
    "number": lambda c: f"https://www.linkedin.com/company/{10_000 + c.number}",
    "sales": lambda c: f"https://www.linkedin.com/sales/company/{10_000 + c.number}",
    "person": lambda c: f"https://www.linkedin.com/in/{quote(c.slug)}",
    "nothing": lambda c: "https://www.linkedin.com/company/",
    "short": lambda c: f"https://lnkd.in/{quote(c.slug)}",
}
"""Cells that name no page by its slug."""

NAMES: Final[Forms] = {
    "name": lambda c: c.stem,
    "capitals": lambda c: c.stem.upper(),
    "legal form": lambda c: f"{c.stem} {c.legal_form}",
    "comma": lambda c: f"{c.stem}, {c.legal_form}",
    "blanks": lambda c: f"  {c.stem}\u00a0{c.legal_form} ",
}

_Layout = tuple[str, tuple[str, ...], tuple[str, ...], str, str]
LAYOUTS: Final[tuple[_Layout, ...]] = (
    (
        "utf-8.csv",
        ("id", "name", "website", "linkedin", "email", "owner", "notes"),
        ("Account ID", "Account Name", "Website", "LinkedIn Company Page", "Email", "Account Owner", "Description"),
        "utf-8-sig",
        ",",
    ),
    (
        "cp1252.csv",
        ("owner", "name", "email", "notes", "website", "linkedin", "id"),
        ("Betreuer", "Firmenname", "E-Mail", "Bemerkung", "Webseite", "LinkedIn-Seite", "Kundennummer"),
        "cp1252",
        ";",
    ),
    (
        "french.xlsx",
        ("website", "id", "notes", "linkedin", "name", "email", "owner"),
        ("Site web", "Identifiant", "Commentaire", "Page LinkedIn", "Raison sociale", "Courriel", "Propriétaire"),
        "",
        "",
    ),
    (
        "utf-16.txt",
        ("notes", "email", "linkedin", "website", "owner", "name", "id"),
        ("Notas", "Correo", "LinkedIn", "Sitio web", "Responsable", "Nombre de la cuenta", "Código"),
        "utf-16",
        "\t",
    ),
)
"""Files: their name, the order of the fields, the headers, and of texts the encoding and the delimiter."""

_ABOVE: Final = {
    "utf-8.csv": "Accounts of the whole group\r\nAs of 30/11/2026,,,,,,\r\n,,,,,,\r\n",
    "cp1252.csv": "sep=;\r\n;;;;;;\r\n",
}


class _Maker:
    """Makes companies and accounts, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._syllables = _SYLLABLES.split()
        self._stems: set[str] = set()
        self._count = 0

    def company(self, stem: str = "", host: str = "", site: str = "") -> Company:
        rng, twin = self.rng, bool(stem)
        while not stem or (stem in self._stems and not twin):
            stem = "".join(rng.choice(self._syllables) for _ in range(rng.choice((3, 4))))
            if rng.random() < 0.05 and (letter := next((c for c in stem if c in _LETTERS), "")):
                stem = stem.replace(letter, _LETTERS[letter], 1)
        self._stems.add(stem)
        number, self._count = self._count, self._count + 1
        word = f"{number}" if twin else rng.choice(_WORDS)
        if not site:
            site = host = f"{stem}{word}.{rng.choice(_SUFFIXES)}"
            if rng.random() < 0.02:
                site = host = f"{stem}{word}.{rng.choice(_PLATFORMS)}".encode("idna").decode()
            elif rng.random() < 0.03:
                host = f"{rng.choice(('shop', 'app', 'en', 'go'))}.{site}"
        title = stem.title()
        slug = f"{stem}-{number}" if twin else f"{stem}{rng.choice(('', '', '-inc', '-gmbh', '.io'))}"
        old, other = f"old-{stem}{number}.net", f"{stem}{number}-shop.com"
        return Company(number, title, rng.choice(_LEGAL_FORMS), host, site, old, other, slug)

    def job(self, companies: int) -> tuple[list[Company], list[dict[str, Any]]]:
        made = [self.company() for _ in range(companies)]
        return made, [self.row(company) for company in made]

    def row(self, company: Company) -> dict[str, Any]:
        """Of the job: a domain is missing as often as in recorded jobs."""
        rng = self.rng
        name = company.stem if rng.random() < 0.6 else f"{company.stem} {company.legal_form}"
        domain = None if rng.random() < 0.058 else company.host
        page = f"https://www.linkedin.com/company/{company.slug}"
        return {"name": name, "domain": domain, "linkedin_url": page, "employee_count": 10 + company.number % 900}

    def account(self, company: Company, merged: Company | None = None, agency: Company | None = None) -> Account:
        """An account of a company, of two that became one, or with the address of an agency that writes for it."""
        rng = self.rng
        tiers = {Tier.NAME}
        kind = rng.random()
        if kind < 0.5:
            website = _any(HOSTS, rng)(company)
            tiers |= {Tier.HOST, Tier.SITE}
        elif kind < 0.58:
            website = _any(SITES, rng)(company)
            tiers |= {Tier.SITE}
        else:
            website = _any(OTHER, rng)(company)
        linkedin = _any(NO_PAGES, rng)(company)
        if rng.random() < 0.35:
            linkedin = _any(PAGES, rng)(company)
            tiers |= {Tier.LINKEDIN}
        email = rng.choice(("", "", "jo.doe@gmail.com", "JO@GMX.DE", "none", "jo@yahoo.co.uk", f"x@{company.old_host}"))
        if rng.random() < 0.2:
            email = f"jo.doe@{company.host}"
            tiers |= {Tier.HOST, Tier.SITE}
        evidence = {company.number: frozenset(tiers)}
        if merged is not None:
            website = f"{website}; {merged.host}" if website else merged.host
            evidence[merged.number] = frozenset({Tier.HOST, Tier.SITE})
        if agency is not None:
            email = f"kim@{agency.host}"
        number = f"A-{self.rng.getrandbits(40):010x}"
        notes = rng.choice(("", "", "VIP", "asked for a price.In touch", 'said "later"; call again', "line\none"))
        owner = rng.choice(("Jo Doe", "Kim, Lee", "Al; Bo"))
        name = _any(NAMES, rng)(company)
        cells = dict(zip(FIELDS, (number, name, website, linkedin, email, notes, owner), strict=True))
        return Account(cells, frozenset(evidence), frozenset({agency.number} if agency else ()), evidence)


def _any(forms: Forms, rng: random.Random) -> Callable[[Company], str]:
    return forms[rng.choice(tuple(forms))]


def make_job(companies: int, seed: int = 0) -> tuple[list[Company], list[dict[str, Any]]]:
    """The companies of a job, and its rows."""
    return _Maker(seed).job(companies)


def make(folder: Path, accounts: int, companies: int, seed: int = 0) -> Crm:
    """A job of ``companies``, and files in the folder with as many ``accounts``: a quarter of the job has one."""
    maker = _Maker(seed)
    rng = maker.rng
    job, rows = maker.job(companies)
    made: list[Account] = []
    for company in rng.sample(job, companies // 4):
        merged = rng.choice(job) if rng.random() < 0.03 else None
        made += [maker.account(company, merged if merged != company else None)]
        if rng.random() < 0.1:
            made.append(maker.account(company))  # twice in the CRM
    others: list[Company] = []
    while len(made) < accounts:
        chance, near = rng.random(), rng.choice(job)
        if chance < 0.02:  # a franchise: a host of its own on one registrable domain
            other = maker.company(f"{near.stem} city".lower().replace(" ", "-"), f"b{len(made)}.{near.site}", near.site)
        elif chance < 0.06:  # another company of the same name
            other = maker.company(near.stem.lower())
        else:
            other = maker.company()
        others.append(other)
        agency = near if chance > 0.9995 else None
        made.append(maker.account(other, agency=agency))
    rng.shuffle(made)
    by_id = {account.cells["id"]: account for account in made}
    assert len(by_id) == len(made)
    files = {}
    for number, (name, fields, headers, encoding, delimiter) in enumerate(LAYOUTS):
        lines = [[account.cells[field] for field in fields] for account in made[number :: len(LAYOUTS)]]
        for _ in range(len(lines) // 100):
            lines.insert(rng.randrange(len(lines)), [""] * len(fields))
        table = [list(headers), *lines, [""] * len(fields)]
        path = folder / name
        if encoding:
            path.write_bytes((_ABOVE.get(name, "") + _text(table, delimiter)).encode(encoding, "ignore"))
        else:
            _save_workbook(table, path)
        files[path] = headers[fields.index("id")]
    return Crm(rows, by_id, files)


def _text(table: Sequence[Sequence[str]], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(table)
    return text.getvalue()


def _save_workbook(table: Sequence[Sequence[str]], path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet("Export")
    sheet = book.create_sheet("Comptes")
    sheet.append([])
    for line in table:
        cells = [WriteOnlyCell(sheet, 0 if cell == "0" else cell or None) for cell in line]
        for cell in cells:
            if cell.data_type == "f":  # a formula that was typed as text
                cell.data_type = "s"
        sheet.append(cells)
    book.save(path)
