from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.basic import libreoffice


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[libreoffice.LibreOffice]:
    if why := libreoffice.why_missing():
        pytest.skip(why)
    with libreoffice.LibreOffice(tmp_path_factory.mktemp("profile")) as started:
        yield started
