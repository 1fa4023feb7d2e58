"""The columns of a job's file: their types, and the strict reading of rows into them.

The values are those of `table.frame` with every known column, made by the functions of `fields`. A row that a column
cannot hold exactly makes its whole job irregular: DuckDB never sees a value that it would have to convert.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import Annotated, Any, Final

import msgspec

from ..api.models import INT64, LONE_SURROGATE, Row, read_rows
from ..company_key import host, linkedin_slug, looks_blank
from ..fields import (
    BY_NAME,
    DERIVED_COLUMNS,
    EMPLOYEE_BANDS,
    SERVICE_COLUMNS,
    FieldType,
    sources_of,
)
from ..pivot_rules import group_of

VERSION: Final = 4
"""Version of the columns and of what makes their values: another one has files of its own."""

_TYPES: Final = {
    FieldType.TEXT: "VARCHAR",
    FieldType.BAND: "VARCHAR",
    FieldType.INTEGER: "BIGINT",
    FieldType.NUMBER: "DOUBLE",
    FieldType.LIST: "VARCHAR[]",
}

FIELD_COLUMNS: Final = (*SERVICE_COLUMNS, *DERIVED_COLUMNS)
"""The columns that show fields, in their order in the file."""

COLUMNS: Final[Mapping[str, str]] = {
    "job_id": "VARCHAR",
    "origin": "VARCHAR",
    "rank": "BIGINT",
    **{name: _TYPES[BY_NAME[name].type] for name in FIELD_COLUMNS},
    "other": "VARCHAR",
    "_linkedin": "VARCHAR",
    "_host": "VARCHAR",
    "_band": "UTINYINT",
    "_industries": "VARCHAR[]",
}
"""The columns of a file, in order, with their DuckDB types.

| column | holds |
| --- | --- |
| ``rank`` | the service's order, from 1 |
| ``other`` | the fields of the row that are no column, as one JSON object; null where there are none |
| ``_linkedin`` | `linkedin_slug` of ``linkedin_url``, as `key_text` |
| ``_host`` | `host` of ``domain``, as `key_text` |
| ``_band`` | the place of ``employee_band`` in `EMPLOYEE_BANDS`, from 0 |
| ``_industries`` | the groups of the entries of ``industries``, each once: what they look like, null for blanks |
"""

SHOWN_COLUMNS: Final[Mapping[str, str]] = {name: kind for name, kind in COLUMNS.items() if not name.startswith("_")}
"""The columns for people: all but the keys for our own questions."""

KNOWN: Final = dict.fromkeys(source for name in FIELD_COLUMNS for source in sources_of(name))
"""The fields of a row that are columns, or that columns are made of."""

EXACT: Final = range(-(2**53), 2**53 + 1)


def _in(numbers: range) -> Any:
    return Annotated[int, msgspec.Meta(ge=numbers[0], le=numbers[-1])]


_DECODED: Final[Mapping[FieldType, Any]] = {
    FieldType.TEXT: str | None,
    FieldType.INTEGER: _in(INT64) | None,
    FieldType.NUMBER: _in(EXACT) | float | None,
    FieldType.LIST: list[str | None] | None,
}
"""What a column can hold exactly, as nearly all rows have it. No text that msgspec reads has a lone surrogate."""

# A row of these types without other fields, which is read in half the time of a dict. Of a field that is there twice
# the last counts here and there.
_KnownRow: Any = msgspec.defstruct(
    "_KnownRow", [(name, _DECODED[BY_NAME[name].type], None) for name in KNOWN], forbid_unknown_fields=True, gc=False
)
_decoder = msgspec.json.Decoder(list[_KnownRow])

_BAND_PLACES: Final[Mapping[str | None, int | None]] = {
    None: None,
    **{band: place for place, band in enumerate(EMPLOYEE_BANDS)},
}


class IrregularError(Exception):
    """A value that the columns cannot hold exactly: its column or field, its row from 1, and itself."""

    def __init__(self, field: str, rank: int, value: object) -> None:
        super().__init__(f"{field} of row {rank}")
        self.field = field
        self.rank = rank
        self.value = value

    def shown(self) -> str:
        """The value as JSON."""
        text = json.dumps(self.value, ensure_ascii=False)
        return json.dumps(self.value) if LONE_SURROGATE.search(text) else text


def read_columns(pages: Iterable[bytes]) -> dict[str, list[Any]]:
    """The rows of a job, given as the JSON arrays of its pages, as the columns of a file.

    All but ``job_id``, ``origin`` and ``rank``.

    Raises:
        IrregularError: a value that its column cannot hold exactly.
    """
    fields: dict[str, list[Any]] = {name: [] for name in KNOWN}
    others: list[str | None] = []
    typed = True
    for body in pages:
        try:
            rows = list(map(msgspec.structs.astuple, _decoder.decode(body)))
            others += [None] * len(rows)
        except (msgspec.DecodeError, ValueError):  # other fields or types, or what `read_rows` reads leniently
            rows, page_others = _read_any(body)
            others += map(_other, itertools.count(len(others) + 1), page_others)
            typed = False
        # Page by page: ten thousand tuples that live until the end would each be looked at by the garbage collector.
        for values, page_values in zip(fields.values(), zip(*rows, strict=True), strict=bool(rows)):
            values += page_values
    columns = {name: column_values(name, fields, typed=typed) for name in FIELD_COLUMNS}
    # Those of the right type need no look, and make the right type; but not every company_size is a number.
    for name in ["employee_count"] if typed else FIELD_COLUMNS:
        columns[name] = CHECKS[BY_NAME[name].type](name, columns[name])
    columns["other"] = others
    columns["_linkedin"] = _key_texts(map(linkedin_slug, columns["linkedin_url"]))
    columns["_host"] = _key_texts(map(host, columns["domain"]))
    columns["_industries"] = _entry_groups(columns["industries"])
    columns["_band"] = [_BAND_PLACES[band] for band in columns["employee_band"]]
    return columns


def _read_any(body: bytes) -> tuple[list[tuple[Any, ...]], list[Row]]:
    """The values of the known fields of each row, and its other fields."""
    rows = read_rows(body)
    others = [{name: value for name, value in row.items() if name not in KNOWN} for row in rows]
    return [tuple(map(row.get, KNOWN)) for row in rows], others


def _other(rank: int, fields: Row) -> str | None:
    """The fields as JSON; None without any."""
    if not fields:
        return None
    for name, value in fields.items():
        if name.casefold() in KNOWN:
            raise IrregularError(name, rank, value)
    text = json.dumps(fields, ensure_ascii=False, allow_nan=False)
    if not text.isascii() and LONE_SURROGATE.search(text):
        raise IrregularError(next(iter(fields)), rank, fields)
    return text


def text_key(text: str | None) -> str | None:
    """The key that `key_text` has made a text of."""
    if text is None or "%X" not in text:
        return text
    return re.sub("%X([0-9A-F]{4})", lambda match: chr(int(match[1], 16)), text)


def key_text(key: str | None) -> str | None:
    """A key of `company_key` as text that a file can hold: different keys stay different.

    A slug may have bytes that are not UTF-8. They become ``%X`` and a number: no key has a capital X.
    """
    if key is None or key.isascii():
        return key
    return LONE_SURROGATE.sub(lambda match: f"%X{ord(match[0]):04X}", key)


def _key_texts(keys: Iterable[str | None]) -> list[str | None]:
    texts = list(keys)
    return texts if all(map(str.isascii, filter(None, texts))) else list(map(key_text, texts))


def column_values(name: str, fields: Mapping[str, list[Any]], *, typed: bool = False) -> list[Any]:
    """The values of a column, None where there is nothing.

    With ``typed`` each field has values of its type, so that those that are equal are the same.
    """
    sources = [fields[source] for source in sources_of(name)]
    derive = BY_NAME[name].derive
    if derive is None:
        return sources[0]
    return list(map(functools.cache(derive) if typed else derive, *sources))


def is_integer(value: Any) -> bool:
    return value is None or (type(value) is int and value in INT64)


def is_number(value: Any) -> bool:
    return value is None or type(value) is float or (type(value) is int and value in EXACT)


def _texts(name: str, values: list[Any]) -> list[Any]:
    return values if _are_texts(values) else _checked(name, values, lambda value: _are_texts([value]))


def _integers(name: str, values: list[Any]) -> list[Any]:
    if float in set(map(type, values)):
        values = [int(value) if type(value) is float and value.is_integer() else value for value in values]
    return _checked(name, values, is_integer)


def _numbers(name: str, values: list[Any]) -> list[Any]:
    return _checked(name, values, is_number)


def _lists(name: str, values: list[Any]) -> list[Any]:
    lists = [value for value in values if value is not None]
    entries = list(itertools.chain.from_iterable(lists)) if set(map(type, lists)) <= {list} else [0]
    if _are_texts(entries):
        return values
    return _checked(name, values, lambda value: value is None or (type(value) is list and _are_texts(value)))


def _entry_groups(lists: list[Any]) -> list[list[str | None]]:
    """The `group_of` the filled entries of each list, each once; a single None where there are none."""
    different = set(itertools.chain.from_iterable(filter(None, lists)))
    blanks = {entry for entry in different if entry is None or looks_blank(entry)}
    if blanks:
        lists = [entries and [entry for entry in entries if entry not in blanks] for entries in lists]
    groups = {entry: group_of(entry) or None for entry in different - blanks}
    return [list(dict.fromkeys(map(groups.__getitem__, entries))) if entries else [None] for entries in lists]


def _are_texts(values: list[Any]) -> bool:
    """Whether all are None or texts that a file can hold, which is quickest asked of all together."""
    if not set(map(type, values)) <= {str, NoneType}:
        return False
    try:
        "".join(filter(None, values)).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def _checked(name: str, values: list[Any], is_right: Callable[[Any], bool]) -> list[Any]:
    for rank, value in enumerate(values, 1):
        if not is_right(value):
            raise IrregularError(name, rank, value)
    return values


CHECKS: Final[Mapping[FieldType, Callable[[str, list[Any]], list[Any]]]] = {
    FieldType.TEXT: _texts,
    FieldType.BAND: _texts,
    FieldType.INTEGER: _integers,
    FieldType.NUMBER: _numbers,
    FieldType.LIST: _lists,
}
