"""How LibreOffice's commands are run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from xl_openfunnel.detect import libreoffice
from xl_openfunnel.errors import ConfigurationError


def test_a_command_that_does_not_end_is_reported() -> None:
    with pytest.raises(ConfigurationError, match=r"^python\S* did not end within 0 seconds\. Close LibreOffice"):
        libreoffice.run([sys.executable, "-c", "input()"], 0.0)


def test_commands_do_not_see_an_activated_python_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "PYTHONPATH"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    asked = "import json, os; print(json.dumps(dict(os.environ)))"
    met = json.loads(libreoffice.run([sys.executable, "-c", asked]).stdout)
    assert not {"VIRTUAL_ENV", "PYTHONPATH"} & set(met)
    assert met["PATH"].split(os.pathsep) == [str(Path("/usr/bin")), str(tmp_path / "bin")]
