"""All checks together."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.doctor.conftest import closed_port, make_addin, registry
from xl_openfunnel.detect import excel as detect_excel
from xl_openfunnel.detect import libreoffice as office
from xl_openfunnel.detect import python as detect_python
from xl_openfunnel.detect.registry import Read
from xl_openfunnel.doctor import (
    CheckResult,
    CheckState,
    policies,
    run_checks,
)
from xl_openfunnel.doctor.runner import Machine
from xl_openfunnel.simulator import Simulator
from xl_openfunnel.version import version
from xl_openfunnel.workbook import builder as workbook
from xl_openfunnel.workbook.sources import xlwings_version

SECRET = "live_s3cr3t_0123456789abcdef"  # without the mark by which any key is known


def here(environ: dict[str, str], read: Read | None = None) -> Machine:
    return Machine(environ, read, "cp1252")


def by_name(checked: Iterable[tuple[str, str, CheckResult]]) -> dict[str, CheckResult]:
    results: dict[str, CheckResult] = {}
    for _, name, result in checked:
        assert name not in results
        results[name] = result
    return results


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("OPENFUNNEL_API_KEY", SECRET)
    return {"OPENFUNNEL_API_KEY": SECRET, "OPENFUNNEL_CACHE_DIR": str(tmp_path), "APPDATA": str(tmp_path / "Roaming")}


def test_without_a_registry_only_excel_checks_are_not_here(environ: dict[str, str]) -> None:
    names: list[str] = []
    with Simulator(api_key=SECRET) as service:
        results = list(run_checks(service.base_url, machine=here(environ), on_start=names.append))
    states = {name: result.state for _, name, result in results}
    assert names == list(states)
    elsewhere = {check for check, state in states.items() if state is CheckState.NOT_HERE}
    assert {"Python for Excel", "xlwings DLL", "Excel", "add-in", "macros", "child processes"} <= elsewhere
    assert {state for check, state in states.items() if check not in elsewhere} == {CheckState.OK}
    assert not any(result.remedy for _, _, result in results)


def test_checks_that_need_a_failed_one_are_not_run(environ: dict[str, str]) -> None:
    results = by_name(run_checks(f"http://127.0.0.1:{closed_port()}", machine=here(environ)))
    assert results["connection"].state is CheckState.WRONG
    for check in ("certificate", "answer", "key accepted"):
        assert (results[check].state, "fix this first: connection" in results[check].what) == (CheckState.UNKNOWN, True)


def test_without_a_key_the_service_is_checked_and_the_key_is_not_tried(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENFUNNEL_API_KEY")
    with Simulator() as service:
        results = by_name(run_checks(service.base_url, machine=here(environ | {"OPENFUNNEL_API_KEY": ""})))
    assert (results["API key"].state, results["answer"].state) == (CheckState.WRONG, CheckState.OK)
    assert results["key accepted"].what == "not looked at: fix this first: API key"


def test_an_unusable_address_is_wrong_and_ends_the_service_checks(environ: dict[str, str]) -> None:
    environ["OPENFUNNEL_BASE_URL"] = "http://api.openfunnel.dev"
    results = by_name(run_checks(machine=here(environ)))
    assert (results["address"].state, "unencrypted" in results["address"].what) == (CheckState.WRONG, True)
    assert "answer" not in results


@pytest.mark.parametrize("folder", ["relative", "'/tmp/quoted'", "$HOME/store"])
def test_an_unusable_folder_is_the_only_finding_about_settings(environ: dict[str, str], folder: str) -> None:
    checks = list(run_checks(machine=here(environ | {"OPENFUNNEL_CACHE_DIR": folder})))
    ((part, name, result),) = [check for check in checks if "OPENFUNNEL_CACHE_DIR" in repr(check)]
    assert (part, name, result.state) == ("Settings", "folder", CheckState.WRONG)
    assert result.remedy.startswith("Give ")
    assert not any(part == "Service" for part, _, _ in checks)


def test_a_registry_that_may_not_be_read_leaves_its_checks_unknown(environ: dict[str, str]) -> None:
    def read(key: str) -> dict[str, object]:
        raise PermissionError(13, f"Permission denied, says {SECRET}")

    with Simulator(api_key=SECRET) as service:
        results = by_name(run_checks(service.base_url, machine=here(environ, read)))
    assert {results[check].state for check in ("Python for Excel", "Excel", "macros")} == {CheckState.UNKNOWN}
    assert results["key accepted"].state is CheckState.OK
    assert not any(SECRET in repr(result) for result in results.values())


def profile() -> Path:
    """LibreOffice's profile of this user."""
    return platformdirs.user_config_path("libreoffice", appauthor=False) / "4" / "user"


@pytest.mark.skipif(sys.platform == "win32", reason="its programs are stand-ins in sh")
def test_libreoffice_is_checked_before_the_service(environ: dict[str, str], tmp_path: Path) -> None:
    script = f"""\
case "$*" in
    --version) echo LibreOffice 25.2.3.2 ;;
    list) printf 'Identifier: xlopenfunnel.calc\\n  Version: {version()}\\n  URL: x\\n  is registered: yes\\n' ;;
    *) echo 3.11 ;;
esac
"""
    for name in ("soffice", "unopkg", "python"):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}")
        (tmp_path / name).chmod(0o755)
    programs = str(tmp_path / "soffice"), str(tmp_path / "unopkg")
    (profile() / "uno_packages").mkdir(parents=True)
    results = list(run_checks("http://127.0.0.1:1", machine=replace(here(environ), libreoffice=programs)))
    assert list(dict.fromkeys(part for part, _, _ in results))[-3:] == ["Settings", "LibreOffice", "Service"]
    names = ["LibreOffice", "Python for Calc", "functions in Calc", "package for Calc"]
    assert [name for part, name, _ in results if part == "LibreOffice"] == names
    states = {name: by_name(results)[name].state for name in names}
    assert states == dict.fromkeys(names[:3], CheckState.OK) | {
        "package for Calc": CheckState.UNKNOWN
    }  # there is no component
    (tmp_path / "unopkg").write_text("#!/bin/sh\n")
    results = list(run_checks("http://127.0.0.1:1", machine=replace(here(environ), libreoffice=programs)))
    assert [name for part, name, _ in results if part == "LibreOffice"] == names[:3]


@pytest.mark.skipif(sys.platform == "win32", reason="its programs are stand-ins in sh")
@pytest.mark.parametrize(
    ("unopkg", "what"),
    [
        ("#!/nowhere\n", "could not be looked at (FileNotFoundError: "),
        (
            "#!/bin/sh\nprintf 'Identifier: \\377' >&2; exit 1\n",
            "LibreOffice refuses. Close LibreOffice and try again.",
        ),
    ],
)
def test_a_broken_libreoffice_is_asked_once_and_other_checks_still_run(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unopkg: str, what: str
) -> None:
    commands: list[str] = []
    run = office.run

    def recording_run(command: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
        commands.append(" ".join(command[1:]))
        return run(command, timeout)

    monkeypatch.setattr(office, "run", recording_run)
    for name, script in (("soffice", "#!/bin/sh\n"), ("unopkg", unopkg)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    programs = str(tmp_path / "soffice"), str(tmp_path / "unopkg")
    (profile() / "uno_packages").mkdir(parents=True)
    results = by_name(run_checks("http://127.0.0.1:1", machine=replace(here(environ), libreoffice=programs)))
    assert results["functions in Calc"].state is CheckState.UNKNOWN
    assert results["functions in Calc"].what.startswith(what)
    assert commands.count("list") == 1
    assert "store" in results


@pytest.mark.skipif(sys.platform == "win32", reason="its programs are stand-ins in sh")
def test_looking_at_libreoffice_makes_no_profile(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "soffice").write_text("#!/bin/sh\necho LibreOffice 25.2.3.2\n")
    (tmp_path / "unopkg").write_text(f"#!/bin/sh\nmkdir -p '{profile()}'\n")
    for name in ("soffice", "unopkg"):
        (tmp_path / name).chmod(0o755)
    programs = str(tmp_path / "soffice"), str(tmp_path / "unopkg")
    results = by_name(run_checks("http://127.0.0.1:1", machine=replace(here(environ), libreoffice=programs)))
    assert results["functions in Calc"].what == "not added; xl-openfunnel install --calc adds them"
    assert not profile().exists()


def test_on_windows_every_check_reads_the_registry_and_the_files(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xl_openfunnel.doctor.runner.ask_version", lambda _: version())
    monkeypatch.setattr("xl_openfunnel.doctor.runner.load_dll", lambda _: "")
    interpreter = tmp_path / "pythonw.exe"
    book = tmp_path / "Book.xlsm"
    workbook.write_workbook(book)
    for file in (interpreter, tmp_path / f"xlwings64-{xlwings_version()}.dll", tmp_path / "EXCEL.EXE"):
        file.touch()
    folder = detect_excel.start_folder(environ)
    assert folder
    make_addin(folder, version())
    keys: dict[str, dict[str, object]] = {
        detect_python.INTERPRETER_SETTING: {"Interpreter": str(interpreter)},
        r"HKCU\Environment": {"OPENFUNNEL_API_KEY": "x", "OPENFUNNEL_CACHE_DIR": "x"},
        r"HKLM\Software\Microsoft\Windows\CurrentVersion\App Paths\excel.exe": {"": str(tmp_path / "EXCEL.EXE")},
        r"HKLM\Software\Microsoft\Office\ClickToRun\Configuration": {
            "VersionToReport": "16.0.17928.20114",
            "Platform": "x64",
            "ProductReleaseIds": "O365ProPlusRetail",
        },
    }
    with Simulator(api_key=SECRET) as service:
        results = by_name(run_checks(service.base_url, book, machine=here(environ, registry(keys))))
    assert {result.state for result in results.values()} == {CheckState.OK}, [f for f in results.values() if f.remedy]
    assert {"mark of Book.xlsm", "version of Book.xlsm", f"mark of {detect_excel.ADDIN_FILE}"} <= set(results)
    assert {"xlwings for Book.xlsm", f"xlwings for {detect_excel.ADDIN_FILE}"} <= set(results)
    (tmp_path / f"xlwings64-{xlwings_version()}.dll").rename(tmp_path / "xlwings64-99.0.dll")
    results = by_name(run_checks("http://127.0.0.1:1", book, machine=here(environ, registry(keys))))
    assert results["xlwings for Book.xlsm"].what == (
        f"{book} was made for xlwings {xlwings_version()}, and Excel's Python has 99.0: cells cannot reach Python"
    )
    warnings = r"HKCU\Software\Policies\Microsoft\Office\16.0\Excel\Security"
    for workbook_file, state in (
        (None, CheckState.OK),
        (book, CheckState.WRONG),
    ):  # the add-in's place is trusted, a book's is not
        keys[warnings] = {"VBAWarnings": 4}
        results = by_name(run_checks("http://127.0.0.1:1", workbook_file, machine=here(environ, registry(keys))))
        assert results["macros"].state is state
    keys[policies.PROMPT_KEY] = {"DisableCMD": 1}
    keys[detect_python.INTERPRETER_SETTING] = {}
    results = by_name(run_checks("http://127.0.0.1:1", machine=here(environ, registry(keys))))
    assert (results["command prompt"].state, results["Python for Excel"].state) == (
        CheckState.UNKNOWN,
        CheckState.WRONG,
    )


VALUES = ["OPEN", "OPEN1", "AltStartup", "VBAWarnings", "VBAOff", "Path", "VersionToReport", "Platform", ""]
VALUES += ["ProductReleaseIds", "EnableControlledFolderAccess", "ASRRules", policies.CHILD_RULE, "Interpreter"]
VALUES += ["AllLocationsDisabled", "AllowNetworkLocations", "RequireAddinSig", "DisableCMD", "ProxyServer"]
PATHS = ["", "a\0b", "\ud800", "relative", "x" * 300, "\\\\server\\share\\x", '/R "C:\\a\\OpenFunnel.xlam"', "/F"]
DATA = st.none() | st.integers() | st.binary() | st.text() | st.lists(st.text()) | st.sampled_from([*PATHS, "9" * 5000])


@given(st.dictionaries(st.sampled_from(VALUES), DATA), st.sampled_from(PATHS), st.sampled_from([*PATHS[1:5], None]))
def test_whatever_the_registry_holds_every_check_says_something(
    values: dict[str, object], roaming: str, file: str | None
) -> None:
    machine = here({"APPDATA": roaming, "OPENFUNNEL_CACHE_DIR": "relative"}, lambda key: values)
    checked = by_name(run_checks("nonsense", None if file is None else Path(file), machine=machine))
    assert not [result for result in checked.values() if "could not be looked at" in result.what]
    assert all(result.remedy for result in checked.values() if result.state is CheckState.WRONG)
