"""Commands for the API key, which is read from a terminal, a pipe or a window, and never shown."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from .. import Client, keys
from ..api.models import Credits
from ..errors import AuthenticationError, ConfigurationError, MissingKeyError, OpenFunnelError
from ..keys import Key
from ..pasted import KEY_PREFIX
from ..settings import BASE_URL, ENV_API_KEY, origin_of, shown_origin
from . import exit_codes, key_window, terminal
from .log_format import messages
from .progress import Progress
from .session import Session, session


@dataclass(frozen=True)
class _Kept:
    """A key that was kept, where, and what the service said of it."""

    key: Key
    place: str
    tried: Credits | OpenFunnelError


def set_key(
    context: typer.Context,
    window: Annotated[
        bool, typer.Option("--window", help="Ask in a window, as Excel's button does, for people without a terminal.")
    ] = False,
) -> None:
    """Try the key, then keep it: typed unseen, or read from a pipe. It is never an argument, which others could see.

    One that the service refuses is not kept, and one that was kept before stays.
    """
    if context.args:
        raise ConfigurationError(
            "The key is no argument: others could see it, and your shell remembers it now. Say key set, then type it."
        )
    run = session(context)
    if window:
        kept = key_window.ask(shown_origin(run.origin), lambda typed: _keep(run, typed))
        if kept is None:
            terminal.print_message("The window was closed. No key was kept.")
            raise typer.Exit(exit_codes.FAILED)
    else:
        value = _prompt() if terminal.is_terminal(sys.stdin) else sys.stdin.readline()
        if not value.strip():
            raise ConfigurationError("Nothing was given. Type the key, or pipe it in, after: xl-openfunnel key set")
        try:
            with Progress():
                kept = _keep(run, value)
        except MissingKeyError as error:
            raise ConfigurationError(error.message) from None  # what was typed is wrong
    _report(run, kept, masked="" if window else f" {kept.key.masked}")


def _keep(run: Session, value: str) -> _Kept:
    """Try a key and keep it.

    Raises:
        MissingKeyError: it is no key.
        AuthenticationError: the service refuses it.
        ConfigurationError: it could not be kept.
    """
    key = keys.parse_key(value, keys.FROM_CALLER)
    if not key.value.startswith(KEY_PREFIX):
        raise MissingKeyError(
            f"That is no API key: OpenFunnel's begin with {KEY_PREFIX}. Nothing was kept. "
            "Copy the key from your account."
        )
    tried = _try_key(run, key)
    return _Kept(key, keys.save(run.origin, key.value), tried)


def _report(run: Session, kept: _Kept, masked: str) -> None:
    """Say what came of it.

    Args:
        run: the run.
        kept: the key.
        masked: its last characters; none for a window, since Excel's Python shows, and so logs, what this says.
    """
    terminal.print_message(f"The key{masked} for {shown_origin(run.origin)} is in: {kept.place}")
    if isinstance(kept.tried, OpenFunnelError):
        terminal.print_warning(f"The key could not be tried: {kept.tried} To try it again: xl-openfunnel credits")
    else:
        left = "" if kept.tried.left is None else f" The account has {kept.tried.left:,.12g} credits left."
        terminal.print_message(f"It works.{left}")
    if kept.place.startswith("file "):
        terminal.print_note("This system has no keyring, so it is a file that only you may read.")
    if os.environ.get(ENV_API_KEY, "").strip():
        terminal.print_note(f"{ENV_API_KEY} is set, and goes before it.")


def show_key(context: typer.Context) -> None:
    """Show the last four characters of the key in use, and where it comes from. Names other addresses with a key."""
    origin = session(context).origin
    for other in map(shown_origin, keys.origins(*_likely(origin))):
        if other != shown_origin(origin):
            terminal.print_message(f"A key for {other} is stored too: xl-openfunnel key show --base-url {other}")
    key = keys.find(origin)
    terminal.print_line(f"{key.masked} for {shown_origin(origin)}, from: {key.source}")


def remove_key(
    context: typer.Context,
    everywhere: Annotated[bool, typer.Option("--all", help="The stored keys of all addresses.")] = False,
) -> None:
    """Remove the stored key."""
    try:
        origin = session(context).origin
    except ConfigurationError:
        if not everywhere:
            raise
        origin = origin_of(BASE_URL)
    stored = keys.origins(*_likely(origin)) if everywhere else []
    for each in stored or [origin]:
        service = shown_origin(each)
        removed = keys.delete(each)
        terminal.print_message(f"The key for {service} is removed." if removed else f"No key for {service} was stored.")
    if os.environ.get(ENV_API_KEY, "").strip():
        terminal.print_note(f"{ENV_API_KEY} is still set.")


def _likely(origin: str) -> set[str]:
    """Origins whose keys an older version may have put into the keyring, without a note."""
    return {origin, origin_of(BASE_URL)}


def _try_key(run: Session, key: Key) -> Credits | OpenFunnelError:
    """Ask for the credits with the key, which costs nothing; the error where the service could not be asked.

    Raises:
        AuthenticationError: the service refuses the key.
    """
    with Client(run.base_url, key.value) as client:
        try:
            return client.credits()
        except AuthenticationError as error:
            raise AuthenticationError(
                f"{error.message} This one was not kept; a key kept before stays.",
                status=error.status,
                request_id=error.request_id,
            ) from None
        except OpenFunnelError as error:
            return error


def _prompt() -> str:
    stream = None if messages.json else sys.stderr  # with None it is the terminal itself
    with terminal.newline_on_interrupt(), contextlib.suppress(EOFError):
        return getpass.getpass("API key (not shown): ", stream=stream)
    return ""
