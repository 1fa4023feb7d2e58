"""Real environments that `install` makes with pip: the private Python, and the one for LibreOffice's Python."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.install.test_calc_setup import PYTHON, FakeCommands, create_programs, find
from xl_openfunnel import InstallError
from xl_openfunnel.detect import libreoffice
from xl_openfunnel.install import calc, environment
from xl_openfunnel.version import version

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX environments")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real environment, created with a pip configuration that some users have."""
    folder = tmp_path_factory.mktemp("own folder") / "python"
    with pytest.MonkeyPatch.context() as user:
        user.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # where nothing answers, so nothing is asked for
        user.setenv("PIP_NO_DEPS", "1")
        user.setenv("PIP_USER", "1")
        user.setenv("PYTHONPATH", "/nowhere")
        environment.recreate(folder, environment.create)
    return folder


def test_pip_installs_exactly_this_package_with_the_users_configuration(real: Path) -> None:
    assert [path.name for path in real.parent.iterdir()] == ["python"]
    assert environment.is_healthy(real)
    code = "import sys, importlib.util as u; print(sys.prefix, u.find_spec('xl_openfunnel').origin, sep='\\n')"
    python = str(environment.interpreter(real))
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    prefix, package = map(Path, done.stdout.splitlines())
    assert prefix == real
    assert package.is_relative_to(real)
    assert (package.parent / "workbook" / "parts" / "addin" / "ThisWorkbook.cls").is_file()
    assert (real / "bin" / "xl-openfunnel").is_file()


def test_an_error_of_pip_is_repeated(real: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(InstallError) as raised:
        environment.install_package(real)
    message = raised.value.message
    assert message.startswith("pip could not install what XL OpenFunnel needs: ERROR: Could not find a version")
    assert "pip config set global.index-url" in message


def test_an_environment_of_another_python_has_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_programs(tmp_path, monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_NO_DEPS", "1")  # and so nothing is asked for at an index
    commands = FakeCommands(python="3.99")

    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return libreoffice.run(command) if "sysconfig" in " ".join(command) else commands(command)

    (folder,) = calc.install(replace(find(commands), python=PYTHON), run)
    assert (Path(folder) / "xl_openfunnel" / "hosts" / "calc" / "addin.py").is_file()
    (known,) = importlib.metadata.distributions(name="xl-openfunnel", path=[folder])
    assert known.version == version()
