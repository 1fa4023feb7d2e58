"""What every test may lean on: no setting, key or store of the user's is ever touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.raw_server import RawServer
from xl_openfunnel.fetch_rows import shared_fetchers


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("OPENFUNNEL_API_KEY", "OPENFUNNEL_BASE_URL", "OPENFUNNEL_CONCURRENCY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    yield
    for fetcher in shared_fetchers.values():
        fetcher.close()
    shared_fetchers.clear()


@pytest.fixture(scope="module")
def raw_server() -> Iterator[RawServer]:
    made = RawServer()
    yield made
    made.close()
