"""What actions have the computer and the service do."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xl_openfunnel import settings
from xl_openfunnel.hosts.excel.commands import system
from xl_openfunnel.hosts.excel.commands.system import LocalSystem


def test_a_file_is_shown_as_when_it_is_double_clicked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown: list[Path] = []
    monkeypatch.setattr(system, "_system", SimpleNamespace(startfile=shown.append))
    client: Any = None
    LocalSystem(client).open_file(tmp_path / "help.html")
    assert shown == [tmp_path / "help.html"]


def test_it_is_the_service_that_is_asked_to_stop_a_job() -> None:
    asked: list[str] = []
    client: Any = SimpleNamespace(cancel=asked.append)
    LocalSystem(client).cancel("a-job")
    assert asked == ["a-job"]


def test_the_log_that_is_opened_is_the_one_that_is_written() -> None:
    client: Any = None
    assert LocalSystem(client).log_path() == settings.log_path()
