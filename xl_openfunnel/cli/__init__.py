"""The command ``xl-openfunnel``.

Data goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, NoReturn

import typer

from . import (
    completion,
    demo,
    doctor,
    export,
    install,
    jobs,
    keys,
    known,
    ledger,
    log_format,
    parser,
    selftest,
    simulate,
    sql,
    terminal,
    watch,
    workbook,
)
from .exit_codes import EXIT_CODES as EXIT_CODES
from .exit_codes import INTERRUPTED, report
from .session import Session

_GROUP: Final[dict[str, Any]] = {
    "cls": parser.Group,
    "no_args_is_help": True,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
_TRY, _JOBS, _KNOWN = "Without an account", "Jobs", "Companies that you have already"
_SETUP, _CHECKS = "Setup", "Checks"

app = typer.Typer(
    name="xl-openfunnel",
    help="OpenFunnel's bulk lookalike jobs: watch them, and get their companies as tables and files.",
    epilog="A JOB is a job's id, its URL or its label (xl-openfunnel label).\n"
    "xl-openfunnel COMMAND --help has examples.\n\n"
    + "\n".join(f"Exit code {code}: {meaning}." for code, meaning in EXIT_CODES.items()),
    add_completion=False,  # its installation for PowerShell lifts the execution policy: see the command completion
    pretty_exceptions_enable=False,  # they print local variables, and one of these is the key
    **_GROUP,
)
key = typer.Typer(help="The API key: kept in the system's keyring, one per service.", **_GROUP)
known_lists = typer.Typer(help="Known lists, kept on this computer.", **_GROUP)


def _show_version(requested: bool) -> None:
    if requested:
        from ..version import version

        terminal.print_line(f"xl-openfunnel {version()}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - acts by its callback
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    context.ensure_object(Session)


def _add(
    group: typer.Typer,
    panel: str | None,
    name: str,
    function: Callable[..., None],
    *lines: tuple[str, str],
    **options: Any,
) -> None:
    """Add a command, with examples of what it does and how to call it."""
    group.command(name, cls=parser.Command, rich_help_panel=panel, epilog=parser.examples(*lines), **options)(function)


_add(
    *(app, _TRY, "demo", demo.demo),
    ("600 invented companies, from a running job to a workbook", "xl-openfunnel demo"),
    ("A longer job, in a workbook of your choice", "xl-openfunnel demo --rows 2000 --seconds 30 -o companies.xlsx"),
)
_add(
    *(app, _TRY, "simulate", simulate.simulate),
    ("A simulated service with a running, a completed and a failed job", "xl-openfunnel simulate"),
    (
        "A job that runs for ten minutes, on a service that fails now and then",
        "xl-openfunnel simulate --seconds 600 --fault 503:2%",
    ),
)
_add(
    *(app, _JOBS, "status", jobs.status),
    ("What is known of a job", "xl-openfunnel status JOB"),
    ("Several, for a program", "xl-openfunnel status JOB1 JOB2 --json"),
)
_add(
    *(app, _JOBS, "rows", jobs.rows),
    ("Wait until the job is final, and write a workbook", "xl-openfunnel rows JOB -o companies.xlsx"),
    ("Some columns, on the screen", "xl-openfunnel rows JOB --columns name,domain,country"),
    (
        "The hundred largest of a country",
        'xl-openfunnel rows JOB --criteria "country=Germany" --sort=-employee_count --top 100',
    ),
    ("Several jobs in one table", "xl-openfunnel rows JOB OTHER_JOB -o both.xlsx"),
    ("What a known list does not have", "xl-openfunnel rows JOB --new-against crm -o new.xlsx"),
    ("All columns, into another program", "xl-openfunnel rows JOB --format jsonl | head"),
    ("Two jobs, read again, for cron", "xl-openfunnel rows JOB1 JOB2 --refresh --quiet -o companies.csv"),
    ("A CSV for a German or French Excel", 'xl-openfunnel rows JOB -o companies.csv --separator ";"'),
)
_add(
    *(app, _JOBS, "watch", watch.watch),
    ("A line for each change", "xl-openfunnel watch JOB"),
    ("A file that grows with the job", "xl-openfunnel watch JOB -o companies.xlsx"),
)
_add(
    *(app, _JOBS, "jobs", ledger.jobs),
    ("The jobs that were seen here", "xl-openfunnel jobs"),
    ("The same for a program", "xl-openfunnel jobs --json"),
)
_add(
    *(app, _JOBS, "sql", sql.sql),
    (
        "Companies by country, over all jobs",
        'xl-openfunnel sql "select country, count(distinct linkedin_url) from companies group by all"',
    ),
    ("What there is to ask for", "xl-openfunnel sql --schema"),
    ("One job, into a workbook", 'xl-openfunnel sql --job texas "from companies limit 50" -o fifty.xlsx'),
    (
        "Joined with a file of your own",
        "xl-openfunnel sql \"select c.name, crm.owner from companies c join 'crm.csv' crm using (domain)\"",
    ),
    ("From a file, into another program", "xl-openfunnel sql --file report.sql --format jsonl | head"),
)
_add(
    *(app, _JOBS, "label", ledger.label),
    ("Label a job", "xl-openfunnel label JOB texas"),
    ("Then the label does for the id", "xl-openfunnel rows texas -o texas.xlsx"),
    ("Take the label away", "xl-openfunnel label texas --remove"),
)
_add(
    *(app, _JOBS, "cancel", jobs.cancel),
    ("Ask first, then cancel", "xl-openfunnel cancel JOB"),
    ("In a script, where there is no one to ask", "xl-openfunnel cancel JOB --yes"),
)
_add(
    *(app, _JOBS, "export", export.export),
    ("A Parquet file for each job that is stored here", "xl-openfunnel export openfunnel"),
    ("Two jobs only", "xl-openfunnel export openfunnel JOB OTHER_JOB"),
    ("Those of this year, for a program", "xl-openfunnel export openfunnel --since 2026-01-01 --json"),
)
_add(
    *(app, _JOBS, "forget", ledger.forget),
    ("Remove one job's rows and its label from this computer", "xl-openfunnel forget JOB"),
    ("Remove everything that is stored here", "xl-openfunnel forget --all"),
)
_add(
    *(app, _JOBS, "credits", jobs.show_credits),
    ("What is left", "xl-openfunnel credits"),
    ("The same for a program", "xl-openfunnel credits --json"),
)
app.add_typer(known_lists, name="known", rich_help_panel=_KNOWN)
_add(
    *(known_lists, None, "set", known.set_list),
    (
        "Keep the companies of a CRM's export, with their owners",
        "xl-openfunnel known set crm accounts.csv --note Owner",
    ),
    ("In a script", "xl-openfunnel known set crm accounts.xlsx --columns Website,LinkedIn"),
)
_add(*(known_lists, None, "list", known.list_lists), ("The known lists on this computer", "xl-openfunnel known list"))
_add(*(known_lists, None, "show", known.show_list), ("What is known of one", "xl-openfunnel known show crm"))
_add(*(known_lists, None, "remove", known.remove_list), ("Remove one", "xl-openfunnel known remove crm"))
app.add_typer(key, name="key", rich_help_panel=_SETUP)
# Arguments are allowed only to be refused without repeating them: one of them may be a key.
_add(
    *(key, None, "set", keys.set_key),
    ("Type or paste the key; it is not shown", "xl-openfunnel key set"),
    ("From a file or another program", "xl-openfunnel key set < key.txt"),
    context_settings={"allow_extra_args": True},
)
_add(*(key, None, "show", keys.show_key), ("Which key is used, and from where", "xl-openfunnel key show"))
_add(
    *(key, None, "remove", keys.remove_key),
    ("Remove the stored key", "xl-openfunnel key remove"),
    ("Those of all addresses", "xl-openfunnel key remove --all"),
)
_add(
    *(app, _SETUP, "workbook", workbook.workbook),
    ("OpenFunnel.xlsm, in this folder", "xl-openfunnel workbook"),
    ("In another place", "xl-openfunnel workbook -o Companies.xlsm"),
)
_add(
    *(app, _SETUP, "install", install.install),
    ("Set up Excel", "xl-openfunnel install"),
    ("Set it up again after Python was updated or removed", "xl-openfunnel install --repair"),
    ("LibreOffice Calc, on Linux", "xl-openfunnel install --calc"),
)
_add(
    *(app, _SETUP, "uninstall", install.uninstall),
    ("Take away what install made", "xl-openfunnel uninstall"),
)
_add(
    *(app, _SETUP, "completion", completion.completion),
    ("bash", "xl-openfunnel completion bash >> ~/.bashrc"),
    ("zsh", "xl-openfunnel completion zsh >> ~/.zshrc"),
    ("fish", "xl-openfunnel completion fish > ~/.config/fish/completions/xl-openfunnel.fish"),
    (
        "PowerShell: this line, in the file that $PROFILE names",
        "xl-openfunnel completion powershell | Out-String | Invoke-Expression",
    ),
)
_add(
    *(app, _CHECKS, "doctor", doctor.doctor),
    ("Look at everything", "xl-openfunnel doctor"),
    ("And at a workbook whose cells show an error", "xl-openfunnel doctor OpenFunnel.xlsm"),
)
_add(
    *(app, _CHECKS, "selftest", selftest.selftest),
    ("Try the functions in a new Excel", "xl-openfunnel selftest"),
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with its exit code.

    Args:
        arguments: what follows the command's name; None for the process's own.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    code: int | str | None
    try:
        log_format.configure(words)
        terminal.configure_streams()
        terminal.configure_logging(debug=False)
        completion.prepare()
        code = app(None if arguments is None else words, prog_name="xl-openfunnel", standalone_mode=False) or 0
        if code == INTERRUPTED:
            _say_stopped()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        _say_stopped()
        code = INTERRUPTED
    except terminal.StdoutClosedError:
        code = 0
    except Exception as error:
        code = report(error)
    terminal.flush()
    sys.exit(code)


def _say_stopped() -> None:
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would interrupt Python's own end
    terminal.print_message("Stopped.")
