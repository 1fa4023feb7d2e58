"""Reads the keys of companies from cells that people wrote: a column of a sheet, or an export of a CRM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import unquote

from ..cell_values import to_text
from ..company_key import comparable, host, linkedin_slug, looks_blank
from ..shared_hosts import is_shared
from .domains import has_known_suffix, is_free_mail

MIN_SHARE: Final = 0.2
"""The part of a column's filled cells, or of a sheet's rows, that must hold keys: people put notes between them."""

_MIN_DIFFERENT: Final = 10
"""Fewer different texts with keys may be words that come back, such as where customers are from: ``G2.com``."""

_SAMPLE: Final = 2_000
"""Texts of a long column that are looked at to find what it holds."""

_GOLDEN: Final = 0.6180339887498949
"""Steps of this part of a column fall evenly on it, and in step with nothing that comes back every so many rows."""

_SEPARATORS: Final = re.compile(r"[\s,;|()<>\[\]{}\"]+")
_PLAIN_PAGE: Final = re.compile(
    r"(?:https?://)?(?:[a-z]{2,3}\.)?linkedin\.com/company/([a-z0-9-]+)/?", re.ASCII | re.IGNORECASE
)
_PLAIN_SITE: Final = re.compile(
    r"(?:https?://)?(?:www\.)*+((?:[a-z0-9-]+\.)+[a-z]{2,})(?<!linkedin\.com)(?:/[a-z0-9_-]*)*",
    re.ASCII | re.IGNORECASE,
)
"""How nearly all cells spell a page or a site, which is quicker to read than any other form."""

_JOINED: Final = re.compile(r"[+&/]")
_JOINED_URLS: Final = re.compile(r"[+&]")
_WITHIN: Final = re.compile(r"(?<!\A)https?(?::|%3a)[^&]*", re.ASCII | re.IGNORECASE)
_MAX_WITHIN: Final = 4
"""Addresses within another that are looked at: ``https://l.facebook.com/l.php?u=https%3A%2F%2Facme.com`` has one."""

_PROOFPOINT: Final = re.compile(r"https?://urldefense\.", re.IGNORECASE)
_PROOFPOINT_SIGN: Final = re.compile(r"-([0-9A-F]{2})")
"""A mail filter writes ``https-3A__acme.com_``, in its newer form ``__https://acme.com__``."""

_SENTENCE_END: Final = ".!?:"
_OF_OTHERS: Final = re.compile(
    r"(?:[/.]|\A)(?:google\.[a-z.]{2,6}/(?:maps|search|url)\b|openfunnel\.[a-z]{2,6}/\w)", re.ASCII | re.IGNORECASE
)
"""A map or a search, which is no page of Google's own; a job at OpenFunnel."""

# fmt: off
_NAME_HEADERS: Final = frozenset((
    "name", "company", "company name", "account", "account name", "accountname", "organization", "organisation",
    "organization name", "customer", "customer name", "client", "client name",
    "firma", "firmenname", "unternehmen", "kunde", "kundenname", "account-name",
    "nom", "nom du compte", "nom de l'entreprise", "société", "raison sociale", "entreprise",
    "nombre", "nombre de la cuenta", "nombre de la empresa", "empresa", "razón social", "cliente",
    "nome", "nome azienda", "azienda", "ragione sociale", "nome da empresa", "nome da conta", "razão social",
    "bedrijf", "bedrijfsnaam", "klant", "accountnaam", "företag", "företagsnamn", "kund", "virksomhed", "yritys",
    "nazwa", "nazwa firmy", "会社名", "企業名", "取引先名", "公司", "公司名称",
))
_LEGAL_FORMS: Final = frozenset((
    "ab", "ag", "aktiengesellschaft", "as", "a/s", "aps", "bhd", "bv", "bvba", "co", "corp", "corporation", "company",
    "cv", "eg", "ek", "ev", "gesmbh", "gmbh", "inc", "incorporated", "kft", "kg", "kgaa", "kk", "limited", "llc", "llp",
    "lp", "ltd", "ltda", "mbh", "nv", "ohg", "oo", "ooo", "oy", "oyj", "plc", "pte", "pty", "pvt", "sa", "sarl", "sas",
    "sasu", "sdn", "se", "sl", "slu", "spa", "spolka", "srl", "sro", "ug", "zrt", "株式会社", "有限公司", "&",
))
"""Without dots."""
_BEFORE: Final = {"cv": ("de",), "oo": ("z",), "z": ("sp",), "limited": ("private",), "co": ("and", "und")}
"""What may come before some of them: ``S.A. de C.V.``, ``Sp. z o.o.``"""
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
        is_other = is_shared(plain) or (
            ("google" in plain or "openfunnel" in plain) and _OF_OTHERS.search(cell) is not None
        )
        return CellKeys() if is_other else CellKeys(hosts=(plain,))
    if looks_blank(cell):
        return CellKeys()
    parts = [part for part in _SEPARATORS.split(cell) if part]
    slugs, hosts = dict[str, None](), dict[str, None]()
    for part in parts:
        found = _keys_of_part(part, alone=len(parts) == 1)
        slugs.update(dict.fromkeys(found.linkedin))
        hosts.update(dict.fromkeys(found.hosts))
    return CellKeys(tuple(slugs), tuple(hosts))


def _keys_of_part(part: str, *, alone: bool) -> CellKeys:
    """The keys of a text without blanks, which may be several addresses, or one within another."""
    if "?" not in part and _JOINED.search(part):
        pieces = filter(None, (_JOINED_URLS if "//" in part else _JOINED).split(part))
        keys = [_keys_of_address(piece, alone=False) for piece in pieces]
        if len(keys) > 1 and all(own.hosts for own in keys):
            return CellKeys(hosts=tuple(name for own in keys for name in own.hosts))
    if own := _keys_of_address(part, alone=alone):
        return own
    if _PROOFPOINT.match(part):
        part = unquote(_PROOFPOINT_SIGN.sub(r"%\1", part) if "/v2/" in part else part).replace("_", "/")
    for _, within in zip(range(_MAX_WITHIN), _WITHIN.finditer(part), strict=False):
        if own := _keys_of_address(within[0], alone=alone):
            return own
    return CellKeys()


def _keys_of_address(text: str, *, alone: bool) -> CellKeys:
    if slug := linkedin_slug(text):
        in_sentence = () if alone or slug.isdigit() else (slug.rstrip(_SENTENCE_END),)
        return CellKeys(linkedin=tuple(dict.fromkeys(filter(None, (slug, *in_sentence)))))
    own = _own_host(text)
    return CellKeys(hosts=(own,)) if own and (alone or has_known_suffix(own)) else CellKeys()


def _own_host(text: str) -> str | None:
    name = host(text)
    if name is None or name[-2] == "." or is_shared(name) or _OF_OTHERS.search(text):  # N.A. is no host
        return None
    is_mail = "@" in text and "/" not in text.split("@")[0].removeprefix("mailto:")
    return None if is_mail and is_free_mail(name) else name


def company_name(text: str) -> str:
    """A company's name for comparison: as `comparable`, without legal forms at its end: ``Acme GmbH`` -> ``acme``."""
    words = comparable(text).replace(",", " ").split()
    before: tuple[str, ...] = ()
    while len(words) > 1:
        last = words[-1].replace(".", "")
        if last and last not in _LEGAL_FORMS and last not in before:
            break
        before = _BEFORE.get(last, ())
        words.pop()
    if words:
        words[-1] = words[-1].rstrip(".") or words[-1]
    return " ".join(words)


def find_columns(rows: Sequence[Sequence[object]]) -> Columns:
    """The columns of a table that hold LinkedIn pages, hosts or e-mail addresses, found by what is in them.

    Args:
        rows: of one width, with or without a row of headers.
    """
    width = len(rows[0]) if rows else 0
    headers = (
        1
        if len(rows) > 1
        and not any(map(keys_in, rows[0]))
        and all(cell is None or isinstance(cell, str) for cell in rows[0])
        else 0
    )
    keys = []
    for column in range(width):
        texts = [cell for row in rows[headers:] if isinstance(cell := row[column], str) and cell]
        filled = [cell for cell in _sample(texts) if not looks_blank(cell)]
        if _holds_keys(filled):
            keys.append(column)
    names = [
        column
        for column in range(width)
        if column not in keys and headers and comparable(to_text(rows[0][column])).replace("_", " ") in _NAME_HEADERS
    ]
    return Columns(tuple(keys), names[0] if names else None, headers)


def _holds_keys(filled: Sequence[str]) -> bool:
    """Whether enough of these texts have keys: of all, or of the different ones, since most may be ``n/a``."""
    with_keys = list(filter(keys_in, filled))
    if with_keys and len(with_keys) >= MIN_SHARE * len(filled):
        return True
    different = len(set(with_keys))
    return different >= _MIN_DIFFERENT and different >= MIN_SHARE * len(set(filled))


def _sample(texts: Sequence[str]) -> Sequence[str]:
    """The texts or, where they are many, some of them from all over."""
    count = len(texts)
    if count <= _SAMPLE:
        return texts
    return [texts[int(number * _GOLDEN % 1 * count)] for number in range(_SAMPLE)]


def row_keys(row: Sequence[object], columns: Iterable[int]) -> CellKeys:
    """The keys in these columns of a row, each once."""
    found = list(filter(None, (keys_in(row[column]) for column in columns)))
    if len(found) <= 1:
        return found[0] if found else CellKeys()
    slugs = dict.fromkeys(slug for keys in found for slug in keys.linkedin)
    hosts = dict.fromkeys(name for keys in found for name in keys.hosts)
    return CellKeys(tuple(slugs), tuple(hosts))
