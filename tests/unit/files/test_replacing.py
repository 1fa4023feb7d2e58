"""Files are replaced completely or not at all."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.unit.files.conftest import MakeSnapshot
from xl_openfunnel import ConfigurationError, FileWriteError, UnknownColumnError
from xl_openfunnel.atomic import atomic_replace, exclusive, patiently
from xl_openfunnel.files import SUFFIXES, check, write


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "rows.csv"
    target.write_text("old")

    def write_half() -> None:
        with atomic_replace(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("rows.csv", "old")]


@pytest.mark.parametrize("removed", [False, True])
def test_a_file_that_is_read_for_a_moment_is_changed_after_it(tmp_path: Path, removed: bool) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    new.touch()
    pauses: list[float] = []
    with old.open("rb") as reader:

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                reader.close()

        patiently(old.unlink if removed else lambda: new.replace(old), sleep)
    assert len(pauses) == (2 if sys.platform == "win32" else 0)
    assert {path.name for path in tmp_path.iterdir()} == ({"new"} if removed else {"old"})


def test_a_file_that_stays_in_use_is_not_changed(tmp_path: Path) -> None:
    pauses: list[float] = []

    def refuse() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        patiently(refuse, pauses.append)
    assert 0 < sum(pauses) < 3


def test_a_full_disk_is_reported_in_the_systems_words(tmp_path: Path) -> None:
    def write_to_full_disk() -> None:
        with atomic_replace(tmp_path / "rows.csv"):
            raise OSError(28, "No space left on device")

    with pytest.raises(FileWriteError, match="No space left on device") as caught:
        write_to_full_disk()
    assert not caught.value.locked


def test_a_file_that_is_open_elsewhere_is_reported_as_locked(tmp_path: Path) -> None:
    def write_locked() -> None:
        with atomic_replace(tmp_path / "rows.csv"):
            raise PermissionError(13, "Permission denied")

    with pytest.raises(FileWriteError, match="open in another program") as caught:
        write_locked()
    assert caught.value.locked


@pytest.mark.parametrize("name", ["rows", "rows.pdf", "rows.xls", "xlsx"])
def test_the_error_for_an_unknown_suffix_lists_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check(tmp_path / name)
    assert all(suffix in caught.value.message for suffix in SUFFIXES)


def test_suffixes_are_case_insensitive(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    write(snapshot(), tmp_path / "ROWS.CSV")
    assert (tmp_path / "ROWS.CSV").exists()


def test_a_folder_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ConfigurationError, match="is a folder"):
        check(tmp_path / "folder.csv")
    with pytest.raises(ConfigurationError, match="is not there"):
        check(tmp_path / "nowhere" / "rows.csv")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_check_follows_links_to_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    protected, link = tmp_path / "protected", tmp_path / "rows.csv"
    protected.mkdir()
    (protected / "old.csv").write_text("old")
    link.symlink_to(protected / "old.csv")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != protected)  # root may write everywhere
    with pytest.raises(FileWriteError, match=re.escape(f"The folder {protected} takes no new file.")):
        check(link)
    link.unlink()
    link.symlink_to(tmp_path / "nowhere" / "rows.csv")
    with pytest.raises(ConfigurationError, match="nowhere is not there"):
        check(link)
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(FileWriteError, match=r"rows\.csv could not be written"):
        check(link)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reports such a file as missing")
def test_the_error_for_a_too_long_name_contains_it(tmp_path: Path) -> None:
    with pytest.raises(FileWriteError, match=r"n{252}\.csv could not be written"):
        check(tmp_path / f"{'n' * 252}.csv")


def test_the_error_for_an_inaccessible_folder_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", deny)
    with pytest.raises(FileWriteError, match=r"rows\.csv could not be written: its folder may not be entered"):
        check(tmp_path / "rows.csv")


def test_an_unknown_column_leaves_the_old_file(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("old")
    with pytest.raises(UnknownColumnError):
        write(snapshot(), tmp_path / "rows.csv", ["nothing"])
    assert (tmp_path / "rows.csv").read_text() == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_a_replaced_file_keeps_its_mode_and_a_link_stays_a_link(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "rows.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(snapshot(), link)
    assert link.is_symlink()
    assert real.read_bytes() != b"old"
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_new_file_gets_the_default_mode(snapshot: MakeSnapshot, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(snapshot(), tmp_path / "rows.csv")
    finally:
        os.umask(before)
    assert (tmp_path / "rows.csv").stat().st_mode & 0o777 == 0o640


def test_one_at_a_time_changes_the_files_of_a_folder(tmp_path: Path) -> None:
    waits: list[float] = []
    with exclusive(tmp_path, waits.append):
        assert waits == []
        with exclusive(tmp_path, waits.append):  # goes on at last: the other may have been put to sleep
            assert 29 < sum(waits) < 31
    assert list(tmp_path.iterdir()) == []


def test_who_waited_for_another_comes_next(tmp_path: Path) -> None:
    waiting, done = threading.Event(), threading.Event()
    order: list[str] = []

    def wait(_: float) -> None:
        waiting.set()
        done.wait(30)

    def second() -> None:
        with exclusive(tmp_path, wait):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusive(tmp_path):
        thread.start()
        assert waiting.wait(30)
        order.append("first")
    done.set()
    thread.join()
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_owner_was_ended_is_free(tmp_path: Path) -> None:
    code = "import os, pathlib, sys; from xl_openfunnel.atomic import exclusive\n"
    code += "with exclusive(pathlib.Path(sys.argv[1])): os._exit(0)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert [path.name for path in tmp_path.iterdir()] == [".xl-openfunnel.lock"]
    waits: list[float] = []
    with exclusive(tmp_path, waits.append):
        assert waits == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EINVAL])
def test_a_file_system_without_locks_is_used_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, "no locks")

    monkeypatch.setattr("xl_openfunnel.atomic._lock_file", refuse)
    with exclusive(tmp_path, lambda _: pytest.fail("it waits")):
        pass
    with exclusive(tmp_path / "missing", lambda _: pytest.fail("it waits")):
        pass
