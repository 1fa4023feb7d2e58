"""Reading the command's arguments: options before or after a command, help, and names that come close."""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import typer.core
import typer.main

from ..errors import ConfigurationError
from ..log import redact_keys
from ..pasted import holds_key, job_ids
from ..settings import BASE_URL, checked_base_url
from ..text import alternatives
from . import table_output, terminal
from .log_format import LogFormat, messages
from .session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

OTHER_NAMES: Final = {
    **dict.fromkeys(("list", "ls", "ledger", "history"), "jobs"),
    **dict.fromkeys(("login", "auth", "authenticate", "config", "configure", "add", "save"), "key set"),
    **dict.fromkeys(("logout",), "key remove"),
    **dict.fromkeys(("whoami",), "key show"),
    **dict.fromkeys(("get", "download", "fetch", "show", "read", "companies", "table"), "rows"),
    **dict.fromkeys(("dump", "lake", "dataset"), "export"),
    **dict.fromkeys(("follow", "tail", "wait"), "watch"),
    **dict.fromkeys(("info", "state", "job"), "status"),
    **dict.fromkeys(("stop", "abort", "kill"), "cancel"),
    **dict.fromkeys(("rm", "remove", "delete", "clear", "clean"), "forget"),
    **dict.fromkeys(("name", "rename"), "label"),
    **dict.fromkeys(("query", "select", "duckdb", "ask"), "sql"),
    **dict.fromkeys(("balance", "account", "usage"), "credits"),
    **dict.fromkeys(("check", "diagnose", "ping"), "doctor"),
    **dict.fromkeys(("test", "verify"), "selftest"),
    **dict.fromkeys(("setup", "init"), "install"),
    **dict.fromkeys(("excel", "xlsm", "addin", "template"), "workbook"),
    **dict.fromkeys(("server", "serve", "mock", "simulator"), "simulate"),
    **dict.fromkeys(("example", "try", "start"), "demo"),
    "version": "--version",
    "help": "--help",
}
"""What other programs call our commands, and so what people try first."""

OTHER_NAMES_FOR_KEYS: Final = {
    **dict.fromkeys(("add", "save", "store", "login"), "set"),
    **dict.fromkeys(("get", "list", "status"), "show"),
    **dict.fromkeys(("delete", "rm", "clear", "unset", "logout"), "remove"),
}


def _set_base_url(context: typer.Context, url: str | None) -> None:
    if url is not None:
        context.ensure_object(Session).base_url = url
        with contextlib.suppress(ConfigurationError):  # it is reported by the commands that need it
            messages.base_url = shlex.quote(redact_keys(checked_base_url(url)))


def _set_debug(_: typer.Context, debug: bool) -> None:
    if debug:
        terminal.configure_logging(debug=True)


def _set_quiet(_: typer.Context, quiet: bool) -> None:
    if quiet:
        messages.quiet = True


def _common(
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            metavar="URL",
            callback=_set_base_url,
            expose_value=False,
            help=f"The service's address. (default: {BASE_URL})",
        ),
    ] = None,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", "-v", callback=_set_debug, expose_value=False, help="Tell on stderr what is done, never the key."
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            callback=_set_quiet,
            expose_value=False,
            help="Nothing on stderr but warnings and errors.",
        ),
    ] = False,
    log_format: Annotated[
        LogFormat,
        typer.Option(
            "--log-format",
            metavar="text|json",
            expose_value=False,  # it is read before: see log_format.configure
            help="With json, stderr gets a JSON object per line, with the time.",
        ),
    ] = LogFormat.TEXT,
) -> None:
    """Carries the options that every command takes."""


@functools.cache
def common_options() -> tuple[Any, ...]:
    """The options that the command takes before a command, and every command after it."""
    app = typer.Typer(add_completion=False)
    app.command()(_common)
    return tuple(typer.main.get_command(app).params)


class _Common:
    """What commands and groups of them have in common."""

    params: list[Any]
    help: str | None
    epilog: str | None

    def get_params(self, ctx: Any) -> list[Any]:
        own: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        return [*own, *common_options()]

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        pieces = ["[OPTIONS]"]
        for parameter in self.params:
            if parameter.param_type_name == "argument":
                name = (parameter.metavar or parameter.name.upper()) + ("..." if parameter.nargs != 1 else "")
                pieces.append(name if parameter.required else f"[{name}]")
        return [*pieces, "COMMAND"] if hasattr(self, "commands") else pieces

    def format_help(self, ctx: Any, formatter: Any) -> None:
        lines = table_output.drawn_lines(terminal.new_console(), *_help(self, ctx))
        formatter.write("\n".join(lines) + "\n")


class Command(_Common, typer.core.TyperCommand):
    """A command."""


class Group(_Common, typer.core.TyperGroup):
    """The command itself, or a command with subcommands."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise ConfigurationError(self._unknown(ctx, args[0]))
        return super().resolve_command(ctx, args)

    def _unknown(self, ctx: Any, name: str) -> str:
        if holds_key(name):
            return "That holds an API key, and is not shown. To keep it: xl-openfunnel key set"
        if found := job_ids(name):
            return f"A command comes before the job, for example: {ctx.find_root().command_path} rows {found[0]}"
        other = OTHER_NAMES if ctx.parent is None else OTHER_NAMES_FOR_KEYS
        close = difflib.get_close_matches(name.lower(), [*self.commands, *other], n=2)
        meant = [other.get(each, each) for each in ([name.lower()] if name.lower() in other else close)]
        question = f" Did you mean {alternatives(list(dict.fromkeys(meant)))}?" if meant else ""
        return f"There is no command {name[:40]}.{question} {ctx.command_path} --help lists all."


def examples(*lines: tuple[str, str]) -> str:
    """The examples of a command's help, each what it does and how to call it."""
    return "\n".join(f"# {what}\n{call}" for what, call in lines)


def _help(command: Any, ctx: Any) -> Iterator[RenderableType]:
    """A command's help: usage, what it does, subcommands, arguments, options, examples."""
    from rich.text import Text

    yield Text.assemble(("Usage: ", "bold"), " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)]))
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield Text("\n" + " ".join(paragraph.split()))
    sections: list[dict[str, list[tuple[str, str]]]] = [{}, {}]
    commands, parameters = sections
    for name, subcommand in getattr(command, "commands", {}).items():
        if not subcommand.hidden:
            sentence = " ".join(inspect.cleandoc(subcommand.help or "").split()).partition(". ")[0].removesuffix(".")
            rows = commands.setdefault(subcommand.rich_help_panel or "Commands", [])
            rows.insert(0 if hasattr(subcommand, "commands") else len(rows), (name, sentence))
    for parameter in command.get_params(ctx):
        if not getattr(parameter, "hidden", False):
            heading = "Arguments" if parameter.param_type_name == "argument" else "Options"
            if parameter in common_options():
                heading = "Options of every command"
            parameters.setdefault(heading, []).append(_described(parameter))
    for section in sections:
        width = max((len(name) for rows in section.values() for name, _ in rows), default=0)
        for heading, rows in section.items():
            yield Text(f"\n{heading}", style="bold")
            yield table_output.aligned([(f"  {name}", text) for name, text in rows], width=width + 2, name_style="cyan")
    if command.epilog:
        is_example = command.epilog.startswith("# ")
        yield Text("\nExamples" if is_example else "", style="bold")
        for line in command.epilog.split("\n"):
            whole = is_example and not line.startswith("#")  # to be copied
            style = "" if whole or not is_example else "dim"
            yield Text(f"  {line}" if is_example else line, style, no_wrap=whole, overflow="ignore" if whole else None)


def _described(parameter: Any) -> tuple[str, str]:
    """How a parameter is written, and what it does."""
    text = parameter.help or ""
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper(), text
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    default = parameter.default if parameter.show_default is True else parameter.show_default or None
    if not parameter.is_flag and default is not None:
        text += f" (default: {default:g})" if isinstance(default, (int, float)) else f" (default: {default})"
    return ", ".join(sorted(parameter.opts, key=len)) + value, text
