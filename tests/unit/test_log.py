"""The log of a process that has no terminal."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from xl_openfunnel import log
from xl_openfunnel.settings import log_path

ROOT = Path(__file__).parents[2]
OURS = logging.getLogger("xl_openfunnel")


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before, level = list(OURS.handlers), OURS.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    yield
    for handler in [handler for handler in OURS.handlers if handler not in before]:
        OURS.removeHandler(handler)
        handler.close()
    OURS.setLevel(level)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    chosen = tmp_path / "chosen"
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", str(chosen))
    return chosen


def text(folder: Path) -> str:
    return (folder / "xl-openfunnel.log").read_text("utf-8")


def test_the_log_is_beside_the_store_of_a_set_folder_else_in_the_log_folder() -> None:
    chosen = Path.cwd() / "x"
    assert log_path({"OPENFUNNEL_CACHE_DIR": f" {chosen} "}) == chosen / "xl-openfunnel.log"
    assert log_path({}).parent == platformdirs.user_log_path("xl-openfunnel", appauthor=False)


def test_a_line_has_time_level_thread_and_logger(folder: Path) -> None:
    log.set_up()
    thread = threading.Thread(target=logging.getLogger("xl_openfunnel.jobs.x").info, args=["Grüße"], name="reader-3")
    thread.start()
    thread.join()
    when, rest = text(folder).rstrip("\n").split(" INFO ")
    assert rest == "[reader-3] xl_openfunnel.jobs.x: Grüße"
    assert when.startswith("20")


def test_the_file_is_created_with_the_first_message(folder: Path) -> None:
    log.set_up()
    OURS.debug("of no interest")
    logging.getLogger("urllib3.connectionpool").warning("not ours")
    assert not folder.exists()
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)


def test_a_second_set_up_does_not_duplicate_lines(folder: Path) -> None:
    log.set_up()
    log.set_up()
    OURS.info("once")
    assert text(folder).count("once") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such permissions")
def test_only_the_owner_may_read_the_log(folder: Path) -> None:
    log.set_up()
    OURS.info("x")
    assert (folder / "xl-openfunnel.log").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets only administrators make links")
def test_a_link_in_place_of_the_log_is_not_followed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    (folder / "xl-openfunnel.log").symlink_to(tmp_path / "elsewhere")
    log.set_up()
    OURS.error("into nothing")
    assert not (tmp_path / "elsewhere").exists()
    assert capsys.readouterr() == ("", "")


def test_text_from_the_service_cannot_forge_a_line(folder: Path) -> None:
    log.set_up()
    OURS.info("page %s", "x\n2026-01-01 00:00:00,000 CRITICAL [main] forged\x1b[2J\u2028more")
    assert len(text(folder).splitlines()) == 1
    assert "\x1b" not in text(folder)


def test_keys_are_redacted_in_messages_and_tracebacks(folder: Path) -> None:
    secret = "of_live_s3cr3t-0123456789abcdef"
    log.set_up()
    try:
        int(secret)
    except ValueError:
        OURS.exception("sent %s", secret)
    assert "s3cr3t" not in text(folder)
    assert "ValueError: invalid literal for int() with base 10: 'of_…'" in text(folder)


@pytest.mark.parametrize("writable", [True, False])
def test_keys_are_redacted_in_what_a_process_says_at_its_end(
    writable: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Excel's cells show the last line of a Python that ended while it started."""
    if not writable:
        monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", "~nobody-of-this-name/x")
    log.set_up()
    error = ValueError("of_live_s3cr3t-0123456789abcdef is no number")

    def fail() -> None:
        raise error

    sys.excepthook(ValueError, error, None)
    assert capsys.readouterr().err == "ValueError: of_… is no number\n"
    for _ in range(2):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        said = capsys.readouterr().err
        assert "s3cr3t" not in said
        if sys.stderr is not None:
            assert said.endswith("ValueError: of_… is no number\n")
            monkeypatch.setattr(sys, "stderr", None)
    sys.excepthook(ValueError, error, None)


def test_a_process_without_a_log_redacts_keys_too() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from xl_openfunnel import log; log.set_up(); int('of_live_s3cr3t-0123456789abcdef')"],
        cwd=ROOT,
        env={**os.environ, "OPENFUNNEL_CACHE_DIR": "~nobody-of-this-name/x"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "s3cr3t" not in ended.stderr
    assert ended.stderr.count("ValueError: invalid literal for int()") == 1


@pytest.mark.parametrize("chosen", ["file/below", "~nobody-of-this-name/x"])
def test_an_unwritable_log_folder_is_ignored(
    chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OPENFUNNEL_CACHE_DIR", chosen if chosen.startswith("~") else str(tmp_path / chosen))
    log.set_up()
    OURS.error("into nothing")
    assert capsys.readouterr() == ("", "")


def test_full_files_are_rotated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MAX_BYTES", 100)
    log.set_up()
    for number in range(9):
        OURS.info("line %d %s", number, "x" * 60)
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["xl-openfunnel.log", *(f"xl-openfunnel.log.{n}" for n in (1, 2, 3))]
    assert "line 8" in text(folder)


def test_a_file_that_cannot_be_renamed_grows_by_its_limit_before_the_next_try(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(log, "MAX_BYTES", 1000)
    log.set_up()
    OURS.info("old %s", "x" * 1000)
    OURS.info("first")
    tried: list[str] = []

    def held(source: str, target: str) -> None:
        tried.append(source)
        raise PermissionError(13, "another process has it open")

    monkeypatch.setattr(os, "rename", held)
    for number in range(30):
        OURS.info("line %d", number)  # 70 bytes each: twice the limit
    assert len(tried) == 2
    assert [f"line {number}\n" in text(folder) for number in range(30)] == [True] * 30
    assert "old" in (folder / "xl-openfunnel.log.1").read_text("utf-8")
    assert capsys.readouterr() == ("", "")


def test_an_uncaught_exception_in_a_thread_is_logged(folder: Path) -> None:
    log.set_up()

    def fail() -> None:
        raise ValueError("nobody caught it")

    for target in (fail, lambda: sys.exit(1)):
        thread = threading.Thread(target=target, name="openfunnel-x")
        thread.start()
        thread.join()
    assert "thread openfunnel-x ends\nTraceback" in text(folder)
    assert text(folder).count("ValueError: nobody caught it") == 1
    assert "SystemExit" not in text(folder)


def test_a_server_that_cannot_start_logs_the_reason(folder: Path) -> None:
    # On Windows this is no class id; elsewhere there is no pywin32. No pipe: what COM starts would hold it open.
    ended = subprocess.run(
        [sys.executable, "-m", "xl_openfunnel.hosts.serve", "no class id"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "xl_openfunnel.hosts.serve: begins: xl-openfunnel " in text(folder)
    assert "CRITICAL [MainThread] xl_openfunnel.log: the process ends\nTraceback" in text(folder)
    assert ("com_error" if sys.platform == "win32" else "pythoncom") in text(folder)
