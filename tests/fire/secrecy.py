"""Where the key could leak in a session: a file, the output, the arguments of a process."""

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
"""How the service writes the key where it repeats it: as it is, and escaped as JSON allows."""

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
class SessionOutput:
    """What a session wrote and printed.

    Attributes:
        home: the folder with all files that it wrote.
        printed: all output, crash reports included.
        processes: how many processes were running then; None where the system has no list of them.
        leaking_arguments: the arguments of processes that contain the key.
        requests: what the service received.
    """

    home: Path
    printed: str
    processes: int | None
    leaking_arguments: tuple[str, ...]
    requests: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        return files_below(self.home)


def holds_key(content: bytes) -> bool:
    """Whether the content has the key, in any form."""
    return any(form in content for form in _FORMS)


def contents_of(path: Path) -> Iterator[bytes]:
    """A file's bytes, and those of the files packed in it."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield from (packed.read(name) for name in packed.namelist())


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def files_with_the_key(output: SessionOutput) -> list[str]:
    return [path.name for path in output.files if any(map(holds_key, contents_of(path)))]


def session(home: Path, child: str = "secrecy_child", **more: str) -> SessionOutput:
    """Run a whole session in a process of its own, with a service that repeats the key wherever it can.

    Args:
        home: the folder for all files.
        child: the module with the session, which prints ``ready`` and ends in a crash.
        more: what it is given besides the job and the folder of exported files.
    """
    out = home / "out"
    out.mkdir()
    folder_variables = (
        "HOME",
        "USERPROFILE",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "APPDATA",
        "LOCALAPPDATA",
    )
    with Simulator([JOB], api_key=SECRET) as service:
        service.faults = (Fault("rewrite", rewrite=_with_key_in_all_forms),)
        environ = {
            **os.environ,
            **dict.fromkeys(folder_variables, str(home)),
            "OPENFUNNEL_CACHE_DIR": str(home / "cache"),
            "OPENFUNNEL_BASE_URL": service.base_url,
            "OPENFUNNEL_API_KEY": SECRET,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        arguments = json.dumps({"job_id": JOB.job_id, "folder": str(out), **more})
        command = [sys.executable, "-X", "faulthandler", "-m", f"{__package__}.{child}", arguments]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) as process:
            assert process.stdout is not None
            printed = b""
            while not printed.endswith(b"ready\n"):
                line = process.stdout.readline()
                assert line, printed.decode()[-2_000:]
                printed += line
            process_arguments = _process_arguments()
            service.faults = (Fault("status", status=401, body=b'{"detail": "Key %b is not valid"}' % SECRET.encode()),)
            rest, _ = process.communicate(b"\n")
        assert process.returncode == 1, rest.decode()[-2_000:]
        requests = tuple(map(repr, service.received))
    leaking = tuple(each.decode("utf-8", "replace") for each in process_arguments if holds_key(each))
    processes = len(process_arguments) if _PROCESSES.is_dir() else None
    return SessionOutput(home, (printed + rest).decode("utf-8", "replace"), processes, leaking, requests)


def _with_key_in_all_forms(body: bytes) -> bytes:
    """Escape the key in the names of the first rows, as JSON allows."""
    for name, written in zip(_NAMES, _WRITTEN, strict=True):
        body = body.replace(name.encode(), name.replace(SECRET, written).encode())
    return body


def _process_arguments() -> list[bytes]:
    arguments = []
    for path in _PROCESSES.glob("[0-9]*/cmdline"):
        try:
            arguments.append(path.read_bytes())
        except OSError:  # the process has ended
            continue
    return arguments
