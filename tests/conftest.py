"""What is so for all tests: none is timed, in CI none may be skipped or use the user's own files, and those that wait
longest start first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest

from xl_openfunnel.settings import log_path, store_path
from xl_openfunnel.shared_hosts import use_own

if TYPE_CHECKING:
    from tests.distribution import WholeFolders

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

_skipped: list[str] = []
_standing_back: list[str] = []


@pytest.fixture(autouse=True)
def no_own_shared_hosts() -> Iterator[None]:
    """They are those of the process, so that no test may leave any to the next."""
    yield
    use_own(())


HOSTS = Path(__file__).parent / "hosts"
WHOLE_FOLDERS = tuple(f"tests/hosts/{host}/" for host in ("excel", "basic", "calc"))
"""Each has one Wine or LibreOffice for all of its files, in the order in which they start: the longest first."""


@pytest.hookimpl(optionalhook=True)  # the Python under Wine has no xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """No workers for single files, which start faster than workers; one more for the hosts, which mostly wait."""
    paths = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    if not any(map(Path.is_dir, paths)):
        return 0
    waiting = any(HOSTS.is_relative_to(path) or path.is_relative_to(HOSTS) for path in paths)
    return (os.cpu_count() or 1) + 1 if waiting else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WholeFolders | None:
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.distribution import WholeFolders

    return WholeFolders(WHOLE_FOLDERS, config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def order(item: pytest.Item) -> int:
        return [item.nodeid.startswith(folder) for folder in (*WHOLE_FOLDERS, "")].index(True)

    items.sort(key=order)


def pytest_runtest_logstart(nodeid: str) -> None:
    """Leave the cores to Excel's tests, which wait for what cells do by themselves: that is slower on a busy
    machine."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker and sys.platform != "win32" and not _standing_back and not nodeid.startswith(WHOLE_FOLDERS[0]):
        _standing_back.append(worker)
        os.nice(10)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def _users_own_files() -> dict[Path, int]:
    """When the files of the user's store and log were last written."""
    folders = {store_path().parent, log_path().parent}
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


_own_files: Final = _users_own_files()


def pytest_sessionfinish(session: pytest.Session) -> None:
    on_behalf = hasattr(session.config, "workerinput")  # of the process that has all reports
    if on_behalf or os.environ.get("CI") != "true":
        return
    used = sorted(path for path, written in _users_own_files().items() if _own_files.get(path) != written)
    for what, found in (("skipped", _skipped), ("written into the user's own files", used)):
        if found:
            print(f"\n{what}, which CI does not allow:", *found, sep="\n  ")  # noqa: T201
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
