"""The checks of policies, and the message for the IT department."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.doctor.conftest import EMPTY, Registry, registry
from xl_openfunnel.detect.excel import ADDIN_FILE, is_on_network
from xl_openfunnel.detect.registry import Read
from xl_openfunnel.doctor import CheckResult, CheckState, policies, write_it_request

GROUP = r"HKCU\Software\Policies\Microsoft\Office\16.0"
MACHINE = r"HKLM\Software\Policies\Microsoft\Office\16.0"
CLOUD = r"HKCU\Software\Policies\Microsoft\Cloud\Office\16.0"
OWN = r"HKCU\Software\Microsoft\Office\16.0"
SECURITY, COMMON = r"\Excel\Security", r"\Common\Security"
LOCATIONS = r"\Excel\Security\Trusted Locations"
NO_LOCATIONS = {GROUP + LOCATIONS: {"AllLocationsDisabled": 1}}
NO_LOCATIONS_ELSEWHERE = {MACHINE + LOCATIONS: {"AllLocationsDisabled": 1}}
PROMPT = policies.PROMPT_KEY
RULES = policies.ASR_GROUP + r"\Rules"


def with_addin(read: Read) -> CheckResult:
    return policies.macros(read, addin=True)


def without_addin(read: Read) -> CheckResult:
    return policies.macros(read, addin=False)


def child(read: Read) -> CheckResult:
    return policies.child_processes(read, "C:\\Py\\pythonw.exe")


CHECKS: tuple[Callable[[Read], CheckResult], ...] = (
    with_addin,
    without_addin,
    policies.from_internet,
    policies.trusted_locations,
    policies.addins,
    policies.command_prompt,
    child,
    policies.windows_calls,
    policies.other_rules,
)


@pytest.mark.parametrize("check", CHECKS)
def test_without_any_policy_everything_is_ok(check: Callable[[Read], CheckResult]) -> None:
    result = check(EMPTY)
    assert (result.state, result.remedy, result.for_it) == (CheckState.OK, "", "")


@pytest.mark.parametrize(
    ("check", "keys", "where"),
    [
        (with_addin, {MACHINE + r"\Common": {"vbaoff": 1}}, MACHINE + r"\Common, value VBAOff = 1"),
        (without_addin, {GROUP + SECURITY: {"vbawarnings": 4}}, r"\Excel\Security, value VBAWarnings = 4"),
        (without_addin, {CLOUD + SECURITY: {"VBAWarnings": 3}}, CLOUD + SECURITY + ", value VBAWarnings = 3"),
        (
            with_addin,
            {GROUP + SECURITY: {"VBAWarnings": 3}} | NO_LOCATIONS,
            r"\Excel\Security, value VBAWarnings = 3",
        ),
        (
            policies.addins,
            {GROUP + SECURITY: {"disablealladdins": 1}},
            r"\Excel\Security, value DisableAllAddins = 1",
        ),
        (
            policies.addins,
            {GROUP + SECURITY: {"requireaddinsig": 1, "notbpromptunsignedaddin": 1}},
            r"\Excel\Security, value RequireAddinSig = 1",
        ),
        (
            policies.addins,
            {GROUP + COMMON: {"requirealwaysonmacrosig": 1}},
            GROUP + COMMON + ", value RequireAlwaysOnMacroSig = 1",
        ),
        (
            policies.addins,
            {GROUP + r"\Excel\Resiliency\AddinList": {"openfunnel.xlam": "0"}},
            GROUP + r"\Excel\Resiliency\AddinList, value OpenFunnel.xlam = 0",
        ),
        (
            policies.addins,
            {GROUP + r"\Excel\Resiliency": {"restricttolist": 1}},
            GROUP + r"\Excel\Resiliency, value RestrictToList = 1",
        ),
        (child, {RULES: {policies.CHILD_RULE.lower(): "1"}}, f"{RULES}, value {policies.CHILD_RULE} = 1"),
        (child, {RULES: {policies.CHILD_RULE: "6"}}, f"{RULES}, value {policies.CHILD_RULE} = 6"),
        (
            child,
            {policies.ASR_DEVICE: {"ASRRules": f"{policies.WIN32_RULE}=2|{policies.CHILD_RULE.lower()}=1"}},
            f"{policies.ASR_DEVICE}, value ASRRules, {policies.CHILD_RULE} = 1",
        ),
        (policies.windows_calls, {policies.ASR_LOCAL: {policies.WIN32_RULE: 1}}, policies.ASR_LOCAL),
    ],
)
def test_a_blocking_policy_is_reported_to_it_with_its_exact_key(
    check: Callable[[Read], CheckResult], keys: Registry, where: str
) -> None:
    result = check(registry(keys))
    assert result.state is CheckState.WRONG
    assert where in result.what
    assert where in write_it_request([result], version="1.2.3", excel=True)


@pytest.mark.parametrize(
    ("check", "keys"),
    [
        (with_addin, {GROUP + SECURITY: {"VBAWarnings": 4}}),  # the start folder is a trusted location
        (without_addin, {GROUP + SECURITY: {"VBAWarnings": 2}}),
        (without_addin, {GROUP + SECURITY: {"VBAWarnings": 1}, OWN + SECURITY: {"VBAWarnings": 4}}),
        (policies.from_internet, {GROUP + SECURITY: {"blockcontentexecutionfrominternet": 1}}),
        (policies.addins, {GROUP + SECURITY: {"NoTBPromptUnsignedAddin": 1}}),
        (
            policies.addins,
            {
                GROUP + r"\Excel\Resiliency": {"RestrictToList": 1},
                GROUP + r"\Excel\Resiliency\AddinList": {"OpenFunnel.xlam": "1"},
            },
        ),
        (child, {RULES: {policies.CHILD_RULE: "2"}}),
        (child, {RULES: {policies.CHILD_RULE: "0"}, policies.ASR_LOCAL: {policies.CHILD_RULE: 1}}),
        (child, {policies.ASR_GROUP: {"ExploitGuard_ASR_Rules": 0}, RULES: {policies.CHILD_RULE: "1"}}),
        (policies.other_rules, {RULES: {"75668C1F-73B5-4CF0-BB93-3ECF5CB7CC84": "1"}}),
    ],
)
def test_a_harmless_policy_is_ok(check: Callable[[Read], CheckResult], keys: Registry) -> None:
    result = check(registry(keys))
    assert (result.state, result.for_it) == (CheckState.OK, "")


@pytest.mark.parametrize(
    ("check", "keys", "state"),
    [
        (without_addin, {OWN + SECURITY: {"VBAWarnings": 4}}, CheckState.WRONG),
        (policies.addins, {OWN + SECURITY: {"RequireAddinSig": 1}}, CheckState.WRONG),
        (policies.trusted_locations, {OWN + LOCATIONS: {"AllLocationsDisabled": 1}}, CheckState.UNKNOWN),
    ],
)
def test_a_users_own_setting_is_for_the_user_to_change(
    check: Callable[[Read], CheckResult], keys: Registry, state: CheckState
) -> None:
    result = check(registry(keys))
    assert (result.state, result.for_it) == (state, "")
    assert result.remedy.startswith("File > Options > Trust Center")


@pytest.mark.parametrize(
    ("check", "keys"),
    [
        (policies.trusted_locations, NO_LOCATIONS),
        (policies.trusted_locations, {GROUP + r"\Common\Security\Trusted Locations": {"allow user locations": 0}}),
    ],
)
def test_a_policy_that_may_block_is_unknown_and_reported_to_it(
    check: Callable[[Read], CheckResult], keys: Registry
) -> None:
    result = check(registry(keys))
    assert result.state is CheckState.UNKNOWN
    assert next(iter(keys)) in result.for_it


@pytest.mark.parametrize("level", [1, 2])
def test_a_blocked_command_prompt_matters_to_earlier_workbooks_only(level: int) -> None:
    result = policies.command_prompt(registry({PROMPT: {"DisableCMD": level}}))
    assert (result.state, result.for_it) == (CheckState.UNKNOWN, "")
    assert "version 0.1" in result.what
    assert result.remedy == "Make such a workbook again: xl-openfunnel workbook"


def test_the_it_request_says_what_the_program_does_and_only_what_must_change() -> None:
    rule = child(registry({RULES: {policies.CHILD_RULE: "1"}}))
    text = write_it_request(
        [CheckResult(CheckState.WRONG, "no matter of theirs", "mend it"), rule], version="1.2.3", excel=True
    )
    assert "XL OpenFunnel 1.2.3" in text
    assert "C:\\Py\\pythonw.exe" in text
    assert "no matter of theirs" not in text
    assert "cmd.exe" not in text
    assert write_it_request([CheckResult(CheckState.WRONG, "x", "y")], version="1.2.3", excel=True) == ""


def test_a_start_folder_on_the_network_is_trusted_only_if_network_locations_are() -> None:
    key = r"HKCU\Software\Microsoft\Office\16.0\Excel\Security\Trusted Locations"
    for value, state in ((None, CheckState.UNKNOWN), (0, CheckState.UNKNOWN), (1, CheckState.OK)):
        read = registry({} if value is None else {key: {"AllowNetworkLocations": value}})
        assert policies.trusted_locations(read, on_network=True).state is state
        assert policies.trusted_locations(read).state is CheckState.OK


@pytest.mark.parametrize(
    ("folder", "remote"),
    [(r"\\server\profiles\me", True), ("//server/me", True), (r"\\?\C:\Users", False), ("/home/me", False)],
)
def test_a_network_path_is_on_the_network(folder: str, remote: bool) -> None:
    assert is_on_network(folder) is remote


def test_if_the_start_folder_is_trusted_the_addin_is_the_first_remedy() -> None:
    keys: Registry = {GROUP + SECURITY: {"VBAWarnings": 4}}
    assert without_addin(registry(keys)).remedy.startswith("xl-openfunnel install")
    assert without_addin(registry({**keys, **NO_LOCATIONS_ELSEWHERE})).remedy.startswith("Ask IT")


def test_values_of_an_unexpected_type_are_ignored() -> None:
    read = registry({GROUP + SECURITY: {"VBAWarnings": b"\x04"}, policies.ASR_DEVICE: {"ASRRules": 7}})
    assert policies.macros(read, addin=False).state is CheckState.OK
    assert child(read).state is CheckState.OK


def test_the_it_request_mentions_excel_only_if_excel_is_used() -> None:
    text = write_it_request([CheckResult(CheckState.WRONG, "x", "y", "Let it.")], version="1.2.3", excel=False)
    assert "1. Let it." in text
    assert not [word for word in ("Excel", "cmd.exe", "%APPDATA%", "VBA") if word in text]


FOLDERS = "EnableControlledFolderAccess"
PYTHONW = r"C:\Users\J\AppData\Local\xl-openfunnel\python\Scripts\pythonw.exe"


@pytest.mark.parametrize(
    ("keys", "state"),
    [
        ({}, CheckState.OK),
        ({policies.FOLDERS_GROUP: {FOLDERS: 0}, policies.FOLDERS_LOCAL: {FOLDERS: 1}}, CheckState.OK),
        ({policies.FOLDERS_LOCAL: {FOLDERS: 2}}, CheckState.OK),
        ({policies.FOLDERS_LOCAL: {FOLDERS: 1}}, CheckState.UNKNOWN),
        ({policies.FOLDERS_GROUP: {FOLDERS: "1"}}, CheckState.UNKNOWN),
        ({policies.ASR_DEVICE: {FOLDERS: 1}}, CheckState.UNKNOWN),
        (
            {
                policies.FOLDERS_LOCAL: {FOLDERS: 1},
                policies.FOLDERS_LOCAL + r"\AllowedApplications": {PYTHONW.upper(): 0},
            },
            CheckState.OK,
        ),
        (
            {policies.ASR_DEVICE: {FOLDERS: 1, "ControlledFolderAccessAllowedApplications": f"C:\\a.exe|{PYTHONW}"}},
            CheckState.OK,
        ),
    ],
)
def test_controlled_folders_that_do_not_list_our_python_may_refuse_files(keys: Registry, state: CheckState) -> None:
    result = policies.controlled_folders(registry(keys), PYTHONW)
    assert result.state is state
    if state is CheckState.UNKNOWN:
        assert PYTHONW in result.what
        assert result.remedy.startswith("Save elsewhere")
        by_policy = policies.FOLDERS_LOCAL not in keys
        assert (PYTHONW in result.for_it) is by_policy is (policies.FOLDERS_LOCAL not in result.what)


def test_where_signatures_are_demanded_a_signed_file_is_left_to_excel_and_others_need_it_or_a_signature() -> None:
    security = GROUP + SECURITY
    for keys, check in (
        ({security: {"VBAWarnings": 3}}, policies.macros),
        ({security: {"RequireAddinSig": 1}}, policies.addins),
        ({GROUP + COMMON: {"RequireAlwaysOnMacroSig": 1}}, policies.addins),
    ):
        extra = {"addin": False} if check is policies.macros else {}
        result = check(registry(keys), signed=True, **extra)
        assert (result.state, "Trusted Publishers" in result.remedy, result.for_it) == (CheckState.UNKNOWN, True, "")
        assert check(registry(keys), signed=False, **extra).state is CheckState.WRONG
    none = registry({security: {"VBAWarnings": 4}})
    assert policies.macros(none, addin=False, signed=True).state is CheckState.WRONG


HOW_RULES_ARE_LISTED = {"ExploitGuard_ASR_Rules", "ASRRules", "ControlledFolderAccessAllowedApplications"}


def test_the_guide_names_every_policy_that_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: set[str] = set()
    monkeypatch.setattr("xl_openfunnel.detect.registry.value", lambda read, key, name: looked_at.add(name))
    checks = [check for check in CHECKS if check is not policies.other_rules]
    for check in checks:
        check(EMPTY)
    policies.trusted_locations(EMPTY, on_network=True)
    policies.controlled_folders(EMPTY, "pythonw.exe")
    guide = (Path(__file__).parents[3] / "workbook" / "guide" / "security.md").read_text("utf-8")
    policy_names = looked_at - HOW_RULES_ARE_LISTED - {ADDIN_FILE}
    assert sorted(name for name in policy_names if f"`{name}`" not in guide) == []
    assert len(policy_names) >= 12
