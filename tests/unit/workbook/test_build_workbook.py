"""The whole workbook, read by openpyxl and part by part."""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.functions.catalog import called_in
from xl_openfunnel.functions.info import INFO_FIELDS
from xl_openfunnel.workbook import builder, commands, source_files, sources
from xl_openfunnel.workbook.sources import sheet_texts
from xl_openfunnel.workbook.styles import FORMATS, HEAT

pytestmark = pytest.mark.dependencies

CHECKOUT = Path(__file__).parents[3]
WORKBOOK = builder.build_workbook()
ADDIN = builder.build_addin()
EACH = pytest.mark.parametrize("content", [WORKBOOK, ADDIN], ids=["workbook", "add-in"])


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(set(names)) == len(names)
        return {name: archive.read(name) for name in names}


def part(name: str, content: bytes = WORKBOOK) -> str:
    return parts(content)[name].decode()


def opened(content: bytes = WORKBOOK, *, values: bool = False) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


def formulas(content: bytes = WORKBOOK) -> list[str]:
    found = []
    for name, xml in parts(content).items():
        if name.startswith("xl/worksheets/sheet"):
            found += [each.text or "" for each in ET.fromstring(xml).findall(".//{*}f")]  # noqa: S314 - our own
    return found


def test_an_installed_package_builds_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in source_files.SOURCE_FOLDERS:
        shutil.copytree(CHECKOUT / "workbook" / name, tmp_path / "parts" / name)
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    assert source_files.source_folder() == tmp_path / "parts"
    assert (builder.build_workbook(), builder.build_addin()) == (WORKBOOK, ADDIN)


def test_crlf_line_ends_of_a_checkout_build_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in (CHECKOUT / "workbook").glob("*/*"):
        if source.parent.name in source_files.SOURCE_FOLDERS:
            text = source.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            (tmp_path / source.parent.name).mkdir(exist_ok=True)
            (tmp_path / source.parent.name / source.name).write_bytes(text)
    monkeypatch.setattr(source_files, "source_folder", lambda: tmp_path)
    assert (builder.build_workbook(), builder.build_addin()) == (WORKBOOK, ADDIN)


@EACH
def test_every_part_is_well_formed_typed_and_referenced(content: bytes) -> None:
    found = parts(content)
    for name, xml in found.items():
        if not name.endswith(".bin"):
            ET.fromstring(xml)  # noqa: S314 - our own
    types = ET.fromstring(found["[Content_Types].xml"])  # noqa: S314
    defaults = {each.get("Extension") for each in types.findall(".//{*}Default")}
    overrides = [str(each.get("PartName")).removeprefix("/") for each in types.findall(".//{*}Override")]
    assert len(set(overrides)) == len(overrides)
    assert set(overrides) <= set(found)
    for name in found:
        if name != "[Content_Types].xml":
            plain = defaults if name.startswith("customUI/") else defaults - {"xml"}
            assert name in overrides or name.rsplit(".", 1)[1] in plain, name
    targets = set()
    for name, xml in found.items():
        if name.endswith(".rels"):
            folder, own = posixpath.split(name)
            folder = posixpath.dirname(folder)
            assert own == ".rels" or posixpath.join(folder, own.removesuffix(".rels")) in found
            relations = list(ET.fromstring(xml))  # noqa: S314
            assert len({each.get("Id") for each in relations}) == len(relations)
            for each in relations:
                assert each.get("TargetMode") is None, "nothing refers outside the file"
                targets.add(posixpath.normpath(posixpath.join(folder, str(each.get("Target")))).lstrip("/"))
    assert targets == {name for name in found if not name.endswith(".rels")} - {"[Content_Types].xml"}


@EACH
def test_the_file_contains_nothing_about_the_machine_its_user_or_a_key(content: bytes) -> None:
    everything = "\n".join(part.decode("latin-1") for part in parts(content).values())
    assert not re.search(r"of_(live|test)_|/home/|/Users/|\\Users\\|/root|/tmp", everything)
    places = {str(Path.home()), str(CHECKOUT), str(Path.cwd()), sys.prefix, tempfile.gettempdir()}
    texts = everything + "\n".join(
        (sources.modules() | sources.addin_modules()).values()
    )  # which are compressed in the file
    assert [place for place in places if len(place) > 3 and place in texts] == []
    properties = part("docProps/core.xml", content)
    assert "<dc:creator></dc:creator>" in properties
    assert "<cp:lastModifiedBy></cp:lastModifiedBy>" in properties


@EACH
def test_the_file_contains_no_link(content: bytes) -> None:
    everything = "\n".join(text.decode("latin-1") for text in parts(content).values())
    assert "<hyperlink" not in everything
    assert "externalLink" not in everything
    hosts = set(re.findall(r"https?://([\w.-]+)", everything))
    assert hosts <= {"schemas.openxmlformats.org", "schemas.microsoft.com", "purl.org", "www.w3.org"}


def test_the_sheets_and_the_names_of_their_modules() -> None:
    found = opened()
    assert found.sheetnames == ["Start", "Rows", "Table", "Pivot", "Charts"]
    assert {each.title: each.sheet_properties.codeName for each in found} == builder.CODE_NAMES
    assert found.code_name == sources.THIS_WORKBOOK
    assert found.active.title == "Start"


def test_the_jobs_cell_is_named_empty_and_formatted_as_text() -> None:
    found = opened()
    (name,) = found.defined_names.values()
    assert (name.name, name.attr_text) == ("job", "Start!$B$8")
    cell = found["Start"]["B8"]
    assert (cell.value, cell.number_format) == (None, "@")
    assert all(not sheet.data_validations.dataValidation for sheet in found)


def test_formulas_call_only_known_functions_with_known_fields() -> None:
    called = [function.name for formula in formulas() for function in called_in(formula)]
    assert set(re.findall(r"\bOF_\w+", "\n".join(formulas()))) == set(called)
    assert set(called) == {"OF_STATUS", "OF_ROWS", "OF_INFO", "OF_PIVOT", "OF_JOBS", "OF_CREDITS"}
    assert set(re.findall(r'OF_INFO\(job,"(\w+)"\)', "\n".join(formulas()))) <= set(INFO_FIELDS)


def formula_cells(content: bytes = WORKBOOK) -> dict[str, ET.Element]:
    """The cells with formulas, by sheet and address."""
    return {
        f"{name}!{cell.get('r')}": cell
        for number, name in enumerate(builder.CODE_NAMES, 1)
        for cell in ET.fromstring(parts(content)[f"xl/worksheets/sheet{number}.xml"]).findall(".//{*}c")  # noqa: S314
        if cell.find("{*}f") is not None
    }


def test_excel_shows_no_at_sign_before_a_function_of_ours_or_the_name_of_the_job() -> None:
    """It does in a plain formula: only a dynamic array (attribute cm) says that no single value is to be picked."""
    for place, cell in formula_cells().items():
        formula = cell.find("{*}f")
        assert formula is not None
        is_dynamic = (formula.get("t"), cell.get("cm")) == ("array", "1")
        assert is_dynamic or not re.search(r"OF_|\bjob\b", formula.text or ""), place
    assert "fDynamic" in part("xl/metadata.xml")


def test_an_empty_text_is_cached_as_a_text() -> None:
    for place, cell in formula_cells().items():
        value = cell.find("{*}v")
        assert value is not None
        assert value.text or cell.get("t") == "str", place


def test_blocks_may_spill_and_say_why_functions_are_missing() -> None:
    """A formula without a calculated block is stored as an array of its own cell: Excel lets it spill."""
    calls = {"Start!B23": "OF_JOBS()", "Rows!A4": "OF_ROWS(job)"}
    calls["Charts!A22"] = 'OF_PIVOT(job,"country","employee_band")'
    filled = {place: cell.find("{*}f") for place, cell in formula_cells().items()}
    shown = {place: (f.text, f.get("ref")) for place, f in filled.items() if f is not None and place in calls}
    guard = f'IFERROR({{}},"{sheet_texts().no_functions}")'
    assert shown == {place: (guard.format(call), place.split("!")[1]) for place, call in calls.items()}


def test_no_formula_needs_an_excel_newer_than_its_functions() -> None:
    assert not re.search(r"_xlfn|_xlws|#|@", "\n".join(formulas()))


def test_excel_does_not_recalculate_on_open() -> None:
    assert '<calcPr calcId="191029"/>' in part("xl/workbook.xml")


def test_an_empty_workbook_shows_what_excel_would_calculate() -> None:
    found = opened(values=True)
    shown = found["Start"]
    texts = sheet_texts().start
    assert (shown["B8"].value, shown["C8"].value) == (None, "◄ Put the job here")
    figures = {row[0].row: [cell.value for cell in row] for row in shown["B13:G14"]}  # calculated where macros run
    assert figures == {13: [texts.no_macros, *[None] * 5], 14: [texts.allow_macros, *[None] * 5]}
    assert [shown[f"B{row}"].value for row in range(16, 21)] == [None] * 5
    assert found["Rows"]["A1"].value == "Put a job into the yellow cell of the sheet Start."
    assert found["Rows"]["A4"].value is None
    assert found["Charts"]["A22"].value is None


def test_every_button_runs_an_existing_macro_and_has_a_name_and_a_text_for_screen_readers() -> None:
    shapes = ET.fromstring(part("xl/drawings/drawing2.xml")).findall(".//{*}sp")  # noqa: S314 - our own
    called = [str(shape.get("macro")).removeprefix("[0]!") for shape in shapes]
    named = [each.attrib for shape in shapes for each in shape.findall(".//{*}cNvPr")]
    buttons = sheet_texts().start.buttons
    assert [(each["name"], each["descr"]) for each in named] == [
        (button.caption, f"{button.caption}: {button.hint}") for button in buttons
    ]
    assert len({each["id"] for each in named}) == len(buttons)
    assert called == [
        "OpenFunnelRefreshBook",
        "OpenFunnelInsertTable",
        "OpenFunnelRefreshPivots",
        "OpenFunnelSaveValuesCopy",
    ]
    assert all(f"Public Sub {macro}()" in sources.modules()[commands.MODULE] for macro in called)


def test_the_table_has_the_columns_of_the_pivot_and_one_blank_row() -> None:
    sheet = opened()["Table"]
    (table,) = sheet.tables.values()
    assert (table.name, table.ref) == ("OpenFunnelRows", "A4:I5")
    columns = [*DEFAULT_COLUMNS, "country", "employee_band"]
    assert [column.name for column in table.tableColumns] == columns
    assert [cell.value for cell in sheet[4]] == columns
    assert all(cell.value is None for cell in sheet[5])


def test_the_pivot_counts_the_table_by_country_and_size() -> None:
    (pivot,) = opened()["Pivot"]._pivots
    assert pivot.cache.cacheSource.worksheetSource.name == "OpenFunnelRows"
    assert (pivot.cache.refreshOnLoad, pivot.cache.saveData) == (True, False)
    names = [field.name for field in pivot.cache.cacheFields]
    axes = {names[place]: field.axis for place, field in enumerate(pivot.pivotFields) if field.axis}
    assert axes == {"country": "axisRow", "employee_band": "axisCol"}
    (data,) = pivot.dataFields
    assert (names[data.fld], data.subtotal, data.name) == ("rank", "count", "Companies")
    assert "caches" not in part("xl/pivotTables/pivotTable1.xml")


def test_charts_plot_all_bands_and_no_total() -> None:
    charts = [part(f"xl/charts/chart{number}.xml") for number in (1, 2)]
    ranges = [re.findall(r"<c:f>([^<]+)</c:f>", chart) for chart in charts]
    assert ranges == [
        ["Charts!$O$23:$O$34", "Charts!$P$23:$P$34"],
        ["Charts!$R$23:$R$31", "Charts!$S$23:$S$31"],
    ]
    assert all('<c:plotVisOnly val="1"/>' not in chart for chart in charts)  # the cells are hidden
    sheet = opened(values=True)["Charts"]
    assert [sheet[f"R{row}"].value for row in (23, 30, 31)] == ["1–10", "10001+", "(blank)"]


def test_macros_calculate_the_cells_that_say_that_they_are_off() -> None:
    place = re.findall(
        r'ThisWorkbook\.Worksheets\("(\w+)"\)\.Range\("(\w+):(\w+)"\)\.Calculate', sources.modules()[sources.BRIDGE]
    )
    texts = sheet_texts().start
    hints = {cell.findtext("{*}v"): at for at, cell in formula_cells().items()}
    found = [hints[texts.no_macros], hints[texts.allow_macros]]
    assert [[f"{sheet}!{first}", f"{sheet}!{last}"] for sheet, first, last in place] == [found]


def test_no_cell_shows_an_error_where_the_functions_are_missing() -> None:
    """Each formula that calls one catches what Excel shows for a name that it does not know."""
    calling = [formula for formula in formulas() if "OF_" in formula]
    assert len(calling) == 16
    assert [formula for formula in calling if not re.search(r"IFERROR\(.*OF_", formula)] == []
    shown = opened()["Start"]
    assert shown["B13"].value.text == f'=IFERROR(OF_STATUS(job),"{sheet_texts().start.no_macros}")'
    assert shown["B14"].value.text == f'=IFERROR(OF_INFO(job,"as_of"),"{sheet_texts().start.allow_macros}")'


def test_the_first_sheet_has_neither_headings_nor_lines_and_no_formula_in_a_merged_cell_spills() -> None:
    found = opened()["Start"]
    assert (found.sheet_view.showRowColHeaders, found.sheet_view.showGridLines) == (False, False)
    merged = [cells.coord.split(":")[0] for cells in found.merged_cells.ranges]
    assert {place: found[place].value for place in merged} == {"B19": "=L19", "B20": "=L20"}
    assert [found[place].value.text for place in ("L19", "L20")] == [
        '=IFERROR(OF_INFO(job,"problem"),"")',
        '=IFERROR(OF_INFO(job,"warnings"),"")',
    ]


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith("if_")])
def test_every_text_stands_out_from_its_ground(name: str) -> None:
    """Web Content Accessibility Guidelines 2.2, 1.4.3: 4.5 to 1, and 3 to 1 for large or bold text."""
    properties = FORMATS[name]
    is_large = properties["font_size"] >= 18 or (properties.get("bold") and properties["font_size"] >= 14)
    grounds = [properties.get("bg_color", "#FFFFFF")]
    assert all(contrast(properties.get("font_color", "#000000"), each) >= (3 if is_large else 4.5) for each in grounds)


def test_the_numbers_of_the_heat_map_and_a_status_stand_out_from_their_grounds() -> None:
    for _, color in HEAT:
        assert contrast("#000000", color) >= 4.5
    for name in ("if_completed", "if_unfinished", "if_failed", "if_unknown"):
        assert contrast(FORMATS[name]["font_color"], FORMATS["card_figure"]["bg_color"]) >= 4.5


def contrast(one: str, other: str) -> float:
    """The ratio of two colors' luminances."""

    def luminance(color: str) -> float:
        parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_every_printed_page_has_its_number() -> None:
    footers = {sheet.title: (sheet.oddFooter.left.text, sheet.oddFooter.right.text) for sheet in opened()}
    assert set(footers.values()) == {("&A", "Page &P of &N")}, footers
