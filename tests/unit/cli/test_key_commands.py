"""key set, show and remove: the key goes in, and only four characters of it come out."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.core
import pytest
from keyring.backends.null import Keyring

from tests.unit.cli.conftest import SECRET, Run

ORIGIN = "https://api.openfunnel.dev"
OTHER = "https://other.example"


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def key_files(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("keys.json"))


def test_a_piped_key_is_kept_for_its_service_and_shown_by_its_end_only(run: Run, tmp_path: Path) -> None:
    ran = run("key", "set", stdin=f"{SECRET}\n")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith(f"The key …cdef for {ORIGIN} is in: ")
    assert "only you may read" in ran.err
    (file,) = key_files(tmp_path)
    assert file.stat().st_mode & 0o077 == 0 or file.drive
    assert run("key", "show").out == f"…cdef for {ORIGIN}, from: file {file}\n"


@pytest.mark.parametrize("mark", ["\ufeff", "ï»¿"])
def test_what_powershell_puts_before_piped_text_is_no_part_of_the_key(run: Run, mark: str, tmp_path: Path) -> None:
    assert run("key", "set", stdin=f"{mark}{SECRET}\r\n").code == 0
    assert f'"{SECRET}"' in key_files(tmp_path)[0].read_text("utf-8")


def test_what_is_no_key_is_not_kept(run: Run, tmp_path: Path) -> None:
    ran = run("key", "set", stdin="hunter2-my-mail-password")
    assert (ran.code, key_files(tmp_path)) == (2, [])
    assert "That is no API key: OpenFunnel's begin with of_." in ran.err
    assert "hunter2" not in ran.err


def test_a_typed_key_is_asked_for_unseen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: SECRET)
    assert run("key", "set", stdin="never read").code == 0
    assert "…cdef" in run("key", "show").out


def test_another_service_never_gets_the_key(run: Run) -> None:
    run("key", "set", stdin=SECRET)
    assert run("key", "show", "--base-url", OTHER).code == 2
    run("key", "set", "--base-url", OTHER, stdin="of_another_key_9876")
    assert "…9876" in run("--base-url", OTHER, "key", "show").out
    assert "…cdef" in run("key", "show").out


def test_a_removed_key_is_gone(run: Run, tmp_path: Path) -> None:
    run("key", "set", stdin=SECRET)
    assert run("key", "remove").err == f"The key for {ORIGIN} is removed.\n"
    assert (run("key", "show").code, key_files(tmp_path)) == (2, [])
    assert run("key", "remove").err == f"No key for {ORIGIN} was stored.\n"


def test_the_environment_goes_before_a_stored_key_and_that_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFUNNEL_API_KEY", "of_from_environment_5555")
    assert "OPENFUNNEL_API_KEY is set" in run("key", "set", stdin=SECRET).err
    assert run("key", "show").out.endswith("from: environment variable OPENFUNNEL_API_KEY\n")


@pytest.mark.parametrize("bad", ["", "\n", "two words here", "ключ_от_службы"])
def test_what_is_no_key_is_refused_and_not_repeated(run: Run, tmp_path: Path, bad: str) -> None:
    ran = run("key", "set", stdin=bad)
    assert (ran.code, key_files(tmp_path)) == (2, [])
    assert not bad.strip() or bad not in ran.err


def test_a_key_is_never_an_argument(run: Run) -> None:
    assert run("key", "set", SECRET).code == 2  # and `run` finds it in no output


def test_plain_http_to_another_machine_is_refused(run: Run) -> None:
    ran = run("--base-url", "http://api.openfunnel.dev", "key", "show")
    assert ran.code == 2
    assert "unencrypted" in ran.err
