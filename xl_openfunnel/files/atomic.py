"""Replacing a file in one step: whoever reads it sees the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import ConfigurationError, FileWriteError


def check_writable(path: Path, example: str | None = None) -> None:
    """Find out whether ``path`` could be written, without changing anything.

    Args:
        path: the file.
        example: the name of a file to propose where ``path`` is a folder.

    Raises:
        ConfigurationError: its folder is not there, or it is a folder or a device itself.
        FileWriteError: the file is there and may not be changed now, its folder takes no new file, or may not be
            entered, or there can be no such name.
    """
    with _looking_at(path):
        if path.is_dir():
            proposed = f", for example {path / example}" if example else ""
            raise ConfigurationError(f"{path} is a folder. Give the name of a file in it{proposed}.")
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"{path} is no ordinary file. Give the name of one.")
        # The new file comes to where a link leads. Unlike resolve(), realpath() takes a link to itself.
        folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
        if not folder.is_dir():
            raise ConfigurationError(f"The folder {folder} is not there. Make it first, or give another one.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileWriteError(f"The folder {folder} takes no new file. Give another one.")
    try:
        # Excel on Windows keeps the files it shows from being opened for writing.
        with contextlib.suppress(FileNotFoundError), path.open("r+b"):
            pass
    except OSError as trouble:
        raise _not_written(path, trouble) from None


@contextlib.contextmanager
def _looking_at(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise FileWriteError(f"{path} could not be written: its folder may not be entered. Give another one.") from None
    except OSError as trouble:  # a name that is too long
        raise _not_written(path, trouble) from None


@contextlib.contextmanager
def atomic_replace(path: Path) -> Iterator[Path]:
    """A new file's path in the same folder; it takes the place of ``path`` when the block ends well.

    Raises:
        ConfigurationError: as `check_place`.
        FileWriteError: as `check_place`, or the system's own words, for example that the disk is full.
    """
    check_writable(path)
    place = path.resolve()  # a symbolic link stays one
    fresh = place.with_name(f".xl-openfunnel-{secrets.token_hex(6)}.part")
    try:
        yield fresh
        with contextlib.suppress(OSError):
            shutil.copymode(place, fresh)
        fresh.replace(place)
    except OSError as trouble:
        raise _not_written(path, trouble) from None
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def _not_written(path: Path, trouble: OSError) -> FileWriteError:
    if isinstance(trouble, PermissionError):
        return FileWriteError(
            f"{path} could not be written: it is open in another program, or protected. Close it there and try again.",
            locked=True,
        )
    return FileWriteError(f"{path} could not be written: {trouble.strerror or trouble}. Try another place.")
