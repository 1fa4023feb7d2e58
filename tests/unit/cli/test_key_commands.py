"""key set, show and remove: the key goes in, and only four characters of it come out."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.core
import pytest
from keyring.backends.null import Keyring

from tests.unit.cli.conftest import SECRET, Run, Serve
from xl_openfunnel import Client, DnsError
from xl_openfunnel.api.models import Credits
from xl_openfunnel.simulator import Simulator

ORIGIN = "https://api.openfunnel.dev"
OTHER = "https://other.example"
WRONG = "of_wrong_key_0123456789"


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real services are out of reach; a simulator is not."""
    ask = Client.credits

    def credits_(client: Client) -> Credits:
        if client.base_url in (ORIGIN, OTHER):
            raise DnsError("The name could not be looked up.")
        return ask(client)

    monkeypatch.setattr(Client, "credits", credits_)


def serve_without_variable(serve: Serve, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Simulator:
    service = serve(credits=20_000, credits_used=350, **options)
    monkeypatch.delenv("OPENFUNNEL_API_KEY")
    return service


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


def test_a_key_that_works_is_kept_and_the_credits_are_told(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve_without_variable(serve, monkeypatch)
    ran = run("key", "set", stdin=SECRET)
    assert (ran.code, ran.out) == (0, "")
    assert "It works. The account has 19,400 credits left." in ran.err.splitlines()
    assert run("key", "show").out.startswith(f"…cdef for {service.base_url}, from: file ")


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_refused_key_is_not_kept_and_replaces_none(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    serve_without_variable(serve, monkeypatch, wrong_key=status)
    ran = run("key", "set", stdin=WRONG)
    assert (ran.code, ran.out, key_files(tmp_path)) == (1, "", [])
    assert f"The API key (just given) was refused (HTTP {status})" in ran.err
    assert "This one was not kept" in ran.err
    assert WRONG not in ran.err
    run("key", "set", stdin=SECRET)
    assert run("key", "set", stdin=WRONG).code == 1
    assert run("key", "show").out.startswith("…cdef for ")


def test_a_key_that_cannot_be_tried_is_kept_and_it_is_said_why(run: Run) -> None:
    ran = run("key", "set", stdin=SECRET)
    assert ran.code == 0
    assert "warning: The key could not be tried: The name could not be looked up." in ran.err
    assert "works" not in ran.err
    assert "…cdef" in run("key", "show").out


def test_the_key_that_is_given_is_the_one_that_is_tried(run: Run, serve: Serve) -> None:
    serve()  # with a right key in the variable, which goes before a kept one
    assert run("key", "set", stdin=WRONG).code == 1


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
