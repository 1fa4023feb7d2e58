"""A static analysis of the VBA for 64-bit and 32-bit Excel and for the Mac."""

from __future__ import annotations

from collections.abc import Iterable

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


def findings(modules: Iterable[tuple[str, str]], **constants: int) -> list[str]:
    inputs = [
        ModuleInput(
            name, ModuleSymbolKind.DOCUMENT if name == sources.THIS_WORKBOOK else ModuleSymbolKind.STANDARD, text
        )
        for name, text in modules
    ]
    environment = ConditionalCompilationEnvironment({**DEFAULT_COMPILER_CONSTANTS, **constants})
    reports = analyze_project(inputs, conditional_compilation=environment)
    return [f"{name}: {each.code}: {each.message}" for name, report in reports.items() for each in report]


@pytest.mark.parametrize("excel", EXCELS)
def test_the_analysis_finds_nothing_in_our_modules(excel: str) -> None:
    assert findings(sources.modules().items(), **EXCELS[excel]) == []
    assert findings(sources.addin_modules().items(), **EXCELS[excel]) == []


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("folder = FolderOf(python)", "foldr = FolderOf(python)", "undeclared-variable"),
        ("As String, size As Long, failure", "As String, failure", "undeclared-variable"),
        ("PtrSafe Function LoadLibraryW", "Function LoadLibraryW", "declare"),
        ("Private Sub Refuse(text As String)", "Private Sub Refuse(text As String, code As Long)", "argument"),
    ],
)
def test_the_analysis_finds_a_mistake(right: str, wrong: str, code: str) -> None:
    modules = sources.modules()
    assert modules[sources.BRIDGE].count(right) == 1
    modules[sources.BRIDGE] = modules[sources.BRIDGE].replace(right, wrong)
    assert any(code in each for each in findings(modules.items()))


def test_no_generated_argument_is_a_keyword() -> None:
    functions = [Function(f"OF_{word}", "", (Argument(word, ""),)) for word in sorted(wrappers.KEYWORDS)]
    bridge = (sources.BRIDGE, sources.modules()[sources.BRIDGE])
    written = wrappers.functions_module(functions)
    assert findings([bridge, ("Written", written)]) == []
    plain = written.replace("function_ As", "function As")
    assert any("invalid-declaration-name" in each for each in findings([bridge, ("Written", plain)]))
