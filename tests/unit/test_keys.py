"""Where the key lives, and that it does not show."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import keyring
import keyring.backend
import keyring.backends.null
import keyring.errors
import pytest

from xl_openfunnel import ConfigurationError, MissingKeyError, keys

pytestmark = pytest.mark.dependencies

ORIGIN = "https://api.openfunnel.dev:443"
OTHER = "https://other.example:443"
SECRET = "of_live_0123456789abcd"


class InMemory(keyring.backend.KeyringBackend):
    """A keyring that works."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class Locked(InMemory):
    """A keyring that nobody unlocks."""

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.KeyringLocked("locked")


@pytest.fixture(params=[keyring.backends.null.Keyring, Locked])
def no_keyring(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", backend := request.param)
    monkeypatch.setattr("keyring.core._keyring_backend", backend())


@pytest.fixture
def working_keyring(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    backend = InMemory()
    monkeypatch.setattr("keyring.core._keyring_backend", backend)
    return backend


def test_the_environment_takes_precedence(working_keyring: InMemory) -> None:
    keys.save(ORIGIN, "of_in_keyring_1")
    assert keys.find(ORIGIN, environ={"OPENFUNNEL_API_KEY": f" {SECRET}\n"}).value == SECRET
    assert keys.find(ORIGIN, environ={}).value == "of_in_keyring_1"


def test_a_key_in_the_keyring_belongs_to_its_origin(working_keyring: InMemory) -> None:
    assert "keyring" in keys.save(ORIGIN, SECRET)
    assert working_keyring.entries["xl-openfunnel", ORIGIN] == SECRET
    assert [value for value in working_keyring.entries.values() if SECRET in value] == [SECRET]
    with pytest.raises(MissingKeyError, match=r"http://127\.0\.0\.1:8000"):
        keys.find("http://127.0.0.1:8000", environ={})
    assert keys.delete(ORIGIN)
    assert not keys.delete(ORIGIN)
    assert working_keyring.entries == {}


@pytest.mark.parametrize("stored", [[], [ORIGIN], [OTHER], [ORIGIN, OTHER]])
@pytest.mark.parametrize("in_keyring", [True, False])
def test_the_origins_with_a_key_are_known(stored: list[str], in_keyring: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = InMemory()
    monkeypatch.setattr("keyring.core._keyring_backend", backend if in_keyring else Locked())
    for origin in stored:
        keys.save(origin, SECRET)
    assert keys.origins() == sorted(stored)
    for origin in stored:
        keys.delete(origin)
    assert keys.origins() == []
    assert backend.entries == {}


@pytest.mark.parametrize("note", ["", "{", "5", "[5]", '["https://gone.example:443"]', "[" * 9_999])
def test_a_damaged_or_old_note_of_origins_hides_no_key(working_keyring: InMemory, note: str) -> None:
    working_keyring.entries["xl-openfunnel", ORIGIN] = SECRET  # as a version that noted none stored it
    working_keyring.entries["xl-openfunnel addresses", "xl-openfunnel addresses"] = note
    assert keys.origins(ORIGIN) == [ORIGIN]
    keys.save(OTHER, SECRET)
    assert keys.origins(ORIGIN) == [ORIGIN, OTHER]


def test_without_a_keyring_a_private_file_is_used(no_keyring: None) -> None:
    where = keys.save(ORIGIN, SECRET)
    path = Path(where.removeprefix("file "))
    assert sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600
    found = keys.find(ORIGIN, environ={})
    assert (found.value, found.source) == (SECRET, where)
    keys.save("https://other.example:443", "of_other_12345")
    assert keys.find(ORIGIN, environ={}).value == SECRET
    assert keys.delete(ORIGIN)
    assert path.exists()
    assert keys.delete("https://other.example:443")
    assert not path.parent.exists()


def test_saving_to_a_keyring_removes_the_key_from_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", Locked())
    path = Path(keys.save(ORIGIN, SECRET).removeprefix("file "))
    monkeypatch.setattr("keyring.core._keyring_backend", InMemory())
    keys.save(ORIGIN, SECRET)
    assert not path.exists()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"https://api.openfunnel.dev:443": 5}', "\x00", "[" * 9_999])
def test_a_damaged_key_file_is_ignored(no_keyring: None, content: str) -> None:
    path = Path(keys.save(ORIGIN, SECRET).removeprefix("file "))
    path.write_text(content)
    with pytest.raises(MissingKeyError, match="xl-openfunnel key set"):
        keys.find(ORIGIN, environ={})


@pytest.mark.parametrize("value", ["of_a b", "of_a\nX-Evil: 1", "of_é", "abc", "x" * 600, "\x00" * 9])
def test_a_key_that_is_invalid_in_a_header_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(MissingKeyError) as raised:
        keys.parse_key(value, "the test")
    assert value.split()[-1] not in raised.value.message


@pytest.mark.parametrize("value", ["", "  \n", None, 5])
def test_a_missing_key_error_says_how_to_set_one(value: object) -> None:
    with pytest.raises(MissingKeyError, match="xl-openfunnel key set"):
        keys.parse_key(value, "the test")


def test_the_repr_of_a_key_hides_it() -> None:
    key = keys.parse_key(SECRET, "the test")
    assert SECRET not in f"{key!r} {key} {key.masked} {key.fingerprint}"
    assert key.masked == "…abcd"
    assert keys.parse_key("of_short", "the test").masked == "…"


def test_a_failed_write_leaves_no_trace_of_the_key(no_keyring: None, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(keys.save(ORIGIN, "of_old_12345678").removeprefix("file "))

    def full(entries: dict[str, str], file: TextIO) -> None:
        file.write(str(entries))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xl_openfunnel.keys.json.dump", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        keys.save(ORIGIN, SECRET)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert keys.find(ORIGIN, environ={}).value == "of_old_12345678"


@pytest.mark.parametrize("change", [lambda: keys.save(ORIGIN, SECRET), lambda: keys.delete(ORIGIN)])
def test_a_key_that_an_ended_process_left_half_stored_goes(
    no_keyring: None, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]
) -> None:
    class Ended(BaseException):
        """As if the process ended here."""

    def ending(*_: object, **__: object) -> None:
        raise Ended

    folder = Path(keys.save("https://other.example:443", "of_other_12345").removeprefix("file ")).parent
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", ending)
        patch.setattr(Path, "unlink", ending)
        with pytest.raises(Ended):
            keys.save(ORIGIN, SECRET)
    (left,) = (file for file in folder.iterdir() if file.suffix == ".part")
    assert SECRET in left.read_text()
    os.utime(left, (0, 0))
    change()
    assert not left.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets only administrators make links")
def test_a_link_or_a_readable_file_in_place_of_the_key_file_gets_no_key(no_keyring: None, tmp_path: Path) -> None:
    path = Path(keys.save(ORIGIN, SECRET).removeprefix("file "))
    path.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("{}")
    path.symlink_to(elsewhere)
    keys.save(ORIGIN, SECRET)
    assert elsewhere.read_text() == "{}"
    path.chmod(0o644)
    keys.save(ORIGIN, SECRET)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_key_is_redacted_in_every_form_of_json() -> None:
    key = keys.Key("of/a_1", "a test")
    for written in (b"of/a_1", b"of\\/a_1", b"\\u006ff/\\u0061\\u005F1", b"o\\u0066\\u002fa_\\u0031"):
        for before in (b"", b"\\\\", b"\\\\\\\\", b"\\n", b"\\u006f"):
            body = b'{"a":"' + before + written + b'","b":"\\u006fh \\u00e9"}'
            assert keys.redact(key, body) == body.replace(written, b"[key]")


@pytest.mark.parametrize("text", [rb"\\u006ff/a_1", rb"\\\\u006ff/a_1", rb"\u006f/a_1", rb"\u016ff/a_1"])
def test_text_that_only_resembles_the_key_is_not_redacted(text: bytes) -> None:
    assert keys.redact(keys.Key("of/a_1", "a test"), text) == text


def test_a_body_full_of_escapes_is_searched_in_one_pass() -> None:
    calls = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(counted)
    try:
        struck = keys.redact(keys.Key(SECRET, "a test"), rb"\u0061\n" * 10_000)
    finally:
        sys.setprofile(None)
    assert struck == rb"\u0061\n" * 10_000
    assert calls < 5_000


def test_keys_of_two_services_that_are_set_at_the_same_moment_are_both_kept(
    no_keyring: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, written = threading.Event(), threading.Event()

    def wait(_: float) -> None:
        stopped.set()
        written.wait(30)

    monkeypatch.setattr(time, "sleep", wait)
    others = {f"https://{name}.example:443": f"of_live_{name}_0123456789" for name in ("first", "second")}

    def save(origin: str) -> None:
        keys.save(origin, others[origin])
        stopped.set()

    first, second = others
    thread = threading.Thread(target=save, args=[second])
    replace = json.dump

    def write_beside_another(*arguments: Any) -> None:
        monkeypatch.setattr(json, "dump", replace)
        thread.start()
        assert stopped.wait(30)
        replace(*arguments)

    monkeypatch.setattr(json, "dump", write_beside_another)
    save(first)
    written.set()
    thread.join()
    assert [keys.find(origin, environ={}).value for origin in others] == list(others.values())
