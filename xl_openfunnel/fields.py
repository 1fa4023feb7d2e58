"""Every field of a company, described once: its name, type, origin and meaning.

`table` takes the order, dtypes and derivations of columns from here, the files their column widths.
Nothing here imports pandas.

What the fields hold was measured in the service's recorded responses of June 2026. Rows have had these shapes:

| since | fields |
| --- | --- |
| 2026-04, documentation | name, domain, linkedin_url, headquarters, company_size |
| 2026-06-09, live | and match_reason, rerank_score |
| 2026-06-18, live | no company_size; employee_count and the ten others up to tagline |
| TAM jobs | and match_score, source_band, source_query |
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final, Literal

from .company_key import comparable, looks_blank
from .errors import UnknownColumnError

ALL_COLUMNS: Final = "*"
"""Stands for ``rank`` and every field that the rows have."""

ABSENT: Final[Any] = object()
"""The value of a field that a row does not have; a null is None."""

# fmt: off
EMPLOYEE_BANDS: Final[tuple[str, ...]] = (
    "1–10", "11–50", "51–200", "201–500", "501–1000", "1001–5000", "5001–10000", "10001+",
)
"""Company sizes in natural order, with an en dash: a sheet turns ``2-10`` into a date."""
# fmt: on

_BAND_ENDS: Final = (10, 50, 200, 500, 1000, 5000, 10000)
_NUMBER: Final = r"([0-9]{1,3}(?:[,.'’ʼ‘´` ][0-9]{3}){1,4}|[0-9]{1,15})"
_THOUSANDS: Final = r"(?: ?k(?![^\W_]))"
# The quantifiers are possessive, so that a long run of spaces is not split between the parts in every possible way.
_SIZE: Final = re.compile(
    rf"{_NUMBER}({_THOUSANDS}?)(?: *+(?:(\+)|(?:[-‐‑‒–—―−⁃﹘﹣－~∼〜～]|to(?= )) *+{_NUMBER}{_THOUSANDS}?))?"
    r" *+(?!(?:m|mn|mio|mln|million|bn|billion|thousand)\b)(?:(?:[^\W\d_]|[(\[·•|]).*)?",
    re.DOTALL,
)
"""A number or a range, then words. It matches the `comparable` text."""

_ONE_PERSON: Final = frozenset(("self-employed", "self employed", "myself only"))
"""LinkedIn's words for a company of one person."""


class FieldType(Enum):
    """What the values of a field are, nulls aside."""

    TEXT = "text"
    INTEGER = "whole number"
    NUMBER = "number"
    LIST = "list of texts"
    BAND = "one of EMPLOYEE_BANDS"


@dataclass(frozen=True)
class Field:
    """One field of a company.

    Attributes:
        name: as the service spells it, and as people name the column.
        type: what its values are.
        origin: who makes it: the service, or this package from other fields.
        meaning: what it says, for people who read the guide.
        default: whether it is shown where no columns are named.
        width: characters of its column in a workbook; None leaves that to the length of the name.
        sources: the fields that a value is made from, where that is not the field alone.
        derive: makes a value of the values of ``sources``, each `ABSENT` where the row does not have it.
    """

    name: str
    type: FieldType
    origin: Literal["service", "derived"]
    meaning: str
    default: bool = False
    width: int | None = None
    sources: tuple[str, ...] = ()
    derive: Callable[..., Any] | None = None


def _is_blank(value: Any) -> bool:
    """Whether a cell with the value looks empty."""
    if isinstance(value, str):
        return looks_blank(value)
    return value is None or value is ABSENT or value != value or value == []


def _employee_count(count: Any, size: Any) -> Any:
    """The count; for a row without one its size, as a number where it is one."""
    if not _is_blank(count) or _is_blank(size):
        return None if count is ABSENT else count
    if isinstance(size, str):
        digits = size.strip()
        return int(digits) if re.fullmatch("[0-9]{1,15}", digits) else digits
    return size


def _employee_band(count: Any, size: Any) -> str | None:
    """The band of a count, or of the lower bound of a range; None where that cannot be read."""
    lowest = _employee_count(count, size)
    if isinstance(lowest, str):
        lowest = _lowest_count(comparable(lowest))
    if type(lowest) not in (int, float) or not lowest >= 0:
        return None
    return EMPLOYEE_BANDS[bisect_left(_BAND_ENDS, lowest)]


def _lowest_count(size: str) -> int | None:
    """The lower bound of a size: ``51-200 employees`` -> 51; ``10,001+`` -> more than 10001.

    LinkedIn rounds bounds of a thousand and more: its ``1K-5K`` are the companies of more than 1,000.
    """
    if size in _ONE_PERSON:
        return 1
    if not (match := _SIZE.fullmatch(size)):
        return None
    lowest, thousands, plus, highest = match.groups()
    number = int(re.sub("[^0-9]", "", lowest)) * (1000 if thousands else 1)
    return number + bool(plus or (thousands and highest))


def _location(part: int, own: Any, hq: Any, headquarters: Any) -> Any:
    """The country (part 2 of headquarters, split at the last comma) or the city (part 0)."""
    if not _is_blank(own):
        return own
    return _filled(hq) or _filled(_filled(headquarters).rpartition(",")[part]) or None


def _filled(value: Any) -> str:
    """A text without blanks at its ends; ``""`` for one that looks blank, and for anything but text."""
    return value.strip() if isinstance(value, str) and not looks_blank(value) else ""


# fmt: off
FIELDS: Final = (
    Field(
        "rank", FieldType.INTEGER, "derived", "The company's place in the service's order, from 1.",
        default=True, width=8,
    ),
    Field(
        "name", FieldType.TEXT, "service", "The company's name, never blank. TRUE, 99 and +Oscar are real ones.",
        default=True, width=34,
    ),
    Field(
        "domain", FieldType.TEXT, "service",
        "The website's host in lower case, without scheme, www. and path. Blank for about 5 % of companies, as an "
        "empty text; several may share one.",
        default=True, width=28,
    ),
    Field(
        "linkedin_url", FieldType.TEXT, "service",
        "The company's LinkedIn page, never blank. Within one job none repeats; if one does, a warning says so.",
        default=True, width=44,
    ),
    Field(
        "headquarters", FieldType.TEXT, "service",
        'Mostly "City, Country", sometimes the country alone. Blank for about 12 % of companies.',
        default=True, width=28,
    ),
    Field(
        "employee_count", FieldType.INTEGER, "service",
        "The number of employees. Where a row has none, its older company_size: a number, or the text of a range. "
        "Blank for about 7 % of companies; 0 is a number of its own.",
        default=True, width=17, sources=("employee_count", "company_size"), derive=_employee_count,
    ),
    Field(
        "company_size", FieldType.TEXT, "service",
        "The older form of employee_count, sent until June 2026: a count such as 74, or a range such as 51-200.",
        width=15,
    ),
    Field(
        "match_reason", FieldType.TEXT, "service",
        "Why the service chose the company, in up to 306 characters. Blank for about 2 % of companies.",
        default=True, width=90,
    ),
    Field(
        "funding_stage", FieldType.TEXT, "service",
        'The stage of funding, such as "No Funding Yet" or "Pre Seed": other words than the search takes as a filter. '
        "Blank for about 33 % of companies.",
        width=18,
    ),
    Field(
        "revenue_usd", FieldType.INTEGER, "service",
        "The revenue in US dollars, up to 29,938,000,000. Blank for about 70 % of companies.",
        width=18,
    ),
    Field(
        "industries", FieldType.LIST, "service",
        "Up to 16 industries, joined with semicolons since their names may hold commas. "
        "Blank for about 7 % of companies.",
        width=48,
    ),
    Field(
        "hq_city", FieldType.TEXT, "service",
        "The city of the headquarters. May disagree with headquarters, and is blank for about 21 % of companies.",
        width=20,
    ),
    Field(
        "hq_region", FieldType.TEXT, "service",
        "The region of the headquarters. Blank for about 20 % of companies.",
        width=20,
    ),
    Field(
        "hq_country", FieldType.TEXT, "service",
        "The country of the headquarters. Blank for about 17 % of companies.",
        width=20,
    ),
    Field(
        "linkedin_follower_count", FieldType.INTEGER, "service",
        "The followers of the LinkedIn page. Blank for about 7 % of companies.",
        width=25,
    ),
    Field(
        "description", FieldType.TEXT, "service",
        "The company described in up to 2,240 characters, mostly on several lines. Blank for about 7 % of companies.",
        width=80,
    ),
    Field(
        "tagline", FieldType.TEXT, "service",
        "The company in short; for one in eight the same text as the description. Blank for about 7 % of companies.",
        width=48,
    ),
    Field(
        "rerank_score", FieldType.NUMBER, "service",
        "A score of the final ranking. Blank in all rows seen so far.",
        width=14,
    ),
    Field("match_score", FieldType.NUMBER, "service", "The score of the match. TAM jobs only."),
    Field("source_band", FieldType.TEXT, "service", "The band in which the company was found. TAM jobs only."),
    Field("source_query", FieldType.TEXT, "service", "The query that found the company. TAM jobs only."),
    Field(
        "country", FieldType.TEXT, "derived",
        "hq_country; where that is blank, what follows the last comma of headquarters.",
        width=20, sources=("country", "hq_country", "headquarters"), derive=partial(_location, 2),
    ),
    Field(
        "city", FieldType.TEXT, "derived",
        "hq_city; where that is blank, what precedes the last comma of headquarters.",
        width=20, sources=("city", "hq_city", "headquarters"), derive=partial(_location, 0),
    ),
    Field(
        "employee_band", FieldType.BAND, "derived",
        "The size class of employee_count, or of the lower bound of its range, from 1–10 to 10001+.",
        width=18, sources=("employee_count", "company_size"), derive=_employee_band,
    ),
)
"""All known fields: ``rank``, those of the service in the order of a full table, and the derived ones."""
# fmt: on

BY_NAME: Final[Mapping[str, Field]] = {field.name: field for field in FIELDS}

DEFAULT_COLUMNS: Final = tuple(field.name for field in FIELDS if field.default)
"""The columns that are shown where none are named."""

SERVICE_COLUMNS: Final = tuple(field.name for field in FIELDS if field.origin == "service")
"""Every field the service is known to send, in the order of a full table."""

JOB_COLUMN: Final = "job_id"
"""The leading column of several jobs' rows. One job's rows have none, and no field of theirs has that name."""

KNOWN_PREFIX: Final = "known:"
"""Before the name of a known list: a column that tells by which tier each company is in it. It is shown
only where it is named, and `"*"` does not stand for it."""

TIER_COLUMN: Final = "tier"
"""The column that tells new companies from those that cannot be compared; it comes last, without being named."""

KNOWN_TIERS: Final = ("linkedin", "host")
"""What such a column holds for a company that is in the list."""

KNOWN_VALUES: Final = (*KNOWN_TIERS, "not comparable")
"""What such a column holds; it is blank for a new company."""

_SERVICE_PREFIX: Final = "service_"

DERIVED_COLUMNS: Final = tuple(field.name for field in FIELDS if field.origin == "derived" and not field.default)
"""Columns that are made here and shown only where they are named."""


def sources_of(name: str) -> tuple[str, ...]:
    """The fields that a column is made from: for most the one of its name."""
    field = BY_NAME.get(name)
    return field.sources if field and field.sources else (name,)


def columns_of(fields: Iterable[str]) -> dict[str, str]:
    """The column that shows each field of the rows.

    A field has its own name, unless that is the name, in any case, of a column that is made here of other things. It
    then has ``service_`` in front, as in ``service_rank``, more than once where the rows have that name too.
    """
    names = list(fields)
    taken = {name.casefold() for name in names}
    columns = {}
    for name in names:
        column, known = name, BY_NAME.get(name.casefold())
        is_ours = known is not None and known.origin == "derived" and name not in known.sources
        if is_ours or name.casefold() == JOB_COLUMN or name.casefold().startswith(KNOWN_PREFIX):
            column = _SERVICE_PREFIX + name
            while column.casefold() in taken:
                column = _SERVICE_PREFIX + column
        columns[name] = column
    return columns


def fields_of(column: str) -> tuple[str, ...]:
    """The casefolded names of the fields that a column, in any case, may be made of."""
    name = column.casefold()
    fields = list(sources_of(name))
    while name.startswith(_SERVICE_PREFIX):
        name = name.removeprefix(_SERVICE_PREFIX)
        fields.append(name)
    return tuple(fields)


def column_width(name: str) -> int | None:
    """Characters of the field's column in a workbook; None where its name decides."""
    field = BY_NAME.get(name)
    return field.width if field else None


def parse_columns(value: object) -> tuple[str, ...] | None:
    """The columns that a person named in a text, a list of texts or a range of cells.

    Args:
        value: ``"name,domain"``, ``"name;domain"``, ``"*"``, or a list, nested or not, of such texts.

    Returns:
        The names, trimmed, each once regardless of case, known ones in their own spelling. Blanks are
        skipped; None where nothing is left, so that the caller's default applies.

    Raises:
        UnknownColumnError: something other than text is among them.
    """
    names: dict[str, str] = {}
    for text in _texts(value):
        for name in re.split("[,;]", text):
            if key := comparable(name):
                names.setdefault(key, column_name(name))
    return tuple(names.values()) or None


def column_name(text: str) -> str:
    """One column as a person named it: a known one in its own spelling, another without blanks at its ends.

    The name of a known list is `comparable`, with single blanks.
    """
    key = comparable(text)
    if key.startswith(KNOWN_PREFIX):
        return KNOWN_PREFIX + " ".join(key.removeprefix(KNOWN_PREFIX).split())
    return key if key in BY_NAME or key == JOB_COLUMN else text.strip()


def _texts(value: object) -> Iterator[str]:
    """All texts in ``value``, however nested."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        raise UnknownColumnError(f'{value!r} is no column. Give names as text, like "name" in quotation marks.')
