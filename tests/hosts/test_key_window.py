"""The real window, on a virtual display."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.calc import window
from xl_openfunnel.simulator import Simulator

TITLE = "OpenFunnel: API key"
COMMAND = [sys.executable, "-I", "-B", "-m", "xl_openfunnel", "key", "set", "--window"]


@pytest.fixture
def display(tmp_path: Path) -> Iterator[window.Display]:
    pytest.importorskip("tkinter")
    if why := window.why_missing():
        pytest.skip(why)
    kept = {name: value for name, value in os.environ.items() if name != "OPENFUNNEL_API_KEY"}
    own = {
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "OPENFUNNEL_CACHE_DIR": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HOME": str(tmp_path),
    }
    with window.display({**kept, **own}) as display:
        yield display


def press(display: window.Display, *arguments: str) -> None:
    command = ["xdotool", *arguments]
    subprocess.run(command, env=display.environ, check=True, capture_output=True, timeout=60)


def test_the_key_typed_into_the_window_is_tried_and_kept(display: window.Display, tmp_path: Path) -> None:
    with Simulator([], credits=20_000) as service:
        environ = {**display.environ, "OPENFUNNEL_BASE_URL": service.base_url}
        with subprocess.Popen(COMMAND, env=environ, stderr=subprocess.PIPE, text=True) as process:
            press(display, "search", "--sync", "--onlyvisible", "--name", TITLE)
            press(display, "type", service.api_key)
            press(display, "key", "Return")
            _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "It works. The account has 20,000 credits left." in said.splitlines()
    assert service.api_key[-4:] not in said  # Excel's Python shows it in the status bar, and logs it
    (file,) = tmp_path.rglob("keys.json")
    assert service.api_key in file.read_text("utf-8")


def test_escape_closes_the_window_without_a_key(display: window.Display, tmp_path: Path) -> None:
    with subprocess.Popen(COMMAND, env=display.environ, stderr=subprocess.PIPE, text=True) as process:
        press(display, "search", "--sync", "--onlyvisible", "--name", TITLE)
        press(display, "key", "Escape")
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, "The window was closed. No key was kept.\n")
    assert not list(tmp_path.rglob("keys.json"))
