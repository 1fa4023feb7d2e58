"""Names the checks, orders them along a cell's way to the service, and runs them with the values of this computer."""

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
from ..columns.folder import ColumnFolder
from ..detect import excel as detect_excel
from ..detect import libreoffice as detect_libreoffice
from ..detect.python import ask_version, bits, configured_interpreter, dll_folders, load_dll, xlwings_versions
from ..detect.registry import Read, read_key
from ..errors import ConfigurationError, OpenFunnelError
from ..install import unopkg as extension_manager
from ..log import redact_keys
from ..settings import Settings, log_path, origin_of, shown_origin, store_path
from ..text import one_line
from ..version import version
from ..workbook.sources import xlwings_version
from . import excel, libreoffice, network, policies, python, settings_checks
from .connection import route_to, verified_context
from .result import NOT_HERE, CheckResult, CheckState, ok, unknown, wrong

_log = logging.getLogger(__name__)

_LIBREOFFICE_TIMEOUT: Final = 30.0
"""Seconds for one command of LibreOffice: its first start on a slow disk takes some ten."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class DoctorCheck:
    """A check that has not run yet.

    ``needs`` names checks without which it makes no sense: if one of them went wrong, it is not run.
    """

    part: str
    name: str
    run: Callable[[], CheckResult]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """The computer that is checked.

    Attributes:
        environ: the environment.
        read: reads the registry; None on systems without one.
        code_page: the codec of Windows' ANSI code page.
        libreoffice: the paths of soffice and unopkg; None if there is no LibreOffice that could have the functions.
    """

    environ: Mapping[str, str]
    read: Read | None
    code_page: str
    libreoffice: tuple[str, str] | None = None

    @classmethod
    def here(cls) -> Machine:
        """The computer that this runs on."""
        if sys.platform == "win32":
            return cls(os.environ, read_key, "mbcs")
        try:
            return cls(os.environ, None, "utf-8", detect_libreoffice.find_programs())
        except ConfigurationError:
            return cls(os.environ, None, "utf-8")


def run_checks(
    base_url: str | None = None,
    file: Path | None = None,
    *,
    machine: Machine | None = None,
    on_start: Callable[[str], object] = lambda _: None,
) -> Iterator[tuple[str, str, CheckResult]]:
    """Run all checks, and yield the part, name and result of each. A check that raises has the result `UNKNOWN`.

    The address is None for that of the settings, the machine for this computer. ``on_start`` gets each check's name.
    """
    machine = machine or Machine.here()
    hide_key = _key_remover(base_url, machine)
    failed: set[str] = set()
    for check in chain(_excel_checks(machine, file), _libreoffice_checks(machine), _service_checks(base_url, machine)):
        on_start(check.name)
        blocker = next((name for name in check.needs if name in failed), None)
        result = unknown(f"not looked at: fix this first: {blocker}") if blocker else _run(check)
        if result.state is CheckState.WRONG:
            failed.add(check.name)
        result = replace(
            result, what=hide_key(result.what), remedy=hide_key(result.remedy), for_it=hide_key(result.for_it)
        )
        yield check.part, check.name, result


def _run(check: DoctorCheck) -> CheckResult:
    try:
        return check.run()
    except OpenFunnelError as error:
        return unknown(error.message)
    except Exception as error:  # one broken check must not hide the results of the others
        _log.debug("unexpected in %s: %s", check.name, type(error).__name__)
        return unknown(f"could not be looked at ({type(error).__name__}: {one_line(str(error))})")


def _key_remover(base_url: str | None, machine: Machine) -> Callable[[str], str]:
    """A function that removes the API key from a text."""
    secret = None
    with contextlib.suppress(Exception):  # the checks of settings and key report what is wrong with them
        origin = origin_of(Settings.load(base_url, environ=machine.environ).base_url)
        secret = keys.find(origin, environ=machine.environ).value
    return lambda text: redact_keys(text.replace(secret, "[key]") if secret else text)


def _excel_checks(machine: Machine, file: Path | None) -> Iterator[DoctorCheck]:
    running = sys.version_info[:3]
    yield DoctorCheck("Python", "Python", lambda: python.version(running, bits(), sys.executable, sys.base_prefix))
    yield DoctorCheck("Python", "xlwings", lambda: python.xlwings(_installed_version("xlwings"), xlwings_version()))
    for check in _windows_checks(machine, machine.read or (lambda _: {}), file):
        yield check if machine.read else replace(check, run=lambda: NOT_HERE)
    if file:
        run = partial(excel.workbook_macros, file, version())
        yield DoctorCheck("Excel", f"version of {file.name}", run)


def _windows_checks(machine: Machine, read: Read, file: Path | None) -> Iterator[DoctorCheck]:
    """Checks that make sense on Windows only."""
    folder = detect_excel.start_folder(machine.environ)
    addin = folder / detect_excel.ADDIN_FILE if folder else None
    if addin and not detect_excel.is_file(addin):
        addin = None
    yield from _checks_of_excels_python(machine, read)
    yield from _checks_of_excel(machine, read, folder, addin, file)
    yield from _checks_of_policies(read, folder, addin, file)
    yield DoctorCheck("Settings", "variables in Excel", lambda: settings_checks.variables(machine.environ, read))


def _checks_of_excels_python(machine: Machine, read: Read) -> Iterator[DoctorCheck]:
    def interpreter() -> CheckResult:
        return python.interpreter(configured_interpreter(read), detect_excel.is_file, machine.code_page)

    def place() -> CheckResult:
        path = configured_interpreter(read)
        onedrive = detect_excel.onedrive_of(path, machine.environ)
        return python.place(path, onedrive=onedrive, on_network=detect_excel.is_on_network(path))

    def package_version() -> CheckResult:
        return python.package_version(configured_interpreter(read), version(), ask_version)

    def dll() -> CheckResult:
        program = detect_excel.find_excel(read)
        return python.dll(_dll_folders(read), xlwings_version(), program.bits if program else None, load_dll)

    yield DoctorCheck("Python", "Python for Excel", interpreter)
    yield DoctorCheck("Python", "place of Python", place, ("Python for Excel",))
    yield DoctorCheck("Python", "version for Excel", package_version, ("Python for Excel",))
    yield DoctorCheck("Python", "xlwings DLL", dll)


def _dll_folders(read: Read) -> list[Path]:
    path = configured_interpreter(read)
    return dll_folders(path if detect_excel.is_file(path) else "", Path(sys.prefix))


def _checks_of_excel(
    machine: Machine, read: Read, folder: Path | None, addin: Path | None, file: Path | None
) -> Iterator[DoctorCheck]:
    def other_addins() -> CheckResult:
        program = detect_excel.find_excel(read)
        files = detect_excel.loaded_addins(read, machine.environ, program.path if program else "")
        return excel.other_addins(files, addin)

    def xlwings_of_macros(made: Path) -> CheckResult:
        return excel.xlwings_of_macros(made, xlwings_versions(_dll_folders(read)))

    yield DoctorCheck("Excel", "Excel", lambda: excel.installation(detect_excel.find_excel(read), detect_excel.is_file))
    yield DoctorCheck("Excel", "tables in cells", lambda: excel.spilling(detect_excel.find_excel(read)))
    yield DoctorCheck("Excel", "add-in", lambda: excel.addin(folder, version()))
    yield DoctorCheck("Excel", "other add-ins", other_addins)
    for made in filter(None, (addin, file)):
        yield DoctorCheck("Excel", f"xlwings for {made.name}", partial(xlwings_of_macros, made))
    yield DoctorCheck("Excel", "disabled items", lambda: excel.disabled_items(read))
    for marked in filter(None, (addin, file)):
        yield DoctorCheck("Excel", f"mark of {marked.name}", partial(_mark_of_the_web, marked))
    if file:
        onedrive = detect_excel.onedrive_of(str(file), machine.environ)
        yield DoctorCheck("Excel", f"place of {file.name}", partial(excel.workbook_place, file, onedrive))


def _checks_of_policies(
    read: Read, folder: Path | None, addin: Path | None, file: Path | None
) -> Iterator[DoctorCheck]:
    def trusted_locations() -> CheckResult:
        on_network = folder is not None and detect_excel.is_on_network(str(folder))
        return policies.trusted_locations(read, on_network=on_network)

    counted = file or addin
    signed = counted is not None and detect_excel.is_signed(counted)
    addin_signed = addin is not None and detect_excel.is_signed(addin)
    only_addin = addin is not None and file is None
    yield DoctorCheck("Policies", "macros", lambda: policies.macros(read, addin=only_addin, signed=signed))
    yield DoctorCheck("Policies", "macros from the internet", lambda: policies.from_internet(read))
    yield DoctorCheck("Policies", "trusted locations", trusted_locations)
    yield DoctorCheck("Policies", "add-ins", lambda: policies.addins(read, signed=addin_signed))
    yield DoctorCheck("Policies", "command prompt", lambda: policies.command_prompt(read))
    yield DoctorCheck(
        "Policies", "child processes", lambda: policies.child_processes(read, configured_interpreter(read))
    )
    yield DoctorCheck("Policies", "Windows calls in macros", lambda: policies.windows_calls(read))
    yield DoctorCheck(
        "Policies", "controlled folders", lambda: policies.controlled_folders(read, configured_interpreter(read))
    )
    yield DoctorCheck("Policies", "other Defender rules", lambda: policies.other_rules(read))


def _mark_of_the_web(file: Path) -> CheckResult:
    return excel.mark_of_the_web(file, detect_excel.zone_identifier(file))


def _libreoffice_checks(machine: Machine) -> Iterator[DoctorCheck]:
    """What the functions need in LibreOffice. Nothing is wrong if they were never added."""
    if machine.libreoffice is None:
        return
    soffice, unopkg = machine.libreoffice
    interpreter = detect_libreoffice.python_for(soffice)
    run = partial(detect_libreoffice.run, timeout=_LIBREOFFICE_TIMEOUT)
    manager = extension_manager
    find_extension = _cached(lambda: manager.find_extension(unopkg, run) if manager.had_extensions() else None)

    def installed() -> extension_manager.InstalledExtension | None:
        with contextlib.suppress(Exception):  # "functions in Calc" reports it
            return find_extension()
        return None

    def installation() -> CheckResult:
        text = detect_libreoffice.version_text(soffice, run)
        supported = detect_libreoffice.is_supported(text)
        oldest = detect_libreoffice.MIN_VERSION
        return libreoffice.installation(text, oldest, supported=supported, used=installed() is not None)

    def uno() -> CheckResult:
        python_version = detect_libreoffice.uno_python_version(interpreter, run)
        return libreoffice.uno(interpreter, python_version, used=installed() is not None)

    def package(extension: extension_manager.InstalledExtension) -> CheckResult:
        folders = extension_manager.package_folders(extension)
        return libreoffice.package(interpreter, folders, partial(extension_manager.load_package, run=run), version())

    yield DoctorCheck("LibreOffice", "LibreOffice", installation)
    yield DoctorCheck("LibreOffice", "Python for Calc", uno)
    yield DoctorCheck("LibreOffice", "functions in Calc", lambda: libreoffice.extension(find_extension, version()))
    if (extension := installed()) is not None:
        yield DoctorCheck("LibreOffice", "package for Calc", partial(package, extension), ("Python for Calc",))


def _cached(function: Callable[[], _T]) -> Callable[[], _T]:
    """Call a function at most once, even if it raises: do not wait again for a program that hangs."""
    outcome: Future[_T] = Future()

    def call() -> _T:
        if not outcome.done():
            try:
                outcome.set_result(function())
            except Exception as error:
                outcome.set_exception(error)
        return outcome.result()

    return call


def _service_checks(base_url: str | None, machine: Machine) -> Iterator[DoctorCheck]:
    try:
        log = log_path(machine.environ)
    except ConfigurationError as error:
        what, _, remedy = error.message.rpartition(". ")
        unusable = wrong(what, f"{remedy}. Store, log and service are looked at then.")
        yield DoctorCheck("Settings", "folder", lambda: unusable)
        return
    yield DoctorCheck("Settings", "log", lambda: settings_checks.log(log))
    try:
        settings = Settings.load(base_url, environ=machine.environ)
    except ConfigurationError as error:
        result = wrong(error.message, "Correct the variable or the option that it names.")
        yield DoctorCheck("Service", "address", lambda: result)
        return
    origin, path = origin_of(settings.base_url), store_path(machine.environ)
    yield DoctorCheck("Settings", "store", lambda: settings_checks.store(path, origin))
    columns = ColumnFolder.beside(path, origin)
    yield DoctorCheck("Settings", "columns", lambda: settings_checks.columns(columns))
    yield DoctorCheck(
        "Settings", "API key", lambda: settings_checks.key(lambda: keys.find(origin, environ=machine.environ))
    )
    yield DoctorCheck("Service", "address", lambda: ok(shown_origin(origin)))
    yield from _network_checks(settings, machine)


def _network_checks(settings: Settings, machine: Machine) -> Iterator[DoctorCheck]:
    """Each step needs all those before it, and the last one a key as well."""
    route = _cached(lambda: route_to(settings.base_url, system_proxy))

    def make_context() -> ssl.SSLContext:
        return verified_context(machine.environ)

    def key_accepted() -> CheckResult:
        with Client(settings.base_url) as client:
            return settings_checks.key_accepted(client.credits)

    steps: dict[str, Callable[[], CheckResult]] = {
        "proxy": lambda: network.proxy(route(), machine.read),
        "name": lambda: network.name(route()),
        "connection": lambda: network.connection(route()),
        "certificate": lambda: network.certificate(route(), make_context),
        "answer": lambda: network.answer(route(), make_context),
    }
    names = tuple(steps)
    for index, (name, run) in enumerate(steps.items()):
        yield DoctorCheck("Service", name, run, names[:index])
    yield DoctorCheck("Service", "key accepted", key_accepted, (*names, "API key"))


def _installed_version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
