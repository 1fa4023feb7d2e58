"""A LibreOffice with the add-in, and the simulator as its service: one of each for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.basic import office
from tests.hosts.calc.home import Home, home
from xl_openfunnel.simulator import ManualClock, Simulator


@pytest.fixture(scope="package")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="package")
def service(clock: ManualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock) as started:
        yield started


@pytest.fixture(scope="package")
def user(service: Simulator) -> Iterator[Home]:
    if why := office.missing():
        pytest.skip(why)
    with home(service) as made:
        yield made


@pytest.fixture(scope="package")
def running(user: Home) -> Iterator[office.Office]:
    """One office for all, since it takes seconds to start."""
    done = user.command("install", "--calc")
    assert done.returncode == 0, done.stderr
    with office.Office(user.profile, user.environ) as started:
        yield started
