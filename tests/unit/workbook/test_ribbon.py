"""The ribbon of add-in and workbook: what Office's schema allows, and callbacks that exist."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile

import pytest

from xl_openfunnel.workbook import builder, commands, ribbon, sources
from xl_openfunnel.workbook.languages import languages, texts_of

FILES = {
    ribbon.ADDIN: (builder.build_addin, sources.addin_modules()),
    ribbon.WORKBOOK: (builder.build_workbook, sources.modules()),
}
SIGNATURES = {
    "onLoad": "ui As IRibbonUI",
    "onAction": "control As IRibbonControl",
    "toggle": "control As IRibbonControl, pressed As Boolean",
    "get": r"control As IRibbonControl, ByRef \w+ As Variant",
}
prefixes = pytest.mark.parametrize("prefix", FILES)


def parsed(prefix: str) -> ET.Element:
    return ET.fromstring(ribbon.ribbon(prefix))  # noqa: S314 - our own


def local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


@prefixes
def test_the_file_has_the_part_that_office_2010_and_newer_read(prefix: str) -> None:
    with zipfile.ZipFile(io.BytesIO(FILES[prefix][0]())) as archive:
        assert archive.read("customUI/customUI14.xml").decode() == ribbon.ribbon(prefix)
        relationships = ET.fromstring(archive.read("_rels/.rels"))  # noqa: S314 - our own
    related = {each.get("Type"): each.get("Target") for each in relationships}
    assert related["http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"] == (
        "customUI/customUI14.xml"
    )
    assert parsed(prefix).tag == "{http://schemas.microsoft.com/office/2009/07/customui}customUI"


@prefixes
def test_one_tab_has_every_command_in_its_group(prefix: str) -> None:
    (tab,) = parsed(prefix).findall("{*}ribbon/{*}tabs/{*}tab")
    assert (tab.get("label"), [group.get("id") for group in tab]) == ("OpenFunnel", list(commands.GROUPS))
    assert [[control.get("id") for control in group] for group in tab] == [
        [command.macro for command in commands.COMMANDS if command.group == name] for name in commands.GROUPS
    ]
    assert all(len(group) for group in tab)


@prefixes
def test_the_menus_of_cells_have_what_is_about_a_cell(prefix: str) -> None:
    menus = parsed(prefix).findall("{*}contextMenus/{*}contextMenu")
    assert [menu.get("idMso") for menu in menus] == ["ContextMenuCell", "ContextMenuListRange"]
    wanted = [command for command in commands.COMMANDS if command.in_cells]
    for (menu,) in menus:
        assert [control.get("tag") for control in menu] == [f"{each.needs}|{each.action}" for each in wanted]


IMAGE = {"imageMso"}
TEXTS = {"getLabel", "getScreentip", "getSupertip", "getKeytip"}
CONTROL = {"id", "tag", "getEnabled", "size"} | IMAGE | TEXTS
ALLOWED = {
    "customUI": {"onLoad"},
    "ribbon": set(),
    "tabs": set(),
    "tab": {"id", "label", "keytip", "getVisible"},
    "group": {"id", "tag", "getLabel"},
    "button": CONTROL | {"onAction"},
    "toggleButton": CONTROL | {"onAction", "getPressed"},
    "dynamicMenu": CONTROL | {"getContent", "invalidateContentOnDrop"},
    "contextMenus": set(),
    "contextMenu": {"idMso"},
    "menu": {"id", "label", "getVisible"},
}
"""Of what the schema allows ([MS-CUSTOMUI2] 2.2), what we use. In a menu a control has no size."""


@prefixes
def test_every_element_has_attributes_that_office_knows_and_an_id_of_its_own(prefix: str) -> None:
    root = parsed(prefix)
    for element in root.iter():
        assert set(element.attrib) <= ALLOWED[local(element)], element.attrib
        assert all(0 < len(text) <= 1024 for text in element.attrib.values())
    for control in root.iterfind(".//{*}contextMenu//*"):
        assert "size" not in control.attrib
    ids = [str(element.get("id")) for element in root.iter() if element.get("id")]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) for name in ids)


@prefixes
def test_every_callback_is_a_sub_of_the_file_with_the_arguments_that_office_gives(prefix: str) -> None:
    _, modules = FILES[prefix]
    declared = dict(re.findall(r"^Public Sub (\w+)\((.*)\)", modules[sources.RIBBON], re.MULTILINE))
    asked = set()
    for element in parsed(prefix).iter():
        for name, callback in element.attrib.items():
            if name not in ("onLoad", "onAction") and not name.startswith("get"):
                continue
            kind = "toggle" if name == "onAction" and local(element) == "toggleButton" else name
            wanted = SIGNATURES.get(kind, SIGNATURES["get"])
            assert re.fullmatch(wanted, declared[callback]), (name, callback)
            asked.add(callback)
    assert declared.keys() - asked == {f"{prefix}Job"}  # of the menu that Python gives


def test_no_two_files_have_a_callback_of_the_same_name() -> None:
    names = [set(re.findall(r"^Public Sub (\w+)\(", text[sources.RIBBON], re.MULTILINE)) for _, text in FILES.values()]
    assert not names[0] & names[1]


@prefixes
def test_a_button_runs_the_macro_of_its_name(prefix: str) -> None:
    macros = set(re.findall(r"^Public Sub (\w+)\(\)", FILES[prefix][1][commands.MODULE], re.MULTILINE))
    names = {str(button.get("id")).partition("ContextMenu")[0] for button in parsed(prefix).iterfind(".//{*}button")}
    assert names <= macros
    assert {"OpenFunnelLiveOn", "OpenFunnelLivePaused"} == macros - names


@prefixes
def test_every_text_that_is_asked_for_is_there_in_every_language(prefix: str) -> None:
    kinds = {"getLabel": ("group", "label"), "getScreentip": ("tip",), "getSupertip": ("supertip",)}
    kinds["getKeytip"] = ("keytip",)
    root = parsed(prefix)
    for code, language in languages().items():
        texts = texts_of(language)
        for element in root.iter():
            for name in TEXTS & element.attrib.keys():
                action = str(element.get("tag")).partition("|")[2]
                assert any(texts.get(f"{kind} {action}") for kind in kinds[name]), (code, action)
