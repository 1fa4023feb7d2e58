"""The private Python: what happens when something goes wrong. tests/fire/test_environments.py makes a real one."""

from __future__ import annotations

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
def creating(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], environment.CreateEnvironment]:
    """Returns functions that create healthy environments holding a word; these start no program."""
    monkeypatch.setattr(environment, "is_healthy", lambda folder: (folder / "word").is_file())

    def creating(word: str) -> environment.CreateEnvironment:
        def make(folder: Path) -> None:
            folder.mkdir()
            (folder / "word").write_text(word)

        return make

    return creating


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir())


def test_a_python_that_cannot_create_an_environment_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_text("a file where the folder would be")
    with pytest.raises(InstallError, match=r"Python could not make an environment of its own: .+ Nothing was changed"):
        environment.create(folder)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    with pytest.raises(InstallError, match="does not start"):
        environment.create(folder)


def test_a_missing_python_is_not_healthy(folder: Path) -> None:
    assert not environment.is_healthy(folder)


def test_recreate_replaces_the_old_environment(
    folder: Path, creating: Callable[[str], environment.CreateEnvironment]
) -> None:
    environment.recreate(folder, creating("first"))
    environment.recreate(folder, creating("second"))
    assert (folder / "word").read_text() == "second"
    assert names(folder) == ["python"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_the_old_environment_is_restored_if_creation_fails(
    folder: Path, creating: Callable[[str], environment.CreateEnvironment], stop: type[BaseException]
) -> None:
    environment.recreate(folder, creating("first"))

    def half(folder: Path) -> None:
        folder.mkdir()
        (folder / "half").touch()
        raise stop

    with pytest.raises(stop):
        environment.recreate(folder, half)
    assert [path.name for path in folder.iterdir()] == ["word"]
    assert names(folder) == ["python"]


def test_a_new_environment_that_does_not_start_is_discarded(
    folder: Path, creating: Callable[[str], environment.CreateEnvironment]
) -> None:
    environment.recreate(folder, creating("first"))
    with pytest.raises(InstallError, match="does not start, or has no XL OpenFunnel"):
        environment.recreate(folder, lambda folder: folder.mkdir())
    assert (folder / "word").read_text() == "first"


def test_an_environment_that_excel_uses_is_not_changed(
    folder: Path, creating: Callable[[str], environment.CreateEnvironment], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.recreate(folder, creating("first"))

    def held(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "rename", held)
    for attempt in (lambda: environment.recreate(folder, creating("second")), lambda: environment.remove(folder)):
        with pytest.raises(InstallError, match="Close all windows of Excel"):
            attempt()
    assert (folder / "word").read_text() == "first"


def test_leftovers_of_a_killed_run_are_removed(
    folder: Path, creating: Callable[[str], environment.CreateEnvironment]
) -> None:
    environment.recreate(folder, creating("first"))
    (folder.parent / "python.old").mkdir()
    environment.recreate(folder, creating("second"))
    assert names(folder) == ["python"]
    assert environment.remove(folder)
    assert not environment.remove(folder)
    assert names(folder) == []


def test_removing_a_missing_environment_writes_nothing(tmp_path: Path) -> None:
    assert not environment.remove(tmp_path / "data" / "python")
    assert not (tmp_path / "data").exists()


def test_the_private_python_does_not_replace_itself(tmp_path: Path) -> None:
    environment.check_not_running(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot replace itself"):
        environment.check_not_running(Path(sys.prefix))


def test_another_version_is_not_healthy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {str(environment.interpreter(folder)): "0.0.9"}
    monkeypatch.setattr(environment, "ask_version", versions.__getitem__)
    assert not environment.is_healthy(folder)
    versions[str(environment.interpreter(folder))] = version()
    assert environment.is_healthy(folder)
