r"""Settings and policies that keep Excel from running macros, or its macros from starting Python.

Where they stand: Office's administrative templates (ADMX) for the values below ``Software\Policies``, Microsoft's
"Attack surface reduction rules reference" for the rules. Which file Office runs the macros of is decided in this
order: a trusted location, then policies, then the user's own setting ("Active content in trusted docs").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ..detect import registry
from ..detect.registry import Read
from .excel import FILE
from .python import INSTALL
from .result import CheckResult, ok, unknown, wrong

MACROS: Final = "macros"
INTERNET: Final = "macros from the internet"
TRUSTED: Final = "trusted locations"
ADDINS: Final = "add-ins"
PROMPT: Final = "command prompt"
CHILD: Final = "child processes"
WIN32: Final = "Windows calls in macros"
OTHER_RULES: Final = "other Defender rules"

_CLOUD: Final = r"Software\Policies\Microsoft\Cloud\Office\16.0"
_GROUP: Final = r"Software\Policies\Microsoft\Office\16.0"
_POLICIES: Final = tuple(rf"{hive}\{path}" for path in (_CLOUD, _GROUP) for hive in ("HKCU", "HKLM"))
_OWN: Final = r"HKCU\Software\Microsoft\Office\16.0"

_DEFENDER: Final = r"Microsoft\Windows Defender"
_GUARD: Final = r"Windows Defender Exploit Guard\ASR"
ASR_GROUP: Final = rf"HKLM\Software\Policies\{_DEFENDER}\{_GUARD}"
ASR_DEVICE: Final = rf"HKLM\Software\Policies\{_DEFENDER}\Policy Manager"
ASR_OWN: Final = rf"HKLM\Software\{_DEFENDER}\{_GUARD}\Rules"
CHILD_RULE: Final = "D4F940AB-401B-4EFC-AADC-AD5F3C50688A"
WIN32_RULE: Final = "92E97FA1-2EDF-4476-BDD6-9DD0B4DDDC7B"
_OTHERS: Final = {
    "3B576869-A4EC-4529-8536-B80A7769E899": "creating executable content",
    "75668C1F-73B5-4CF0-BB93-3ECF5CB7CC84": "injecting code into other processes",
    "26190899-1602-49E8-8B27-EB1D0A1CE869": "child processes of Outlook",
}
_BLOCK, _WARN = 1, 6
PROMPT_KEY: Final = r"HKCU\Software\Policies\Microsoft\Windows\System"
_ASK_IT: Final = "Ask IT: a text for them stands at the end."


@dataclass(frozen=True)
class Setting:
    """A number in the registry, and who set it."""

    key: str
    name: str
    value: int
    policy: bool

    def __str__(self) -> str:
        return f"{self.key}, value {self.name} = {self.value}"


def office(read: Read, key: str, name: str) -> Setting | None:
    """The setting that Office goes by: a policy's, else the user's own."""
    for root in (*_POLICIES, _OWN):
        if (found := registry.number(read, rf"{root}\{key}", name)) is not None:
            return Setting(rf"{root}\{key}", name, found, root != _OWN)
    return None


def macros(read: Read, *, addin: bool) -> CheckResult:
    """Whether Excel runs macros that nobody signed.

    Args:
        read: the registry.
        addin: whether the add-in, in Excel's start folder, which is a trusted location, is all that is asked about.
    """
    off = office(read, "Common", "VBAOff")
    if off and off.value:
        return _held(MACROS, off, "VBA is switched off in all of Office", "Leave VBA on (Disable VBA for Office).")
    level = office(read, r"Excel\Security", "VBAWarnings")
    if level is None or level.value not in (3, 4):
        return ok(MACROS, "Excel runs them" if level and level.value == 1 else "Excel asks before it runs them")
    what = "Excel runs no macros" if level.value == 4 else "Excel runs only macros that are signed"
    if addin and _distrusted(read) is None:
        return ok(MACROS, f"{what}, but those of the add-in, which is in a trusted location ({level})")
    if level.policy:
        held = _held(MACROS, level, what, f"Allow the macros of {FILE} in Excel's start folder, a trusted location.")
        if _distrusted(read) is None:
            held = replace(held, cure=f"{INSTALL}: the add-in is in a trusted location. If it does not run, ask IT.")
        return held
    return wrong(
        MACROS,
        f"{what} ({level})",
        "File > Options > Trust Center > Trust Center Settings > Macro Settings: disable with notification. "
        f"Or use the add-in ({INSTALL}).",
    )


def from_internet(read: Read) -> CheckResult:
    """What becomes of the macros in files that carry the Mark of the Web; Office blocks them unasked too."""
    rule = office(read, r"Excel\Security", "BlockContentExecutionFromInternet")
    if rule and rule.value == 1:
        return ok(INTERNET, f"blocked in files that are marked as from there, and in no other ({rule})")
    return ok(INTERNET, "no policy of its own: Office blocks them in files that are marked as from there")


def trusted_locations(read: Read) -> CheckResult:
    """Whether Excel trusts its own start folder."""
    rule = _distrusted(read)
    if rule is None:
        return ok(TRUSTED, "in use")
    what = f"Excel does not trust its own start folder ({rule}): it may ask about the add-in, or not load it"
    if not rule.policy:
        cure = "File > Options > Trust Center > Trust Center Settings > Trusted Locations: do not disable all."
        return unknown(TRUSTED, what, cure)
    return unknown(
        TRUSTED, what, _ASK_IT, for_it=f"Trust Excel's start folder (%APPDATA%\\Microsoft\\Excel\\XLSTART): {rule}"
    )


def addins(read: Read) -> CheckResult:
    """Whether Excel loads add-ins that nobody signed."""
    security, common = r"Excel\Security", r"Common\Security"
    silently = office(read, security, "NoTBPromptUnsignedAddin")
    quiet = ", and does not say so" if silently and silently.value == 1 else ""
    for key, name, what in (
        (security, "DisableAllAddins", "Excel loads no add-ins"),
        (security, "RequireAddinSig", f"Excel loads only add-ins that are signed{quiet}"),
        (common, "RequireAlwaysOnMacroSig", "Excel loads only add-ins whose macros are signed, and does not say so"),
    ):
        rule = office(read, key, name)
        if rule and rule.value == 1:
            wish = f"Allow the add-in {FILE}, which is not signed"
            if rule.policy:
                return _held(ADDINS, rule, what, f"{wish}; or open the workbook instead of the add-in.")
            cure = "File > Options > Trust Center > Trust Center Settings > Add-ins: take the tick away."
            return wrong(ADDINS, f"{what} ({rule})", cure)
    managed = office(read, r"Excel\Resiliency\AddinList", FILE)
    listed = office(read, r"Excel\Resiliency", "RestrictToList")
    if managed and managed.value == 0:
        return _held(ADDINS, managed, f"a policy blocks {FILE}", f"Allow {FILE} in the list of managed add-ins.")
    if listed and listed.value == 1 and managed is None:
        wish = f"Put {FILE} on the list of managed add-ins with the value 1."
        return _held(ADDINS, listed, "Excel loads only add-ins that are on a list", wish)
    return ok(ADDINS, "Excel loads them")


def command_prompt(read: Read) -> CheckResult:
    """Whether cmd.exe runs, through which Excel starts Python."""
    level = registry.number(read, PROMPT_KEY, "DisableCMD")
    if not level:
        return ok(PROMPT, "allowed")
    rule = Setting(PROMPT_KEY, "DisableCMD", level, policy=True)
    wish = "Allow cmd.exe /C to run one command (Prevent access to the command prompt)."
    if level == 1:
        return _held(PROMPT, rule, "cmd.exe, through which Excel starts Python, is switched off", wish)
    return unknown(PROMPT, f"cmd.exe may be allowed for scripts only ({rule})", _ASK_IT, for_it=f"{wish} {rule}")


def child_processes(read: Read, python: str) -> CheckResult:
    """Whether Microsoft Defender lets Excel start Python.

    Args:
        read: the registry.
        python: the interpreter that Excel starts, "" for none.
    """
    what = (
        "Microsoft Defender keeps Excel from starting Python "
        "(Block all Office applications from creating child processes)"
    )
    wish = (
        f"Allow Excel to start cmd.exe and through it {python or 'Python'} "
        f"(attack surface reduction rule {CHILD_RULE}, Block all Office applications from creating child processes)."
    )
    return _rule(read, CHILD, CHILD_RULE, what, wish)


def windows_calls(read: Read) -> CheckResult:
    """Whether Microsoft Defender lets macros call Windows, as ours do to load xlwings' DLL."""
    what = "Microsoft Defender blocks macros that call Windows (Block Win32 API calls from Office macros)"
    wish = (
        f"Exclude {FILE} and the workbook from the attack surface reduction rule {WIN32_RULE} "
        "(Block Win32 API calls from Office macros)."
    )
    return _rule(read, WIN32, WIN32_RULE, what, wish)


def other_rules(read: Read) -> CheckResult:
    """Rules about Office that do not stand in the way, so that nobody looks there."""
    on = [words for rule, words in _OTHERS.items() if (state := asr(read, rule)) and state.value in (_BLOCK, _WARN)]
    return ok(OTHER_RULES, f"against {', '.join(on)}: no hindrance here" if on else "none about Office")


def asr(read: Read, rule: str) -> Setting | None:
    """The state of an attack surface reduction rule: 0 off, 1 block, 2 audit, 6 warn; None where nobody set it.

    Group policy has a value per rule, device management (Intune) one text of all, PowerShell its own place.
    """
    if registry.number(read, ASR_GROUP, "ExploitGuard_ASR_Rules") != 0:
        state = registry.number(read, rf"{ASR_GROUP}\Rules", rule)
        if state is not None:
            return Setting(rf"{ASR_GROUP}\Rules", rule, state, policy=True)
    for entry in registry.text(read, ASR_DEVICE, "ASRRules").split("|"):
        name, _, number = entry.partition("=")
        if name.strip(" {}").casefold() == rule.casefold() and number.strip().isdecimal():
            return Setting(ASR_DEVICE, f"ASRRules, {rule}", int(number), policy=True)
    state = registry.number(read, ASR_OWN, rule)
    return None if state is None else Setting(ASR_OWN, rule, state, policy=True)


def _rule(read: Read, check: str, rule: str, what: str, wish: str) -> CheckResult:
    state = asr(read, rule)
    if state is None or state.value not in (_BLOCK, _WARN):
        return ok(check, "allowed" if state is None or state.value != 2 else "allowed, and noted in Windows' event log")
    if state.value == _WARN:
        what += "; Windows asks, and allows it for a day"
    return _held(check, state, what, wish)


def _distrusted(read: Read) -> Setting | None:
    """What takes the trust from Excel's start folder."""
    off = office(read, r"Excel\Security\Trusted Locations", "AllLocationsDisabled")
    if off and off.value == 1:
        return off
    mixed = office(read, r"Common\Security\Trusted Locations", "Allow User Locations")
    return mixed if mixed and mixed.value == 0 else None


def _held(check: str, rule: Setting, what: str, wish: str) -> CheckResult:
    return wrong(check, f"{what} ({rule})", _ASK_IT, for_it=f"{wish} It is set here: {rule}")
