"""The calls of pip in ``workbook/install.cmd``, as pip itself resolves them; `tests/hosts/excel` runs the whole
script."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "workbook" / "install.cmd"


def metadata(name: str, version: str, *needs: str) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {n}" for n in needs)]
    return "\n".join(lines) + "\n"


def make_wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    path, facts = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{facts}/METADATA", metadata(name, version, *needs))
        archive.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{facts}/RECORD", "")
    return path


def install_there(folder: Path, name: str, version: str, *needs: str) -> None:
    facts = folder / f"{name}-{version}.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(metadata(name, version, *needs))


def test_an_update_brings_what_ours_needs_up_to_date(tmp_path: Path) -> None:
    pytest.importorskip("pip")
    there, links, report = tmp_path / "there", tmp_path / "links", tmp_path / "report.json"
    links.mkdir()
    install_there(there, "ours", "1.0", "needed>=1")
    install_there(there, "needed", "1.0", "deeper>=1")
    install_there(there, "deeper", "1.0")
    make_wheel(links, "needed", "1.1", "deeper>=1")
    make_wheel(links, "deeper", "1.1")
    ours = make_wheel(tmp_path, "ours", "1.0", "needed>=1")
    found: dict[str, str] = {}
    for options in re.findall(r'-m pip install (.+) "%SOURCE%"', SCRIPT.read_text("ascii")):
        offline = ["--dry-run", "--no-index", "--find-links", str(links), "--report", str(report)]
        command = [sys.executable, "-m", "pip", "install", *options.split(), *offline, str(ours)]
        subprocess.run(command, env={**os.environ, "PYTHONPATH": str(there)}, check=True, capture_output=True)
        for each in json.loads(report.read_text())["install"]:
            found[each["metadata"]["name"]] = each["metadata"]["version"]
    assert found == {"ours": "1.0", "needed": "1.1", "deeper": "1.1"}
