"""The functions that formulas call."""

from __future__ import annotations

import pytest

from xl_openfunnel.functions import catalog
from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.functions.registry import Function


@pytest.mark.parametrize(
    ("formula", "called"),
    [
        ("=OF_STATUS(A2)", (REGISTRY["OF_STATUS"],)),
        ("=of_rows (A2)", (REGISTRY["OF_ROWS"],)),
        ("='C:\\add-ins\\OpenFunnel.xlam'!OF_INFO(A2)", (REGISTRY["OF_INFO"],)),
        ('=IF(A1,OF_STATUS(A2)&OF_LOOKUP(A2,1,"name"),"")', (REGISTRY["OF_STATUS"], REGISTRY["OF_LOOKUP"])),
        ("=_xlfn.ANCHORARRAY(A5)", ()),
        ("=MY_OF_STATUS(A2)", ()),
        ("=PROF_ROWS(A2)", ()),
        ("OF_STATUS", ()),
        ("", ()),
    ],
)
def test_the_functions_called_in_a_formula_are_found(formula: str, called: tuple[Function, ...]) -> None:
    assert catalog.called_in(formula) == called


@pytest.mark.parametrize(
    ("formula", "always"),
    [
        ("=OF_STATUS(A2)", True),
        ('=+@of_rows (A2)&"!"', True),
        ("=IF(A1,OF_STATUS(A2),1)", False),
        ("=A1&OF_STATUS(A2)", False),
        ("=MY_OF_STATUS(A2)", False),
        ("OF_STATUS(A2)", False),
        ("=", False),
        ("", False),
    ],
)
def test_a_formula_that_begins_with_a_call_always_calls(formula: str, always: bool) -> None:
    assert catalog.calls_always(formula) is always
