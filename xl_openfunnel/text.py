"""Text for a person: numbers with their words, and made fit for a cell, one line and no longer than its place."""

import json
from collections.abc import Iterable

_ELLIPSIS = "…"


def count(number: int, word: str, many: str | None = None) -> str:
    """``number`` with its word: ``1 page``, ``1,600 pages``."""
    return f"{number:,} {word if number == 1 else many or word + 's'}"


def companies(number: int) -> str:
    """``1 company``, ``1,600 companies``."""
    return count(number, "company", "companies")


def progress_text(read: int, told: int | None) -> str:
    """Companies of a job that goes on: ``400 companies so far``, ``400 of 437 companies read``.

    Args:
        read: those that were read.
        told: those that the service says it has delivered; it tells them before their page can be read.
    """
    return f"{read:,} of {companies(told)} read" if told is not None and told > read else f"{companies(read)} so far"


def size(octets: int) -> str:
    """A size in the unit that fits: ``68 KB``, ``1.4 MB``."""
    return f"{octets / 2**20:,.1f} MB" if octets >= 2**20 else f"{-(-octets // 2**10)} KB"


def one_line(text: str) -> str:
    """``text`` with every run of white space and control characters made one space."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def joined(values: Iterable[object]) -> str:
    """Values of whatever kind on one line, those that are there."""
    return "; ".join(str(value) for value in values if value is not None)


def as_json(value: object) -> str:
    """``value`` as JSON on one line, with null for numbers that JSON does not have: 1e400 is read as infinite."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        finite = json.loads(json.dumps(value, default=str), parse_constant=lambda _: None)
        return json.dumps(finite, ensure_ascii=False)


def utf16_units(text: str) -> int:
    """The length of ``text`` as Excel counts it: characters beyond U+FFFF are two units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, units: int) -> str:
    """``text`` in at most ``units`` UTF-16 units, with ``…`` last where something was cut.

    A character that needs two units (a surrogate pair) is kept whole or left out.
    """
    if len(text) * 2 <= units or utf16_units(text) <= units:
        return text
    room = units - 1
    kept = []
    for character in text:
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + _ELLIPSIS


def safe_str(value: object) -> str:
    """``str(value)``, also of what fails to say what it is."""
    try:
        return str(value)
    except Exception:
        return object.__repr__(value)
