"""Where a key could be after a session: in a file, in what was printed, in the list of processes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.measure import ROOT
from xl_openfunnel.simulator import Fault, SimulatedJob, Simulator, companies

SECRET: Final = "of_live_Zq7-s3cr3t-0123456789abcdef"
_WRITTEN: Final = (SECRET, SECRET.replace("_", "\\u005f"), SECRET[:-1] + "\\u0066")
"""How the service writes it, where it repeats it: as it is, and as JSON may write it too."""

_FORMS: Final = (
    *(form.encode() for form in (*_WRITTEN, SECRET[3:], SECRET.encode().hex())),
    *(SECRET.encode("utf-16-le"), base64.b64encode(SECRET.encode())),
)

_NAMES: Final = tuple(f"Company {number} {SECRET}" for number in range(len(_WRITTEN)))
_ROWS: Final = [{**row, "match_reason": f"as {row['name']}"} for row in companies(120, seed=1)]
JOB: Final = SimulatedJob(
    [{**row, "name": name} for row, name in zip(_ROWS, _NAMES, strict=False)] + _ROWS[len(_NAMES) :],
    derived_query=SECRET,
    extra={"progress_message": f"ranking for {SECRET}"},
)

_PROCESSES: Final = Path("/proc")


@dataclass(frozen=True)
class Left:
    """What a session leaves.

    Attributes:
        home: the folder that holds all it wrote.
        printed: all it printed, and what crash reports of it show.
        processes: how many processes there were meanwhile; None where the system has no list of them to read.
        named_in: the arguments of those that name the key.
    """

    home: Path
    printed: str
    processes: int | None
    named_in: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """What it wrote."""
        return kept_below(self.home)


def holds_key(content: bytes) -> bool:
    """Whether the key stands there, in any form."""
    return any(form in content for form in _FORMS)


def texts_of(path: Path) -> Iterator[bytes]:
    """A file's bytes, and those of what is packed in it."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield from (packed.read(name) for name in packed.namelist())


def kept_below(folder: Path) -> list[Path]:
    """All files there."""
    return [path for path in folder.rglob("*") if path.is_file()]


def files_with_the_key(left: Left) -> list[str]:
    """The names of those that hold it."""
    return [path.name for path in left.files if any(map(holds_key, texts_of(path)))]


def session(home: Path) -> Left:
    """A whole session in a process of its own, before a service that repeats the key wherever it can."""
    out = home / "out"
    out.mkdir()
    places = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA")
    with Simulator([JOB], api_key=SECRET) as service:
        service.faults = (Fault("rewrite", rewrite=_in_all_forms),)
        environ = {
            **os.environ,
            **dict.fromkeys(places, str(home)),
            "OPENFUNNEL_CACHE_DIR": str(home / "cache"),
            "OPENFUNNEL_BASE_URL": service.base_url,
            "OPENFUNNEL_API_KEY": SECRET,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        told = json.dumps({"job_id": JOB.job_id, "folder": str(out)})
        command = [sys.executable, "-X", "faulthandler", "-m", f"{__package__}.secrecy_child", told]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) as process:
            assert process.stdout is not None
            printed = b""
            while not printed.endswith(b"ready\n"):
                line = process.stdout.readline()
                assert line, printed.decode()[-2_000:]
                printed += line
            arguments = _arguments()
            service.faults = (Fault("status", status=401, body=b'{"detail": "Key %b is not valid"}' % SECRET.encode()),)
            rest, _ = process.communicate(b"\n")
        assert process.returncode == 1
    named = tuple(words.decode("utf-8", "replace") for words in arguments if holds_key(words))
    processes = len(arguments) if _PROCESSES.is_dir() else None
    return Left(home, (printed + rest).decode("utf-8", "replace"), processes, named)


def _in_all_forms(body: bytes) -> bytes:
    """The key in the first rows as JSON may write it."""
    for name, written in zip(_NAMES, _WRITTEN, strict=True):
        body = body.replace(name.encode(), name.replace(SECRET, written).encode())
    return body


def _arguments() -> list[bytes]:
    found = []
    for path in _PROCESSES.glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:  # it has ended
            continue
    return found
