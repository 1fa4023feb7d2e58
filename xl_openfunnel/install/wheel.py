"""Packs the running package as a wheel that pip can install elsewhere.

So the private Python gets exactly this version, whether it came from an index, a file or a checkout. The package's name
is never looked up at an index, where somebody else may have registered it.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..errors import ConfigurationError
from ..version import version
from ..workbook import source_files

_PACKAGE: Final = Path(__file__).parents[1]
_WHEEL: Final = "Wheel-Version: 1.0\nGenerator: xl-openfunnel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(folder: Path) -> Path:
    """Write the wheel into a folder and return its path.

    Raises:
        ConfigurationError: the package was never installed, so its dependencies are unknown.
    """
    contents = dict([*_package_files(), *_metadata()])
    record = f"{_dist_info()}/RECORD"
    lines = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in contents.items()]
    contents[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    path = folder / f"xl_openfunnel-{version()}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def _package_files() -> Iterator[tuple[str, bytes]]:
    """The package's files. The workbook sources of a checkout go where an installed package has them."""
    for file in sorted(_PACKAGE.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield (_PACKAGE.name / file.relative_to(_PACKAGE)).as_posix(), file.read_bytes()
    parts = source_files.source_folder()
    if not (_PACKAGE / "workbook" / "parts").is_dir():
        for name in source_files.SOURCE_FOLDERS:
            for part in parts.joinpath(name).iterdir():
                yield f"{_PACKAGE.name}/workbook/parts/{name}/{part.name}", part.read_bytes()


def _metadata() -> Iterator[tuple[str, bytes]]:
    """What pip needs to know (dependencies, commands), and the licence."""
    try:
        installed = importlib.metadata.distribution("xl-openfunnel")
    except importlib.metadata.PackageNotFoundError:
        raise ConfigurationError(
            "XL OpenFunnel runs here without being installed. In its folder: python -m pip install ."
        ) from None
    folder = _dist_info()
    for name in ("METADATA", "entry_points.txt"):
        yield f"{folder}/{name}", (installed.read_text(name) or "").encode()
    for file in installed.files or ():
        if file.parent.name == "licenses":
            yield f"{folder}/licenses/{file.name}", file.read_binary()
    yield f"{folder}/WHEEL", _WHEEL.encode()


def _dist_info() -> str:
    return f"xl_openfunnel-{version()}.dist-info"


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
