"""Builds the LibreOffice extension: an .oxt, which is a zip of a few small text files.

The type libraries are IDL source. LibreOffice reads source as well as compiled libraries, so nothing has to be
compiled.
"""

from __future__ import annotations

import ast
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from ..detect.libreoffice import MIN_VERSION
from ..functions.registry import CATEGORY, Function
from ..hosts.calc import identifiers
from ..version import version
from ..workbook.commands import COMMANDS
from ..workbook.languages import languages

_DATE: Final = (2026, 1, 1, 0, 0, 0)
"""A fixed timestamp, so that the same version and folders always give the same bytes."""

COMPONENT: Final = "component.py"
"""The file that LibreOffice's Python loads."""

SET_PATH: Final = """\
import site
import sys

before = list(sys.path)
for folder in FOLDERS:
    site.addsitedir(folder)  # also reads .pth files, as in any environment
added = [folder for folder in sys.path if folder not in before]
# Prefer these folders to the system's copies of the same packages, and never import from the current folder, which may
# be a document's.
sys.path[:] = dict.fromkeys(folder for folder in [*FOLDERS, *added, *before] if folder)
"""
"""Code that lets LibreOffice's Python import the package from FOLDERS."""

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def build_extension(folders: Sequence[str]) -> bytes:
    """The content of the .oxt file.

    Python finds the package and its dependencies in the folders, in this order.
    """
    parts = {
        "META-INF/manifest.xml": _manifest(),
        "description.xml": _description(),
        **type_libraries(),
        "functions.xcu": _functions(),
        "menu.xcu": _menu(),
        "jobs.xcu": _jobs(),
        COMPONENT: _component(folders),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), text, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def read_folders(component: str) -> list[str]:
    """The folders with which an extension's component was built.

    Raises:
        ValueError: this is not the component of this add-in.
    """
    match = re.search(r"^FOLDERS = (\[.*?^\])", component, re.MULTILINE | re.DOTALL)
    if match is None:
        raise ValueError("no component of ours")
    return list(map(str, ast.literal_eval(match[1])))


def type_libraries() -> dict[str, str]:
    """The type libraries by file name: one interface each, since LibreOffice reads only one from an IDL source.

    An optional argument is an ``any``. The others are sequences of cells, in which blank cells arrive as blanks.
    """
    result = "com::sun::star::sheet::XVolatileResult"
    methods = "".join(
        f"    {result} {name}({_arguments(function)});\n" for name, function in identifiers.METHODS.items()
    )
    actions = "    string act([in] com::sun::star::frame::XModel document, [in] string action);\n"
    begin = " ".join(f"module {name} {{" for name in identifiers.MODULE.split("."))
    end = "}; " * len(identifiers.MODULE.split("."))
    return {
        f"{name}.idl": f"{begin}\ninterface {name} : com::sun::star::uno::XInterface {{\n{body}}};\n{end}\n"
        for name, body in {identifiers.FUNCTIONS_INTERFACE: methods, identifiers.ACTIONS_INTERFACE: actions}.items()
    }


def _arguments(function: Function) -> str:
    types = {True: "any", False: "sequence< sequence<any> >"}
    names = (f"[in] {types[argument.optional]} {_camel(argument.name)}" for argument in function.arguments)
    return ", ".join(names)


def _camel(name: str) -> str:
    """``row_fields`` -> ``aRowFields``: IDL allows no underscores in argument names, and has reserved words."""
    return "a" + "".join(word.capitalize() for word in name.split("_"))


def _manifest() -> str:
    media_types = {
        **dict.fromkeys(type_libraries(), "application/vnd.sun.star.uno-typelibrary;type=RDB"),
        COMPONENT: "application/vnd.sun.star.uno-component;type=Python",
        "functions.xcu": "application/vnd.sun.star.configuration-data",
        "menu.xcu": "application/vnd.sun.star.configuration-data",
        "jobs.xcu": "application/vnd.sun.star.configuration-data",
    }
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{media_type}"/>\n'
        for name, media_type in media_types.items()
    )
    return f'{_HEAD}<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">\n{entries}</manifest:manifest>\n'


def _description() -> str:
    needed = ".".join(map(str, MIN_VERSION))
    return (
        f'{_HEAD}<description xmlns="http://openoffice.org/extensions/description/2006"'
        ' xmlns:l="http://libreoffice.org/extensions/description/2011">\n'
        f'<identifier value="{identifiers.EXTENSION}"/><version value="{version()}"/>\n'
        f'<dependencies><l:LibreOffice-minimal-version value="{needed}" l:name="LibreOffice {needed}"/>'
        "</dependencies>\n"
        '<display-name><name lang="en">XL OpenFunnel</name></display-name>\n</description>\n'
    )


def _functions() -> str:
    nodes = "".join(_function(name, function) for name, function in identifiers.METHODS.items())
    return _configuration(
        "CalcAddIns",
        f'<node oor:name="AddInInfo"><node oor:name="{identifiers.FUNCTIONS}" oor:op="replace">'
        f'<node oor:name="AddInFunctions">{nodes}</node></node></node>',
    )


def _function(name: str, function: Function) -> str:
    # Calc matches arguments by number.
    arguments = "".join(
        f'<node oor:name="a{index}" oor:op="replace">{_localized("DisplayName", argument.name)}'
        f"{_localized('Description', argument.help)}</node>"
        for index, argument in enumerate(function.arguments)
    )
    return (
        f'<node oor:name="{name}" oor:op="replace">{_localized("DisplayName", function.name)}'
        f'{_localized("Description", function.help)}<prop oor:name="Category"><value>Add-In</value></prop>'
        f'<prop oor:name="CompatibilityName"><value xml:lang="en-US">{function.name}</value></prop>'
        f'<node oor:name="Parameters">{arguments}</node></node>'
    )


def menu() -> dict[str, dict[str, str]]:
    """The menu's entries: for each action its captions by languages."""
    spoken = languages()
    return {
        command.action: {code: language.commands[command.action].caption for code, language in spoken.items()}
        for command in COMMANDS
        if command.in_calc
    }


def _menu() -> str:
    items = "".join(
        f'<node oor:name="m{index}" oor:op="replace">'
        f'<prop oor:name="URL"><value>service:{identifiers.ACTIONS}?{action}</value></prop>'
        f'<prop oor:name="Title">{_values(captions)}</prop></node>'
        for index, (action, captions) in enumerate(menu().items())
    )
    return _configuration(
        "Addons",
        '<node oor:name="AddonUI"><node oor:name="OfficeMenuBar">'
        f'<node oor:name="{identifiers.MODULE}" oor:op="replace">'
        f"{_localized('Title', CATEGORY)}"
        '<prop oor:name="Context"><value>com.sun.star.sheet.SpreadsheetDocument</value></prop>'
        f'<node oor:name="Submenu">{items}</node></node></node></node>',
    )


def _jobs() -> str:
    """LibreOffice's own jobs: which service it calls at which event."""
    name = identifiers.OPENED
    return _configuration(
        "Jobs",
        f'<node oor:name="Jobs"><node oor:name="{name}" oor:op="replace">'
        f'<prop oor:name="Service"><value>{name}</value></prop>'
        '<prop oor:name="Context"><value>com.sun.star.sheet.SpreadsheetDocument</value></prop></node></node>'
        '<node oor:name="Events"><node oor:name="OnLoadFinished" oor:op="fuse"><node oor:name="JobList">'
        f'<node oor:name="{name}" oor:op="replace"/></node></node></node>',
    )


def _configuration(name: str, nodes: str) -> str:
    return (
        f'{_HEAD}<oor:component-data xmlns:oor="http://openoffice.org/2001/registry"'
        f' xmlns:xs="http://www.w3.org/2001/XMLSchema" oor:name="{name}" oor:package="org.openoffice.Office">'
        f"{nodes}</oor:component-data>\n"
    )


def _localized(name: str, text: str) -> str:
    return f'<prop oor:name="{name}">{_values({"en": text})}</prop>'


def _values(texts: Mapping[str, str]) -> str:
    """The values of a property in several languages, of which LibreOffice takes its own, else English."""
    return "".join(f'<value xml:lang="{code}">{escape(text)}</value>' for code, text in texts.items())


def _component(folders: Sequence[str]) -> str:
    lines = "".join(f"    {folder!r},\n" for folder in folders)
    return f'''\
"""Where LibreOffice's Python finds XL OpenFunnel. Written by xl-openfunnel install --calc."""

FOLDERS = [
{lines}]

{SET_PATH}
from xl_openfunnel.hosts.calc.addin import implementations  # noqa: E402

g_ImplementationHelper = implementations()
'''
