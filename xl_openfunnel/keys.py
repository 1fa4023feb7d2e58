"""Where the API key lives: the environment, the system's keyring, or a private file where there is none.

A key is kept under the origin it belongs to (scheme, host, port), so that another base URL never gets it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Never

from .errors import ConfigurationError, MissingKeyError
from .settings import APP_NAME, ENV_API_KEY, shown_origin

_log = logging.getLogger(__name__)
_USABLE = re.compile(r"[\x21-\x7e]{4,512}")

_REDACTED = b"[key]"

HOW_TO_SET = "Set it with: xl-openfunnel key set"

GIVEN = "just given"
"""The source of a key that came as an argument, or from whoever typed it."""

_VARIABLE = f"environment variable {ENV_API_KEY}"


@dataclass(frozen=True)
class Key:
    """An API key that does not show itself.

    Attributes:
        value: the key; for the request header alone.
        source: where it was found, in words.
    """

    value: str = field(repr=False)
    source: str

    def __reduce__(self) -> Never:
        raise TypeError("an API key is not pickled")

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell two keys apart and give neither away."""
        return hashlib.sha256(self.value.encode()).hexdigest()[:12]

    @property
    def masked(self) -> str:
        """The last four characters behind dots; a key too short for that shows none."""
        return "…" + (self.value[-4:] if len(self.value) >= 12 else "")


def redact(key: Key, body: bytes) -> bytes:
    """``body`` with ``[key]`` for the key, also where JSON writes some of the key's characters as escapes."""
    body = body.replace(json.dumps(key.value)[1:-1].encode(), _REDACTED).replace(key.value.encode(), _REDACTED)
    escapes = [f"u00(?i:{ord(character):02x})" for character in set(key.value)] + ["/"] * ("/" in key.value)
    if not re.search(rf"\\(?:{'|'.join(escapes)})".encode(), body):  # of most answers, in a tenth of the time
        return body
    return re.sub("".join(map(_as_json, key.value)).encode(), _redact_outside_text, body)


def _as_json(character: str) -> str:
    """A pattern for all that JSON may write for it."""
    plain = re.escape(json.dumps(character)[1:-1]) + ("|\\\\/" if character == "/" else "")
    return rf"(?:{plain}|\\u00(?i:{ord(character):02x}))"


def _redact_outside_text(found: re.Match[bytes]) -> bytes:
    """``[key]``, but where it begins with the second half of an escaped backslash, which makes no escape."""
    before = begin = found.start()
    while found.string[begin : begin + 1] == found.string[before - 1 : before] == b"\\":
        before -= 1
    return found[0] if (begin - before) % 2 else _REDACTED


def checked(value: object, source: str) -> Key:
    """The key in ``value`` without surrounding white space.

    Raises:
        MissingKeyError: nothing there, or characters that no HTTP header may carry. The message never
            repeats the value.
    """
    text = value.strip().strip("\"'") if isinstance(value, str) else ""
    if not text:
        raise MissingKeyError(f"There is no API key ({source}). {remedy(source)}.")
    if not _USABLE.fullmatch(text):
        raise MissingKeyError(f"The API key ({source}) has a form that no key has. {remedy(source)}.")
    return Key(text, source)


def remedy(source: str) -> str:
    """What to do about a key from this source: a better one in the keyring is not used while a variable is set."""
    if source == _VARIABLE:
        return f"Change or unset {ENV_API_KEY}"
    return "Give another one" if source == GIVEN else HOW_TO_SET


def find(origin: str, *, environ: Mapping[str, str] = os.environ) -> Key:
    """The key for ``origin``: from the environment, else the keyring, else the private file.

    Raises:
        MissingKeyError: none of them has a usable one.
    """
    if environ.get(ENV_API_KEY, "").strip():
        return checked(environ[ENV_API_KEY], _VARIABLE)
    kept = _from_keyring(origin)
    if kept:
        return checked(kept, keyring_name())
    filed = _read_file().get(origin)
    if filed:
        return checked(filed, f"file {_file()}")
    raise MissingKeyError(f"There is no API key for {shown_origin(origin)}. {HOW_TO_SET}, or set {ENV_API_KEY}.")


def save(origin: str, value: str) -> str:
    """Store a key for ``origin`` and return where it went, in words.

    The keyring is used where there is one that gives the key back; else a file that only its owner may read.

    Raises:
        MissingKeyError: ``value`` is no usable key.
        ConfigurationError: it could be stored nowhere.
    """
    key = checked(value, GIVEN)
    if _to_keyring(origin, key.value):
        _write_file({k: v for k, v in _read_file().items() if k != origin})
        return keyring_name()
    _write_file({**_read_file(), origin: key.value})
    return f"file {_file()}"


def delete(origin: str) -> bool:
    """Remove the stored key of ``origin`` from keyring and file; whether there was one."""
    import keyring  # slow to import; only the key commands and the first request need it
    import keyring.errors

    had = False
    if _from_keyring(origin):
        try:
            keyring.delete_password(APP_NAME, origin)
            had = True
        except keyring.errors.KeyringError as trouble:
            raise ConfigurationError(
                f"The key could not be removed from {keyring_name()}: {trouble}. Remove the entry {APP_NAME} there."
            ) from None
    filed = _read_file()
    if origin in filed:
        _write_file({k: v for k, v in filed.items() if k != origin})
        had = True
    return had


def keyring_name() -> str:
    """The system's keyring by its own name."""
    import keyring

    backend = type(keyring.get_keyring())
    name: str = backend.__module__.rpartition(".")[2]
    known = {
        "Windows": "Windows Credential Manager",
        "macOS": "macOS Keychain",
        "SecretService": "Secret Service",
    }
    return known.get(name, f"keyring ({name})")


def _from_keyring(origin: str) -> str | None:
    import keyring

    try:
        return keyring.get_password(APP_NAME, origin)
    except Exception as trouble:  # backends raise what their systems raise
        _log.info("no key from the keyring: %s", type(trouble).__name__)
        return None


def _to_keyring(origin: str, value: str) -> bool:
    import keyring

    try:
        keyring.set_password(APP_NAME, origin, value)
    except Exception as trouble:
        _log.info("no key into the keyring: %s", type(trouble).__name__)
        return False
    return _from_keyring(origin) == value


def _file() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False, roaming=False)) / "keys.json"


def _read_file() -> dict[str, str]:
    try:
        entries = json.loads(_file().read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {k: v for k, v in entries.items() if isinstance(k, str) and isinstance(v, str)}


def _write_file(entries: dict[str, str]) -> None:
    """Replace the file in one step, never readable to others, and none at all without entries."""
    path = _file()
    try:
        if not entries:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A name that nobody knows before, and only where nothing is: no link, no file that others may read.
        fresh = path.with_suffix(f".{secrets.token_hex(6)}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(entries, file)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as trouble:
        raise ConfigurationError(
            f"The key could not be written to {path}: {trouble.strerror}. Set {ENV_API_KEY} instead."
        ) from None
