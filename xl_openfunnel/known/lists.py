"""Lists of known companies, kept under a name on this computer: one file each, with keys and nothing else.

A file has what companies are compared by, and of the user's columns those that were asked for: never a whole export.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any, Final

import msgspec

from ..atomic import LEFT_OVER_AGE, atomic_write, patiently, remove_left_over
from ..company_key import INVISIBLE, comparable, host
from ..errors import ConfigurationError, FileWriteError
from ..pasted import did_you_mean, refusal
from ..shared_hosts import is_shared, use_own
from ..text import clip, companies, count, decoded, first_of, one_line
from .reading import keys_in
from .tiers import KnownCompanies, Matcher

_log = logging.getLogger(__name__)

VERSION: Final = 1
"""Version of the files: one of another version must be set again."""

SHARED_HOSTS: Final = "shared-hosts.txt"
"""The file in the folder in which users list hosts that many companies share, best one a line, beside those of
`shared_hosts`."""

_SHOWN: Final = 5
"""Names that a message shows."""

_SUFFIX: Final = ".known.json"
_SIGNS: Final = frozenset("_ .&+()-")
"""In names, beside letters with their marks, and digits."""

_LONGEST_NAME: Final = 60

_SHOWN_COLUMNS: Final = 10
_SHOWN_LETTERS: Final = 30


@dataclass(frozen=True)
class KnownList:
    """What is kept under one name.

    Attributes:
        name: as the user wrote it.
        companies: the rows that had at least one key.
        skipped: the rows that had none.
        columns: the columns that the keys came from, as the user's table named them.
        counts: how many companies had keys in each of these.
        note_column: the column that is shown beside a match, if one was asked for.
        set_at: when it was set, in UTC.
        keys: what companies are compared by.
    """

    name: str
    companies: int
    skipped: int
    columns: tuple[str, ...]
    counts: tuple[int, ...]
    note_column: str | None
    set_at: datetime
    keys: KnownCompanies = field(repr=False)

    @cached_property
    def matcher(self) -> Matcher:
        """Tells how surely companies are in the list."""
        return Matcher(self.keys)

    @property
    def summary(self) -> str:
        """``3 companies: 3 by Website, 2 by LinkedIn; 1 row had neither``, for the user: columns are never logged."""
        by = [
            f"{number:,} by {clip(one_line(name), _SHOWN_LETTERS)}"
            for name, number in zip(self.columns, self.counts, strict=True)
        ]
        more = len(by) - _SHOWN_COLUMNS
        shown = [*by[:_SHOWN_COLUMNS], *([f"more by {count(more, 'other column')}"] if more > 0 else [])]
        text = f"{companies(self.companies)}: {', '.join(shown)}"
        none = {1: "had none", 2: "had neither"}.get(len(by), "had none of these")
        return f"{text}; {count(self.skipped, 'row')} {none}" if self.skipped else text


_HEAD: Final = tuple(each.name for each in fields(KnownList) if each.name != "keys")
"""What a file has of a list beside its keys."""


class _File(msgspec.Struct):
    version: int
    name: str
    companies: int
    skipped: int
    columns: tuple[str, ...]
    counts: tuple[int, ...]
    note_column: str | None
    set_at: datetime
    # Read one by one: all at once hold up other threads.
    linkedin: msgspec.Raw
    hosts: msgspec.Raw
    names: msgspec.Raw
    paged: msgspec.Raw = msgspec.Raw(b"[]")


_keys: Final = msgspec.json.Decoder(dict[str, str])
_hosts: Final = msgspec.json.Decoder(set[str])


class KnownLists:
    """The lists in a folder, which is created with the first one. Safe for several processes.

    Args:
        folder: where they are kept. Other files in it are left alone.
    """

    @classmethod
    def beside(cls, store: Path) -> KnownLists:
        """The lists of the user whose store this is. The user's own shared hosts count from now on."""
        lists = cls(store.parent / "known")
        use_own(_read_hosts(lists.folder / SHARED_HOSTS))
        return lists

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, tuple[tuple[int, ...], KnownList]] = {}

    def set(self, known: KnownList) -> None:
        """Keep a list, in place of an older one of this name.

        Raises:
            ConfigurationError: the name cannot be used.
            FileWriteError: the folder cannot be written.
        """
        path, keys = self._path(checked_name(known.name)), known.keys
        content = msgspec.json.encode(
            {
                "version": VERSION,
                **{name: getattr(known, name) for name in _HEAD},
                "linkedin": keys.linkedin,
                "hosts": keys.hosts,
                "names": keys.names,
                "paged": sorted(keys.paged),
            }
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise FileWriteError(f"The list could not be kept in {self.folder}: {error.strerror or error}.") from None
        atomic_write(path, content, mode=0o600)

    def find(self, name: str) -> KnownList | None:
        """The list of this name, in any case; None where there is none or its file is damaged."""
        return self._find(self._path(name))

    def _find(self, path: Path) -> KnownList | None:
        identity = _identity(path)
        if identity is None:
            self._read.pop(path, None)
            return None
        cached = self._read.get(path)
        if cached is not None and cached[0] == identity:
            return cached[1]
        known = _load(path)
        if known is not None:
            self._read[path] = identity, known
        return known

    def get(self, name: str) -> KnownList:
        """The list of this name.

        Raises:
            ConfigurationError: there is none, or its file cannot be read.
        """
        known = self.find(name)
        if known is not None:
            return known
        if self.version(name) is not None:
            what = "is a known list whose file is damaged, or of another version of xl-openfunnel."
            raise ConfigurationError(refusal(name, what, remedy="Set it again."))
        raise ConfigurationError(refusal(name, "is no known list.", remedy=self._hint(name)))

    def _hint(self, name: str) -> str:
        names = {comparable(each.name): each.name for each in self.all()}
        if not names:
            return "There is none: xl-openfunnel known set NAME FILE sets one."
        if close := get_close_matches(comparable(name), names, n=3):
            return did_you_mean(map(names.__getitem__, close))
        return f"There are {first_of([*names.values()], _SHOWN)}."

    def together(self, names: Sequence[str]) -> KnownCompanies:
        """The companies of these lists.

        Raises:
            ConfigurationError: there is none of one of these names, perhaps because it names a file; or no name.
        """
        if not names:
            raise ConfigurationError("No known list is named. Give the name of one, such as crm.")
        companies = KnownCompanies()
        for name in names:
            if self.version(name) is None and Path(name).is_file():
                raise ConfigurationError(
                    f"{name} is a file, and no known list. To make one of it: xl-openfunnel known set NAME {name}"
                )
            companies.update(self.get(name).keys)
        return companies

    def is_loaded(self, name: str) -> bool:
        """Whether `find` reads no file."""
        path = self._path(name)
        identity, cached = _identity(path), self._read.get(path)
        return identity is None or (cached is not None and cached[0] == identity)

    def named(self, texts: Iterable[str]) -> list[str]:
        """Those of the texts that are names of lists. Reads no file."""
        paths = set(self._paths())
        return [text for text in texts if self._path(text) in paths] if paths else []

    def version(self, name: str) -> tuple[int, ...] | None:
        """What changes whenever the list of this name does; None where there is none. Reads no file."""
        return _identity(self._path(name))

    def all(self) -> list[KnownList]:
        """All lists, by name."""
        lists = [known for path in self._paths() if (known := self._find(path)) is not None]
        return sorted(lists, key=lambda known: comparable(known.name))

    def remove(self, name: str) -> bool:
        """Remove a list, also a damaged one; returns whether there was one."""
        path = self._path(name)
        self._read.pop(path, None)
        remove_left_over(self.folder, time.time() - LEFT_OVER_AGE)
        try:
            patiently(path.unlink)
        except FileNotFoundError:
            return False
        return True

    def remove_all(self) -> None:
        """Remove all lists, and the folder if nothing else is in it."""
        for path in self._paths():
            patiently(lambda path=path: path.unlink(missing_ok=True))  # type: ignore[misc]
        remove_left_over(self.folder, before=inf)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _path(self, name: str) -> Path:
        digest = hashlib.blake2b(" ".join(comparable(name).split()).encode("utf-8", "surrogatepass"), digest_size=12)
        return self.folder / f"{digest.hexdigest()}{_SUFFIX}"

    def _paths(self) -> Iterator[Path]:
        return self.folder.glob(f"*{_SUFFIX}")


def checked_name(name: str) -> str:
    """The name, composed (NFC), and without blanks at its ends and what is invisible.

    Raises:
        ConfigurationError: it cannot be the name of a list.
    """
    name = _composed(name)
    if not 1 <= len(name) <= _LONGEST_NAME or not all(map(_is_in_names, name)):
        raise ConfigurationError("Give the list a name of letters, digits and blanks, for example crm.")
    if keys_in(name):  # in a range it would be a company
        raise ConfigurationError("That name is read as a domain. Give the list one of letters and digits, such as crm.")
    return name


def split_names(text: str) -> list[str]:
    """The names in a text, between commas, which no name can have."""
    return [name for part in text.split(",") if (name := part.strip())]


def possible_name(text: str) -> str:
    """A name for a list from a text, such as a sheet's name; ``""`` if it has nothing that a name can have."""
    name = _composed("".join(each if _is_in_names(each) else " " for each in _composed(text)))[:_LONGEST_NAME].rstrip()
    return _composed(name.replace(".", " ")) if keys_in(name) else name


def _composed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", text)).split())


def _is_in_names(character: str) -> bool:
    return character in _SIGNS or character.isalnum() or unicodedata.category(character).startswith("M")


def _read_hosts(path: Path) -> list[str]:
    try:
        lines = decoded(path.read_bytes()).splitlines()
    except OSError:
        return []
    parts = (part for line in lines for part in re.split(r"[\s,;|]+", line.partition("#")[0]))
    return [name for part in parts if (name := host(part.removeprefix("*.")))]


def _load(path: Path) -> KnownList | None:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        linkedin, hosts, names = map(_keys.decode, (file.linkedin, file.hosts, file.names))
        paged = _hosts.decode(file.paged)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.DecodeError) as damage:
        _log.warning("a known list cannot be read: %s", type(damage).__name__)
        return None
    if file.version != VERSION:
        return None
    # Some may be known to be shared only since the list was set.
    unshared = {name: note for name, note in hosts.items() if not is_shared(name)}
    head: dict[str, Any] = {name: getattr(file, name) for name in _HEAD}
    return KnownList(**head, keys=KnownCompanies(linkedin, unshared, names, paged))


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
