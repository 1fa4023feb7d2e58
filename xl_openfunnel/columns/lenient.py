"""Any rows as the columns of a file for people: what a column cannot hold goes to the column ``other``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..api.models import Row
from ..cell_values import to_json
from ..fields import BY_NAME, FieldType
from .schema import CHECKS, FIELD_COLUMNS, KNOWN, IrregularError, column_values, is_integer, is_number

_MISFIT: Final = object()


def read_leniently(rows: Sequence[Row]) -> tuple[dict[str, list[Any]], Counter[str]]:
    """The columns of `SHOWN_COLUMNS` that show fields, and ``other``, of any rows.

    Of rows that are regular they are those of `read_columns`. A value of another type than its column's stands in
    ``other`` under the name of its field, and its column is null. Lone surrogates become question marks, as in all
    formats.

    Returns:
        The columns, and how many values of each stand in ``other`` instead.
    """
    fields = {name: [row.get(name) for row in rows] for name in KNOWN}
    others: list[Row] = [{name: value for name, value in row.items() if name not in KNOWN} for row in rows]
    columns: dict[str, list[Any]] = {}
    moved: Counter[str] = Counter()
    for name in FIELD_COLUMNS:
        values, kind = column_values(name, fields), BY_NAME[name].type
        try:
            columns[name] = CHECKS[kind](name, values)
        except IrregularError:
            columns[name] = list(map(_FITTED[kind], values))
            for place, value in enumerate(columns[name]):
                if value is _MISFIT:
                    columns[name][place] = None
                    if rows[place].get(name) is values[place]:  # a field's own value, not one that was derived
                        others[place] = {**others[place], name: values[place]}
                        moved[name] += 1
    columns["other"] = [encodable(to_json(fields)) if fields else None for fields in others]
    return columns, moved


def encodable(text: str) -> str:
    """The text with question marks for lone surrogates, which UTF-8 cannot encode."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _text(value: Any) -> Any:
    return encodable(value) if type(value) is str else value if value is None else _MISFIT


def _integer(value: Any) -> Any:
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if is_integer(value) else _MISFIT


def _number(value: Any) -> Any:
    return value if is_number(value) else _MISFIT


def _list(value: Any) -> Any:
    if value is None:
        return None
    entries = list(map(_text, value)) if type(value) is list else [_MISFIT]
    return _MISFIT if _MISFIT in entries else entries


_FITTED: Final[Mapping[FieldType, Callable[[Any], Any]]] = {
    FieldType.TEXT: _text,
    FieldType.BAND: _text,
    FieldType.INTEGER: _integer,
    FieldType.NUMBER: _number,
    FieldType.LIST: _list,
}
