"""The tests' own LibreOffice: it reports errors and leaves no process behind."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from tests.hosts.basic import libreoffice

ENDLESS = "Option VBASupport 1\nPublic Sub Run()\nDo\nLoop\nEnd Sub\n"


def processes_with(text: str) -> list[bytes]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # the process has ended
            found.append(file.read_bytes())
    return [command for command in found if text.encode() in command]


def test_a_libreoffice_that_hangs_is_killed(tmp_path: Path) -> None:
    if why := libreoffice.why_missing():
        pytest.skip(why)
    with libreoffice.LibreOffice(tmp_path) as started:
        started.open(libreoffice.project() | {"Endless": ENDLESS})
        assert processes_with(str(tmp_path)) != []
        started.timeout = 2
        with pytest.raises(libreoffice.BasicError, match="no answer within"):
            started.call("Endless.Run")
    end = time.monotonic() + 10  # a killed process takes a moment to free its memory
    while processes_with(str(tmp_path)) and time.monotonic() < end:
        time.sleep(0.05)
    assert processes_with(str(tmp_path)) == []


def test_an_unknown_condition_is_an_error() -> None:
    with pytest.raises(ValueError, match="VBA6"):
        libreoffice.to_basic("#If VBA6 Then\n#End If\n")
