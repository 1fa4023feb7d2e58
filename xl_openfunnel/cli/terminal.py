"""Streams: data to stdout, messages and progress to stderr, on any terminal or none."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from ..errors import ConfigurationError
from ..text import as_json, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from ..jobs.snapshot import Snapshot


class StdoutClosedError(Exception):
    """Nobody reads stdout any more (``| head``): a reason to end, and no trouble."""


def set_up_streams() -> None:
    """Make all streams take any text: Windows pipes in an old code page, which would raise for most names."""
    messages.cache_clear()
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, as ``>&-`` does
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            # What the user asked for by PYTHONIOENCODING stands.
            encoding = None if stream.isatty() or os.environ.get("PYTHONIOENCODING") else "utf-8"
            stream.reconfigure(encoding=encoding, errors="replace")  # type: ignore[union-attr]


def set_up_log(*, debug: bool) -> None:
    """Warnings of the package as messages; with ``debug`` everything that any library logs.

    No library logs headers, so the key is in none of it.
    """
    handler = _LogHandler(debug=debug)
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _LogHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.WARNING)


class _LogHandler(logging.Handler):
    """Log lines through the console, which keeps them off the progress line."""

    def __init__(self, *, debug: bool) -> None:
        super().__init__(logging.DEBUG if debug else logging.WARNING)
        self._debug = debug
        if debug:
            self.setFormatter(logging.Formatter("%(relativeCreated)6.0f ms %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._debug:
                say(self.format(record), style="dim")
            else:  # without the traceback that a record may carry
                say(one_line(record.getMessage()), mark=f"{record.levelname.lower()}: ", style="yellow")
        except Exception:
            self.handleError(record)


@functools.cache
def messages() -> Console:
    """The console of stderr."""
    return console(stderr=True)


def console(*, stderr: bool = False) -> Console:
    """A console that takes text as it is: brackets in a company's name are no markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def say(text: str, *, mark: str = "", style: str = "") -> None:
    """A message for the person, on stderr; never wrapped, so that it can be searched for."""
    from rich.text import Text

    with contextlib.suppress(OSError, ValueError):  # nobody to read it is no reason to fail
        messages().print(Text.assemble((mark, f"bold {style}".strip()), (text, "" if mark else style)), soft_wrap=True)


def say_error(text: str) -> None:
    """What went wrong, and what to do."""
    say(text, mark="error: ", style="red")


def put(text: str) -> None:
    """A line of data, on stdout.

    Raises:
        ReaderGone: nobody reads it.
    """
    with _reader():
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def put_json(value: object) -> None:
    """A value as JSON on a line of stdout; what a terminal could obey or hide is escaped.

    Raises:
        ReaderGone: nobody reads it.
    """
    text = as_json(value)
    put(text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


def put_lines(lines: Iterable[str]) -> None:
    """Many lines of data, on stdout.

    Raises:
        ReaderGone: nobody reads them.
    """
    for line in lines:
        with _reader():
            sys.stdout.write(line + "\n")
    with _reader():
        sys.stdout.flush()


def flush() -> None:
    """Write out stdout; where nobody reads it, keep Python from complaining at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _reader() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise StdoutClosedError from None
    except OSError as trouble:
        if trouble.errno == errno.EINVAL and os.name == "nt":  # a broken pipe, as Windows says it
            raise StdoutClosedError from None
        raise


def is_terminal(stream: TextIO) -> bool:
    """Whether a person sits at the other end."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def confirmed(question: str) -> bool:
    """Ask, with no as the answer of whoever just presses Enter.

    Raises:
        ConfigurationError: there is no terminal to ask at.
    """
    if not is_terminal(sys.stdin):
        raise ConfigurationError("There is no terminal to ask at: say --yes if you are sure.")
    with line_of_its_own():
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextlib.contextmanager
def line_of_its_own() -> Iterator[None]:
    """For questions: whatever comes after Ctrl-C begins on a new line."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise


class Progress:
    """Where a job is, in words on stderr that keep changing; without a terminal a line for each change."""

    def __init__(self) -> None:
        self._line: Callable[[], str] = lambda: "asking the service"
        self._told: object = None
        self._began = time.monotonic()
        self._live: Live | None = None
        self._lock = threading.Lock()
        self._ended = False

    def __enter__(self) -> Self:
        if is_terminal(sys.stderr) and not messages().is_dumb_terminal:
            from rich.live import Live

            self._live = Live(
                console=messages(),
                get_renderable=self._shown,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._ended = True
        if self._live is not None:
            with contextlib.suppress(OSError, ValueError):
                self._live.stop()

    def __call__(self, snapshot: Snapshot) -> None:
        """Show where the job is now."""
        from .job_text import change_key, line

        with self._lock:
            if self._ended:  # a callback that was under way
                return
            self._line = lambda: line(snapshot)  # anew for every picture, since it counts the seconds to the next try
            if self._live is None and change_key(snapshot) != self._told:
                self._told = change_key(snapshot)
                say(self._line())

    def tell(self, line: str) -> None:
        """Show this line."""
        self._line = lambda: line
        if self._live is None:
            say(line)

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def _shown(self) -> Text:
        from rich.text import Text

        unicode = messages().encoding.startswith("utf") and not messages().legacy_windows
        frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" if unicode else "|/-\\"
        frame = frames[int(self.seconds * 8) % len(frames)]
        text = Text()  # of several lines where a trouble and what to do take them
        return text.append(frame, "cyan").append(f" {self.seconds:.0f} s ", "dim").append(one_line(self._line()))
