"""Finds and stores the API key: in the environment, the system's keyring, or a private file where there is no keyring.

A key is stored under its origin (scheme, host, port), so that another base URL never gets it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Never

from .atomic import LEFT_OVER_AGE, exclusive, patiently, remove_left_over, temporary_file
from .errors import ConfigurationError, MissingKeyError
from .pasted import api_keys, stripped
from .settings import APP_NAME, ENV_API_KEY, shown_origin

_log = logging.getLogger(__name__)
_USABLE = re.compile(r"[\x21-\x7e]{4,512}")

_REDACTED = b"[key]"

HOW_TO_SET = "Set it with: xl-openfunnel key set"

FROM_CALLER = "just given"
"""The source of a key that was passed as an argument or typed."""

_NOTED = f"{APP_NAME} addresses"
"""The keyring's entry with the origins of all others, as JSON: not every keyring lists its entries."""

_FROM_ENVIRONMENT = f"environment variable {ENV_API_KEY}"


@dataclass(frozen=True)
class Key:
    """An API key whose repr hides it.

    Attributes:
        value: the key, for the request header only.
        source: where it was found, for people.
    """

    value: str = field(repr=False)
    source: str

    def __reduce__(self) -> Never:
        raise TypeError("an API key is not pickled")

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that distinguish keys without revealing them."""
        return hashlib.sha256(self.value.encode()).hexdigest()[:12]

    @property
    def masked(self) -> str:
        """``…`` and the last four characters, which a short key does not show."""
        return "…" + (self.value[-4:] if len(self.value) >= 12 else "")


def redact(key: Key, body: bytes) -> bytes:
    """``body`` with ``[key]`` in place of the key, also where JSON escapes some of its characters."""
    body = body.replace(json.dumps(key.value)[1:-1].encode(), _REDACTED).replace(key.value.encode(), _REDACTED)
    escapes = [f"u00(?i:{ord(character):02x})" for character in set(key.value)] + ["/"] * ("/" in key.value)
    if not re.search(rf"\\(?:{'|'.join(escapes)})".encode(), body):  # a quick check, for most responses
        return body
    return re.sub("".join(map(_json_pattern, key.value)).encode(), _redact_match, body)


def _json_pattern(character: str) -> str:
    """A pattern for all forms in which JSON may write the character."""
    plain = re.escape(json.dumps(character)[1:-1]) + ("|\\\\/" if character == "/" else "")
    return rf"(?:{plain}|\\u00(?i:{ord(character):02x}))"


def _redact_match(match: re.Match[bytes]) -> bytes:
    """``[key]``, unless the match begins with the second half of an escaped backslash and so is not an escape."""
    before = start = match.start()
    while match.string[start : start + 1] == match.string[before - 1 : before] == b"\\":
        before -= 1
    return match[0] if (start - before) % 2 else _REDACTED


def parse_key(value: object, source: str) -> Key:
    """The key in ``value``: the only ``of_...`` in it, else the whole text without what surrounds it.

    Raises:
        MissingKeyError: it is empty, too long, has characters that are not allowed in an HTTP header, or has several
            keys. The message never repeats the value.
    """
    pasted = value if isinstance(value, str) else ""
    found = api_keys(pasted) or [stripped(pasted)]
    if len(found) > 1:
        raise MissingKeyError(f"There are {len(found)} API keys in one text ({source}). {remedy(source)}.")
    if not found[0]:
        raise MissingKeyError(f"There is no API key ({source}). {remedy(source)}.")
    if not _USABLE.fullmatch(found[0]):
        raise MissingKeyError(f"The API key ({source}) has a form that no key has. {remedy(source)}.")
    return Key(found[0], source)


def remedy(source: str) -> str:
    """What to do about a wrong key from this source: while the variable is set, one in the keyring is not used."""
    if source == _FROM_ENVIRONMENT:
        return f"Change or unset {ENV_API_KEY}"
    return "Give another one" if source == FROM_CALLER else HOW_TO_SET


def find(origin: str, *, environ: Mapping[str, str] = os.environ) -> Key:
    """The key for ``origin``: from the environment, else the keyring, else the private file.

    Raises:
        MissingKeyError: none of them has a usable key.
    """
    if environ.get(ENV_API_KEY, "").strip():
        return parse_key(environ[ENV_API_KEY], _FROM_ENVIRONMENT)
    if value := _from_keyring(origin):
        return parse_key(value, keyring_name())
    if value := _read_file().get(origin):
        return parse_key(value, f"file {_file_path()}")
    raise MissingKeyError(f"There is no API key for {shown_origin(origin)}. {HOW_TO_SET}, or set {ENV_API_KEY}.")


def save(origin: str, value: str) -> str:
    """Store a key for ``origin``; where it was stored, for people.

    The keyring is used where one returns the key that was stored, otherwise a file that only its owner may read.

    Raises:
        MissingKeyError: ``value`` is not a usable key.
        ConfigurationError: the key could not be stored.
    """
    key = parse_key(value, FROM_CALLER)
    _remove_left_over()
    if _to_keyring(origin, key.value):
        _note([*_noted(), origin])
        _change_file(origin, None)
        return keyring_name()
    _change_file(origin, key.value)
    return f"file {_file_path()}"


def origins(*likely: str) -> list[str]:
    """The origins with a stored key: those of the file, and those of the keyring that were noted or are likely."""
    in_keyring = {origin for origin in {*_noted(), *likely} if _from_keyring(origin)}
    return sorted(in_keyring.union(_read_file()))


def delete(origin: str) -> bool:
    """Remove the stored key of ``origin`` from keyring and file; whether there was one.

    Raises:
        ConfigurationError: the keyring did not remove it.
    """
    _remove_left_over()
    keyring = _import_keyring()
    removed = False
    if _from_keyring(origin):
        try:
            keyring.delete_password(APP_NAME, origin)
            _note([noted for noted in _noted() if noted != origin])
            removed = True
        except keyring.errors.KeyringError as error:
            raise ConfigurationError(
                f"The key could not be removed from {keyring_name()}: {error}. Remove the entry {APP_NAME} there."
            ) from None
    return _change_file(origin, None) or removed


def keyring_name() -> str:
    """The name of the system's keyring."""
    backend = type(_import_keyring().get_keyring())
    name: str = backend.__module__.rpartition(".")[2]
    names = {
        "Windows": "Windows Credential Manager",
        "macOS": "macOS Keychain",
        "SecretService": "Secret Service",
    }
    return names.get(name, f"keyring ({name})")


def _import_keyring() -> ModuleType:
    """The package keyring, which is slow to import: only the key commands and the first request need it.

    It imports the backends of all systems, and the one for macOS looks for macOS's libraries. On Linux that runs gcc,
    ld and ldconfig (`ctypes.util.find_library`), which neither users nor those who watch over a computer expect: a None
    in `sys.modules` ends that import at once.
    """
    if sys.platform != "darwin":
        sys.modules.setdefault("keyring.backends.macOS.api", None)  # type: ignore[arg-type]  # see the import system
    import keyring
    import keyring.errors

    return keyring


def _from_keyring(name: str, service: str = APP_NAME) -> str | None:
    try:
        value: str | None = _import_keyring().get_password(service, name)
    except Exception as error:  # backends raise the errors of their systems
        _log.info("reading the key from the keyring failed: %s", type(error).__name__)
        return None
    return value


def _to_keyring(origin: str, value: str) -> bool:
    try:
        _import_keyring().set_password(APP_NAME, origin, value)
    except Exception as error:
        _log.info("writing the key to the keyring failed: %s", type(error).__name__)
        return False
    return _from_keyring(origin) == value


def _noted() -> list[str]:
    """The origins of the keys in the keyring, but for those that an older version put there."""
    try:
        noted = json.loads(_from_keyring(_NOTED, _NOTED) or "[]")
    except (ValueError, RecursionError):
        return []
    return [origin for origin in noted if isinstance(origin, str)] if isinstance(noted, list) else []


def _note(origins: list[str]) -> None:
    """Note the origins. A key is found without, so that a failure here is no error."""
    keyring = _import_keyring()
    try:
        if origins:
            keyring.set_password(_NOTED, _NOTED, json.dumps(sorted(set(origins))))
        else:
            keyring.delete_password(_NOTED, _NOTED)
    except Exception as error:
        _log.info("noting the addresses of keys in the keyring failed: %s", type(error).__name__)


def _file_path() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False, roaming=False)) / "keys.json"


def _read_file() -> dict[str, str]:
    try:
        entries = json.loads(_file_path().read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {k: v for k, v in entries.items() if isinstance(k, str) and isinstance(v, str)}


def _remove_left_over() -> None:
    """Remove files with keys that a process was writing when it was ended."""
    remove_left_over(_file_path().parent, time.time() - LEFT_OVER_AGE)


def _change_file(origin: str, value: str | None) -> bool:
    """Keep the origin's key in the file, or none with None; whether it had one.

    The file is replaced atomically, and readable to its owner only. Without keys it is removed, and a folder left empty
    too.
    """
    path = _file_path()
    try:
        if value is None and not path.parent.is_dir():
            return False
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with exclusive(path.parent):
            entries = _read_file()
            had = entries.pop(origin, None) is not None
            if value is not None:
                entries[origin] = value
            if entries:
                with temporary_file(path.parent) as temporary:
                    # The name cannot be guessed, and O_EXCL: no link and no readable file can have been put there
                    # before.
                    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                        json.dump(entries, file)
                    patiently(lambda: temporary.replace(path))
            else:
                path.unlink(missing_ok=True)
        if not entries:
            with contextlib.suppress(OSError):  # other files are there
                path.parent.rmdir()
    except OSError as error:
        raise ConfigurationError(
            f"The key could not be written to {path}: {error.strerror}. Set {ENV_API_KEY} instead."
        ) from None
    return had
