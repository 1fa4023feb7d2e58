"""What only Windows can show, shown under Wine: one test here for each test that a Windows Python runs there."""

from __future__ import annotations

import ast
import concurrent.futures
import dataclasses
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there is no need of Wine on Windows: run pytest in tests/hosts/excel/windows", allow_module_level=True)

from tests.hosts.excel.wine import NoWineError, Wine, windows_path

ROOT = Path(__file__).parents[3]
INNER = Path(__file__).parent / "windows"

UNIT = "unit"

# What fails there for reasons of Wine 8.0 and not of ours.
FAILING_UNDER_WINE = {
    # The DLL of python-calamine does not load.
    "tests/unit/cli/test_known_commands.py": (
        "test_the_sheet_that_was_read_is_named_where_there_are_several",
        "test_every_file_of_another_job_can_be_a_list[xlsx]",
    ),
    # A connection that is reset arrives as one that was closed in order.
    "tests/unit/simulator/test_simulated_faults.py": (
        "test_reset_comes_before_any_byte",
        "test_reset_after_headers_never_gives_the_body",
    ),
    # Closing a socket does not wake a thread that waits for it.
    "tests/unit/simulator/test_simulated_service.py": ("test_stop_closes_kept_connections_and_leaves_no_thread",),
}
# The package's tests of what can differ on Windows, as shares that run side by side. Everything else (texts, tables,
# pivots, models, the rules of polling) is the same code on every system.
SHARES = (
    (
        "tests/unit/api/test_client.py",  # sockets, TLS
        "tests/unit/columns",  # DuckDB, files in use, how a process ends
        "tests/unit/jobs/store",  # SQLite, files in use
        "tests/unit/jobs/test_fetch_rows.py",  # threads that wait for the service
        "tests/unit/known/test_lists.py",  # files in use
        "tests/unit/runtime",  # threads, clocks
        "tests/unit/simulator/test_simulated_faults.py",  # sockets
        "tests/unit/simulator/test_simulated_service.py",  # sockets, processes
        "tests/unit/detect/test_excel.py",  # paths, marks of files
        "tests/unit/doctor",  # the network, proxies, policies, Excel's settings
        "tests/unit/hosts/test_session.py",  # the fetcher of a process
        "tests/unit/install/test_environment.py",  # folders in use
        "tests/unit/install/test_excel_setup.py",  # folders
        "tests/unit/install/test_wheel.py",  # paths
        "tests/unit/selftest",  # processes
        "tests/unit/test_keys.py",  # the keyring
        "tests/unit/test_log.py",  # a file that several processes write
        "tests/unit/test_process.py",  # how a process ends
        "tests/unit/test_secrecy.py",  # files, crash reports
        "tests/unit/test_settings.py",  # folders
        "tests/unit/files",  # line ends, paths, files in use
        "tests/unit/test_cell_values.py",  # dates
        "tests/unit/test_table_block.py",  # dates, widths of integers
        "tests/unit/workbook/test_build_workbook.py",  # line ends, paths
        "tests/unit/workbook/test_sources.py",  # line ends, paths
    ),
    (
        "tests/unit/cli",  # streams, code pages, paths, files in use
        "tests/unit/hosts/excel",  # COM, paths
    ),
)
# What is in these folders, and is the same code on every system nevertheless.
LEFT_OUT = (
    "tests/unit/columns/test_lenient.py",  # decoding
    "tests/unit/columns/test_schema.py",  # decoding
    "tests/unit/files/test_links.py",  # texts of links
    "tests/unit/files/test_summary.py",  # numbers in cells
    "tests/unit/hosts/excel/live_cells",  # when to ask a given Excel, at given times
    "tests/unit/hosts/excel/test_addresses.py",  # texts of addresses
    "tests/unit/hosts/excel/test_formula_texts.py",  # texts of formulas
    "tests/unit/hosts/excel/test_table_merge.py",  # rows
)
REGISTRY_MODULES = {"test_doctor", "test_install", "test_start"}  # which change it, so they run one after the other
LONGEST_FIRST = ("test_live_cells", "test_start", UNIT, "test_commands", "test_selftest", "test_insert_table")
WORKERS = 3  # beside those of the registry; all of them mostly wait

pytestmark = pytest.mark.timeout(900)  # the first test waits for a Windows to be put together


def inner_tests() -> list[str]:
    """Every test function of the inner modules, which cannot be imported here."""
    return [
        f"{file.stem}::{node.name}"
        for file in sorted(INNER.glob("test_*.py"))
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run of the Windows pytest went, by test function."""

    passed: int
    failed: dict[str, str]
    skipped: dict[str, str]
    seen: frozenset[str]
    output: str


@pytest.fixture(scope="module")
def wine() -> Iterator[Wine]:
    try:
        prepared = Wine.prepare()
    except NoWineError as reason:
        pytest.skip(str(reason))
    with prepared.session(ROOT):
        yield prepared


def windows_pytest(wine: Wine, folder: Path, *args: str, timeout: float) -> Outcome:
    """Run pytest in the Windows Python, each test of it with a deadline of its own."""
    report = folder / "report.xml"
    fixed = ["-p", "no:cacheprovider", "-q", "--timeout=180", f"--junitxml={windows_path(report)}", "-o", "addopts="]
    # A call that Excel turns away is, inside COM, an exception that faulthandler would report as fatal.
    fixed += ["--import-mode=importlib", "-rfE", "-p", "no:faulthandler"]
    done = wine.run(["-m", "pytest", *fixed, *args], cwd=ROOT, timeout=timeout)
    assert report.exists(), f"pytest did not come to its end (exit code {done.code}):\n{done.output}"
    passed = 0
    failed: dict[str, str] = {}
    skipped: dict[str, str] = {}
    seen: set[str] = set()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own pytest wrote it
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '').partition('[')[0]}"
        seen.add(name)
        wrong = [part for part in case if part.tag in {"failure", "error"}]
        left_out = case.find("skipped")
        if wrong:
            failed[name] = failed.get(name, "") + "\n".join(f"{case.get('name')}\n{part.text}" for part in wrong)
        elif left_out is not None:
            skipped[name] = left_out.get("message", "")
        else:
            passed += 1
    return Outcome(passed, failed, skipped, frozenset(seen), done.output)


Outcomes = Callable[[str], list[Outcome]]


@pytest.fixture(scope="module")
def outcomes_of(
    wine: Wine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Outcomes]:
    """Runs what is asked for, side by side: modules that change Windows' registry one after the other."""
    tests = {item.callspec.params["test"] if hasattr(item, "callspec") else UNIT for item in selected_tests(request)}
    asked = {test.partition("::")[0] for test in tests}
    in_order = [name for name in (*LONGEST_FIRST, *sorted(asked - {*LONGEST_FIRST})) if name in asked]

    tmp_path_factory.getbasetemp()  # two threads that make it at the same time are in each other's way

    def run(*args: str, timeout: float) -> Outcome:
        return windows_pytest(wine, tmp_path_factory.mktemp("windows"), *args, timeout=timeout)

    def run_module(module: str) -> Outcome:
        return run(f"tests/hosts/excel/windows/{module}.py", timeout=800)

    with (
        concurrent.futures.ThreadPoolExecutor(WORKERS) as pool,
        concurrent.futures.ThreadPoolExecutor(1) as one_after_the_other,
    ):
        under_way = {}
        for name in in_order:
            if name == UNIT:
                under_way[name] = [pool.submit(run, *share, timeout=800) for share in unit_shares()]
            else:
                runs = one_after_the_other if name in REGISTRY_MODULES else pool
                under_way[name] = [runs.submit(run_module, name)]
        yield lambda name: [future.result() for future in under_way[name]]


def selected_tests(request: pytest.FixtureRequest) -> list[pytest.Item]:
    """The tests of this file that are to be run."""
    return [item for item in request.session.items if item.path == Path(__file__)]


def unit_shares() -> list[list[str]]:
    left_out = [f"--deselect={file}::{test}" for file, tests in FAILING_UNDER_WINE.items() for test in tests]
    left_out += [f"--ignore={path}" for path in LEFT_OUT]
    return [[*share, *left_out] for share in SHARES]


def test_the_lists_name_existing_tests() -> None:
    assert [path for paths in (*SHARES, LEFT_OUT) for path in paths if not (ROOT / path).exists()] == []
    for file, names in FAILING_UNDER_WINE.items():
        assert all(f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8") for name in names)


@pytest.mark.parametrize("test", inner_tests())
def test_on_windows(test: str, outcomes_of: Outcomes) -> None:
    [outcome] = outcomes_of(test.partition("::")[0])
    assert test in outcome.seen, f"it was not run:\n{outcome.output}"
    if test in outcome.failed:
        pytest.fail(outcome.failed[test], pytrace=False)
    if test in outcome.skipped:
        pytest.skip(outcome.skipped[test])


def test_package_unit_tests_on_windows(outcomes_of: Outcomes) -> None:
    outcomes = outcomes_of(UNIT)
    assert not any(outcome.failed for outcome in outcomes), "\n".join(
        text for outcome in outcomes for text in outcome.failed.values()
    )
    assert sum(outcome.passed for outcome in outcomes) >= 1_100, "\n".join(outcome.output for outcome in outcomes)
