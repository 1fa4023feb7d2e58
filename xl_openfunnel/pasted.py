"""Reads what people paste: the job or the API key in a text, with what e-mails, browsers and documents put around it.

Hyphens, quotation marks and full-width characters of typography count as those of ASCII, and invisible characters as
nothing. Pure: which job a text may name is decided here, whether there is one by who asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote, urlsplit

from .company_key import INVISIBLE, comparable
from .errors import CELL_PREFIX, CELL_UNITS
from .text import alternatives, clip, one_line, utf16_units

KEY_PREFIX: Final = "of_"
"""The prefix of API keys."""

HYPHENS: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63"
"""Those of typography, which people and programs put for ``-``."""

_QUOTES: Final = "`´«»‘’‚‛“”„‟′″‹›「」『』"
_FULL_WIDTH: Final = "".join(chr(0xFEE0 + code) for code in range(0x21, 0x7F))
_ASCII: Final = str.maketrans(
    _FULL_WIDTH + HYPHENS + _QUOTES,
    "".join(map(chr, range(0x21, 0x7F))) + "-" * len(HYPHENS) + '"' * len(_QUOTES),
)
_MARK: Final = "\0"
"""In place of an invisible character, so that it can stand within a word as well as between two."""

_AROUND: Final = "\"'<>[](){},;"
"""Stripped from the ends of a text, with blanks."""

_ID_LENGTH: Final = 128
_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{_ID_LENGTH}}}")
_CANONICAL: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PART_OF_API: Final = re.compile(r"page_[0-9]+|v[0-9]+|cancel|pause|resume|results|rows|status", re.IGNORECASE)
"""Segments of the API's own paths, and names of pages, which name no job."""

_HEX: Final = f"[0-9a-f]{_MARK}?"
_HYPHEN: Final = rf"([\s{_MARK}]*-[\s{_MARK}]*)?"
_UUID: Final = re.compile(
    f"(?:(?<![0-9a-f])|(?<=job)|(?<=id))((?:{_HEX}){{8}}{_HYPHEN}"
    + f"(?:{_HEX}){{4}}{_HYPHEN}" * 3
    + f"(?:{_HEX}){{12}})(?![0-9a-f])"
)
_KEY: Final = re.compile(rf"(?<![A-Za-z0-9_])o{_MARK}*f{_MARK}*_[^\s\"'`<>,;(){{}}\[\]|\\]*")
_MIN_KEY_LENGTH: Final = 8

_MAX_SIMILAR: Final = 3
_MIN_SIMILARITY: Final = 0.7
"""Of `difflib`'s ratio: one wrong letter in a label of four has 0.75, two UUIDs that have nothing in common under
0.6."""


def is_job_id(text: str) -> bool:
    """Whether ``text`` has the form of a job id, which is safe in a path."""
    return _ID.fullmatch(text) is not None


def job_ids(text: str) -> list[str]:
    """The UUIDs in the text, each once, in the canonical form: small letters and hyphens.

    Without hyphens 32 hexadecimal digits count too, where no UUID has them all. A UUID in an API key does not count.
    """
    if _CANONICAL.fullmatch(text):  # nearly every text
        return [text]
    read = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), text)
    for _ in range(3):  # an address in an address in an address
        read = unquote(read)
    read = re.sub(rf"o{_MARK}*f{_MARK}*_[\w{_MARK}-]*", " ", _marked(read)).lower()
    read = re.sub(r"\s+", " ", re.sub(f"{_MARK}+", _MARK, read))
    matches = list(_UUID.finditer(read))
    whole = [match for match in matches if all(match.groups())]
    digits = ["".join(re.findall("[0-9a-f]", match[1])) for match in whole or matches]
    return list(dict.fromkeys(f"{d[:8]}-{d[8:12]}-{d[12:16]}-{d[16:20]}-{d[20:]}" for d in digits))


def job_name(text: str) -> str | None:
    """What the text may name a job by, where it has no UUID: itself, or the last segment of its URL; else None."""
    name = stripped(text)
    if "://" in name:
        try:
            segments = [segment for segment in urlsplit(name).path.split("/") if segment]
        except ValueError:  # wrong brackets
            return None
        while segments and _PART_OF_API.fullmatch(segments[-1]):
            segments.pop()
        name = segments[-1] if segments else ""
        if not any(map(str.isdigit, name)):  # .../jobs names no job
            return None
    return name if is_job_id(name) and not _PART_OF_API.fullmatch(name) else None


def api_keys(text: str) -> list[str]:
    """The API keys in the text, each once."""
    found = (match[0].replace(_MARK, "").rstrip(".:!?") for match in _KEY.finditer(_marked(text)))
    return list(dict.fromkeys(key for key in found if len(key) >= _MIN_KEY_LENGTH))


def holds_key(text: str) -> bool:
    """Whether any part of the text begins like an API key."""
    return _KEY.search(_marked(text)) is not None


def stripped(text: str) -> str:
    """The text in ASCII's forms, without invisible characters, and without blanks, quotes and brackets at its ends."""
    before, text = "", _marked(text).replace(_MARK, "")
    while before != text:
        before, text = text, text.strip().strip(_AROUND)
    return text


def unquoted(text: str) -> str:
    """The text without blanks, quotes and invisible characters at its ends. Within a path they may be meant."""
    ends = rf"(?:[\s\"'{_QUOTES}]|{INVISIBLE.pattern})+"
    return re.sub(rf"\A{ends}|{ends}\Z", "", text)


def shown(text: str) -> str:
    """The text on one line, without API keys, and with ``[U+200B]`` in place of each character that looks like none.

    In a text that is nearly a UUID, letters and signs beyond ASCII are named too, for they may look like its own.
    """
    keys = [match.span() for match in _KEY.finditer(_marked(text))]
    for begin, end in reversed(keys):
        text = f"{text[:begin]}of_…{text[end:]}"
    is_nearly_uuid = len(re.findall("[0-9A-Fa-f-]", text)) >= 24

    def named(character: str) -> str:
        odd = (not character.isprintable() and character not in "\t\n\r") or INVISIBLE.match(character) is not None
        alike = is_nearly_uuid and character > "\x7f" and character != "…"
        return f"[U+{ord(character):04X}]" if odd or alike else character

    return one_line("".join(map(named, text.strip(" \t\n\r"))))


NO_JOB_KNOWN: Final = "is no job id, no job's URL and no label known here."
"""What follows a text that names no job, where labels are known."""


def refusal(text: str, reason: str, names: Iterable[str] = (), *, remedy: str) -> str:
    """A message on a text that names no job: the whole text, if a cell has room for it, the reason, and what to do.

    Args:
        text: as it was given.
        reason: what follows the text.
        names: labels and ids of jobs that are known here. Similar ones take the place of ``remedy``.
        remedy: the last sentence.
    """
    given = shown(text)
    room = CELL_UNITS - utf16_units(f"{CELL_PREFIX} {reason} ")
    similar = similar_names(text, names)
    while similar and utf16_units(repr(given) + did_you_mean(similar)) > room:
        similar.pop()
    last = did_you_mean(similar) if similar else remedy
    room -= utf16_units(last)
    given = clip(given, max(room, 20))
    while utf16_units(repr(given)) > room and len(given) > 20:  # repr escapes backslashes
        given = clip(given, utf16_units(given) - 1)
    return f"{given!r} {reason} {last}".strip()


def similar_names(text: str, names: Iterable[str]) -> list[str]:
    """The names that are most like the text, or like its longest word, the most similar first."""
    import difflib  # for refusals only

    by_form = {comparable(name): name for name in names}
    plain = comparable(clip(stripped(text), 2 * _ID_LENGTH))
    ratios: dict[str, float] = {}
    for wanted in {plain, max(plain.split(), key=len, default="")}:
        matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)
        for form in by_form:
            matcher.set_seq1(form)
            if matcher.real_quick_ratio() >= _MIN_SIMILARITY and matcher.quick_ratio() >= _MIN_SIMILARITY:
                ratios[form] = max(ratios.get(form, 0.0), matcher.ratio())
    close = sorted((form for form in ratios if ratios[form] >= _MIN_SIMILARITY), key=lambda form: -ratios[form])
    return [by_form[form] for form in close[:_MAX_SIMILAR]]


def did_you_mean(names: Iterable[str]) -> str:
    """The question whether one of these names was meant."""
    return f"Did you mean {alternatives([repr(shown(name)) for name in names])}?"


def _marked(text: str) -> str:
    """The text in ASCII's forms, as long as before, with `_MARK` for each invisible character."""
    return INVISIBLE.sub(_MARK, text.translate(_ASCII))
