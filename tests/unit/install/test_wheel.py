"""The wheel of the running package, as importlib.metadata reads it, and the workbook that it builds."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import xl_openfunnel
from xl_openfunnel import ConfigurationError
from xl_openfunnel.install.wheel import write_wheel
from xl_openfunnel.version import version
from xl_openfunnel.workbook import builder

PACKAGE = Path(xl_openfunnel.__file__).parent
FACTS = f"xl_openfunnel-{version()}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_has_every_file_of_the_package_and_no_bytecode(contents: dict[str, bytes]) -> None:
    own = {
        f"xl_openfunnel/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert len(own) > 90
    assert {name: contents[name] for name in own} == own
    parts = {name for name in contents if name.startswith("xl_openfunnel/workbook/parts/")}
    assert {name.rsplit("/", 1)[1] for name in parts} >= {"OpenFunnel.bas", "OpenFunnelAddin.bas", "texts.toml"}
    assert {name for name in contents if not name.startswith(f"{FACTS}/")} == set(own) | parts


def test_its_record_names_every_file_with_its_digest(contents: dict[str, bytes]) -> None:
    record = list(csv.reader(contents[f"{FACTS}/RECORD"].decode().splitlines()))
    assert [name for name, _, _ in record] == list(contents)
    for name, digest, size in record[:-1]:
        expected = base64.urlsafe_b64encode(hashlib.sha256(contents[name]).digest()).decode().rstrip("=")
        assert (digest, size) == (f"sha256={expected}", str(len(contents[name])))


def test_the_wheel_has_the_dependencies_of_the_running_package(wheel: Path) -> None:
    (found,) = importlib.metadata.distributions(path=[str(wheel)])
    running = importlib.metadata.distribution("xl-openfunnel")
    assert (found.version, found.requires) == (running.version, running.requires)
    assert [(each.name, each.value) for each in found.entry_points] == [
        (each.name, each.value) for each in running.entry_points
    ]


def test_it_builds_the_same_workbook_and_addin(wheel: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from xl_openfunnel.workbook import builder\n"
        "assert builder.__file__.startswith(sys.argv[1])\n"
        "sys.stdout.buffer.write(builder.build_addin() + builder.build_workbook())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(wheel)], capture_output=True, check=True, cwd=tmp_path)
    assert done.stdout == builder.build_addin() + builder.build_workbook()


def test_a_package_that_was_never_installed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(ConfigurationError, match="without being installed"):
        write_wheel(tmp_path)
