"""All checks, in the order of a cell's way to the service, with the values of this computer."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final, TypeVar

from .. import keys
from ..api.client import Client
from ..api.proxy_and_trust import system_proxy
from ..detect import excel as detect_excel
from ..detect import python as detect_python
from ..detect.registry import Read, windows
from ..errors import ConfigurationError, OpenFunnelError
from ..install import libreoffice as office
from ..log import redacted
from ..settings import Settings, log_path, origin_of
from ..text import one_line
from ..version import version
from ..workbook.sources import xlwings_version
from . import excel, libreoffice, network, policies, python, settings_checks
from .connection import route_to, verified_context
from .result import CheckResult, CheckState, not_here, unknown, wrong

_log = logging.getLogger(__name__)

_PATIENCE: Final = 30.0
"""Seconds for what LibreOffice is asked here: its first start on a slow disk takes some ten."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class DoctorCheck:
    """One check, not made yet.

    Attributes:
        part: what it belongs to.
        name: its own name, which its finding has as well.
        make: makes it.
        needs: checks that must not have gone wrong before it.
    """

    part: str
    name: str
    make: Callable[[], CheckResult]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What the checks look at.

    Attributes:
        environ: the environment.
        read: the registry; None where there is none.
        code_page: the codec of Windows' ANSI code page.
        libreoffice: its programs soffice and unopkg; None where there is none that could have our functions.
    """

    environ: Mapping[str, str]
    read: Read | None
    code_page: str
    libreoffice: tuple[str, str] | None = None

    @classmethod
    def here(cls) -> Machine:
        """The one that this runs on."""
        if sys.platform == "win32":
            return cls(os.environ, windows, "mbcs")
        try:
            return cls(os.environ, None, "utf-8", office.commands())
        except ConfigurationError:
            return cls(os.environ, None, "utf-8")


def run_checks(
    base_url: str | None = None,
    file: Path | None = None,
    *,
    computer: Machine | None = None,
    about_to: Callable[[str], object] = lambda _: None,
) -> Iterator[tuple[str, CheckResult]]:
    """Make all checks, and give each one's part and finding. One that fails unexpectedly is unknown, and no more.

    Args:
        base_url: the service's address; None for the one of the settings.
        file: a workbook to look at as well.
        computer: what to look at; None for this one.
        about_to: told the name of each check before it is made.
    """
    computer = computer or Machine.here()
    hidden = _hiding(base_url, computer)
    wrong_ones: set[str] = set()
    for check in chain(_excel(computer, file), _libreoffice(computer), _service(base_url, computer)):
        about_to(check.name)
        first = next((name for name in check.needs if name in wrong_ones), None)
        finding = unknown(check.name, f"not looked at: fix this first: {first}") if first else _made(check)
        if finding.state is CheckState.WRONG:
            wrong_ones.add(check.name)
        yield (
            check.part,
            replace(finding, what=hidden(finding.what), cure=hidden(finding.cure), for_it=hidden(finding.for_it)),
        )


def _made(check: DoctorCheck) -> CheckResult:
    try:
        return check.make()
    except OpenFunnelError as trouble:
        return unknown(check.name, trouble.message)
    except Exception as trouble:  # a doctor who faints helps nobody
        _log.debug("unexpected in %s: %s", check.name, type(trouble).__name__)
        return unknown(check.name, f"could not be looked at ({type(trouble).__name__}: {one_line(str(trouble))})")


def _hiding(base_url: str | None, computer: Machine) -> Callable[[str], str]:
    """Strikes the API key out, should anything of what was found hold it."""
    secret = None
    with contextlib.suppress(Exception):  # what is wrong with settings or key, their own checks tell
        origin = origin_of(Settings.load(base_url, environ=computer.environ).base_url)
        secret = keys.find(origin, environ=computer.environ).value
    return lambda text: redacted(text.replace(secret, "[key]") if secret else text)


def _excel(computer: Machine, file: Path | None) -> Iterator[DoctorCheck]:
    running = sys.version_info[:3]
    bits = 64 if sys.maxsize > 2**32 else 32
    yield DoctorCheck("Python", python.VERSION, lambda: python.version(running, bits, sys.executable, sys.base_prefix))
    yield DoctorCheck("Python", python.XLWINGS, lambda: python.xlwings(_installed("xlwings"), xlwings_version()))
    for part, name, make in _windows(computer, file):
        run = partial(not_here, name) if computer.read is None else partial(make, computer.read)
        yield DoctorCheck(part, name, run, (python.INTERPRETER,) if name == python.SAME else ())
    if file:
        name = f"version of {file.name}"
        yield DoctorCheck("Excel", name, partial(excel.book, name, file, version()))


def _windows(computer: Machine, file: Path | None) -> Iterator[tuple[str, str, Callable[[Read], CheckResult]]]:
    """Part, name and check of everything that there is on Windows only."""
    folder = detect_excel.start_folder(computer.environ)
    place = folder / excel.FILE if folder else None
    addin = place if place and place.is_file() else None

    def dll(read: Read) -> CheckResult:
        program = detect_excel.find_excel(read)
        chosen = detect_python.configured_interpreter(read)
        folders = detect_python.dll_folders(chosen if _is_file(chosen) else "", Path(sys.prefix))
        return python.dll(folders, xlwings_version(), program.bits if program else None, detect_python.load_dll)

    yield from (
        (
            "Python",
            python.INTERPRETER,
            lambda r: python.interpreter(detect_python.configured_interpreter(r), _is_file, computer.code_page),
        ),
        (
            "Python",
            python.SAME,
            lambda r: python.same_version(
                detect_python.configured_interpreter(r), version(), detect_python.ask_version
            ),
        ),
        ("Python", python.DLL, dll),
        ("Excel", excel.FOUND, lambda r: excel.found(detect_excel.find_excel(r), _is_file)),
        ("Excel", excel.SPILLS, lambda r: excel.spills(detect_excel.find_excel(r))),
        ("Excel", excel.ADDIN, lambda _: excel.addin(folder, version())),
        ("Excel", excel.SWITCHED_OFF, excel.switched_off),
    )
    for looked_at in (addin, file):
        if looked_at:
            name = f"mark of {looked_at.name}"
            yield "Excel", name, partial(_mark, name, looked_at)
    yield from (
        ("Policies", policies.MACROS, lambda r: policies.macros(r, addin=addin is not None and file is None)),
        ("Policies", policies.INTERNET, policies.from_internet),
        ("Policies", policies.TRUSTED, policies.trusted_locations),
        ("Policies", policies.ADDINS, policies.addins),
        ("Policies", policies.PROMPT, policies.command_prompt),
        ("Policies", policies.CHILD, lambda r: policies.child_processes(r, detect_python.configured_interpreter(r))),
        ("Policies", policies.WIN32, policies.windows_calls),
        ("Policies", policies.OTHER_RULES, policies.other_rules),
        ("Settings", settings_checks.VARIABLES, lambda r: settings_checks.variables(computer.environ, r)),
    )


def _mark(check: str, file: Path, _: Read) -> CheckResult:
    return excel.mark(check, file, detect_excel.zone_identifier(file))


def _libreoffice(computer: Machine) -> Iterator[DoctorCheck]:
    """What the functions need there. Where they were not added, nothing is wrong."""
    if computer.libreoffice is None:
        return
    soffice, unopkg = computer.libreoffice
    interpreter = office.python_of(soffice)
    run = partial(office.run, longest=_PATIENCE)
    added = _once(lambda: office.installed_extension(unopkg, run))

    def known() -> office.InstalledExtension | None:
        with contextlib.suppress(Exception):  # its own check tells
            return added()
        return None

    def found() -> CheckResult:
        said = office.version_said(soffice, run)
        return libreoffice.found(said, office.OLDEST, new=office.new_enough(said), used=known() is not None)

    def uno() -> CheckResult:
        return libreoffice.uno(interpreter, office.uno_version(interpreter, run), used=known() is not None)

    def loads(there: office.InstalledExtension) -> CheckResult:
        return libreoffice.loads(interpreter, office.folders(there), partial(office.loaded, run=run), version())

    yield DoctorCheck("LibreOffice", libreoffice.FOUND, found)
    yield DoctorCheck("LibreOffice", libreoffice.UNO, uno)
    yield DoctorCheck("LibreOffice", libreoffice.FUNCTIONS, lambda: libreoffice.functions(added, version()))
    if (there := known()) is not None:
        yield DoctorCheck("LibreOffice", libreoffice.LOADS, partial(loads, there), (libreoffice.UNO,))


def _once(look: Callable[[], _T]) -> Callable[[], _T]:
    """Looks once, whatever comes of it: a program that hangs is not waited for again."""
    outcome: Future[_T] = Future()

    def found() -> _T:
        if not outcome.done():
            try:
                outcome.set_result(look())
            except Exception as trouble:
                outcome.set_exception(trouble)
        return outcome.result()

    return found


def _service(base_url: str | None, computer: Machine) -> Iterator[DoctorCheck]:
    yield DoctorCheck("Settings", settings_checks.LOG, lambda: settings_checks.log(log_path(computer.environ)))
    try:
        settings = Settings.load(base_url, environ=computer.environ)
    except ConfigurationError as trouble:
        finding = wrong(settings_checks.ADDRESS, trouble.message, "Correct the variable or the option that it names.")
        yield DoctorCheck("Service", settings_checks.ADDRESS, lambda: finding)
        return
    origin = origin_of(settings.base_url)
    yield DoctorCheck("Settings", settings_checks.STORE, lambda: settings_checks.store(settings.store_path, origin))
    yield DoctorCheck(
        "Settings",
        settings_checks.KEY,
        lambda: settings_checks.key(lambda: keys.find(origin, environ=computer.environ)),
    )
    yield DoctorCheck("Service", settings_checks.ADDRESS, lambda: settings_checks.address(origin))
    yield from _network(settings, computer)


def _network(settings: Settings, computer: Machine) -> Iterator[DoctorCheck]:
    """Every step needs all those before it."""
    way = _once(lambda: route_to(settings.base_url, system_proxy))

    def trust() -> ssl.SSLContext:
        return verified_context(computer.environ)

    def accepted() -> CheckResult:
        with Client(settings.base_url) as client:
            return settings_checks.accepted(client.credits)

    steps: tuple[tuple[str, Callable[[], CheckResult]], ...] = (
        (network.PROXY, lambda: network.proxy(way(), computer.read)),
        (network.NAME, lambda: network.name(way())),
        (network.CONNECTION, lambda: network.connection(way())),
        (network.CERTIFICATE, lambda: network.certificate(way(), trust)),
        (network.ANSWER, lambda: network.answer(way(), trust)),
        (settings_checks.ACCEPTED, accepted),
    )
    needs: tuple[str, ...] = ()
    for name, make in steps:
        yield DoctorCheck(
            "Service", name, make, (*needs, settings_checks.KEY) if name == settings_checks.ACCEPTED else needs
        )
        needs = (*needs, name)


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _is_file(path: str) -> bool:
    return Path(path).is_file()
