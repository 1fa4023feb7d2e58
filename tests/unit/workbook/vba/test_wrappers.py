from __future__ import annotations

import re

import pytest

from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.registry import Argument, Function
from xl_openfunnel.text import utf16_units
from xl_openfunnel.workbook.vba.wrappers import (
    FUNCTION_GROUP,
    KEYWORDS,
    MAX_HELP_UNITS,
    VERSION,
    argument_name,
    functions_module,
)

TEXT = functions_module()


def statements(text: str) -> list[str]:
    """The lines of VBA, with those joined that end with ``_``."""
    return text.replace(" _\n", " ").splitlines()


@pytest.mark.parametrize("function", CATALOG, ids=lambda function: function.name)
def test_each_function_has_a_wrapper_with_its_arguments_in_their_order(function: Function) -> None:
    names = [argument_name(argument) for argument in function.arguments]
    declared = ", ".join(
        f"{'Optional ' * argument.optional}{name} As Variant"
        for name, argument in zip(names, function.arguments, strict=True)
    )
    call = f'OpenFunnelCell({VERSION}, "{function.name}", Array({", ".join(names)}))'
    expected = [
        f"Public Function {function.name}({declared}) As Variant",
        f'Attribute {function.name}.VB_Description = "{function.help}"',
        f'Attribute {function.name}.VB_ProcData.VB_Invoke_Func = " \\n{FUNCTION_GROUP}"',
        f"    {function.name} = " + (f"OpenFunnelNotAvailable({call})" if function.name == "OF_LOOKUP" else call),
        "End Function",
    ]
    lines = TEXT.splitlines()
    start = lines.index(expected[0])
    assert lines[start : start + 5] == expected


def test_the_module_has_no_other_public_functions() -> None:
    assert re.findall(r"^Public Function (\w+)", TEXT, re.MULTILINE) == [function.name for function in CATALOG]


def test_optional_arguments_come_last() -> None:
    for function in CATALOG:
        kinds = [argument.optional for argument in function.arguments]
        assert kinds == sorted(kinds), function.name


def test_the_help_of_each_function_and_argument_is_registered_whole() -> None:
    calls = [line for line in statements(TEXT) if "MacroOptions" in line]
    for function, call in zip(CATALOG, calls, strict=True):
        assert f'Macro:=macrosOfBook & "{function.name}"' in call
        texts = [text.replace('""', '"') for text in re.findall(r'"((?:[^"]|"")*)"', call)]
        expected = [function.name, "OpenFunnel", function.help, *(argument.help for argument in function.arguments)]
        assert texts == expected
        assert all(utf16_units(text) <= MAX_HELP_UNITS for text in texts)
        assert call.count("ArgumentDescriptions") == bool(function.arguments)


def test_a_reserved_word_gets_another_name() -> None:
    assert argument_name(Argument("function", "")) == "function_"
    assert argument_name(Argument("Function", "")) == "Function_"
    assert argument_name(Argument("functions", "")) == "functions"
    assert {"function", "date", "error", "to", "type", "string", "next", "array", "me", "local"} <= KEYWORDS


def test_only_the_argument_function_had_to_be_renamed() -> None:
    renamed = {
        (function.name, argument.name)
        for function in CATALOG
        for argument in function.arguments
        if argument_name(argument) != argument.name
    }
    assert renamed == {("OF_PIVOT", "function")}


def test_argument_names_are_unique_regardless_of_case() -> None:
    for function in CATALOG:
        names = [argument_name(argument).lower() for argument in function.arguments]
        assert len(set(names)) == len(names)


def test_quotes_in_help_are_doubled() -> None:
    text = functions_module([Function("OF_X", 'Says "yes".', (Argument("a", '""'),))])
    assert 'Attribute OF_X.VB_Description = "Says ""yes""."\n' in text
    assert 'ArgumentDescriptions:=Array( _\n            """""")' in text
