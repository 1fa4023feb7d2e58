"""A LibreOffice with the add-in, and the simulator as its service: one of each for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.basic import libreoffice
from tests.hosts.calc.home import UserHome, user_home
from tests.hosts.calc.sheet import Sheet
from xl_openfunnel.simulator import ManualClock, Simulator


@pytest.fixture(scope="package")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="package")
def service(clock: ManualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock) as started:
        yield started


@pytest.fixture(scope="package")
def user(service: Simulator) -> Iterator[UserHome]:
    if why := libreoffice.why_missing():
        pytest.skip(why)
    with user_home(service) as made:
        yield made


@pytest.fixture(scope="package")
def running(user: UserHome) -> Iterator[libreoffice.LibreOffice]:
    """One LibreOffice for all tests, since it takes seconds to start."""
    done = user.run("install", "--calc")
    assert done.returncode == 0, done.stderr
    with libreoffice.LibreOffice(user.profile, user.environ) as started:
        yield started


@pytest.fixture
def sheet(running: libreoffice.LibreOffice) -> Sheet:
    return Sheet(running)
