"""Streams: data to stdout, messages and progress to stderr, with or without a terminal."""

from __future__ import annotations

import codecs
import contextlib
import errno
import functools
import io
import json
import logging
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, TextIO

from ..cell_values import to_json
from ..errors import ConfigurationError
from ..log import CAUSE, redact_keys
from ..text import one_line
from .log_format import json_line, messages

if TYPE_CHECKING:
    from rich.console import Console, ConsoleDimensions

    from ..jobs.snapshot import Snapshot


_SIZES: Final = range(10, 10_001)
"""Columns and lines that a terminal can have; a script may ask for very wide ones, so that nothing is cut."""

_UNKNOWN_WIDTH: Final = 80


_STAND_INS: Final = {"…": "~", "·": "-", "─": "-", "–": "-", "’": "'"}
"""What a terminal without these signs shows for those that we draw ourselves; for any other ``?``."""

_STAND_INS_NAME: Final = "xl_openfunnel.stand_in"


class StdoutClosedError(Exception):
    """The reader of stdout has closed it (``| head``): the command ends, without an error."""


def configure_streams() -> None:
    """Make all streams take any text: pipes on Windows use an old code page, which cannot encode most names."""
    stderr_console.cache_clear()
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, as ``>&-`` does
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            # PYTHONIOENCODING is the user's choice.
            encoding = None if stream.isatty() or os.environ.get("PYTHONIOENCODING") else "utf-8"
            stream.reconfigure(encoding=encoding, errors=_STAND_INS_NAME)  # type: ignore[union-attr]


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """An error handler of `codecs`: one sign for each, so that columns stay aligned."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_STAND_INS.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


codecs.register_error(_STAND_INS_NAME, _stand_in)


def configure_logging(*, debug: bool) -> None:
    """Print warnings on stderr; with `debug` everything that any library logs.

    No library logs headers, so no log line holds the key.
    """
    handler = _LogHandler(debug=debug)
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _LogHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    logging.captureWarnings(messages.json)  # by themselves they are printed as text


class _LogHandler(logging.Handler):
    """Prints log records through the console, which keeps them off the progress line."""

    def __init__(self, *, debug: bool) -> None:
        super().__init__(logging.DEBUG if debug else logging.WARNING)
        self._debug = debug
        if debug:
            self.setFormatter(logging.Formatter("%(relativeCreated)6.0f ms %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._debug:
                text, mark, style = self.format(record), "", "dim"
            else:  # without the traceback that a record may have
                text, mark, style = one_line(record.getMessage()), f"{record.levelname.lower()}: ", "yellow"
                if not messages.is_news(text, getattr(record, CAUSE, "")):
                    return
            level = record.levelname.lower()
            print_message(text, mark=mark, style=style, level=level, event="log", logger=record.name)
        except Exception:
            self.handleError(record)


@functools.cache
def stderr_console() -> Console:
    """The console of stderr, shared by messages and progress."""
    return new_console(stderr=True)


def new_console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is: brackets in a company's name are no markup.

    A size that no terminal has, as in ``COLUMNS=0``, counts as unknown: rich would print nothing.
    """
    from rich.console import Console

    sizes = {name: os.environ.get(name, "") for name in ("COLUMNS", "LINES")}
    known = {name for name, size in sizes.items() if re.fullmatch("[0-9]{1,5}", size) and int(size) in _SIZES}
    environ = {name: value for name, value in os.environ.items() if name not in sizes or name in known}
    console = Console(
        file=None if stderr else sys.stdout,  # its encoding decides which signs are drawn
        stderr=stderr,
        legacy_windows=None if is_terminal(sys.stderr if stderr else sys.stdout) else False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ=environ,
    )
    if console.is_dumb_terminal:  # rich takes each for one of 80 columns
        console.size = _size_of_dumb_terminal(console.file, environ)
    if console.width not in _SIZES:  # as a pseudo-terminal may say
        set_width(console, _UNKNOWN_WIDTH)
    return console


def set_width(console: Console, width: int) -> None:
    """Let the console draw for so many columns; without a height too, rich forgets that on a dumb terminal."""
    from rich.console import ConsoleDimensions

    console.size = ConsoleDimensions(width, console.height)


def _size_of_dumb_terminal(stream: IO[str], environ: Mapping[str, str]) -> ConsoleDimensions:
    from rich.console import ConsoleDimensions

    size = (0, 0)
    with contextlib.suppress(AttributeError, ValueError, OSError):
        size = os.get_terminal_size(stream.fileno())
    width, height = (int(environ.get(name, known)) for name, known in zip(("COLUMNS", "LINES"), size, strict=True))
    return ConsoleDimensions(width, height or 25)


def can_print_unicode(console: Console) -> bool:
    """Whether the console can show signs beyond ASCII."""
    encoding = getattr(console.file, "encoding", None) or "utf-8"
    return encoding.lower().startswith("utf") and not console.legacy_windows


def print_message(
    text: str, *, mark: str = "", style: str = "", level: str = "info", event: str = "message", **fields: Any
) -> None:
    """Print a message on stderr: wrapped between words on a terminal, else on one line, so that it can be searched for.

    Args:
        text: the message.
        mark: what stands before it.
        style: its colour.
        level: ``debug``, ``info``, ``warning`` or ``error``; ``--quiet`` leaves out ``info``.
        event: what it is about, for ``--log-format json``.
        fields: further values for ``--log-format json``.
    """
    if not messages.wanted(level):
        return
    if messages.json:
        if text := text.strip():
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(json_line(level, event, text, fields) + "\n")
                sys.stderr.flush()
        return
    from rich.text import Text

    text = redact_keys(messages.with_base_url(text))
    with contextlib.suppress(OSError, ValueError):  # a closed stderr must not fail the command
        console = stderr_console()
        if console.is_terminal:
            text = wrapped(mark + text, console.width)[len(mark) :]
        console.print(Text.assemble((mark, f"bold {style}".strip()), (text, "" if mark else style)), soft_wrap=True)


def wrapped(text: str, width: int) -> str:
    """Lines broken between words only: a long path or id stays whole, to be copied."""
    return "\n".join(
        textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in text.split("\n")
    )


def print_note(text: str, **fields: Any) -> None:
    """Print a note on stderr; ``fields`` are for the log in JSON."""
    print_message(text, mark="note: ", **fields)


def print_warning(text: str, **fields: Any) -> None:
    """Print a warning on stderr, unless one has told its cause; ``fields`` are for the log in JSON."""
    if messages.is_news(text):
        print_message(text, mark="warning: ", style="yellow", level="warning", **fields)


def print_warnings(snapshot: Snapshot) -> None:
    """Print the warnings of a job on stderr, each on its own line."""
    for text in snapshot.warnings:
        print_warning(text, job=snapshot.job_id)


def print_error(text: str, **fields: Any) -> None:
    """Print on stderr what went wrong, and what to do; ``fields`` are for the log in JSON."""
    print_message(text, mark="error: ", style="red", level="error", **fields)


def print_open(path: Path, *, on_stdout: bool = False) -> None:
    """Say on a terminal where the file is, as a link where the terminal has them.

    Args:
        path: the file.
        on_stdout: print it on stdout, and there also without a terminal, for other programs: the path alone.
    """
    from rich.text import Text

    if not on_stdout and (messages.json or not messages.wanted("info")):
        return
    whole = path.resolve()
    if is_terminal(sys.stdout if on_stdout else sys.stderr):
        console = new_console() if on_stdout else stderr_console()
        with contextlib.suppress(OSError, ValueError):
            console.print(Text.assemble(("Open: ", "bold"), (str(whole), f"link {whole.as_uri()}")), soft_wrap=True)
    elif on_stdout:
        print_line(str(whole))


def print_line(text: str) -> None:
    """Print a line of data on stdout.

    Raises:
        StdoutClosedError: its reader has closed it.
    """
    with _detect_closed_stdout():
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def print_json(value: object) -> None:
    """Print a value as one line of JSON on stdout; characters that a terminal could obey or hide are escaped.

    Raises:
        StdoutClosedError: its reader has closed it.
    """
    text = to_json(value)
    print_line(text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines of data on stdout.

    Raises:
        StdoutClosedError: its reader has closed it.
    """
    for line in lines:
        with _detect_closed_stdout():
            sys.stdout.write(line + "\n")
    with _detect_closed_stdout():
        sys.stdout.flush()


@contextlib.contextmanager
def data_stream() -> Iterator[TextIO]:
    """Stdout as the file that it may become: UTF-8 in every locale, line ends as they are written.

    Raises:
        StdoutClosedError: its reader has closed it.
    """
    with _detect_closed_stdout():
        sys.stdout.flush()
        stream = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", errors="replace", newline="")
        try:
            yield stream
            stream.flush()
        finally:
            with contextlib.suppress(OSError):
                stream.detach()


def flush() -> None:
    """Flush stdout; where its reader has closed it, keep Python from reporting that at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _detect_closed_stdout() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise StdoutClosedError from None
    except OSError as error:
        if error.errno == errno.EINVAL and os.name == "nt":  # how Windows reports a broken pipe
            raise StdoutClosedError from None
        raise


def is_terminal(stream: TextIO) -> bool:
    """Whether the stream is a terminal; False for a closed one."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def confirm(question: str) -> bool:
    """Ask a question on the terminal; Enter alone means no.

    Raises:
        ConfigurationError: there is no terminal to ask at.
    """
    if not is_terminal(sys.stdin):
        raise ConfigurationError("There is no terminal to ask at: say --yes if you are sure.")
    with newline_on_interrupt():
        if messages.json:
            print_message(f"{question} [y/N]", level="warning", event="question")
        else:
            sys.stderr.write(f"{question} [y/N] ")
            sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextlib.contextmanager
def newline_on_interrupt() -> Iterator[None]:
    """End the line of a question that Ctrl-C interrupts."""
    try:
        yield
    except KeyboardInterrupt:
        if not messages.json:
            sys.stderr.write("\n")
        raise
