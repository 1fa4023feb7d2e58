"""Atomic replacement of a file: a reader sees the old file or the new one, never half of one.

Who replaces a file by what it reads in it does both within `exclusive`, so that no other process does so in between.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from .errors import ConfigurationError, FileWriteError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LEFT_OVER_AGE: Final = 600.0
"""Seconds after which a temporary file is left over from a process that ended: writing one takes seconds."""

_TEMPORARY: Final = re.compile(r"\.xl-openfunnel-[0-9a-f]{12}\.part")

_PAUSES: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 1.0)
"""Seconds between tries to change a file that is being read."""

_LOCK: Final = ".xl-openfunnel.lock"

_LOCK_PAUSES: Final = (*(0.02,) * 50, *(0.1,) * 290)
"""Seconds between tries to get a lock, 30 in all: reading and replacing a file takes less than one."""

_OPEN_TRIES: Final = 20

_IS_LOCKED: Final = (errno.EACCES, errno.EAGAIN, errno.EDEADLK, errno.ENOENT, 0)
"""What the system says of a lock that another process has, and of its file that is gone. Wine gives no number."""


def check_writable(path: Path, example: str | None = None) -> None:
    """Check whether ``path`` can be written, without changing anything.

    Args:
        path: the file.
        example: a file name that the error suggests if ``path`` is a folder.

    Raises:
        ConfigurationError: the folder is missing, or ``path`` is a folder or a device.
        FileWriteError: the file exists but cannot be changed now, the folder denies access or new files, or the
            name is not allowed.
    """
    with _as_filewrite_error(path):
        if path.is_dir():
            suggestion = f", for example {path / example}" if example else ""
            raise ConfigurationError(f"{path} is a folder. Give the name of a file in it{suggestion}.")
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"{path} is no ordinary file. Give the name of one.")
        # The new file replaces the link's target. Unlike resolve(), realpath() accepts a link to itself.
        folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
        if not folder.is_dir():
            raise missing_folder(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileWriteError(f"The folder {folder} takes no new file. Give another one.")
    try:
        # On Windows, a file that is open in Excel cannot be opened for writing.
        with contextlib.suppress(FileNotFoundError), path.open("r+b"):
            pass
    except OSError as error:
        raise write_error(path, error) from None


@contextlib.contextmanager
def _as_filewrite_error(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise FileWriteError(f"{path} could not be written: its folder may not be entered. Give another one.") from None
    except OSError as error:  # a name that is too long
        raise write_error(path, error) from None


@contextlib.contextmanager
def atomic_replace(path: Path, *, patient: bool = False) -> Iterator[Path]:
    """Yield the path of a temporary file in the same folder, which replaces ``path`` if the block succeeds.

    Args:
        path: the file.
        patient: whether to wait, as `patiently` does, while another program reads it.

    Raises:
        ConfigurationError: see `check_writable`.
        FileWriteError: see `check_writable`; or an error of the system, such as a full disk, in its own words.
    """
    check_writable(path)
    target = path.resolve()  # keeps a symbolic link a link
    with temporary_file(target.parent) as temporary:
        try:
            yield temporary
            with contextlib.suppress(OSError):
                shutil.copymode(target, temporary)
            patiently(lambda: temporary.replace(target)) if patient else temporary.replace(target)
        except OSError as error:
            raise write_error(path, error) from None


def atomic_write(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace ``path`` by a file with this content; raises what `atomic_replace` does.

    Args:
        path: the file.
        content: what it holds.
        mode: who may read a file that is new, also while it is written.
    """
    with atomic_replace(path, patient=True) as temporary:
        temporary.touch(mode, exist_ok=False)
        temporary.write_bytes(content)


@contextlib.contextmanager
def temporary_file(folder: Path) -> Iterator[Path]:
    """The path of a new file in the folder, which is removed at the end if it is still there."""
    path = folder / f".xl-openfunnel-{secrets.token_hex(6)}.part"  # as `_TEMPORARY` says
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def remove_left_over(folder: Path, before: float) -> None:
    """Remove temporary files that were last changed before this time, in seconds since 1970."""
    for path in folder.glob(".*"):
        if _TEMPORARY.fullmatch(path.name):
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime < before:
                    path.unlink()


def patiently(change: Callable[[], object], sleep: Callable[[float], object] = time.sleep) -> None:
    """Replace or remove a file, which Windows refuses while another program reads it, as ours do for a moment.

    Raises:
        PermissionError: it was refused each time.
    """
    for pause in _PAUSES:
        try:
            change()
        except PermissionError:
            sleep(pause)
        else:
            return
    change()


@contextlib.contextmanager
def exclusive(folder: Path, sleep: Callable[[float], object] | None = None) -> Iterator[None]:
    """Let one process or thread at a time do what follows with the files of a folder; the others wait.

    The system ends the lock of a process that ends. Where it has no locks, as on some shares, or another program keeps
    one for half a minute, this goes on without: then a change of another process at the same moment can be lost.

    Args:
        folder: has the file that stands for the lock while one has it.
        sleep: waits, in seconds.
    """
    path = folder / _LOCK
    descriptor = _lock(path, sleep or time.sleep)
    try:
        yield
    finally:
        if descriptor is not None:
            _unlock(path, descriptor)


def _lock(path: Path, sleep: Callable[[float], object]) -> int | None:
    """The descriptor of a file that this process has locked; None where that cannot be done."""
    for number, pause in enumerate(_LOCK_PAUSES):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as error:
            # Windows refuses to open a file that is just being removed.
            if sys.platform != "win32" or not isinstance(error, PermissionError) or number >= _OPEN_TRIES:
                return None
            sleep(pause)
            continue
        try:
            _lock_file(descriptor)
            # The one who had it has removed it, and the next may have made another. Windows removes no open file.
            if sys.platform == "win32" or os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except OSError as error:
            if error.errno not in _IS_LOCKED:
                os.close(descriptor)
                return None
            sleep(pause)
        os.close(descriptor)
    return None


def _lock_file(descriptor: int) -> None:
    """Lock the file; an error says that another process has it locked, or that there are no locks."""
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unlock(path: Path, descriptor: int) -> None:
    if sys.platform == "win32":
        os.close(descriptor)
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass  # another process has opened it, and removes it
    finally:
        if sys.platform != "win32":  # not earlier: another process could have it locked by then
            os.close(descriptor)


@contextlib.contextmanager
def parts_folder(what: str) -> Iterator[Path]:
    """A folder of the system's for the parts of a file, such as ``"The workbook"``, which is removed at the end.

    Raises:
        FileWriteError: it could not be made.
    """
    try:
        temporary = tempfile.TemporaryDirectory(prefix="xl-openfunnel-", ignore_cleanup_errors=True)
    except OSError as error:
        raise parts_error(what, error) from None
    with temporary as folder:
        yield Path(folder)


def parts_error(what: str, error: OSError | str) -> FileWriteError:
    """The error of a file whose parts could not be written in `parts_folder`."""
    reason = error if isinstance(error, str) else error.strerror or error
    folder = tempfile.tempdir or "the folder for temporary files"
    return FileWriteError(
        f"{what} could not be made: {reason}. Make room in {folder}, where its parts are put together, or try .csv "
        "instead."
    )


def missing_folder(folder: Path) -> ConfigurationError:
    """The error of a folder that does not exist."""
    return ConfigurationError(f"The folder {folder} is not there. Make it first, or give another one.")


def locked_error(path: Path) -> FileWriteError:
    """The error of a file that another program holds open."""
    text = f"{path} could not be written: it is open in another program, or protected. Close it there and try again."
    return FileWriteError(text, locked=True)


def write_error(path: Path, error: OSError) -> FileWriteError:
    """The error of a file that the system did not let be written."""
    if isinstance(error, PermissionError):
        return locked_error(path)
    return FileWriteError(f"{path} could not be written: {error.strerror or error}. Try another place.")
