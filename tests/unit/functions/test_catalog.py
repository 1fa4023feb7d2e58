"""The functions that formulas call."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from xl_openfunnel import functions
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


@pytest.mark.parametrize(
    "formula",
    [
        '=OF_INFO(A2,"as_of")',
        '=of_info ( $A$2 , " Next_Try " ) ',
        "='C:\\x\\Jürgen''s OpenFunnel.xlam'!OF_INFO(job,\"as_of\")",
        "=OpenFunnel.xlam!OF_JOBS()",
        '=@OF_INFO("a, (b",INDEX(B1:B9,2))',
        '=IFERROR(OF_INFO(A2,B2),"")',
        '=IFNA( OpenFunnel.xlam!OF_JOBS() , ")")',
    ],
)
def test_a_formula_that_is_nothing_but_a_call(formula: str) -> None:
    assert catalog.is_only_call(formula)


@pytest.mark.parametrize(
    "formula",
    [
        *('=OF_INFO(A2,"as_of")+1', '=IF(OF_INFO(A2,"as_of"),1)', "=SORT(OF_JOBS())", "=NOT_OF_INFO(A2)", "OF_JOBS()"),
        *('=OF_INFO(A2,"as_of")-OF_INFO(A3,"as_of")', "=IFERROR(OF_JOBS()+1,0)", "=-OF_JOBS()", "=OF_JOBS(", "=", ""),
    ],
)
def test_a_formula_that_computes_with_a_call(formula: str) -> None:
    assert not catalog.is_only_call(formula)


def test_the_catalog_has_the_functions_of_every_module() -> None:
    for module in pkgutil.iter_modules(functions.__path__):
        importlib.import_module(f"{functions.__name__}.{module.name}")
    assert tuple(REGISTRY.values()) == catalog.CATALOG, "catalog.py imports each module that defines functions"
