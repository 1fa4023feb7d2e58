r"""Checks of settings and policies that keep Excel from running macros, or its macros from starting Python.

Sources: Office's administrative templates (ADMX) for the values below ``Software\Policies``, and Microsoft's "Attack
surface reduction rules reference" for the rules. Office decides in this order whether it runs a file's macros: trusted
locations, then policies, then the user's own setting ("Active content in trusted docs").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ..detect import registry
from ..detect.excel import ADDIN_FILE
from ..detect.registry import Read
from .python import INSTALL
from .result import CheckResult, ok, unknown, wrong

_CLOUD_POLICIES: Final = r"Software\Policies\Microsoft\Cloud\Office\16.0"
_GROUP_POLICIES: Final = r"Software\Policies\Microsoft\Office\16.0"
_POLICIES: Final = tuple(rf"{hive}\{path}" for path in (_CLOUD_POLICIES, _GROUP_POLICIES) for hive in ("HKCU", "HKLM"))
_USER_SETTINGS: Final = r"HKCU\Software\Microsoft\Office\16.0"

_DEFENDER: Final = r"Microsoft\Windows Defender"
_GUARD: Final = r"Windows Defender Exploit Guard\ASR"
ASR_GROUP: Final = rf"HKLM\Software\Policies\{_DEFENDER}\{_GUARD}"
ASR_DEVICE: Final = rf"HKLM\Software\Policies\{_DEFENDER}\Policy Manager"
ASR_LOCAL: Final = rf"HKLM\Software\{_DEFENDER}\{_GUARD}\Rules"
CHILD_RULE: Final = "D4F940AB-401B-4EFC-AADC-AD5F3C50688A"
WIN32_RULE: Final = "92E97FA1-2EDF-4476-BDD6-9DD0B4DDDC7B"
_OTHER_RULES: Final = {
    "3B576869-A4EC-4529-8536-B80A7769E899": "creating executable content",
    "75668C1F-73B5-4CF0-BB93-3ECF5CB7CC84": "injecting code into other processes",
    "26190899-1602-49E8-8B27-EB1D0A1CE869": "child processes of Outlook",
}
_BLOCK, _WARN = 1, 6
_FOLDERS: Final = r"Windows Defender Exploit Guard\Controlled Folder Access"
FOLDERS_GROUP: Final = rf"HKLM\Software\Policies\{_DEFENDER}\{_FOLDERS}"
FOLDERS_LOCAL: Final = rf"HKLM\Software\{_DEFENDER}\{_FOLDERS}"
PROMPT_KEY: Final = r"HKCU\Software\Policies\Microsoft\Windows\System"
_SIGNED_ONLY: Final = 3
_ASK_IT: Final = "Ask IT: a text for them stands at the end."


@dataclass(frozen=True)
class Setting:
    """A number in the registry; with ``policy`` an administrator set it, not the user."""

    key: str
    name: str
    value: int
    policy: bool

    def __str__(self) -> str:
        return f"{self.key}, value {self.name} = {self.value}"


def office_setting(read: Read, key: str, name: str) -> Setting | None:
    """The setting that Office applies: a policy's, or else the user's own."""
    for root in (*_POLICIES, _USER_SETTINGS):
        if (value := registry.number(read, rf"{root}\{key}", name)) is not None:
            return Setting(rf"{root}\{key}", name, value, root != _USER_SETTINGS)
    return None


def macros(read: Read, *, addin: bool, signed: bool = False) -> CheckResult:
    """Whether Excel runs our macros.

    With ``addin`` only the add-in matters, which is in a trusted location, Excel's start folder.
    """
    off = office_setting(read, "Common", "VBAOff")
    if off and off.value:
        return _blocked(off, "VBA is switched off in all of Office", "Leave VBA on (Disable VBA for Office).")
    level = office_setting(read, r"Excel\Security", "VBAWarnings")
    if level is None or level.value not in (3, 4):
        return ok("Excel runs them" if level and level.value == 1 else "Excel asks before it runs them")
    what = "Excel runs no macros" if level.value == 4 else "Excel runs only macros that are signed"
    if signed and level.value == _SIGNED_ONLY:
        return _signed(what, level)
    if addin and _distrusted(read) is None:
        return ok(f"{what}, but those of the add-in, which is in a trusted location ({level})")
    if level.policy:
        result = _blocked(level, what, f"Allow the macros of {ADDIN_FILE} in Excel's start folder, a trusted location.")
        if _distrusted(read) is None:
            remedy = f"{INSTALL}: the add-in is in a trusted location. If it does not run, ask IT."
            result = replace(result, remedy=remedy)
        return result
    return wrong(
        f"{what} ({level})",
        "File > Options > Trust Center > Trust Center Settings > Macro Settings: disable with notification. "
        f"Or use the add-in ({INSTALL}).",
    )


def from_internet(read: Read) -> CheckResult:
    """Whether a policy blocks macros in files with the Mark of the Web, as Office does without one."""
    rule = office_setting(read, r"Excel\Security", "BlockContentExecutionFromInternet")
    if rule and rule.value == 1:
        return ok(f"blocked in files that are marked as from there, and in no other ({rule})")
    return ok("no policy of its own: Office blocks them in files that are marked as from there")


def trusted_locations(read: Read, *, on_network: bool = False) -> CheckResult:
    """Whether Excel trusts its own start folder, which may be on another computer, as redirected profiles are."""
    rule = _distrusted(read)
    if rule is None:
        allowed = office_setting(read, r"Excel\Security\Trusted Locations", "AllowNetworkLocations")
        if not on_network or (allowed and allowed.value == 1):
            return ok("in use")
        what = "Excel's start folder is on the network, which Excel does not trust: it may ask, or not load the add-in"
        request = (
            "Allow Trusted Locations on the network (AllowNetworkLocations) for %APPDATA%\\Microsoft\\Excel\\XLSTART."
        )
        return unknown(what, _ASK_IT, for_it=request)
    what = f"Excel does not trust its own start folder ({rule}): it may ask about the add-in, or not load it"
    if not rule.policy:
        remedy = "File > Options > Trust Center > Trust Center Settings > Trusted Locations: do not disable all."
        return unknown(what, remedy)
    return unknown(what, _ASK_IT, for_it=f"Trust Excel's start folder (%APPDATA%\\Microsoft\\Excel\\XLSTART): {rule}")


def addins(read: Read, *, signed: bool = False) -> CheckResult:
    """Whether Excel loads our add-in; ``signed`` tells whether it has a signature."""
    security, common = r"Excel\Security", r"Common\Security"
    no_prompt = office_setting(read, security, "NoTBPromptUnsignedAddin")
    silently = ", and does not say so" if no_prompt and no_prompt.value == 1 else ""
    for key, name, what in (
        (security, "DisableAllAddins", "Excel loads no add-ins"),
        (security, "RequireAddinSig", f"Excel loads only add-ins that are signed{silently}"),
        (common, "RequireAlwaysOnMacroSig", "Excel loads only add-ins whose macros are signed, and does not say so"),
    ):
        rule = office_setting(read, key, name)
        if rule and rule.value == 1:
            if signed and name != "DisableAllAddins":
                return _signed(what, rule)
            request = f"Allow the add-in {ADDIN_FILE}, which is not signed, or sign it (its guide to security says how)"
            if rule.policy:
                return _blocked(rule, what, f"{request}; or open the workbook instead of the add-in.")
            remedy = "File > Options > Trust Center > Trust Center Settings > Add-ins: take the tick away."
            return wrong(f"{what} ({rule})", remedy)
    managed = office_setting(read, r"Excel\Resiliency\AddinList", ADDIN_FILE)
    restricted = office_setting(read, r"Excel\Resiliency", "RestrictToList")
    if managed and managed.value == 0:
        return _blocked(managed, f"a policy blocks {ADDIN_FILE}", f"Allow {ADDIN_FILE} in the list of managed add-ins.")
    if restricted and restricted.value == 1 and managed is None:
        request = f"Put {ADDIN_FILE} on the list of managed add-ins with the value 1."
        return _blocked(restricted, "Excel loads only add-ins that are on a list", request)
    return ok("Excel loads them")


def command_prompt(read: Read) -> CheckResult:
    """Whether cmd.exe runs, through which workbooks of version 0.1 start Python; today's need it no more."""
    level = registry.number(read, PROMPT_KEY, "DisableCMD")
    if not level:
        return ok("allowed")
    rule = Setting(PROMPT_KEY, "DisableCMD", level, policy=True)
    return unknown(
        f"cmd.exe is switched off ({rule}), so workbooks made by version 0.1 cannot start Python",
        "Make such a workbook again: xl-openfunnel workbook",
    )


def child_processes(read: Read, python: str) -> CheckResult:
    """Whether Microsoft Defender lets Excel start Python."""
    what = (
        "Microsoft Defender keeps Excel from starting Python "
        "(Block all Office applications from creating child processes)"
    )
    request = (
        f"Allow Excel to start {python or 'Python'} "
        f"(attack surface reduction rule {CHILD_RULE}, Block all Office applications from creating child processes)."
    )
    return _check_asr_rule(read, CHILD_RULE, what, request)


def windows_calls(read: Read) -> CheckResult:
    """Whether Microsoft Defender lets macros call Windows, as ours do to start Python and to load xlwings' DLL."""
    what = "Microsoft Defender blocks macros that call Windows (Block Win32 API calls from Office macros)"
    request = (
        f"Exclude {ADDIN_FILE} and the workbook from the attack surface reduction rule {WIN32_RULE} "
        "(Block Win32 API calls from Office macros)."
    )
    return _check_asr_rule(read, WIN32_RULE, what, request)


def other_rules(read: Read) -> CheckResult:
    """Names other rules about Office that are on but do no harm, so that they are not suspected."""
    active = [
        purpose
        for rule, purpose in _OTHER_RULES.items()
        if (state := asr_rule(read, rule)) and state.value in (_BLOCK, _WARN)
    ]
    return ok(f"against {', '.join(active)}: no hindrance here" if active else "none about Office")


def controlled_folders(read: Read, python: str) -> CheckResult:
    """Whether Microsoft Defender keeps programs that it does not know from writing into Documents and the like.

    Windows decides by a program's reputation, which cannot be seen from here.
    """
    name = "EnableControlledFolderAccess"
    sources = ((FOLDERS_GROUP, True), (ASR_DEVICE, True), (FOLDERS_LOCAL, False))
    found = next(
        (
            Setting(key, name, state, by)
            for key, by in sources
            if (state := registry.number(read, key, name)) is not None
        ),
        None,
    )
    if found is None or found.value != _BLOCK:
        return ok("not in use")
    listed = {each.casefold() for key in (FOLDERS_GROUP, FOLDERS_LOCAL) for each in read(rf"{key}\AllowedApplications")}
    device = registry.text(read, ASR_DEVICE, "ControlledFolderAccessAllowedApplications").casefold().split("|")
    if python and python.casefold() in {*listed, *device}:
        return ok(f"{python} is allowed in controlled folders")
    program = python or "Excel's Python"
    what = (
        f"Microsoft Defender controls folders such as Documents, and does not list {program}: it may refuse files "
        f"there, such as a values copy ({found})"
    )
    if found.policy:
        request = (
            f"Allow {program} in the controlled folders (Configure allowed applications). They are controlled here: "
        )
        return unknown(what, f"Save elsewhere, or: {_ASK_IT}", for_it=f"{request}{found}")
    return unknown(
        what,
        "Save elsewhere, or Windows Security > Virus & threat protection > Ransomware protection > Allow an app "
        f"through Controlled folder access: {program}",
    )


def asr_rule(read: Read, rule: str) -> Setting | None:
    """The state of an attack surface reduction rule: 0 off, 1 block, 2 audit, 6 warn; None if it is not set.

    Group policy has one value for each rule, device management (Intune) one text for all rules, and PowerShell a key of
    its own.
    """
    if registry.number(read, ASR_GROUP, "ExploitGuard_ASR_Rules") != 0:
        state = registry.number(read, rf"{ASR_GROUP}\Rules", rule)
        if state is not None:
            return Setting(rf"{ASR_GROUP}\Rules", rule, state, policy=True)
    for entry in registry.text(read, ASR_DEVICE, "ASRRules").split("|"):
        name, _, number = entry.partition("=")
        if name.strip(" {}").casefold() == rule.casefold() and number.strip().isdecimal():
            return Setting(ASR_DEVICE, f"ASRRules, {rule}", int(number), policy=True)
    state = registry.number(read, ASR_LOCAL, rule)
    return None if state is None else Setting(ASR_LOCAL, rule, state, policy=True)


def _check_asr_rule(read: Read, rule: str, what: str, request: str) -> CheckResult:
    state = asr_rule(read, rule)
    if state is None or state.value not in (_BLOCK, _WARN):
        return ok("allowed" if state is None or state.value != 2 else "allowed, and noted in Windows' event log")
    if state.value == _WARN:
        what += "; Windows asks, and allows it for a day"
    return _blocked(state, what, request)


def _signed(what: str, rule: Setting) -> CheckResult:
    """Ours has a signature: only Excel knows whether it is valid, and its publisher trusted."""
    return unknown(
        f"{what} ({rule}). Ours is signed; Excel runs it if the signature is valid and its publisher is trusted",
        "If it does not run, ask who signed it to have the certificate put among the Trusted Publishers.",
    )


def _distrusted(read: Read) -> Setting | None:
    """The setting because of which Excel does not trust its start folder; None if it does."""
    off = office_setting(read, r"Excel\Security\Trusted Locations", "AllLocationsDisabled")
    if off and off.value == 1:
        return off
    mixed = office_setting(read, r"Common\Security\Trusted Locations", "Allow User Locations")
    return mixed if mixed and mixed.value == 0 else None


def _blocked(rule: Setting, what: str, request: str) -> CheckResult:
    return wrong(f"{what} ({rule})", _ASK_IT, for_it=f"{request} It is set here: {rule}")
