"""Builds the extension with which LibreOffice takes the functions: a .oxt, which is a zip of a few small texts.

The type library is IDL as text. LibreOffice reads that as it reads a compiled one, so that nothing has to be compiled.
"""

from __future__ import annotations

import ast
import io
import re
import zipfile
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from ..functions.catalog import CATEGORY, Function
from ..hosts.calc import identifiers
from ..version import version

_DATE: Final = (2026, 1, 1, 0, 0, 0)
"""One date for all, so that the same version and folders always make the same bytes."""

MENU: Final = {
    "Refresh": "refresh book",
    "Refresh final jobs too": "refresh final",
    "Land as table": "land table",
    "Refresh pivots": "refresh pivots",
}
"""The menu's entries, and the action of each."""

COMPONENT: Final = "component.py"
"""The part that the office's Python loads."""

FINDING: Final = """\
import site
import sys

before = list(sys.path)
for folder in FOLDERS:
    site.addsitedir(folder)  # reads .pth files too, as for any environment
fresh = [folder for folder in sys.path if folder not in before]
# Before what the system has of the same packages, and nothing ever from the current folder, which may be a document's.
sys.path[:] = dict.fromkeys(folder for folder in [*FOLDERS, *fresh, *before] if folder)
"""
"""How the office's Python finds the package in FOLDERS."""

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def build(folders: Sequence[str]) -> bytes:
    """The extension's file.

    Args:
        folders: where Python finds the package and what it needs, the first first.
    """
    parts = {
        "META-INF/manifest.xml": _manifest(),
        "description.xml": _description(),
        **interfaces(),
        "functions.xcu": _functions(),
        "menu.xcu": _menu(),
        COMPONENT: _component(folders),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), text, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def folders_of(component: str) -> list[str]:
    """The folders that an extension's component was made with.

    Raises:
        ValueError: it is none of ours.
    """
    listed = re.search(r"^FOLDERS = (\[.*?^\])", component, re.MULTILINE | re.DOTALL)
    if listed is None:
        raise ValueError("no component of ours")
    return list(map(str, ast.literal_eval(listed[1])))


def interfaces() -> dict[str, str]:
    """The type libraries by their file names: one interface each, since LibreOffice takes no more from one text.

    An argument that may be left out is an ``any``; of the others blank cells arrive as blanks.
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
        for name, body in {identifiers.INTERFACE: methods, identifiers.ACTING: actions}.items()
    }


def _arguments(function: Function) -> str:
    types = {True: "any", False: "sequence< sequence<any> >"}
    names = (f"[in] {types[argument.optional]} {_camel(argument.name)}" for argument in function.arguments)
    return ", ".join(names)


def _camel(name: str) -> str:
    """``row_fields`` -> ``aRowFields``: IDL has no low lines in names of arguments, and words of its own."""
    return "a" + "".join(word.capitalize() for word in name.split("_"))


def _manifest() -> str:
    kinds = {
        **dict.fromkeys(interfaces(), "application/vnd.sun.star.uno-typelibrary;type=RDB"),
        COMPONENT: "application/vnd.sun.star.uno-component;type=Python",
        "functions.xcu": "application/vnd.sun.star.configuration-data",
        "menu.xcu": "application/vnd.sun.star.configuration-data",
    }
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>\n'
        for name, kind in kinds.items()
    )
    return f'{_HEAD}<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">\n{entries}</manifest:manifest>\n'


def _description() -> str:
    return (
        f'{_HEAD}<description xmlns="http://openoffice.org/extensions/description/2006"'
        ' xmlns:l="http://libreoffice.org/extensions/description/2011">\n'
        f'<identifier value="{identifiers.EXTENSION}"/><version value="{version()}"/>\n'
        '<dependencies><l:LibreOffice-minimal-version value="25.2" l:name="LibreOffice 25.2"/></dependencies>\n'
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
    # Calc tells arguments apart by their number.
    arguments = "".join(
        f'<node oor:name="a{place}" oor:op="replace">{_said("DisplayName", argument.name)}'
        f"{_said('Description', argument.help)}</node>"
        for place, argument in enumerate(function.arguments)
    )
    return (
        f'<node oor:name="{name}" oor:op="replace">{_said("DisplayName", function.name)}'
        f'{_said("Description", function.help)}<prop oor:name="Category"><value>Add-In</value></prop>'
        f'<prop oor:name="CompatibilityName"><value xml:lang="en-US">{function.name}</value></prop>'
        f'<node oor:name="Parameters">{arguments}</node></node>'
    )


def _menu() -> str:
    items = "".join(
        f'<node oor:name="m{place}" oor:op="replace">'
        f'<prop oor:name="URL"><value>service:{identifiers.ACTIONS}?{action}</value></prop>'
        f"{_said('Title', title)}</node>"
        for place, (title, action) in enumerate(MENU.items())
    )
    return _configuration(
        "Addons",
        '<node oor:name="AddonUI"><node oor:name="OfficeMenuBar">'
        f'<node oor:name="{identifiers.MODULE}" oor:op="replace">'
        f"{_said('Title', CATEGORY)}"
        '<prop oor:name="Context"><value>com.sun.star.sheet.SpreadsheetDocument</value></prop>'
        f'<node oor:name="Submenu">{items}</node></node></node></node>',
    )


def _configuration(name: str, nodes: str) -> str:
    package = {"CalcAddIns": "org.openoffice.Office", "Addons": "org.openoffice.Office"}[name]
    return (
        f'{_HEAD}<oor:component-data xmlns:oor="http://openoffice.org/2001/registry"'
        f' xmlns:xs="http://www.w3.org/2001/XMLSchema" oor:name="{name}" oor:package="{package}">'
        f"{nodes}</oor:component-data>\n"
    )


def _said(name: str, text: str) -> str:
    return f'<prop oor:name="{name}"><value xml:lang="en">{escape(text)}</value></prop>'


def _component(folders: Sequence[str]) -> str:
    listed = "".join(f"    {folder!r},\n" for folder in folders)
    return f'''\
"""Where the office's Python finds XL OpenFunnel. Written by xl-openfunnel install --calc."""

FOLDERS = [
{listed}]

{FINDING}
from xl_openfunnel.hosts.calc.addin import implementations  # noqa: E402

g_ImplementationHelper = implementations()
'''
