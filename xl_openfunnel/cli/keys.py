"""Commands for the API key, which is read from the terminal or from a pipe and never shown."""

from __future__ import annotations

import getpass
import os
import sys

import typer

from .. import Client, keys
from ..api.models import Credits
from ..errors import AuthenticationError, ConfigurationError, OpenFunnelError
from ..keys import Key
from ..settings import ENV_API_KEY, shown_origin
from . import terminal
from .session import BaseUrl, Session, session

app = typer.Typer(
    help="The API key: kept in the system's keyring, one per service.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_BEGINS = "of_"
_MARKS = ("\ufeff", "ï»¿")  # how PowerShell may begin what it pipes


@app.command("set", context_settings={"allow_extra_args": True})
def set_(context: typer.Context, base_url: BaseUrl = None) -> None:
    """Try the key, then keep it: typed unseen, or read from a pipe. It is never an argument, which others could see.

    One that the service refuses is not kept, and one that was kept before stays.
    """
    if context.args:  # taken only to be refused without being repeated
        raise ConfigurationError(
            "The key is no argument: others could see it, and your shell remembers it now. Say key set, then type it."
        )
    run = _session(context, base_url)
    value = _typed() if terminal.is_terminal(sys.stdin) else sys.stdin.readline()
    for mark in _MARKS:
        value = value.removeprefix(mark)
    if not value.strip():
        raise ConfigurationError("Nothing was given. Type the key, or pipe it in, after: xl-openfunnel key set")
    kept = keys.checked(value, keys.GIVEN)
    if not kept.value.startswith(_BEGINS):
        raise ConfigurationError(
            f"That is no API key: OpenFunnel's begin with {_BEGINS}. Nothing was kept. Copy the key from your account."
        )
    balance = _balance(run, kept)
    where = keys.save(run.origin, kept.value)
    terminal.say(f"The key {kept.masked} for {shown_origin(run.origin)} is in: {where}")
    if isinstance(balance, OpenFunnelError):
        terminal.say(
            f"The key could not be tried: {balance} To try it again: xl-openfunnel credits",
            mark="warning: ",
            style="yellow",
        )
    else:
        left = "" if balance.left is None else f" The account has {balance.left:,.12g} credits left."
        terminal.say(f"It works.{left}")
    if where.startswith("file "):
        terminal.say("This system has no keyring, so it is a file that only you may read.", mark="note: ")
    if os.environ.get(ENV_API_KEY, "").strip():
        terminal.say(f"{ENV_API_KEY} is set, and goes before it.", mark="note: ")


@app.command()
def show(context: typer.Context, base_url: BaseUrl = None) -> None:
    """Show the last four characters of the key in use, and where it comes from."""
    origin = _session(context, base_url).origin
    key = keys.find(origin)
    terminal.put(f"{key.masked} for {shown_origin(origin)}, from: {key.source}")


@app.command()
def remove(context: typer.Context, base_url: BaseUrl = None) -> None:
    """Remove the stored key."""
    origin = _session(context, base_url).origin
    had = keys.delete(origin)
    terminal.say(
        f"The key for {shown_origin(origin)} is removed." if had else f"No key for {shown_origin(origin)} was stored."
    )
    if os.environ.get(ENV_API_KEY, "").strip():
        terminal.say(f"{ENV_API_KEY} is still set.", mark="note: ")


def _session(context: typer.Context, base_url: str | None) -> Session:
    return Session(base_url) if base_url else session(context)


def _balance(run: Session, key: Key) -> Credits | OpenFunnelError:
    """What the service says to the key, which costs nothing, or why that is not known.

    Raises:
        AuthenticationError: it does not take the key.
    """
    with terminal.Progress(), Client(run.base_url, key.value) as client:
        try:
            return client.credits()
        except AuthenticationError as refusal:
            raise AuthenticationError(
                f"{refusal.message} This one was not kept; a key kept before stays.",
                status=refusal.status,
                request_id=refusal.request_id,
            ) from None
        except OpenFunnelError as trouble:
            return trouble


def _typed() -> str:
    with terminal.line_of_its_own():
        return getpass.getpass("API key (not shown): ", stream=sys.stderr)
