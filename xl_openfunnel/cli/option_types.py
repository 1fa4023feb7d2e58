"""Numbers on the command line, and what is said in words of what is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..errors import ConfigurationError

COMPANIES: Final = 50_000
"""Most companies of a simulated job: five times the largest of the service, and all that a client reads in 128 MB."""


def seconds(option: str) -> Callable[[str | float], float]:
    """What takes the text of an option that is a time.

    Raises:
        ConfigurationError: when called, it is no number of seconds.
    """

    def parsed(text: str | float) -> float:
        try:
            if (number := float(text)) >= 0:
                return number
        except ValueError:
            pass
        raise ConfigurationError(f"{option} takes a number of seconds, for example {option} 600, and not {text!r}.")

    return parsed


def companies(option: str, least: int) -> Callable[[str | int], int]:
    """What takes the text of an option that is a number of companies.

    Raises:
        ConfigurationError: when called, it is none, or too large to be simulated.
    """

    def parsed(text: str | int) -> int:
        try:
            if least <= (number := int(text)) <= COMPANIES:
                return number
        except ValueError:
            pass
        raise ConfigurationError(f"{option} takes a number from {least} to {COMPANIES:,}, and not {text!r}.")

    return parsed
