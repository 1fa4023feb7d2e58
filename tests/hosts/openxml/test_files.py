"""Every file that this project writes for Excel, as the validator of Microsoft's Open XML SDK reads it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hosts.openxml import validator
from tests.unit.files.conftest import ROWS, make_snapshot
from xl_openfunnel import JobStatus, files
from xl_openfunnel.files import xlsx
from xl_openfunnel.hosts.excel.com.copy_links import add_links
from xl_openfunnel.hosts.excel.com.scrub_metadata import strip_metadata
from xl_openfunnel.jobs.stacking import stacked_snapshot
from xl_openfunnel.simulator import companies
from xl_openfunnel.workbook import builder


@pytest.fixture(autouse=True)
def _validator() -> None:
    try:
        validator.program()
    except validator.NoValidatorError as error:
        pytest.skip(str(error))


def without_links(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx, "MAX_LINKS", 10)
        files.write(make_snapshot(companies(50)), path, ["name", "domain"])


def several_jobs(path: Path) -> None:
    jobs = [replace(make_snapshot(companies(20, seed=seed)), job_id=f"job-{seed}") for seed in (1, 2)]
    files.write(stacked_snapshot(jobs), path)


def values_copy(path: Path) -> None:
    """Excel writes the copy itself; what identifies its author is then removed here, also beside hostile texts."""
    files.write(make_snapshot(ROWS), path)
    folder = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        '<mc:Choice Requires="x15"><x15ac:absPath url="C:\\Users\\" '
        'xmlns:x15ac="http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"/></mc:Choice></mc:AlternateContent>'
    )
    root = 'xmlns:x15="http://schemas.microsoft.com/office/spreadsheetml/2010/11/main" '
    package = replaced(path.read_bytes(), "xl/workbook.xml", "<bookViews>", folder + "<bookViews>")
    package = replaced(package, "xl/workbook.xml", "<workbook ", "<workbook " + root)
    links = {"Companies": {"A1": "https://acme.com", "B5": "https://acme.com"}}
    linked, _ = add_links(strip_metadata(package), links | {"Summary": {"A1": "https://example.com"}})
    path.write_bytes(linked)


WRITTEN: dict[str, Callable[[Path], object]] = {
    "workbook.xlsm": builder.write_workbook,
    "add-in.xlam": builder.write_addin,
    "demo.xlsx": lambda path: files.write(make_snapshot(companies(60)), path),
    "without links.xlsx": without_links,
    "without rows.xlsx": lambda path: files.write(make_snapshot([], status=JobStatus.FAILED, manifest=None), path),
    "several jobs.xlsx": several_jobs,
    "values copy.xlsx": values_copy,
}


@pytest.mark.parametrize("name", WRITTEN)
def test_no_office_finds_a_fault_in_a_file_that_is_written(name: str, tmp_path: Path) -> None:
    WRITTEN[name](tmp_path / name)
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda version: validator.errors(tmp_path / name, version), validator.VERSIONS)
    assert dict(zip(validator.VERSIONS, found, strict=True)) == {version: [] for version in validator.VERSIONS}


FAULTS = {
    "an attribute's value": ("xl/worksheets/sheet2.xml", 'activePane="bottomRight"', 'activePane="below"'),
    "an order of elements": ("xl/workbook.xml", "<sheets>", "<calcPr/><sheets>"),
    "a pivot's cache": ("xl/pivotCache/pivotCacheDefinition1.xml", 'saveData="0"', 'saveData="no"'),
    "an attribute of the ribbon": ("customUI/customUI14.xml", "getLabel=", "getLabl="),
    "a style that does not exist": ("xl/worksheets/sheet2.xml", 'r="A1" s="', 'r="A1" s="9999'),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_is_made_is_found(fault: str, tmp_path: Path) -> None:
    part, old, new = FAULTS[fault]
    (tmp_path / "wrong.xlsm").write_bytes(replaced(builder.build_workbook(), part, old, new))
    assert validator.errors(tmp_path / "wrong.xlsm", "Microsoft365")


def replaced(package: bytes, part: str, old: str, new: str) -> bytes:
    """The package with the first ``old`` in a part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                assert old.encode() in content, f"{old} is not in {part}"
                content = content.replace(old.encode(), new.encode(), 1)
            target.writestr(name, content)
    return out.getvalue()
