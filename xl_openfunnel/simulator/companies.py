"""Rows to serve: invented companies with the oddities of real ones, or real rows from a file.

The rates and lengths were measured on 2,400 recorded rows of the same shape. In addition, some names and
match reasons begin with ``=``, ``-``, ``@``, TAB or CR, which was not seen in real rows.
"""

from __future__ import annotations

import json
import random
from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from . import vocabulary

Shape = Literal["full", "narrow", "old"]

_T = TypeVar("_T")

_TRAP_INTERVAL: Final = 41
"""One row in this many has a name from `vocabulary.TRAPS`."""

_NO_REASON_BLOCK: Final = 10
"""Match reasons are missing in blocks of this many rows, 1 % of all rows."""

_PLACES: Final = tuple((place, country) for country, cities in vocabulary.PLACES.items() for place in cities)

_FUNDING_STAGES: Final = tuple(vocabulary.FUNDING)
_FUNDING_SUMS: Final = tuple(accumulate(vocabulary.FUNDING.values()))

_MAX_DESCRIPTION: Final = 2_240

_EXPECTED: Final = "one JSON object a line is wanted"


def companies(count: int, seed: int = 0, shape: Shape = "full") -> list[dict[str, Any]]:
    """Invented companies, the same for the same seed.

    A shorter list is a prefix of a longer one, and all shapes describe the same companies.

    Args:
        count: how many companies.
        seed: of the random numbers.
        shape: ``full``, 16 fields, about 1.8 KB a row; ``narrow``, without the prose of ``description`` and
            ``tagline``; ``old``, the seven fields of older responses, with ``company_size`` as text.

    Raises:
        ValueError: an unknown shape, or a negative count.
    """
    if shape not in ("full", "narrow", "old"):
        raise ValueError(f"shape is full, narrow or old, not {shape!r}")
    if count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    generator = _CompanyGenerator(seed)
    rows = [generator.row(position) for position in range(count)]
    if shape == "old":
        return [generator.to_old_shape(row) for row in rows]
    return [generator.with_prose(row) for row in rows] if shape == "full" else rows


def load_rows(path: Path | str, limit: int | None = None) -> list[dict[str, Any]]:
    """The first ``limit`` rows, or all, from a UTF-8 file with one JSON object a line; blank lines are skipped.

    Raises:
        ValueError: a line is not a JSON object; the message names the file and the line.
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as file:
        numbered = ((number, line) for number, line in enumerate(file, 1) if line.strip())
        return [_parse(line, f"{path}, line {number}") for number, line in islice(numbered, limit)]


def _parse(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_reject_constant)
    except ValueError as error:
        raise ValueError(f"{place}: {_EXPECTED}, and this is no JSON ({error}).") from None
    if not isinstance(row, dict):
        raise ValueError(f"{place}: {_EXPECTED}, and this is none.")  # noqa: TRY004 - wrong text
    return row


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


class _CompanyGenerator:
    """Generates one row after the other. Prose has its own random numbers, so that all shapes agree."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"companies {seed}")  # noqa: S311 - the same in every run, not secret
        self._prose_rng = random.Random(f"prose {seed}")  # noqa: S311
        self._slugs: Counter[str] = Counter()
        self._domains: dict[str, None] = {}
        self._stem = ""
        self._rows_without_reason = 0

    def row(self, position: int) -> dict[str, Any]:
        """The next company, in the narrow shape."""
        chance = self._rng.random
        name, slug = self._name(position)
        known = chance() >= 0.067
        city, region, country, headquarters = self._place()
        return {
            "name": name,
            "domain": self._domain(),
            "linkedin_url": f"https://www.linkedin.com/company/{self._unique_slug(slug)}",
            "headquarters": headquarters,
            "match_reason": self._reason(name.strip("\t\r") if chance() < 0.5 else name),
            "rerank_score": None,
            "employee_count": self._employees() if known else None,
            "funding_stage": self._funding() if chance() >= 0.33 else None,
            "revenue_usd": self._amount(10_000_000, 2.5, 29_938_000_000) if chance() >= 0.70 else None,
            "industries": self._industries() if known else None,
            "hq_city": city,
            "hq_region": region,
            "hq_country": country,
            "linkedin_follower_count": self._amount(822, 3.0, 4_000_266) if known else None,
        }

    def to_old_shape(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row in the old shape, whose size is text: an exact number or a range."""
        count = row["employee_count"]
        is_range = count is None or self._prose_rng.random() < 0.06
        size = vocabulary.SIZE_RANGES[bisect((11, 51, 201, 501, 1001, 5001, 10001), count or 0)]
        return {
            **{key: row[key] for key in ("name", "domain", "linkedin_url", "headquarters")},
            "company_size": size if is_range else str(count),
            **{key: row[key] for key in ("match_reason", "rerank_score")},
        }

    def with_prose(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with ``description`` and ``tagline``, which are null where ``employee_count`` is."""
        if row["employee_count"] is None:
            return {**row, "description": None, "tagline": None}
        text = _description(row, self._prose_rng)
        same = self._prose_rng.random() < 0.135
        return {**row, "description": text, "tagline": text if same else _tagline(self._prose_rng)}

    def _pick(self, values: Sequence[_T]) -> _T:
        return _pick(self._rng, values)

    def _name(self, position: int) -> tuple[str, str]:
        """A name and the slug of its LinkedIn page."""
        pick, chance = self._pick, self._rng.random
        self._stem = stem = pick(vocabulary.STARTS) + pick(vocabulary.MIDDLES) + pick(vocabulary.ENDS)
        if position % _TRAP_INTERVAL == 7:
            round_number, index = divmod(position // _TRAP_INTERVAL, len(vocabulary.TRAPS))
            name = vocabulary.TRAPS[index].format(stem=stem, STEM=stem.upper(), n=round_number + 1)
            return name, stem.lower()
        kind = chance()
        if kind < 0.004:
            name, slug = pick(vocabulary.FOREIGN_NAMES)
            return name.format(stem=stem), slug.format(stem=stem.lower())
        if kind < 0.01:
            name = pick(vocabulary.LONG_NAMES).format(name=f"{stem} {pick(vocabulary.TRADES)}", stem=stem)[:79]
        elif kind < 0.02:
            name = stem[:2]
        elif kind < 0.40:
            name = stem
        elif kind < 0.75:
            name = f"{stem} {pick(vocabulary.TRADES)}"
        elif kind < 0.90:
            name = f"{stem}{pick(vocabulary.FORMS)}"
        elif kind < 0.96:
            name = f"{stem} & {pick(vocabulary.STARTS)}{pick(vocabulary.ENDS)}"
        else:
            name = f"{stem} {pick(vocabulary.TRADES)}{pick(vocabulary.FORMS)}"
        slug = "".join(c if c.isalnum() or c == "." else "-" for c in name.lower())
        return name, "-".join(part for part in slug.split("-") if part)

    def _unique_slug(self, slug: str) -> str:
        self._slugs[slug] += 1
        count = self._slugs[slug]
        return slug if count == 1 else self._unique_slug(f"{slug}-{count}")

    def _domain(self) -> str:
        """A website; sometimes none, the last row's again, or a long subdomain."""
        kind, stem = self._rng.random(), self._stem.lower()
        if kind < 0.055:
            return ""
        if kind < 0.069 and self._domains:
            return next(reversed(self._domains))
        if kind < 0.12:
            domain = f"{self._pick(('careers', 'shop', 'app.eu', 'jobs'))}.{stem}.example"
        elif kind < 0.40:
            domain = f"{stem}{self._pick(('group', 'hq', '-online', 'app'))}.example"
        else:
            domain = f"{stem}.example"
        while domain in self._domains:
            domain = f"{self._pick(vocabulary.STARTS).lower()}-{domain}"
        self._domains[domain] = None
        return domain

    def _place(self) -> tuple[str | None, str | None, str | None, str | None]:
        """City, region, country and headquarters, which do not always agree."""
        chance = self._rng.random
        if chance() < 0.11:
            return None, None, None, None
        (city, region), country = self._pick(_PLACES)
        headquarters = country if chance() < 0.045 else f"{city}, {country}"
        return (
            city if chance() >= 0.09 and headquarters != country else None,
            region if chance() >= 0.08 else None,
            country if chance() >= 0.057 else None,
            headquarters,
        )

    def _amount(self, median: float, spread: float, maximum: int) -> int:
        """A log-normally distributed number: half are below ``median``, a few are very large."""
        return min(maximum, int(median * self._rng.lognormvariate(0.0, spread)))

    def _employees(self) -> int:
        return 0 if self._rng.random() < 0.003 else max(1, self._amount(21, 2.6, 152_642))

    def _funding(self) -> str:
        return _FUNDING_STAGES[bisect(_FUNDING_SUMS, self._rng.random() * _FUNDING_SUMS[-1])]

    def _industries(self) -> list[str]:
        chance = self._rng.random
        count = 1 if chance() < 0.26 else min(16, 2 + int(self._rng.expovariate(0.25)))
        industries = dict.fromkeys(self._pick(vocabulary.INDUSTRIES) for _ in range(count))
        if chance() < 0.135:
            industries[self._pick(vocabulary.COMMA_INDUSTRIES)] = None
        return list(industries)

    def _reason(self, name: str) -> str | None:
        """The match reason: missing in blocks, nearly always with quotation marks."""
        pick, chance = self._pick, self._rng.random
        if not self._rows_without_reason and chance() < 0.01 / _NO_REASON_BLOCK:
            self._rows_without_reason = _NO_REASON_BLOCK
        if self._rows_without_reason:
            self._rows_without_reason -= 1
            return None
        kind = chance()
        verb, end = pick(vocabulary.VERBS), pick(vocabulary.REASON_ENDS)
        if kind < 0.02:
            return f"{name} {verb} {pick(vocabulary.THINGS)} for {pick(vocabulary.CLIENTS)}, {end}"
        subject = "Yes — it" if kind < 0.14 else "It" if kind < 0.26 else name
        quoted = f'"{pick(vocabulary.THINGS)}" for "{pick(vocabulary.CLIENTS)}"'
        return (
            f'{subject} fits because it {verb} {quoted} and {pick(vocabulary.VERBS)} "{pick(vocabulary.THINGS)}", {end}'
        )


def _pick(rng: random.Random, values: Sequence[_T]) -> _T:
    """A random value, three times as fast as ``rng.choice``."""
    return values[int(rng.random() * len(values))]


def _description(row: Mapping[str, Any], rng: random.Random) -> str:
    """A description of this row's company, of 20 to 2,240 characters."""
    chance = rng.random
    short = chance() < 0.12
    length = 20 + 180 * chance() if short else min(_MAX_DESCRIPTION, max(60.0, rng.gauss(1_000, 480)))
    multiline = chance() < 0.82
    line_break = ("\r\n" if chance() < 0.065 else "\n") * (1 + (chance() < 0.5))
    place, name = row["hq_country"] or "several countries", str(row["name"]).strip()
    text = f"{name} {_pick(rng, vocabulary.VERBS)} {_pick(rng, vocabulary.THINGS)} in {place}."
    while len(text) < length:
        text += (line_break if multiline and chance() < 0.3 else " ") + _sentence(rng)
    if multiline and line_break not in text:
        text = text.replace(" ", line_break, 1)
    return _decorated(text, row, rng)[:_MAX_DESCRIPTION].rstrip()


def _tagline(rng: random.Random) -> str:
    """A tagline of one line, now and then of two."""
    chance = rng.random
    if chance() < 0.05:
        return _pick(rng, vocabulary.THINGS).capitalize()
    text = f"We make {_pick(rng, vocabulary.THINGS)} simple for {_pick(rng, vocabulary.CLIENTS)}, wherever they work"
    if chance() < 0.3:
        text = f"{text}. {_sentence(rng)}"
    if chance() < 0.03:
        text = f"{text}\n{_pick(rng, vocabulary.LINE_STARTS)}{_pick(rng, vocabulary.THINGS)}"
    return text


def _sentence(rng: random.Random) -> str:
    verb, thing, client = _pick(rng, vocabulary.VERBS), _pick(rng, vocabulary.THINGS), _pick(rng, vocabulary.CLIENTS)
    if rng.random() < 0.5:
        return f"The team {verb} {thing} for {client}, from the first plan to daily operation."
    return f"Since {1900 + int(rng.random() * 125)} it {verb} {thing} that {client} rely on every day."


def _decorated(text: str, row: Mapping[str, Any], rng: random.Random) -> str:
    """Add the oddities that some real descriptions have."""
    chance = rng.random
    if chance() < 0.065:
        text = f"What we do:\n{_pick(rng, vocabulary.LINE_STARTS)}{_pick(rng, vocabulary.THINGS)}\n{text}"
    if chance() < 0.025:
        text = f"Services:\t{_pick(rng, vocabulary.THINGS)}\n{text}"
    if chance() < 0.08:
        text = f"{_pick(rng, vocabulary.EMOJI)} {text}"
    if chance() < 0.29:
        text = f"{text[:30]} & {text[30:]}" if chance() < 0.9 else f"<3 {text} Turnover > 1M"
    if chance() < 0.04:
        text = f"Write to hello@{row['domain'] or 'mail.example'}. {text}"
    if chance() < 0.023:
        text = f"Call (202) 555-01{int(chance() * 100):02d}. {text}"
    return f"<p>{text}</p>" if chance() < 0.0013 else text
