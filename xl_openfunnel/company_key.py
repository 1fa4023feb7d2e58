"""What makes two texts, domains, links or companies the same. Pure, and imports nothing of the package.

| key | from | the same key as |
| --- | --- | --- |
| ``comparable`` | any text | the text in another case, composed or decomposed (NFC), with invisible characters, with blanks at its ends or of another kind within |
| ``linkedin_slug`` | ``linkedin.com/company/acme`` | its ``/school/`` and ``/showcase/`` page, its tabs, country hosts and queries, percent-encoded or not |
| ``host`` | ``acme.com`` | its URLs and e-mail addresses, with ``www.`` or a port, as punycode |

Two rows are the same company if they have the same LinkedIn slug. A row without a slug is the company that its host
belongs to, unless many companies share that host; otherwise it stands alone. Equal domains with different slugs are
different companies: real searches have such rows.
"""  # noqa: E501

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote

# Unicode's Default_Ignorable_Code_Point, control characters that are not blanks, and interlinear annotation marks.
INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BLANK: Final = re.compile(r"\s")
_PLAIN: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
"""Printable ASCII without blanks at the ends, which only case can make different."""

_AS_LETTERS: Final = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th"}
)
"""Letters that Unicode does not decompose, as the Unicode Collation Algorithm sorts them."""

_SIGNS_FIRST: Final = str.maketrans(
    {sign: chr(1 + position) for position, sign in enumerate(" _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$")}
)
"""Signs in the order of the Unicode Collation Algorithm's table, all before digits."""

_AROUND: Final = " \t\r\n,;\"'«»“”„‘’‚‹›"
"""What people leave at the ends of an address that they copy from a text. Brackets too, in pairs."""

_BRACKETED: Final = re.compile(r"\((.*)\)|\[(.*)\]|\{(.*)\}|<(.*)>", re.DOTALL)
_SCHEME: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*+:(?=//)|(?:https?|ftp|mailto)[:/]+|https?[.;,]//|[^\W\d_]+:\s*(?=[^\W\d])|/)*+"
)
"""Once or several times, as in ``http://http//acme.com``; or a label, as in ``Website: acme.com``."""

_ENCODED: Final = re.compile(r"[^/]*%(?:3a|2f)", re.IGNORECASE)
"""A whole address that is percent-encoded, as in the query of another."""

_LABEL: Final = rf"[^\s\x00-,./:-@\[-^`{{-\x7f{_AROUND}]+"
_HOST: Final = re.compile(rf"(?!.*\.[0-9]+\Z){_LABEL}(?:\.{_LABEL})+")
_WWW: Final = re.compile(r"(?:www\.)+(?=.*\.)")
_PLAIN_HOST: Final = re.compile(r"(?!www\.)(?:[a-z0-9-]+\.)+[a-z]+")
"""How nearly all rows spell the domain, which is quicker to read than any other form."""

_LINKEDIN_HOST: Final = re.compile(r"(?:[a-z0-9-]+\.)*linkedin\.com\.?(?::[0-9]*)?")
_LINKEDIN_KINDS: Final = frozenset(("company", "school", "showcase"))
_LINKEDIN_VIEWS: Final = frozenset(("mwlite", "organization-guest"))
"""The page for telephones, and that for visitors without an account, come before the kind."""

_CANONICAL: Final = re.compile(r"https://www\.linkedin\.com/company/([a-z0-9.&_-]+)/?")
"""How nearly all rows spell the page, which is quicker to read than any other form."""


class CompanyKeys(NamedTuple):
    """What a row can be compared by; None where it has nothing of that kind."""

    linkedin: str | None
    host: str | None
    name: str | None


def keys_of(row: Mapping[str, Any]) -> CompanyKeys:
    name = row.get("name")
    return CompanyKeys(
        linkedin_slug(row.get("linkedin_url")),
        host(row.get("domain")),
        (comparable(name) or None) if isinstance(name, str) else None,
    )


def comparable(text: str) -> str:
    """``text`` in the one form that all texts which look alike share; ``""`` for one that looks blank."""
    if _PLAIN.fullmatch(text):
        return text.lower()
    visible = INVISIBLE.sub("", text).strip()
    # Twice, because a folded letter may be decomposed, and two of its marks may then be in another order.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", visible).casefold())
    return _BLANK.sub(" ", unicodedata.normalize("NFC", unicodedata.normalize("NFD", folded).casefold())).strip()


def text_order(text: str) -> tuple[str, str]:
    """The place of a text among others, as sheets sort them: signs, digits, letters; ``é`` between ``e`` and ``f``.

    Texts with the same `comparable` have the same place.
    """
    same = comparable(text)
    if same.isascii():
        return same.translate(_SIGNS_FIRST), same
    letters = "".join(c for c in unicodedata.normalize("NFKD", same) if not unicodedata.combining(c))
    return letters.translate(_AS_LETTERS).translate(_SIGNS_FIRST), same


def looks_blank(text: str) -> bool:
    """Whether the text shows nothing: it is empty, or has only blanks and invisible characters."""
    return not "!" <= text[:1] <= "~" and not comparable(text)


def linkedin_slug(value: object) -> str | None:
    """The company that a LinkedIn address names: ``http://de.linkedin.com/company/Acme/about/?x=1`` -> ``acme``.

    None for any other address, and for anything but text.
    """
    if not isinstance(value, str):
        return None
    if match := _CANONICAL.fullmatch(value):
        return match[1]
    address, _, path = _without_scheme(value, "NFC").partition("/")
    segments = [segment for segment in re.split("[?#]", path)[0].split("/") if segment]
    if segments and segments[0] in _LINKEDIN_VIEWS:
        del segments[0]
    if not _LINKEDIN_HOST.fullmatch(address.rpartition("@")[2]) or len(segments) < 2:
        return None
    if unquote(segments[0]) not in _LINKEDIN_KINDS:
        return None
    # Bytes that are not UTF-8 stay apart, so that two of them do not become one company.
    return comparable(unquote(segments[1], errors="surrogateescape")) or None


def host(value: object) -> str | None:
    """The host of a domain, a URL or an e-mail address: ``https://WWW.Acme.com:443/de`` -> ``acme.com``.

    International names are given in their own letters. None where there is no host with a dot, for an IP address,
    and for anything but text.
    """
    if not isinstance(value, str):
        return None
    if _PLAIN_HOST.fullmatch(value) and "xn--" not in value:
        return value
    address = re.split("[/?#]", _without_scheme(value, "NFKC"))[0].rpartition("@")[2]
    name = re.sub(r":[0-9]*\Z", "", address).replace("\u3002", ".").strip().strip(".")
    if "%" in name:
        name = _host_form(unquote(name)).strip(".")
    if "xn--" in name:
        name = ".".join(map(_from_punycode, name.split(".")))
    name = _WWW.sub("", name, count=1) if name.startswith("www.") else name
    return name if _HOST.fullmatch(name) else None


def group_companies(rows: Iterable[CompanyKeys], is_shared: Callable[[str], bool]) -> list[int]:
    """The company of each row, as the position of its first row.

    Args:
        rows: the keys of each row.
        is_shared: whether a host belongs to many companies, as that of a site builder does.
    """
    keys = list(rows)
    slugs_by_host: dict[str, set[str]] = {key.host: set() for key in keys if key.host and not key.linkedin}
    for key in keys if slugs_by_host else ():
        if key.linkedin and key.host in slugs_by_host:
            slugs_by_host[key.host].add(key.linkedin)
    by_slug: dict[str, int] = {}
    by_host: dict[str, int] = {}
    companies = []
    for position, (slug, host_name, _) in enumerate(keys):
        if slug:
            companies.append(by_slug.setdefault(slug, position))
            continue
        slugs = slugs_by_host[host_name] if host_name and not is_shared(host_name) else None
        if slugs is None or host_name is None or len(slugs) > 1:
            companies.append(position)
        elif slugs:
            companies.append(by_slug.setdefault(next(iter(slugs)), position))
        else:
            companies.append(by_host.setdefault(host_name, position))
    return companies


def _without_scheme(text: str, form: Literal["NFC", "NFKC"]) -> str:
    """An address without its scheme, in lower case and the normal form, with slashes for backslashes."""
    visible = INVISIBLE.sub("", text)
    if _ENCODED.match(visible):
        visible = INVISIBLE.sub("", unquote(visible, errors="surrogateescape"))
    visible = unicodedata.normalize(form, visible).strip().strip(_AROUND)
    if match := _BRACKETED.fullmatch(visible):
        visible = "".join(filter(None, match.groups())).strip().strip(_AROUND)
    return _SCHEME.sub("", unicodedata.normalize(form, visible.lower()).replace("\\", "/"), count=1)


def _from_punycode(label: str) -> str:
    """``xn--mnchen-3ya`` -> ``münchen``; a label that is not valid punycode stays."""
    if not label.startswith("xn--"):
        return label
    try:
        decoded = _host_form(label[4:].encode("ascii").decode("punycode"))
    except (UnicodeError, ValueError, OverflowError):
        return label
    return decoded if re.fullmatch(_LABEL, decoded) and not decoded.startswith("xn--") else label


def _host_form(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).lower())
