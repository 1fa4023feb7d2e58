"""A static analysis of the VBA for 64-bit and 32-bit Excel and for the Mac."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from pyvbaanalysis import (
    DEFAULT_COMPILER_CONSTANTS,
    ConditionalCompilationEnvironment,
    ModuleInput,
    ModuleSymbolKind,
    analyze_project,
)

from xl_openfunnel.functions.registry import Argument, Function
from xl_openfunnel.workbook import sources
from xl_openfunnel.workbook.vba import wrappers

EXCELS = {"64-bit": {}, "32-bit": {"Win64": 0}, "Mac": {"Mac": 1}}


def findings(
    modules: Iterable[tuple[str, str]], *, only: str | None = None, constants: Mapping[str, int] | None = None
) -> list[str]:
    """The analysis of all modules, or of one among the others."""
    inputs = [
        ModuleInput(
            name, ModuleSymbolKind.DOCUMENT if name == sources.THIS_WORKBOOK else ModuleSymbolKind.STANDARD, text
        )
        for name, text in modules
    ]
    environment = ConditionalCompilationEnvironment({**DEFAULT_COMPILER_CONSTANTS, **(constants or {})})
    reports = analyze_project(inputs, only=only and [only], conditional_compilation=environment)
    return [f"{name}: {each.code}: {each.message}" for name, report in reports.items() for each in report]


@pytest.mark.parametrize("excel", EXCELS)
def test_the_analysis_finds_nothing_in_our_modules(excel: str) -> None:
    assert findings(sources.modules().items(), constants=EXCELS[excel]) == []
    assert findings(sources.addin_modules().items(), constants=EXCELS[excel]) == []


@pytest.mark.parametrize(
    ("module", "right", "wrong", "code"),
    [
        (sources.START, "folder = FolderOf(python)", "foldr = FolderOf(python)", "undeclared-variable"),
        (sources.START, "handle As String, failure As String", "failure As String", "undeclared-variable"),
        (sources.WINDOWS, "PtrSafe Function LoadLibraryW", "Function LoadLibraryW", "declare"),
        (sources.BRIDGE, "Sub Refuse(text As String)", "Sub Refuse(text As String, code As Long)", "argument"),
    ],
)
def test_the_analysis_finds_a_mistake(module: str, right: str, wrong: str, code: str) -> None:
    modules = sources.modules()
    assert modules[module].count(right) == 1
    modules[module] = modules[module].replace(right, wrong)
    assert any(code in each for each in findings(modules.items(), only=module))


def test_no_generated_argument_is_a_keyword() -> None:
    keywords = sorted(wrappers.KEYWORDS)
    bridge = (sources.BRIDGE, sources.modules()[sources.BRIDGE])
    functions = [
        Function(f"OF_{first}", "", tuple(Argument(word, "") for word in keywords[first : first + 8]))
        for first in range(0, len(keywords), 8)
    ]
    written = wrappers.functions_module(functions)
    assert findings([bridge, ("Written", written)], only="Written") == []
    one = wrappers.functions_module([Function("OF_X", "", (Argument("function", ""),))])
    plain = one.replace("function_ As", "function As")
    found = findings([bridge, ("Written", plain)], only="Written")
    assert any("invalid-declaration-name" in each for each in found)
