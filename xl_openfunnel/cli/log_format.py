"""What stderr gets: all messages or only warnings and errors, as text or as JSON for log collectors."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from ..log import redact_keys

_ASKING_COMMAND = re.compile(
    r"\bxl-openfunnel (?=(?:status|rows|watch|jobs|label|cancel|credits|export|sql|forget|doctor|key \w+)\b"
    r"(?! --(?:base-url|all|help)\b))"
)
"""Where a text names a command that depends on the service in use."""


class LogFormat(StrEnum):
    """How messages are written."""

    TEXT = "text"
    JSON = "json"


@dataclass
class Messages:
    """The choices for this call.

    Attributes:
        quiet: leave out progress and messages; warnings and errors stay.
        json: write each message as one line of JSON, and progress too.
        base_url: the service's address from the command line, as a shell takes it.
        told: the causes that warnings have told.
    """

    quiet: bool = False
    json: bool = False
    base_url: str = ""
    told: list[str] = field(default_factory=list)

    def is_news(self, text: str, cause: str = "") -> bool:
        """Whether no warning has told the cause of this one; from now on one has.

        Args:
            text: the warning.
            cause: what is wrong, for which there may be several warnings.
        """
        if any(told in text or told in cause for told in self.told):
            return False
        if cause:
            self.told.append(cause)
        return True

    def with_base_url(self, text: str) -> str:
        """The text, in which each command that depends on the service has the address that this one was given."""
        if not self.base_url:
            return text
        return _ASKING_COMMAND.sub(lambda match: f"{match[0]}--base-url {self.base_url} ", text)

    def wanted(self, level: str) -> bool:
        """Whether messages of this level are written."""
        return not (self.quiet and level == "info")


messages = Messages()


def configure(arguments: Sequence[str]) -> None:
    """Choose by the command's arguments before they are read, so that an error in them has the wanted format too."""
    messages.json = "--log-format=json" in arguments or ("--log-format", "json") in itertools.pairwise(arguments)
    messages.quiet = False
    messages.base_url = ""
    messages.told.clear()


def json_line(level: str, event: str, message: str, fields: dict[str, object]) -> str:
    """A message as one line of ASCII JSON without anything that has the form of an API key.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        event: what it is about: ``message``, ``progress``, ``written`` or ``log``.
        message: the text for a person.
        fields: further values; those that are None are left out.
    """
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record: dict[str, object] = {"time": moment, "level": level, "event": event, "message": message}
    record |= {name: value for name, value in fields.items() if value is not None}
    record = {
        name: messages.with_base_url(value) if isinstance(value, str) else value for name, value in record.items()
    }
    return redact_keys(json.dumps(record, default=str))
