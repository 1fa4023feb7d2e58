"""What every test may lean on: no setting, key or store of the user's is ever touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.raw_server import RawServer
from xl_openfunnel.fetch_rows import shared_fetchers


@pytest.fixture(scope="package", autouse=True)
def no_settings_of_the_user_in_wider_fixtures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Those of a module or a session are set up before the fixture of each test."""
    with pytest.MonkeyPatch.context() as patch:
        _use_own(tmp_path_factory.mktemp("wider"), patch)
        yield
        _close_fetchers()


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    _use_own(tmp_path, monkeypatch)
    yield
    _close_fetchers()


def _use_own(folder: Path, patch: pytest.MonkeyPatch) -> None:
    for name in ("OPENFUNNEL_API_KEY", "OPENFUNNEL_BASE_URL", "OPENFUNNEL_CONCURRENCY"):
        patch.delenv(name, raising=False)
    patch.setenv("OPENFUNNEL_CACHE_DIR", str(folder / "cache"))
    patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        patch.setenv(name, str(folder / "home"))


def _close_fetchers() -> None:
    for fetcher in shared_fetchers.values():
        fetcher.close()
    shared_fetchers.clear()


@pytest.fixture(scope="module")
def raw_server() -> Iterator[RawServer]:
    made = RawServer()
    yield made
    made.close()
