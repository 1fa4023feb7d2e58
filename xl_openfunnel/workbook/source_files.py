"""The sources of workbook and add-in as files, within an installed package or beside it in a checkout."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

SOURCE_FOLDERS: Final = ("addin", "languages", "sheets", "vba")
"""The folders of sources that a wheel contains."""


def source_folder() -> Traversable:
    """The sources' folder: within an installed package, or beside the package in a checkout."""
    packaged = resources.files("xl_openfunnel.workbook") / "parts"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "workbook"


def read(name: str, encoding: str = "utf-8") -> str:
    """A source by its path below the folder, with LF line ends: a checkout may have CR LF."""
    text = source_folder().joinpath(*name.split("/")).read_text(encoding=encoding)
    return text.replace("\r\n", "\n")


def names(folder: str, suffix: str) -> list[str]:
    """The names of a folder's files with this suffix, without it and in their order."""
    found = (file.name for file in source_folder().joinpath(folder).iterdir())
    return sorted(name.removesuffix(suffix) for name in found if name.endswith(suffix))
