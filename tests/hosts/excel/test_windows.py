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

# What fails there for reasons of Wine 8.0 and not of ours.
FAILING_UNDER_WINE = {
    # A connection that is reset arrives as one that was closed in order.
    "tests/unit/simulator/test_simulated_faults.py": (
        "test_reset_comes_before_any_byte",
        "test_reset_after_headers_never_gives_the_body",
    ),
    # Closing a socket does not wake a thread that waits for it.
    "tests/unit/simulator/test_simulated_service.py": ("test_stop_closes_kept_connections_and_leaves_no_thread",),
}
# What reads the sources or the files made of them with tools of its own, and is the same everywhere.
SAME_ON_EVERY_SYSTEM = ("addin", "analysis", "compound", "compression", "vba_project")
SYSTEM_INDEPENDENT = [f"tests/unit/workbook/test_{name}.py" for name in SAME_ON_EVERY_SYSTEM]
LINUX_ONLY = ["tests/unit/detect/test_libreoffice.py", "tests/unit/install/test_calc_setup.py"]
# They mostly wait, and longer than elsewhere, since this Wine's sockets are slow to notice that one was closed. The
# rest of the tests are a share of their own.
SHARES = (("tests/unit/jobs", "tests/unit/simulator"), ("tests/unit/api", "tests/unit/cli"))
SLOW_MODULES = {"test_live_cells", "test_selftest"}  # for what Excel does by itself
UNIT = "unit"
WORKERS = 2

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
    """Runs what is asked for, side by side: modules that share Windows' registry one after the other."""
    asked = {item.callspec.params["test"] if hasattr(item, "callspec") else UNIT for item in selected_tests(request)}
    modules = sorted({test.partition("::")[0] for test in asked - {UNIT}})

    def run(*args: str, timeout: float) -> Outcome:
        return windows_pytest(wine, tmp_path_factory.mktemp("windows"), *args, timeout=timeout)

    def run_module(module: str) -> Outcome:
        return run(f"tests/hosts/excel/windows/{module}.py", timeout=500)

    with (
        concurrent.futures.ThreadPoolExecutor(WORKERS) as pool,
        concurrent.futures.ThreadPoolExecutor(1) as one_after_the_other,
    ):
        under_way = {
            module: [(pool if module in SLOW_MODULES else one_after_the_other).submit(run_module, module)]
            for module in modules
        }
        if UNIT in asked:
            under_way[UNIT] = [pool.submit(run, *share, timeout=800) for share in unit_shares()]
        yield lambda name: [future.result() for future in under_way[name]]


def selected_tests(request: pytest.FixtureRequest) -> list[pytest.Item]:
    """The tests of this file that are to be run."""
    return [item for item in request.session.items if item.path == Path(__file__)]


def unit_shares() -> list[list[str]]:
    left_out = [f"--deselect={file}::{test}" for file, tests in FAILING_UNDER_WINE.items() for test in tests]
    left_out += [f"--ignore={file}" for file in (*SYSTEM_INDEPENDENT, *LINUX_ONLY)]
    rest = ["tests/unit", *(f"--ignore={folder}" for share in SHARES for folder in share)]
    return [[*share, *left_out] for share in (*SHARES, rest)]


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
    assert sum(outcome.passed for outcome in outcomes) >= 700, "\n".join(outcome.output for outcome in outcomes)
