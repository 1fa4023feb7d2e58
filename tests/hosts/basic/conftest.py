from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.basic import office


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[office.Office]:
    if why := office.missing():
        pytest.skip(why)
    with office.Office(tmp_path_factory.mktemp("profile")) as started:
        yield started
