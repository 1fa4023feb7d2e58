"""The private Python: made for real once, and then what happens when something is in the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xl_openfunnel import ConfigurationError, InstallError
from xl_openfunnel.install import environment
from xl_openfunnel.version import version


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "own folder" / "python"


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], environment.CreateEnvironment]:
    """Makes environments that are well and hold a word; they start nothing."""
    monkeypatch.setattr(environment, "is_healthy", lambda folder: (folder / "word").is_file())

    def making(word: str) -> environment.CreateEnvironment:
        def make(folder: Path) -> None:
            folder.mkdir()
            (folder / "word").write_text(word)

        return make

    return making


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real one, made with the settings of some user's pip."""
    if sys.platform == "win32":
        pytest.skip("the Python under Wine has neither venv nor pip")
    folder = tmp_path_factory.mktemp("own folder") / "python"
    with pytest.MonkeyPatch.context() as user:
        user.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # where nobody answers, so nothing is asked for
        user.setenv("PIP_NO_DEPS", "1")
        user.setenv("PIP_USER", "1")
        user.setenv("PYTHONPATH", "/nowhere")
        environment.recreate(folder, environment.create)
    return folder


def test_pip_installs_this_very_package_as_its_user_has_told_it_to(made: Path) -> None:
    assert names(made) == ["python"]
    assert environment.is_healthy(made)
    code = "import sys, importlib.util as u; print(sys.prefix, u.find_spec('xl_openfunnel').origin, sep='\\n')"
    python = str(environment.interpreter(made))
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    prefix, package = map(Path, done.stdout.splitlines())
    assert prefix == made
    assert package.is_relative_to(made)
    assert (package.parent / "workbook" / "parts" / "addin" / "ribbon.xml").is_file()
    assert (made / "bin" / "xl-openfunnel").is_file()


def test_what_pip_complains_of_is_repeated(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(InstallError) as refused:
        environment.install_package(made)
    said = refused.value.message
    assert said.startswith("pip could not install what XL OpenFunnel needs: ERROR: Could not find a version")
    assert "pip config set global.index-url" in said


def test_a_python_that_cannot_make_an_environment_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("a file where the folder would be")
    with pytest.raises(InstallError, match=r"Python could not make an environment of its own: .+ Nothing was changed"):
        environment.create(folder)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    with pytest.raises(InstallError, match="does not start"):
        environment.create(folder)


def test_a_python_that_is_not_there_is_not_well(folder: Path) -> None:
    assert not environment.is_healthy(folder)


def test_a_new_one_takes_the_place_of_the_old_one(
    folder: Path, making: Callable[[str], environment.CreateEnvironment]
) -> None:
    environment.recreate(folder, making("first"))
    environment.recreate(folder, making("second"))
    assert (folder / "word").read_text() == "second"
    assert names(folder) == ["python"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_the_old_one_comes_back_when_there_will_be_no_new_one(
    folder: Path, making: Callable[[str], environment.CreateEnvironment], stop: type[BaseException]
) -> None:
    environment.recreate(folder, making("first"))

    def half(folder: Path) -> None:
        folder.mkdir()
        (folder / "half").touch()
        raise stop

    with pytest.raises(stop):
        environment.recreate(folder, half)
    assert [path.name for path in folder.iterdir()] == ["word"]
    assert names(folder) == ["python"]


def test_one_that_does_not_start_is_not_kept(
    folder: Path, making: Callable[[str], environment.CreateEnvironment]
) -> None:
    environment.recreate(folder, making("first"))
    with pytest.raises(InstallError, match="does not start, or has no XL OpenFunnel"):
        environment.recreate(folder, lambda folder: folder.mkdir())
    assert (folder / "word").read_text() == "first"


def test_one_that_excel_uses_stays_as_it_is(
    folder: Path, making: Callable[[str], environment.CreateEnvironment], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.recreate(folder, making("first"))

    def held(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "rename", held)
    for attempt in (lambda: environment.recreate(folder, making("second")), lambda: environment.remove(folder)):
        with pytest.raises(InstallError, match="Close all windows of Excel"):
            attempt()
    assert (folder / "word").read_text() == "first"


def test_what_a_killed_run_left_is_removed(
    folder: Path, making: Callable[[str], environment.CreateEnvironment]
) -> None:
    environment.recreate(folder, making("first"))
    (folder.parent / "python.old").mkdir()
    environment.recreate(folder, making("second"))
    assert names(folder) == ["python"]
    assert environment.remove(folder)
    assert not environment.remove(folder)
    assert names(folder) == []


def test_removing_what_was_never_there_writes_nothing(tmp_path: Path) -> None:
    assert not environment.remove(tmp_path / "data" / "python")
    assert not (tmp_path / "data").exists()


def test_it_neither_replaces_nor_removes_itself(tmp_path: Path) -> None:
    environment.check_not_running(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot replace or remove itself"):
        environment.check_not_running(Path(sys.prefix))


def test_another_version_is_not_well(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {str(environment.interpreter(folder)): "0.0.9"}
    monkeypatch.setattr(environment, "ask_version", versions.__getitem__)
    assert not environment.is_healthy(folder)
    versions[str(environment.interpreter(folder))] = version()
    assert environment.is_healthy(folder)
