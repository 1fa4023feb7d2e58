"""What is so for all tests: none is timed, those of one host share a process, and in CI none may be skipped."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

HOSTS = Path(__file__).parent / "hosts"

_skipped: list[str] = []


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # They share what takes long to start: an office, a Windows.
        together = item.path.parent if HOSTS in item.path.parents else item.path
        item.add_marker(pytest.mark.xdist_group(str(together)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    on_behalf = hasattr(session.config, "workerinput")  # of the process that has all reports
    if _skipped and not on_behalf and os.environ.get("CI") == "true":
        print("\nskipped, which CI does not allow:", *_skipped, sep="\n  ")  # noqa: T201
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
