"""Rows of any JSON values, and what a file of their columns must hold."""

from __future__ import annotations

import json
import math
import re
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import strategies as st

from tests.unit.columns.stored_rows import ORIGIN, read, stored
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.columns.schema import FIELD_COLUMNS, IrregularError, key_text
from xl_openfunnel.company_key import host, linkedin_slug
from xl_openfunnel.fields import BY_NAME, DERIVED_COLUMNS, EMPLOYEE_BANDS, SERVICE_COLUMNS, FieldType
from xl_openfunnel.table import frame

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0 ,é"), max_size=6)
ANY_TEXT = TEXT | st.text(st.characters(), max_size=3) | st.sampled_from(["", " ", "\ud800", "a\0b", "51", "51-200"])
WHOLE = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 12.0, -0.0, 2**53 + 1, 1e17])
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.just(-0.0)
ODD = st.sampled_from([True, 2.5, "51", 2**63, 2**64, 2**53 + 1, 1e300, 10**400, [], {}, ["x", 1], [["x"]], "\udfff"])
REGULAR = {
    FieldType.TEXT: TEXT,
    FieldType.INTEGER: WHOLE,
    FieldType.NUMBER: NUMBERS,
    FieldType.LIST: st.lists(st.none() | TEXT, max_size=3),
}
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | NUMBERS | ANY_TEXT | ODD,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
SOURCES = [*SERVICE_COLUMNS, "country", "city"]
ADDRESSES = st.sampled_from(
    ["https://www.linkedin.com/company/acme", "linkedin.com/company/%ff", "linkedin.com/company/%25ff", "acme.com"]
)
VALUES = {name: st.none() | REGULAR[BY_NAME[name].type] for name in SOURCES}
VALUES |= {"linkedin_url": st.none() | TEXT | ADDRESSES, "domain": st.none() | TEXT | ADDRESSES}
VALUES |= {"company_size": st.none() | st.sampled_from(["", "74", "1"]), "headquarters": st.sampled_from(["A, B", "C"])}
UNKNOWN = st.sampled_from(["rank", "Job_ID", "employee_band", "_host", "other", "odd"]) | TEXT
REGULAR_ROWS = st.lists(
    st.builds(dict.__or__, st.dictionaries(UNKNOWN, JSON, max_size=2), st.fixed_dictionaries({}, optional=VALUES)),
    max_size=7,
)
ANY_ROWS = st.lists(
    st.dictionaries(st.sampled_from([*SOURCES, *DERIVED_COLUMNS, "Name", "COUNTRY"]) | ANY_TEXT, JSON, max_size=4),
    min_size=1,
    max_size=4,
)
SURROGATE = re.compile("[\ud800-\udfff]")


def has_surrogate(value: Any) -> bool:
    return SURROGATE.search(json.dumps(value, ensure_ascii=False)) is not None


def is_regular(rows: list[dict[str, Any]]) -> bool:
    """Whether each column of the table has the dtype of its field, and all texts are Unicode."""
    table = frame(rows, FIELD_COLUMNS, strict=False)
    for name in FIELD_COLUMNS:
        values = [value for value in table[name].tolist() if value is not None and value is not pd.NA]
        dtype = str(table[name].dtype)
        match BY_NAME[name].type:
            case FieldType.TEXT if dtype != "string" or has_surrogate(values):
                return False
            case FieldType.INTEGER if dtype != "Int64":
                return False
            case FieldType.NUMBER if dtype != "Float64":
                return False
            case FieldType.LIST if has_surrogate(values):
                return False
            case FieldType.LIST if any(
                type(each) is not list or {type(item) for item in each} - {str, type(None)} for each in values
            ):
                return False
    names = {name for row in rows for name in row}
    if any(name.casefold() in SOURCES and name not in SOURCES for name in names):
        return False
    return not any(has_surrogate({name: row[name] for name in row.keys() - SOURCES}) for row in rows)


def same(ours: Any, theirs: Any) -> bool:
    """Whether two values are of one type and equal, zeros with their sign."""
    if theirs is None or theirs is pd.NA or (type(theirs) is float and math.isnan(theirs)):
        return ours is None
    return type(ours) is type(theirs) and repr(ours) == repr(theirs)


def check_rows(rows: list[dict[str, Any]]) -> None:
    """Check that a file of the rows holds what a table of them has, or that they are refused."""
    with tempfile.TemporaryDirectory() as place:
        folder = ColumnFolder(Path(place), ORIGIN)
        if not is_regular(rows):
            with pytest.raises(IrregularError) as raised:
                folder.make("job", stored(rows), None)
            assert 1 <= raised.value.rank <= len(rows)
            return
        found = read(folder.make("job", stored(rows), None))
    table = frame(rows, FIELD_COLUMNS, strict=False)
    assert len(found) == len(rows)
    for name in FIELD_COLUMNS:
        for ours, theirs in zip([row[name] for row in found], table[name].tolist(), strict=True):
            assert same(ours, theirs), (name, ours, theirs)
    for rank, (ours, theirs) in enumerate(zip(found, rows, strict=True), 1):
        others = {name: value for name, value in theirs.items() if name not in SOURCES}
        assert (ours["job_id"], ours["origin"], ours["rank"]) == ("job", ORIGIN, rank)
        assert (json.loads(ours["other"]) if ours["other"] else {}) == others
        assert ours["_linkedin"] == key_text(linkedin_slug(theirs.get("linkedin_url")))
        assert ours["_host"] == key_text(host(theirs.get("domain")))
        band = ours["employee_band"]
        assert ours["_band"] == (None if band is None else EMPLOYEE_BANDS.index(band))
