"""The command ``xl-openfunnel``.

Data goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final, NoReturn

import typer

from ..errors import ConfigurationError, JobNotFoundError, OpenFunnelError
from . import demo, doctor, install, jobs, keys, ledger, selftest, simulate, terminal, watch, workbook
from .options import BaseUrl
from .session import Session

INTERRUPTED: Final = 130
"""128 + SIGINT: what a shell itself reports of a command ended by Ctrl-C."""

EXIT_CODES: Final = {
    0: "done; also for a cancelled job with what it delivered",
    1: "the job, the service or a check failed, or you said no",
    2: "the call or a setting was wrong, such as no key",
    INTERRUPTED: "ended by Ctrl-C",
}
"""The exit codes and what they mean, for the guide."""

_HELP_OPTIONS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="xl-openfunnel",
    help="OpenFunnel's bulk lookalike jobs: watch them, and get their companies as tables and files.",
    epilog="A JOB is an id, the job's URL, or a label that you gave it (xl-openfunnel label).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print local variables, and one of these is the key
    context_settings=_HELP_OPTIONS,
)
key = typer.Typer(
    help="The API key: kept in the system's keyring, one per service.",
    no_args_is_help=True,
    context_settings=_HELP_OPTIONS,
)


def _show_version(requested: bool) -> None:
    if requested:
        from ..version import version

        terminal.print_line(f"xl-openfunnel {version()}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    base_url: BaseUrl = None,
    debug: Annotated[bool, typer.Option("--debug", "-v", help="Tell on stderr what is done, never the key.")] = False,
    version: Annotated[  # noqa: ARG001 - acts by its callback
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    terminal.configure_logging(debug=debug)
    context.obj = Session(base_url)


app.command()(demo.demo)
app.command()(jobs.status)
app.command()(jobs.rows)
app.command()(watch.watch)
app.command("jobs")(ledger.jobs)
app.command()(ledger.label)
app.command()(jobs.cancel)
app.command("credits")(jobs.show_credits)
app.command()(ledger.forget)
app.add_typer(key, name="key")
# Arguments are allowed only to be refused without repeating them: one of them may be a key.
key.command("set", context_settings={"allow_extra_args": True})(keys.set_key)
key.command("show")(keys.show_key)
key.command("remove")(keys.remove_key)
app.command()(workbook.workbook)
app.command()(install.install)
app.command()(install.uninstall)
app.command()(simulate.simulate)
app.command()(doctor.doctor)
app.command()(selftest.selftest)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with its exit code.

    Args:
        arguments: what follows the command's name; None for the process's own.
    """
    terminal.configure_streams()
    code: int | str | None
    try:
        app(None if arguments is None else list(arguments), prog_name="xl-openfunnel")
        code = 0
    except SystemExit as end:
        code = end.code
        if code == INTERRUPTED:
            terminal.print_message("Stopped.")
    except KeyboardInterrupt:
        terminal.print_message("Stopped.")
        code = INTERRUPTED
    except terminal.StdoutClosedError:
        code = 0
    except ConfigurationError as error:
        terminal.print_error(error.message)
        code = 2
    except JobNotFoundError as error:
        terminal.print_error(f"{error} If you meant a label: none of that name is known here (xl-openfunnel jobs).")
        code = 1
    except OpenFunnelError as error:
        hint = " Try again in a while." if error.retryable and not error.message.endswith("Wait a while.") else ""
        terminal.print_error(f"{error}{hint}")
        code = 1
    except sqlite3.Error as error:
        terminal.print_error(f"The local store could not be used ({error}). Try again, or xl-openfunnel forget --all.")
        code = 1
    except OSError as error:
        terminal.print_error(f"The system said: {error.strerror or error}.")
        code = 1
    except Exception as error:
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        terminal.print_error(
            f"Something unexpected happened ({type(error).__name__}: {error}). "
            "xl-openfunnel --debug COMMAND tells more."
        )
        code = 1
    terminal.flush()
    sys.exit(code)
