"""The API key in Windows' own credential store, found by other processes too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import keyring
import pytest
from keyring.backends.Windows import WinVaultKeyring

from xl_openfunnel import keys
from xl_openfunnel.errors import MissingKeyError

ORIGIN = "https://keyring-test.example"
KEY = "of_test_0123456789abcdef"


@pytest.fixture(autouse=True)
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What Windows offers, and nothing of the test left in it."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.delenv("OPENFUNNEL_API_KEY", raising=False)
    before = keyring.get_keyring()
    backend: Any = WinVaultKeyring
    keyring.set_keyring(backend())
    yield
    keys.delete(ORIGIN)
    keyring.set_keyring(before)


def test_a_key_is_kept_found_by_another_process_replaced_and_dropped() -> None:
    assert keys.save(ORIGIN, KEY) == "Windows Credential Manager"
    look = f"from xl_openfunnel import keys; key = keys.find({ORIGIN!r}); print(key.value, key.source, sep='|')"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    assert found.strip() == f"{KEY}|Windows Credential Manager"
    keys.save(ORIGIN, KEY[::-1])
    assert keys.find(ORIGIN).value == KEY[::-1]
    assert keys.delete(ORIGIN)
    with pytest.raises(MissingKeyError):
        keys.find(ORIGIN)


def test_a_key_belongs_to_its_origin() -> None:
    keys.save(ORIGIN, KEY)
    with pytest.raises(MissingKeyError):
        keys.find(f"{ORIGIN}:8443")
