"""Builds wheel and sdist and looks into them: ``python -m tests.tools.release FOLDER``, needs pip and git alone.

Both are built twice, and the wheel once more from the sdist: the bytes must be the same. The sdist holds exactly what
git has, and the wheel exactly the package with the parts of the workbook and the licences.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
_GENERATED: Final = {"METADATA", "RECORD", "WHEEL", "entry_points.txt"}


def expected_in_wheel(project: dict[str, Any], files: list[str]) -> set[str]:
    """The names of a wheel's files, from those that git has."""
    config = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    moved = {**{name: name for name in config["packages"]}, **config["force-include"]}
    names = {moved[old] + file.removeprefix(old) for file in files for old in moved if file.startswith(f"{old}/")}
    info = f"{project['project']['name'].replace('-', '_')}-{project['project']['version']}.dist-info"
    licences = {f"licenses/{name}" for name in project["project"]["license-files"]}
    return names | {f"{info}/{name}" for name in _GENERATED | licences}


def faults(wheel: Path, sdist: Path) -> Iterator[str]:
    """What is missing from the archives, or foreign in them."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    files = listed.stdout.splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {name for name in archive.namelist() if not name.endswith("/")}
    with tarfile.open(sdist) as unpacked:
        in_sdist = {member.name.partition("/")[2] for member in unpacked if member.isfile()}
    for archive_name, own, expected in (
        ("wheel", in_wheel, expected_in_wheel(project, files)),
        ("sdist", in_sdist, {*files, "PKG-INFO"}),
    ):
        yield from (f"missing from the {archive_name}: {name}" for name in sorted(expected - own))
        yield from (f"foreign in the {archive_name}: {name}" for name in sorted(own - expected))


def build(python: Path, source: Path, folder: Path) -> tuple[Path, Path]:
    """The wheel and the sdist of a folder of sources."""
    code = "import sys; from hatchling.build import *; print(build_wheel(sys.argv[1]), build_sdist(sys.argv[1]))"
    done = subprocess.run([python, "-c", code, folder], cwd=source, capture_output=True, encoding="utf-8", check=True)
    wheel, sdist = done.stdout.split()
    return folder / wheel, folder / sdist


def main() -> int:
    """Build into the folder, and check; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.release", description="Builds wheel and sdist.")
    parser.add_argument("folder", type=Path, help="where they go")
    folder = parser.parse_args().folder.absolute()
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(Path(scratch, "builder"), with_pip=True)
        python = Path(scratch, "builder", "Scripts" if sys.platform == "win32" else "bin", "python")
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
        subprocess.run([python, "-m", "pip", "install", "--quiet", *project["build-system"]["requires"]], check=True)
        folder.mkdir(parents=True, exist_ok=True)
        wheel, sdist = build(python, ROOT, folder)
        with tarfile.open(sdist) as archive:
            archive.extractall(scratch, filter="data")
        again = build(python, Path(scratch, sdist.name.removesuffix(".tar.gz")), Path(scratch))
        found = list(faults(wheel, sdist))
        found += [
            f"{new.name}: other bytes when built from the sdist"
            for old, new in zip((wheel, sdist), again, strict=True)
            if old.read_bytes() != new.read_bytes()
        ]
    print(*found or [f"{file}: whole, and the same bytes when built again" for file in (wheel, sdist)], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
