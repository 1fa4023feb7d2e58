"""Text for people: numbers with their nouns, texts on one line, texts cut to a length."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from datetime import UTC, datetime

_ELLIPSIS = "…"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``number`` with its noun: ``1 page``, ``1,600 pages``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def companies(number: int) -> str:
    """``1 company``, ``1,600 companies``."""
    return count(number, "company", "companies")


def alternatives(names: Sequence[str]) -> str:
    """The names for a question: ``city``, ``country or city``, ``country, hq_country or city``."""
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def first_of(names: Sequence[str], most: int) -> str:
    """The first of the names, and how many others there are: ``Texas, Ohio and 3 more``."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def progress_text(read: int, delivered: int | None) -> str:
    """The companies of a running job: ``400 companies so far``, ``400 of 437 companies read``.

    Args:
        read: companies that were read.
        delivered: companies that the service has delivered; it counts them before their page can be read.
    """
    if delivered is not None and delivered > read:
        return f"{read:,} of {companies(delivered)} read"
    return f"{companies(read)} so far"


def size(byte_count: int) -> str:
    """A size in KB or MB: ``68 KB``, ``1.4 MB``."""
    return f"{byte_count / 2**20:,.1f} MB" if byte_count >= 2**20 else f"{-(-byte_count // 2**10)} KB"


def format_utc(moment: datetime | None) -> str:
    """``YYYY-MM-DD HH:MM:SS UTC``, or ``""`` for None."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def local_time(moment: datetime | None) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in the local time zone, or ``""`` for None."""
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def one_line(text: str) -> str:
    """``text`` with one space for every run of white space and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def utf16_units(text: str) -> int:
    """The length of ``text`` as Excel counts it: characters beyond U+FFFF are two units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, units: int) -> str:
    """``text`` cut to at most ``units`` UTF-16 units, with ``…`` at the end where it was cut.

    A character of two units (a surrogate pair) is never split.
    """
    if len(text) * 2 <= units or utf16_units(text) <= units:
        return text
    remaining = units - 1
    end = 0
    for character in text:
        remaining -= 2 if character > "\uffff" else 1
        if remaining < 0:
            break
        end += 1
    return text[:end] + _ELLIPSIS


def decoded(content: bytes) -> str:
    """The text of a file that people saved: UTF-8, UTF-16 with its mark, else as Excel writes it in Western Europe."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
