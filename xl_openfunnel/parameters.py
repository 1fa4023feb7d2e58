"""Refuses, in words, an argument of a wrong type where it comes in: a public function raises no error from its inside.

What a right type holds is checked by who reads it: a job's id, columns, criteria, the base URL.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, Final

from .errors import ConfigurationError

FUNCTION: Final = (Callable,)


def check(name: str, value: object, kinds: tuple[Any, ...], takes: str, *, optional: bool = True) -> None:
    """Refuse a value of another type.

    Args:
        name: of the parameter.
        value: the argument. It is not repeated: it may be a key.
        kinds: the types that are right. True and False are no numbers.
        takes: what the parameter takes, for the message.
        optional: whether None is right too.

    Raises:
        ConfigurationError: it is of no such type.
    """
    if value is None and optional:
        return
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ConfigurationError(f"{name} takes {takes}, and no {type(value).__name__}.")


def check_seconds(name: str, value: Any, *, optional: bool = True) -> None:
    """Refuse anything but a number of seconds, 0 or more."""
    check(name, value, (Real,), "a number of seconds", optional=optional)
    if value is not None and not value >= 0:  # nan is refused too
        raise ConfigurationError(f"{name} takes a number of seconds, 0 or more.")


def check_function(name: str, value: object, *, optional: bool = True) -> None:
    """Refuse what cannot be called."""
    check(name, value, FUNCTION, "a function", optional=optional)
