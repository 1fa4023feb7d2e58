"""The package that runs, as a wheel that pip can install elsewhere.

So the private Python gets this very version, wherever it came from: an index, a file or a folder with the sources. The
name is never asked for at an index, where somebody else may have taken it.
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
from ..workbook import sources

_PACKAGE: Final = Path(__file__).parents[1]
_WHEEL: Final = "Wheel-Version: 1.0\nGenerator: xl-openfunnel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(folder: Path) -> Path:
    """Write the wheel into a folder; its path.

    Raises:
        ConfigurationError: the package runs without having been installed, so nobody knows what it needs.
    """
    contents = dict([*_package(), *_about()])
    facts = f"xl_openfunnel-{version()}.dist-info"
    record = f"{facts}/RECORD"
    lines = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in contents.items()]
    contents[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    path = folder / f"xl_openfunnel-{version()}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def _package() -> Iterator[tuple[str, bytes]]:
    """The package's files; those beside it in a checkout stand where an installed package has them."""
    for file in sorted(_PACKAGE.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield (_PACKAGE.name / file.relative_to(_PACKAGE)).as_posix(), file.read_bytes()
    parts = sources.folder()
    if not (_PACKAGE / "workbook" / "parts").is_dir():
        for name in sources.PARTS:
            for part in parts.joinpath(name).iterdir():
                yield f"{_PACKAGE.name}/workbook/parts/{name}/{part.name}", part.read_bytes()


def _about() -> Iterator[tuple[str, bytes]]:
    """What pip needs to know: the dependencies and the commands; and the licence."""
    try:
        known = importlib.metadata.distribution("xl-openfunnel")
    except importlib.metadata.PackageNotFoundError:
        raise ConfigurationError(
            "XL OpenFunnel runs here without being installed. In its folder: python -m pip install ."
        ) from None
    facts = f"xl_openfunnel-{version()}.dist-info"
    for name in ("METADATA", "entry_points.txt"):
        yield f"{facts}/{name}", (known.read_text(name) or "").encode()
    for file in known.files or ():
        if file.parent.name == "licenses":
            yield f"{facts}/licenses/{file.name}", file.read_binary()
    yield f"{facts}/WHEEL", _WHEEL.encode()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
