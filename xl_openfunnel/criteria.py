"""Criteria on companies, in the words of SUMIFS: ``"country=Germany|Austria; employee_count>=50"``.

The one parser, for cells, commands and Python. A criterion is a column, a sign and values:

| written | means |
| --- | --- |
| ``=x`` | is x: a text as `comparable` has it; x as a number is also any number of that value |
| ``<>x`` | is not x; a blank is not x either |
| ``=``, ``<>`` | is blank, is not blank |
| ``>x``, ``>=x``, ``<x``, ``<=x`` | numbers with a number, texts with a text as `text_order` has them; no blank |
| ``*``, ``?`` | after ``=`` and ``<>``: any characters, one character; they match texts, never numbers |
| ``|`` | between values: one of them is right; after ``<>``: none of them |
| ``;`` | between criteria: all of them are right |
| ``~`` | before one of these signs, ``~`` too: the sign itself |

A list matches by its items: ``=x`` where one is x, ``<>x`` where none is. ``employee_band`` has an order of its own.
A number is written ``50``, ``-0.5``, ``1e3`` or ``50%``, and is compared exactly. There are no dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from typing import Any, Final, Literal, TypeAlias, get_args

from .cell_values import to_cell, to_text
from .company_key import comparable, looks_blank, text_order
from .errors import ConfigurationError
from .fields import ALL_COLUMNS, BY_NAME, EMPLOYEE_BANDS, KNOWN_PREFIX, KNOWN_VALUES, FieldType, column_name
from .pasted import HYPHENS, holds_key
from .text import clip, one_line

Sign: TypeAlias = Literal["<>", ">=", "<=", "=", ">", "<"]

MAX_LENGTH: Final = 100_000
"""Characters of all criteria together: some thousand domains."""

_SIGNS: Final[tuple[Sign, ...]] = get_args(Sign)
_EQUALITY: Final = ("=", "<>")
_SPECIAL: Final = "=<>*?|;~"
_STAND_INS: Final = {sign: chr(0xFDD0 + position) for position, sign in enumerate(_SPECIAL)}
"""For the signs after ``~``: noncharacters, which no text has."""

_UNHIDE: Final = str.maketrans({stand_in: sign for sign, stand_in in _STAND_INS.items()})
_SHOW: Final = str.maketrans({stand_in: f"~{sign}" for sign, stand_in in _STAND_INS.items()})
_ESCAPED: Final = re.compile("~([=<>*?|;~])")
_TWO_IN_ONE: Final = str.maketrans({"≥": ">=", "≤": "<=", "≠": "<>"})

_SIGN: Final = re.compile("|".join(_SIGNS))
_OTHER_SIGNS: Final[dict[str, Sign]] = {
    "===": "=",
    "!==": "<>",
    "=>": ">=",
    "=<": "<=",
    "==": "=",
    "!=": "<>",
}
"""What other languages write, and what it is here."""
_OTHER_SIGN: Final = re.compile(rf"(?:{'|'.join(_OTHER_SIGNS)})(?![<>=])")

_NEXT: Final = re.compile(rf"(?:[,&]|\band\b)\s*(?:{'|'.join(BY_NAME)})?\s*[<>=]", re.IGNORECASE)
"""The begin of a second criterion that no semicolon separates from the first."""

_NUMBER: Final = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,4})?)( ?%)?")
_ALMOST_NUMBER: Final = re.compile("[+-]?[0-9][0-9.,'’ ]*%?")
_THOUSANDS: Final = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+")
"""A thousand in one country and one in another."""

_LARGEST: Final = 10**308
_MAX_DIGITS: Final = 400

_SHOWN: Final = 60
"""Characters of a part that a message shows."""

_TO_BAND: Final = str.maketrans(dict.fromkeys(HYPHENS + "-", "–") | {",": "", " ": ""})


@dataclass(frozen=True)
class Operand:
    """What a value is compared with.

    Attributes:
        text: as `comparable` has it; ``""`` stands for a blank.
        number: the same as a number; None where it is none.
        band: the same as a position in `EMPLOYEE_BANDS`; None for other columns.
        pattern: matches the `comparable` text of values; None without ``*`` and ``?``.
    """

    text: str
    number: int | Fraction | None = None
    band: int | None = None
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Test:
    """One sign with one operand."""

    __test__ = False  # no test of pytest's

    sign: Sign
    operand: Operand


@dataclass(frozen=True)
class Criterion:
    """What the values of one column must be.

    Attributes:
        column: its name: a known one in its own spelling, another as it was written.
        tests: one of them must hold. Those with ``<>`` count as one: none of their operands is there.
        text: as it was written, for people.
    """

    column: str
    tests: tuple[Test, ...]
    text: str = field(default="", compare=False)

    def matcher(self) -> Callable[[object], bool]:
        """Says of each value of the column whether it is right: a text, number, boolean, list, object or None.

        It never raises, and remembers what it said of texts and whole numbers.
        """
        equal = _OneOf([test.operand for test in self.tests if test.sign == "="])
        different = _OneOf([test.operand for test in self.tests if test.sign == "<>"])
        ordered = [test for test in self.tests if test.sign not in _EQUALITY]
        known: dict[str | int, tuple[bool, bool]] = {}

        def verdict(item: str | float) -> tuple[bool, bool]:
            """Whether the item is right, and whether it is one that must not be there."""
            if type(item) is float:
                return equal.has(item) or any(_compares(test, item) for test in ordered), different.has(item)
            found = known.get(item)  # type: ignore[arg-type]
            if found is None:
                is_right = equal.has(item) or any(_compares(test, item) for test in ordered)
                found = known[item] = is_right, different.has(item)  # type: ignore[index]
            return found

        def holds(value: object) -> bool:
            if type(value) is str or type(value) is int:
                is_right, is_wrong = verdict(value)
                return is_right or (not is_wrong and different.any)
            is_wrong = False
            for item in _items(value):
                is_right, must_not_be = verdict(item)
                if is_right:
                    return True
                is_wrong = is_wrong or must_not_be
            return different.any and not is_wrong

        return holds


Criteria: TypeAlias = tuple[Criterion, ...]
"""All of them must hold. Without any, every company is right."""


def parse(text: str) -> Criteria:
    """The criteria in one text: ``"country=Germany|Austria; employee_count>=50"``.

    Raises:
        ConfigurationError: a part of it cannot be understood, and is named; or it holds an API key.
    """
    parts = _hidden(text).split(";")
    return tuple(_criterion(*_split(part), part) for part in parts if not looks_blank(part))


def parse_pairs(pairs: Iterable[tuple[object, object]]) -> Criteria:
    """The criteria in names of columns and what is beside each: ``Germany``, ``>=50``, ``*software*``, or a number.

    A pair with nothing beside the name is left out, so that a form of criteria can be filled in part. A semicolon
    separates nothing here.

    Raises:
        ConfigurationError: one of them cannot be understood, and is named; or it holds an API key.
    """
    criteria = []
    for column, condition in pairs:
        written = "" if condition is None else condition if isinstance(condition, str) else to_text(to_cell(condition))
        if looks_blank(written):
            continue
        name, tests = to_text(to_cell(column)), _hidden(written)
        begin = tests if _SIGN.match(tests.lstrip()) else f"={tests}"
        criteria.append(_criterion(_hidden(name), tests, f"{_hidden(name).strip()}{begin}"))
    return tuple(criteria)


def shown(criteria: Criteria) -> str:
    """The criteria in one text, on one line."""
    return "; ".join(one_line(criterion.text) for criterion in criteria)


# --- reading -------------------------------------------------------------------------------------------------


def _hidden(text: str) -> str:
    """The text with stand-ins for the signs after ``~``.

    Raises:
        ConfigurationError: it is too long, or holds an API key, which messages would show.
    """
    if holds_key(text):
        raise ConfigurationError("That holds an API key, and is no criterion. Remove it.")
    if len(text) > MAX_LENGTH:
        raise ConfigurationError(f"The criteria have {len(text):,} characters, more than {MAX_LENGTH:,}. Give fewer.")
    return _ESCAPED.sub(lambda escaped: _STAND_INS[escaped[1]], text.translate(_TWO_IN_ONE))


def _split(part: str) -> tuple[str, str]:
    """The column of a criterion, and all from its sign on."""
    sign = _SIGN.search(part)
    if sign is None or looks_blank(part[: sign.start()]):
        raise _refused(part, "is no criterion. Write a column, a sign and a value, like country=Germany.")
    return part[: sign.start()], part[sign.start() :]


def _criterion(column: str, tests: str, part: str) -> Criterion:
    name = column_name(column.translate(_UNHIDE))
    if not name or name == ALL_COLUMNS:
        raise _refused(part, "names no column. Write one before the sign, like country=Germany.")
    if _NEXT.search(tests):
        raise _refused(part, "has two criteria. Put ; between them, or ~ before a sign that belongs to the value.")
    found: list[Test] = []
    sign: Sign = "="
    if column.rstrip().endswith("!") and tests.startswith("="):
        tests = f"!{tests}"
    for value in tests.split("|"):
        if other := _OTHER_SIGN.match(value.lstrip()):
            right = f"{_OTHER_SIGNS[other[0]]}{value.lstrip()[other.end() :].strip()}"
            instead = clip(one_line(right.translate(_SHOW)), _SHOWN)
            why = f"has the sign {other[0]}. Write {instead}, or put ~ before a sign that belongs to the value."
            raise _refused(part, why)
        if match := _SIGN.match(value.lstrip()):
            sign = match[0]  # type: ignore[assignment]
            value = value.lstrip()[match.end() :]
            if _SIGN.match(value.lstrip()):
                raise _refused(part, "has two signs in a row. Put ~ before one that belongs to the value.")
        found.append(Test(sign, _operand(name, sign, value, part)))
    return Criterion(name, tuple(found), part.translate(_SHOW).strip())


def _operand(column: str, sign: Sign, value: str, part: str) -> Operand:
    field_type = BY_NAME[column].type if column in BY_NAME else None
    text = comparable(value.translate(_UNHIDE))
    is_equality = sign in _EQUALITY
    if not text and not is_equality:
        raise _refused(part, f"has no value after {sign}. Write one, or = for a blank and <> for anything else.")
    if is_equality and re.search("[*?]", value):
        return Operand(text, pattern=_pattern(value.translate(_TO_BAND) if field_type is FieldType.BAND else value))
    if field_type is FieldType.BAND and text:
        band = comparable(text.translate(_TO_BAND))
        if band not in EMPLOYEE_BANDS:
            raise _refused(part, f"names no size class. There are {', '.join(EMPLOYEE_BANDS)}.")
        return Operand(band, band=EMPLOYEE_BANDS.index(band))
    if column.startswith(KNOWN_PREFIX) and text and text not in KNOWN_VALUES:
        tiers = ", ".join(KNOWN_VALUES)
        raise _refused(part, f"names no tier. There are {tiers}; with nothing after = it finds the new companies.")
    number = None if field_type is FieldType.INTEGER and _THOUSANDS.fullmatch(text) else _number(text)
    is_number_column = field_type in (FieldType.INTEGER, FieldType.NUMBER)
    if is_number_column and number is None and not (is_equality and not _ALMOST_NUMBER.fullmatch(text)):
        raise _refused(part, f"compares {column} with what is no number. Write numbers like 1000 or 0.5.")
    return Operand(text, number)


def _pattern(value: str) -> re.Pattern[str]:
    """Matches a `comparable` text; in time that grows with its length, however many ``*`` there are."""
    first, *others = (
        "".join("." if sign == "?" else re.escape(sign.translate(_UNHIDE)) for sign in piece)
        for piece in comparable(value).split("*")
    )
    if not others:
        return re.compile(first, re.DOTALL)
    *inner, last = others
    between = "".join(f"(?>.*?{piece})" for piece in inner if piece)
    return re.compile(f"{first}{between}.*{last}", re.DOTALL)


def _number(text: str) -> int | Fraction | None:
    match = _NUMBER.fullmatch(text) if len(text) <= _MAX_DIGITS else None
    if match is None:
        return None
    number = Fraction(match[1]) / (100 if match[2] else 1)
    if abs(number) > _LARGEST:
        return None
    return int(number) if number.denominator == 1 else number


def _refused(part: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"{clip(one_line(part.translate(_SHOW)), _SHOWN)!r} {why}")


# --- matching ------------------------------------------------------------------------------------------------


class _OneOf:
    """Operands, of which a value may be one. Many at once cost no more than one.

    Attributes:
        any: whether there are operands.
    """

    def __init__(self, operands: Sequence[Operand]) -> None:
        self.any = bool(operands)
        self._texts = frozenset(operand.text for operand in operands if operand.pattern is None)
        numbers = [operand.number for operand in operands if operand.number is not None]
        self._exact = frozenset(numbers)
        self._floats = frozenset(float(number) for number in numbers if isinstance(number, Fraction))
        self._patterns = [operand.pattern for operand in operands if operand.pattern is not None]

    def has(self, item: str | float) -> bool:
        if not isinstance(item, str):
            return item in self._exact or (isinstance(item, float) and item in self._floats)
        text = comparable(item)
        return text in self._texts or (text != "" and any(pattern.fullmatch(text) for pattern in self._patterns))


def _items(value: object) -> Sequence[str | float]:
    """The texts and numbers of a value: itself, or the filled items of a list; ``""`` for a blank."""
    if type(value) is str:
        return (value,)
    if isinstance(value, (list, tuple)):
        items = [each if type(each) is str else _plain(each) for each in value]
        return [item for item in items if not isinstance(item, str) or not looks_blank(item)] or ("",)
    return (_plain(value),)


def _plain(value: object) -> str | float:
    """A text, or a number that can be compared; ``""`` for a blank, and text for all else, as cells show it."""
    if type(value) in (str, int) or (type(value) is float and isfinite(value)):
        return value  # type: ignore[return-value]
    cell = to_cell(value)
    return to_text(cell) if isinstance(cell, (str, bool)) else cell


def _compares(test: Test, item: str | float) -> bool:
    """Whether an item lies on the right side of the operand. Numbers and texts have no common order."""
    operand = test.operand
    left: Any
    right: Any
    if operand.band is not None:
        if item not in EMPLOYEE_BANDS:
            return False
        left, right = EMPLOYEE_BANDS.index(str(item)), operand.band
    elif operand.number is not None:
        if isinstance(item, str):
            return False
        is_rounded = isinstance(item, float) and isinstance(operand.number, Fraction)
        left, right = item, float(operand.number) if is_rounded else operand.number
    else:
        if not isinstance(item, str) or looks_blank(item):
            return False
        left, right = text_order(item), text_order(operand.text)
    if test.sign in (">", ">="):
        return bool(left > right) or (test.sign == ">=" and bool(left == right))
    return bool(left < right) or (test.sign == "<=" and bool(left == right))
