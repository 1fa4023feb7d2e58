"""The extension's file."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree as ET

import pytest

from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.hosts.calc import identifiers
from xl_openfunnel.install import calc_extension

FOLDERS = ["/home/me/tools", '/home/me/"quoted" & ünusual']


def parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(calc_extension.build_extension(FOLDERS))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_folders_make_the_same_bytes() -> None:
    assert calc_extension.build_extension(FOLDERS) == calc_extension.build_extension(FOLDERS)


def test_every_part_is_listed_and_well_formed() -> None:
    found = parts()
    listed = re.findall(rb'full-path="([^"]+)"', found["META-INF/manifest.xml"])
    assert {name.decode() for name in listed} == found.keys() - {"META-INF/manifest.xml", "description.xml"}
    for name, part in found.items():
        if name.endswith((".xml", ".xcu")):
            ET.fromstring(part)  # noqa: S314 - our own


def test_every_function_and_argument_has_its_name_and_help() -> None:
    text = parts()["functions.xcu"].decode()
    root = ET.fromstring(text)  # noqa: S314 - our own
    shown = [value.text for value in root.iter("value")]
    for function in CATALOG:
        assert {function.name, function.help} <= set(shown)
        for argument in function.arguments:
            assert {argument.name, argument.help} <= set(shown)


def test_a_method_takes_the_arguments_of_its_function_in_their_order() -> None:
    text = calc_extension.type_libraries()[f"{identifiers.FUNCTIONS_INTERFACE}.idl"]
    for method, function in identifiers.METHODS.items():
        (arguments,) = re.findall(rf"XVolatileResult {method}\((.*)\);", text)
        kinds = [argument.startswith("[in] any ") for argument in filter(None, arguments.split(", "))]
        assert kinds == [argument.optional for argument in function.arguments]
    assert [identifiers.method_name(function) for function in CATALOG][:2] == ["ofStatus", "ofRows"]


def test_its_python_searches_the_given_folders_first_and_never_the_current_one() -> None:
    source = parts()["component.py"].decode()
    head = source.partition("from xl_openfunnel")[0]
    path = ["", "/usr/lib/python3", FOLDERS[1]]
    exec(head.replace("import site\nimport sys\n", ""), {"site": Site(path), "sys": System(path)})
    assert path == [*FOLDERS, "/from/a.pth", "/usr/lib/python3"]


def test_the_folders_can_be_read_back() -> None:
    assert calc_extension.read_folders(parts()[calc_extension.COMPONENT].decode()) == FOLDERS
    with pytest.raises(ValueError, match="no component of ours"):
        calc_extension.read_folders("FOLDERS = None")


class Site:
    """Python's module of that name, with one file of paths."""

    def __init__(self, path: list[str]) -> None:
        self.path = path

    def addsitedir(self, folder: str) -> None:
        self.path += [name for name in (folder, "/from/a.pth") if name not in self.path]


class System:
    def __init__(self, path: list[str]) -> None:
        self.path = path
