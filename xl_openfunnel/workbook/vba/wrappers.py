"""Generates the VBA module with the functions that cells call from the catalogue of functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ...functions.catalog import CATALOG
from ...functions.registry import CATEGORY, Argument, Function

MODULE: Final = "OpenFunnelFunctions"

VERSION: Final = 2
"""The version of the wrappers, which they pass with every call. 0 passed none, and the calling cell behind all
arguments; 1 calls `call_cell`; 2 knows `NOT_AVAILABLE`. A new argument of a function needs no new version: what a
wrapper does not know counts as blank."""

NOT_AVAILABLE: Final = -2146826246
"""Stands for the error ``#N/A`` (the SCODE of xlErrNA) in what Python answers a wrapper of version 2 or later. No value
of a company can be taken for it: their numbers are floats."""

BUILT_IN_GROUPS: Final = 19
"""The function categories of Excel 2016 and newer, which a workbook's file states."""

FUNCTION_GROUP: Final = BUILT_IN_GROUPS + 1
"""The number of our category, the first of those that a workbook's file names: such numbers follow those of the
built-in ones ([MS-XLSB] 2.5.52, FnGroupID)."""

MAX_HELP_UNITS: Final = 255
"""UTF-16 units of one help text: MacroOptions fails with longer ones, and the file's argument descriptions have the
same limit ([MS-OFFMACRO2] 2.2.5.5)."""

# fmt: off
KEYWORDS: Final = frozenset(word.lower() for word in (
    "Abs", "AddressOf", "And", "Any", "Array", "As", "Attribute", "Boolean", "ByRef", "Byte", "ByVal", "Call",
    "Case", "CBool", "CByte", "CCur", "CDate", "CDbl", "CDec", "CDecl", "CInt", "Circle", "CLng", "CLngLng",
    "CLngPtr", "Close", "Const", "CSng", "CStr", "Currency", "CVar", "CVErr", "Date", "Debug", "Decimal", "Declare",
    "DefBool", "DefByte", "DefCur", "DefDate", "DefDbl", "DefDec", "DefInt", "DefLng", "DefLngLng", "DefLngPtr",
    "DefObj", "DefSng", "DefStr", "DefVar", "Dim", "Do", "DoEvents", "Double", "Each", "Else", "ElseIf", "Empty",
    "End", "EndIf", "Enum", "Eqv", "Erase", "Error", "Event", "Exit", "False", "Fix", "For", "Friend", "Function",
    "Get", "Global", "GoSub", "GoTo", "If", "Imp", "Implements", "In", "Input", "InputB", "Int", "Integer", "Is",
    "LBound", "Len", "LenB", "Let", "Like", "LineInput", "Local", "Lock", "Long", "LongLong", "LongPtr", "Loop",
    "LSet", "Me", "Mod", "New", "Next", "Not", "Nothing", "Null", "Object", "On", "Open", "Option", "Optional",
    "Or", "ParamArray", "Preserve", "Print", "Private", "Property", "PSet", "Public", "Put", "RaiseEvent", "ReDim",
    "Rem", "Resume", "Return", "RSet", "Scale", "Seek", "Select", "Set", "Sgn", "Shared", "Single", "Spc", "Static",
    "Stop", "String", "Sub", "Tab", "Then", "To", "True", "Type", "TypeOf", "UBound", "Unlock", "Until", "Variant",
    "WEnd", "While", "With", "WithEvents", "Write", "Xor",
))
"""VBA's reserved words ([MS-VBAL] 3.3.5.2, and ``Local``), in lower case because VBA ignores case."""
# fmt: on

_HEAD = f"""\
Attribute VB_Name = "{MODULE}"
' Written by the package's builder from its catalogue of functions: edit that, not this.
Option Explicit
"""


def argument_name(argument: Argument) -> str:
    """The argument's name in VBA: with ``_`` after it if it is a reserved word."""
    return f"{argument.name}_" if argument.name.lower() in KEYWORDS else argument.name


def functions_module(catalog: Iterable[Function] = CATALOG) -> str:
    """The module's text: a wrapper for each function, and a Sub that registers their help."""
    functions = list(catalog)
    return "\n".join([_HEAD, *map(_wrapper, functions), _help(functions)])


def _wrapper(function: Function) -> str:
    names = [argument_name(argument) for argument in function.arguments]
    declared = (
        f"{'Optional ' if argument.optional else ''}{name} As Variant"
        for name, argument in zip(names, function.arguments, strict=True)
    )
    call = f'OpenFunnelCell({VERSION}, "{function.name}", Array({", ".join(names)}))'
    if function.not_available:
        call = f"OpenFunnelNotAvailable({call})"
    # The attributes give an add-in's functions their help and category: MacroOptions, which gives a workbook's
    # functions help for each argument too, fails where the workbook is hidden ("Cannot edit a macro on a hidden
    # workbook").
    return f"""\
Public Function {function.name}({", ".join(declared)}) As Variant
Attribute {function.name}.VB_Description = {_quoted(function.help)}
Attribute {function.name}.VB_ProcData.VB_Invoke_Func = " \\n{FUNCTION_GROUP}"
    {function.name} = {call}
End Function
"""


def _help(functions: list[Function]) -> str:
    calls = "".join(map(_registration, functions))
    return f"""\
' The argument keeps this out of the list of macros. Help that cannot be registered is no reason to stop.
Public Sub OpenFunnelHelp(macrosOfBook As String)
    On Error Resume Next
{calls}End Sub
"""


def _registration(function: Function) -> str:
    lines = [
        f'    Application.MacroOptions Macro:=macrosOfBook & "{function.name}", Category:={_quoted(CATEGORY)}',
        f"Description:={_quoted(function.help)}",
    ]
    if function.arguments:
        helps = ", _\n            ".join(_quoted(argument.help) for argument in function.arguments)
        lines.append(f"ArgumentDescriptions:=Array( _\n            {helps})")
    return ", _\n        ".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
