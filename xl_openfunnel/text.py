"""Text for a person: numbers with their words, and made fit for a cell, one line and no longer than its place."""

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
