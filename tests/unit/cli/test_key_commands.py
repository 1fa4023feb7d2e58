"""key set, show and remove: the key is stored, and only its last four characters are shown."""

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

pytestmark = pytest.mark.dependencies

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
    """Make the real services unreachable; a simulator stays reachable."""
    real_credits = Client.credits

    def credits_or_offline(client: Client) -> Credits:
        if client.base_url in (ORIGIN, OTHER):
            raise DnsError("The name could not be looked up.")
        return real_credits(client)

    monkeypatch.setattr(Client, "credits", credits_or_offline)


def serve_without_variable(serve: Serve, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Simulator:
    service = serve(credits=20_000, credits_used=350, **options)
    monkeypatch.delenv("OPENFUNNEL_API_KEY")
    return service


def key_files(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("keys.json"))


def test_a_piped_key_is_stored_for_its_service_and_shown_by_its_last_characters(run: Run, tmp_path: Path) -> None:
    result = run("key", "set", stdin=f"{SECRET}\n")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"The key …cdef for {ORIGIN} is in: ")
    assert "only you may read" in result.err
    (file,) = key_files(tmp_path)
    assert file.stat().st_mode & 0o077 == 0 or file.drive
    assert run("key", "show").out == f"…cdef for {ORIGIN}, from: file {file}\n"


@pytest.mark.parametrize("mark", ["\ufeff", "ï»¿"])
def test_the_byte_order_mark_of_powershell_is_not_part_of_the_key(run: Run, mark: str, tmp_path: Path) -> None:
    assert run("key", "set", stdin=f"{mark}{SECRET}\r\n").code == 0
    assert f'"{SECRET}"' in key_files(tmp_path)[0].read_text("utf-8")


@pytest.mark.parametrize(
    "pasted", [f"X-API-Key: {SECRET}", f"  “{SECRET}”,", f"OPENFUNNEL_API_KEY='{SECRET}'", "\u200b".join(SECRET)]
)
def test_the_key_in_a_pasted_text_is_stored(run: Run, pasted: str, tmp_path: Path) -> None:
    assert run("key", "set", stdin=f"{pasted}\r\n").code == 0
    assert f'"{SECRET}"' in key_files(tmp_path)[0].read_text("utf-8")


def test_a_key_that_works_is_stored_and_the_credits_are_printed(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve_without_variable(serve, monkeypatch)
    result = run("key", "set", stdin=SECRET)
    assert (result.code, result.out) == (0, "")
    assert "It works. The account has 19,400 credits left." in result.err.splitlines()
    assert run("key", "show").out.startswith(f"…cdef for {service.base_url}, from: file ")


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_refused_key_is_not_stored_and_replaces_none(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    serve_without_variable(serve, monkeypatch, wrong_key=status)
    result = run("key", "set", stdin=WRONG)
    assert (result.code, result.out, key_files(tmp_path)) == (4, "", [])
    assert f"The API key (just given) was refused (HTTP {status})" in result.err
    assert "This one was not kept" in result.err
    assert WRONG not in result.err
    run("key", "set", stdin=SECRET)
    assert run("key", "set", stdin=WRONG).code == 4
    assert run("key", "show").out.startswith("…cdef for ")


def test_a_key_that_cannot_be_tried_is_stored_with_a_warning(run: Run) -> None:
    result = run("key", "set", stdin=SECRET)
    assert result.code == 0
    assert "warning: The key could not be tried: The name could not be looked up." in result.err
    assert "works" not in result.err
    assert "…cdef" in run("key", "show").out


def test_the_given_key_is_tried_and_not_that_of_the_environment(run: Run, serve: Serve) -> None:
    serve()  # with a right key in the variable, which has priority over a stored one
    assert run("key", "set", stdin=WRONG).code == 4


def test_a_text_without_the_key_prefix_is_not_stored(run: Run, tmp_path: Path) -> None:
    result = run("key", "set", stdin="hunter2-my-mail-password")
    assert (result.code, key_files(tmp_path)) == (2, [])
    assert "That is no API key: OpenFunnel's begin with of_." in result.err
    assert "hunter2" not in result.err


def test_a_typed_key_is_not_echoed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setattr(getpass, "getpass", lambda prompt, stream: SECRET)
    assert run("key", "set", stdin="never read").code == 0
    assert "…cdef" in run("key", "show").out


def test_another_service_never_gets_the_key(run: Run) -> None:
    run("key", "set", stdin=SECRET)
    assert run("key", "show", "--base-url", OTHER).code == 4
    run("key", "set", "--base-url", OTHER, stdin="of_another_key_9876")
    assert "…9876" in run("--base-url", OTHER, "key", "show").out
    assert "…cdef" in run("key", "show").out


def test_remove_deletes_the_key(run: Run, tmp_path: Path) -> None:
    run("key", "set", stdin=SECRET)
    assert run("key", "remove").err == f"The key for {ORIGIN} is removed.\n"
    assert (run("key", "show").code, key_files(tmp_path)) == (4, [])
    assert run("key", "remove").err == f"No key for {ORIGIN} was stored.\n"


def test_the_keys_of_all_addresses_are_named_and_removed(run: Run, tmp_path: Path) -> None:
    assert run("key", "remove", "--all").err == f"No key for {ORIGIN} was stored.\n"
    run("key", "set", stdin=SECRET)
    assert run("key", "show").err == ""
    run("key", "set", "--base-url", OTHER, stdin="of_another_key_9876")
    told = f"A key for {OTHER} is stored too: xl-openfunnel key show --base-url {OTHER}\n"
    assert run("key", "show").err == told
    elsewhere = run("key", "show", "--base-url", "https://third.example")
    assert (elsewhere.code, told in elsewhere.err) == (4, True)
    removed = run("key", "remove", "--all")
    assert (removed.code, removed.err) == (
        0,
        f"The key for {ORIGIN} is removed.\nThe key for {OTHER} is removed.\n",
    )
    assert key_files(tmp_path) == []


def test_a_key_in_the_environment_has_priority_and_a_note_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFUNNEL_API_KEY", "of_from_environment_5555")
    assert "OPENFUNNEL_API_KEY is set" in run("key", "set", stdin=SECRET).err
    assert run("key", "show").out.endswith("from: environment variable OPENFUNNEL_API_KEY\n")


@pytest.mark.parametrize("bad", ["", "\n", "two words here", "ключ_от_службы"])
def test_an_invalid_key_is_refused_and_not_repeated(run: Run, tmp_path: Path, bad: str) -> None:
    result = run("key", "set", stdin=bad)
    assert (result.code, key_files(tmp_path)) == (2, [])
    assert not bad.strip() or bad not in result.err


def test_a_key_is_never_an_argument(run: Run) -> None:
    assert run("key", "set", SECRET).code == 2  # and `run` finds it in no output


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_prompt_that_is_ended_without_a_key_is_a_wrong_call(
    run: Run, monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    def ended(*_: object, **__: object) -> str:
        raise EOFError

    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: True)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(getpass, "getpass", ended)
    result = run("--log-format", log_format, "key", "set")
    assert (result.code, "Nothing was given" in result.err) == (2, True)
