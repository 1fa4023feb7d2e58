"""The checks of LibreOffice. tests/hosts/calc checks a real one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from xl_openfunnel.doctor import CheckState, libreoffice
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.install.unopkg import InstalledExtension


def extension(version: str = "1.2.3", *, registered: bool = True) -> InstalledExtension:
    return InstalledExtension(version, registered, Path("/profile"))


def test_a_version_that_is_new_enough_is_ok() -> None:
    result = libreoffice.installation("LibreOffice 25.2.3.2", (25, 2), supported=True, used=True)
    assert (result.state, result.what, result.remedy) == (CheckState.OK, "LibreOffice 25.2.3.2", "")


@pytest.mark.parametrize(("used", "state"), [(True, CheckState.WRONG), (False, CheckState.UNKNOWN)])
def test_a_missing_requirement_is_wrong_only_if_the_functions_are_installed(used: bool, state: CheckState) -> None:
    old = libreoffice.installation("LibreOffice 7.4.7.2", (25, 2), supported=False, used=used)
    assert (old.state, old.what) == (state, "LibreOffice 7.4.7.2: the functions need 25.2 or newer")
    assert "Install LibreOffice 25.2 or newer" in old.remedy
    deaf = libreoffice.uno("/usr/bin/python3", "", used=used)
    assert (deaf.state, deaf.what) == (state, "/usr/bin/python3 has no module uno")
    assert "apt install python3-uno" in deaf.remedy


def test_a_python_that_can_import_uno_is_ok() -> None:
    result = libreoffice.uno("/usr/bin/python3", "3.11", used=True)
    assert (result.state, result.what) == (CheckState.OK, "3.11, /usr/bin/python3")


@pytest.mark.parametrize(
    ("added", "state", "what"),
    [
        (extension(), CheckState.OK, "XL OpenFunnel 1.2.3"),
        (None, CheckState.OK, "not added; xl-openfunnel install --calc adds them"),
        (extension("1.2.2"), CheckState.WRONG, "they are of XL OpenFunnel 1.2.2, and this is 1.2.3"),
        (extension(registered=False), CheckState.WRONG, "XL OpenFunnel 1.2.3, registered only in part"),
    ],
)
def test_the_installed_functions_must_be_of_this_version(
    added: InstalledExtension | None, state: CheckState, what: str
) -> None:
    result = libreoffice.extension(lambda: added, "1.2.3")
    assert (result.state, result.what) == (state, what)
    assert ("xl-openfunnel install --calc" in result.remedy) is (state is CheckState.WRONG)


def test_a_libreoffice_that_refuses_to_answer_leaves_it_unknown() -> None:
    def refuses() -> InstalledExtension:
        raise ConfigurationError("LibreOffice refuses.")

    result = libreoffice.extension(refuses, "1.2.3")
    assert (result.state, result.what) == (CheckState.UNKNOWN, "LibreOffice refuses.")


@pytest.mark.parametrize(
    ("answer", "state", "what"),
    [
        (("1.2.3", ""), CheckState.OK, "XL OpenFunnel 1.2.3, {folder}"),
        (("1.2.2", ""), CheckState.WRONG, "XL OpenFunnel 1.2.2 in {folder}, and this is 1.2.3"),
        (("", "ImportError: no"), CheckState.WRONG, "/python cannot load it from {folder} (ImportError: no)"),
    ],
)
def test_its_python_must_load_this_version(
    tmp_path: Path, answer: tuple[str, str], state: CheckState, what: str
) -> None:
    def loaded(python: str, folders: Sequence[str]) -> tuple[str, str]:
        assert (python, folders) == ("/python", [str(tmp_path)])
        return answer

    result = libreoffice.package("/python", [str(tmp_path)], loaded, "1.2.3")
    assert (result.state, result.what) == (state, what.format(folder=tmp_path))
    assert ("xl-openfunnel install --calc" in result.remedy) is (state is CheckState.WRONG)


def test_a_package_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    result = libreoffice.package("/python", [str(tmp_path), str(gone)], lambda *_: ("1.2.3", ""), "1.2.3")
    assert (result.state, result.what) == (CheckState.WRONG, f"{gone} is gone, from which the functions were added")
