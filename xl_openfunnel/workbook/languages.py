"""What the ribbon, the menus and VBA's questions say, in each language that has a file in ``workbook/languages``."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from ..errors import ConfigurationError
from . import source_files
from .commands import COMMANDS, GROUPS

ENGLISH: Final = "en"
"""The language where there is none for Excel's."""

PRIMARY_LANGUAGE: Final = 1023
"""The bits of a number of Windows (LCID) that tell the language without its country."""

MODULE: Final = "OpenFunnelLanguages"
"""The VBA module with all texts."""

_PARTS: Final = 140
"""UTF-16 units of a text in one line of VBA, which has at most 1,023 characters: six for each that is not ASCII."""


class CommandTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of a command.

    Attributes:
        caption: its name where it stands alone: in menus, on the help page and in the guide.
        label: its name on the ribbon, below the group's.
        tip: the headline of its screen tip.
        supertip: the text of its screen tip.
        keytip: the letters that press it.
    """

    caption: str
    label: str
    tip: str
    supertip: str
    keytip: str


class Messages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What VBA and Calc's menu ask and say, with places such as ``{job}``."""

    cancel: str
    billed: str
    no_job_here: str
    no_cell: str
    replace: str
    not_entered: str
    undo: str
    no_jobs: str
    starting: str
    one_block: str
    list_name: str
    no_list_name: str
    replace_list: str


class KeyWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the window that asks for the API key says, with places such as ``{service}``."""

    title: str
    question: str
    keep: str
    cancel: str
    trying: str
    empty: str
    no_key: str
    refused: str
    unexpected: str


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language.

    Attributes:
        number: its primary language identifier in Windows ([MS-LCID]).
        groups: the labels of the ribbon's groups, by the groups' ids.
        commands: the texts of the commands, by their actions.
        key_window: what the window for the API key says.
        messages: what VBA asks and says.
    """

    number: int
    groups: dict[str, str]
    commands: dict[str, CommandTexts]
    key_window: KeyWindow
    messages: Messages


def languages() -> dict[str, Language]:
    """All languages by their codes, English first.

    Raises:
        ConfigurationError: a file is not valid TOML, lacks a text, or has one that is not known; or two files are for
            the same language. The message names the file and what is wrong.
    """
    codes = sorted(source_files.names("languages", ".toml"), key=lambda code: (code != ENGLISH, code))
    found: dict[str, Language] = {}
    for code in codes:
        try:
            language = msgspec.convert(tomllib.loads(source_files.read(f"languages/{code}.toml")), Language)
            _check(language, found)
        except (ValueError, msgspec.ValidationError) as error:
            raise ConfigurationError(f"The file languages/{code}.toml cannot be used: {error}") from None
        found[code] = language
    return found


def language_of(number: int) -> Language:
    """The language with this number in Windows, whatever its country; English where it has no file."""
    spoken = languages()
    found = (language for language in spoken.values() if language.number == number & PRIMARY_LANGUAGE)
    return next(found, spoken[ENGLISH])


def _check(language: Language, others: dict[str, Language]) -> None:
    """Raise ValueError unless a language has exactly the texts that are asked for, and a number of its own."""
    for name, given, needed in (
        ("groups", language.groups, GROUPS),
        ("commands", language.commands, [command.action for command in COMMANDS]),
    ):
        if difference := _difference(given, needed):
            raise ValueError(f"[{name}] {difference}")
    if same := [code for code, other in others.items() if other.number == language.number]:
        raise ValueError(f"its number is {language.number}, which is that of {same[0]}.toml")
    if not 0 < language.number <= PRIMARY_LANGUAGE:
        raise ValueError(
            f"its number is {language.number}. Give the lowest ten bits, {language.number & PRIMARY_LANGUAGE}"
        )
    own = _all_texts(language)
    for key, text in _all_texts(others[ENGLISH]).items() if others else ():
        if difference := _difference(_places(own[key]), _places(text)):
            raise ValueError(f"the text {key!r} {difference}")


def _all_texts(language: Language) -> dict[str, str]:
    return texts_of(language) | msgspec.structs.asdict(language.key_window)


def _difference(given: Collection[str], needed: Collection[str]) -> str:
    """What is missing among the names, or not known; ``""`` where they are the same."""
    if missing := [name for name in needed if name not in given]:
        return f"lacks {', '.join(missing)}"
    unknown = [name for name in given if name not in needed]
    return f"has {', '.join(unknown)}, which nothing asks for" if unknown else ""


def _places(text: str) -> list[str]:
    """The places in a text for what VBA knows, such as ``{job}``."""
    return [f"{{{name}}}" for _, name, _, _ in string.Formatter().parse(text) if name is not None]


def texts_of(language: Language) -> dict[str, str]:
    """The texts as VBA asks for them: ``label refresh cell``, ``group OpenFunnelJob``, ``message cancel``."""
    return {
        **{f"group {group}": text for group, text in language.groups.items()},
        **{
            f"{kind} {action}": text
            for action, texts in language.commands.items()
            for kind, text in msgspec.structs.asdict(texts).items()
        },
        **{f"message {name}": text for name, text in msgspec.structs.asdict(language.messages).items()},
    }


_HEAD: Final = f"""\
Attribute VB_Name = "{MODULE}"
' Written by the package's builder from its languages: edit those, not this.
Option Explicit
Option Private Module ' hides these functions from the function wizard

Private language As Long ' Excel's, once it is known

' A text in the language of Excel's own menus, else in English.
Public Function OpenFunnelText(name As String) As String
    If language = 0 Then language = LanguageOfExcel()
"""

_TAIL: Final = """\

' The language without its country ([MS-LCID]), or -1 where Excel does not say.
Private Function LanguageOfExcel() As Long
    Dim settings As Object
    LanguageOfExcel = -1
    On Error Resume Next
    Set settings = Application.LanguageSettings
    LanguageOfExcel = settings.LanguageID(2) And 1023 ' msoLanguageIDUI
End Function

' A text in which UTF-16 units that are not ASCII are written as "\\" and five digits, since code pages differ.
Private Function Decoded(text As String) As String
    Dim parts As Variant, i As Long
    parts = Split(text, "\\")
    Decoded = parts(0)
    For i = 1 To UBound(parts)
        Decoded = Decoded & ChrW(CLng(Left$(parts(i), 5))) & Mid$(parts(i), 6)
    Next i
End Function
"""


def texts_module() -> str:
    spoken = languages()
    chosen = "".join(
        f"    If language = {language.number} Then OpenFunnelText = {_function_name(code)}(name)\n"
        for code, language in spoken.items()
        if code != ENGLISH
    )
    otherwise = f"    If Len(OpenFunnelText) = 0 Then OpenFunnelText = {_function_name(ENGLISH)}(name)\nEnd Function\n"
    functions = "".join(_texts_function(code, language) for code, language in spoken.items())
    return _HEAD + chosen + otherwise + functions + _TAIL


def _function_name(code: str) -> str:
    return "TextIn" + "".join(word.capitalize() for word in re.findall("[A-Za-z]+", code))


def _texts_function(code: str, language: Language) -> str:
    name = _function_name(code)
    cases = "".join(
        f'        Case "{key}": ' + "".join(f"{name} = {line}\n" for line in _assigned(name, text))
        for key, text in texts_of(language).items()
    )
    head = f"\nPrivate Function {name}(name As String) As String\n    Select Case name\n"
    return f"{head}{cases}    End Select\nEnd Function\n"


def _assigned(name: str, text: str) -> Iterator[str]:
    """What is assigned to a function of VBA, line by line, so that it returns the text."""
    for number, expression in enumerate(vba_text(text)):
        yield f"{name} & {expression}" if number else expression


def vba_text(text: str) -> list[str]:
    """A text as expressions of VBA, which together give it, each short enough for a line."""
    escaped = re.findall(r"[ -\[\]-~]|\\[0-9]{5}", re.sub(r"[^ -\[\]-~]+", _escape, text))
    parts = ["".join(escaped[at : at + _PARTS]) for at in range(0, len(escaped), _PARTS)] or [""]
    literals = ('"' + part.replace('"', '""') + '"' for part in parts)
    return [f"Decoded({literal})" if "\\" in literal else literal for literal in literals]


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\{int.from_bytes(units[at : at + 2], 'big'):05}" for at in range(0, len(units), 2))
