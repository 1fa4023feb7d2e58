"""What the ribbon, the menus and VBA's questions say, in each language that has a file in ``workbook/languages``."""

from __future__ import annotations

import re
import tomllib
from typing import Final

import msgspec

from . import source_files

ENGLISH: Final = "en"
"""The language where there is none for Excel's."""

MODULE: Final = "OpenFunnelLanguages"
"""The VBA module with all texts."""


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
    """What VBA asks and says, with places for ``{job}``, ``{cell}`` and ``{reason}``."""

    cancel: str
    billed: str
    no_job_here: str
    no_cell: str
    replace: str
    not_entered: str
    undo: str
    no_jobs: str
    starting: str


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language.

    Attributes:
        number: its primary language identifier in Windows ([MS-LCID]).
        groups: the labels of the ribbon's groups, by the groups' ids.
        commands: the texts of the commands, by their actions.
        messages: what VBA asks and says.
    """

    number: int
    groups: dict[str, str]
    commands: dict[str, CommandTexts]
    messages: Messages


def languages() -> dict[str, Language]:
    """All languages by their codes, English first.

    Raises:
        msgspec.ValidationError: a file lacks a text, or has one that is not known.
    """
    codes = sorted(source_files.names("languages", ".toml"), key=lambda code: (code != ENGLISH, code))
    return {
        code: msgspec.convert(tomllib.loads(source_files.read(f"languages/{code}.toml")), Language) for code in codes
    }


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
"""


def texts_module() -> str:
    """The text of the module `MODULE`."""
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
    cases = "".join(f'        Case "{key}": {name} = {vba_text(text)}\n' for key, text in texts_of(language).items())
    head = f"\nPrivate Function {name}(name As String) As String\n    Select Case name\n"
    return f"{head}{cases}    End Select\nEnd Function\n"


def vba_text(text: str) -> str:
    """A text as VBA's expression, with what is not ASCII by its UTF-16 units, since code pages differ."""
    parts = re.findall(r"[ -~]+|[^ -~]", text)
    return " & ".join(_expression(part) for part in parts) or '""'


def _expression(part: str) -> str:
    if part.isascii() and part.isprintable():
        return '"' + part.replace('"', '""') + '"'
    units = part.encode("utf-16-be")
    return " & ".join(f"ChrW({int.from_bytes(units[at : at + 2], 'big')})" for at in range(0, len(units), 2))
