from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.basic import libreoffice
from tests.hosts.basic.book import Book


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[libreoffice.LibreOffice]:
    if why := libreoffice.why_missing():
        pytest.skip(why)
    with libreoffice.LibreOffice(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def book(running: libreoffice.LibreOffice) -> Book:
    return Book(running)
