"""What is so for all tests: none is timed, and in CI none may be skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from xl_openfunnel.shared_hosts import use_own

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

_skipped: list[str] = []


@pytest.fixture(autouse=True)
def no_own_shared_hosts() -> Iterator[None]:
    """They are those of the process, so that no test may leave any to the next."""
    yield
    use_own(())


@pytest.hookimpl(optionalhook=True)  # the Python under Wine has no xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """No workers for single files: starting them takes longer than most files do."""
    paths = [Path(argument.partition("::")[0]) for argument in config.args]
    return None if any(map(Path.is_dir, paths)) else 0


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
