"""Where the companies of a job go: to a file, into a pipe, or onto the screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..api.models import JobStatus
from ..errors import ConfigurationError
from ..fields import DEFAULT_COLUMNS
from ..text import companies
from . import table_output, terminal

if TYPE_CHECKING:
    from ..jobs.snapshot import Snapshot

MAX_SHOWN = 100
"""Companies that a terminal shows: more would scroll the first ones out of sight. Files and pipes get all."""

_STDOUT: Final = "-"
_TAB: Final = ("\\t", "\t", "tab")
_NO_SEPARATORS: Final = "\"'.+-=@_"
"""They occur within numbers, quote, or begin a formula."""


@dataclass(frozen=True)
class Target:
    """Where companies go, and how they are written.

    Attributes:
        path: the file; None for stdout.
        file_format: a suffix without its dot; None for what a person reads, or seven columns in a pipe.
        separator: what separates the values of a CSV.
        raw: no apostrophes before texts that a spreadsheet would run; stdout never has them.
        label: the user's name for the job, which a workbook shows.
    """

    path: Path | None = None
    file_format: str | None = None
    separator: str = ","
    raw: bool = False
    label: str | None = None

    @classmethod
    def of(cls, output: Path | None, file_format: str | None, separator: str | None, *, raw: bool) -> Target:
        """The target that the options name, checked before a long wait.

        Raises:
            ConfigurationError: an unknown format, options that contradict each other, or see `files.check`.
            FileWriteError: see `files.check`.
        """
        from .. import files

        path = None if output is None or str(output) == _STDOUT else output
        wanted = None if file_format is None else file_format.strip().lower().removeprefix(".")
        if wanted is not None and wanted not in files.TEXT_FORMATS:
            of_file = f" For .{wanted} give a file: -o companies.{wanted}" if f".{wanted}" in files.SUFFIXES else ""
            raise ConfigurationError(f"--format takes csv, tsv, json or jsonl, and not {file_format!r}.{of_file}")
        if path is not None:
            suffix = path.suffix.lower()
            if wanted is not None and suffix in files.SUFFIXES and suffix != f".{wanted}":
                raise ConfigurationError(
                    f"{path} is a {suffix} file, and --format says {wanted}. Leave one of them out."
                )
            files.check(path, wanted)
            wanted = wanted or suffix[1:]
        elif output is not None and wanted is None:
            wanted = "csv"
        if separator is not None and wanted != "csv":
            raise ConfigurationError("--separator is for CSV: add --format csv, or -o FILE.csv.")
        return cls(path, wanted, "," if separator is None else _checked_separator(separator), raw)

    def write(self, snapshot: Snapshot, columns: Sequence[str] | None) -> int:
        """Write the companies and return how many values got an apostrophe.

        Raises:
            StdoutClosedError: the reader of stdout has closed it.
            ConfigurationError, FileWriteError: see `files.write`.
        """
        from .. import files

        if self.path is not None:
            return files.write(
                snapshot,
                self.path,
                columns,
                file_format=self.file_format,
                raw=self.raw,
                separator=self.separator,
                label=self.label,
            )
        if self.file_format is not None:
            with terminal.data_stream() as stream:
                files.write_text(snapshot, stream, self.file_format, columns, separator=self.separator)
        elif terminal.is_terminal(sys.stdout):
            _show(snapshot, columns)
            return 0
        else:
            with terminal.data_stream() as stream:
                files.write_text(snapshot, stream, "tsv", columns or DEFAULT_COLUMNS)
            if columns is None:
                terminal.print_note("Not all columns, separated by tabs. For all: --format csv")
        if snapshot.selection and not _chosen(snapshot):
            terminal.print_message(f"{_of_all(0, len(snapshot.rows))} match.{snapshot.did_you_mean()}")
        return 0

    def report(self, snapshot: Snapshot, guarded: int) -> None:
        """Say on stderr what was written to the file.

        Args:
            snapshot: the job.
            guarded: the values that got an apostrophe.
        """
        if self.path is None:
            return
        status, all_rows = snapshot.status, len(snapshot.rows)
        number = _chosen(snapshot)
        if_not_completed = "" if status in (None, JobStatus.COMPLETED) else f" ({status})"
        terminal.print_message(
            f"{_of_all(number, all_rows)}{if_not_completed} written to {self.path}",
            event="written",
            file=str(self.path),
            rows=number,
        )
        if not number and (hint := snapshot.did_you_mean()):
            terminal.print_note(hint.strip())
        print_apostrophes(guarded)
        terminal.print_open(self.path)


def print_apostrophes(guarded: int) -> None:
    """Say on stderr how many values got an apostrophe, if any."""
    if guarded:
        got, them = ("1 value got", "it") if guarded == 1 else (f"{guarded:,} values got", "them")
        terminal.print_note(
            f"{got} an apostrophe, so that no spreadsheet runs {them} as a formula; --raw keeps all texts."
        )


def _checked_separator(text: str) -> str:
    """The separator in the text.

    Raises:
        ConfigurationError: it is none.
    """
    if text in _TAB:
        return "\t"
    if len(text) == 1 and text.isprintable() and not text.isalnum() and text not in _NO_SEPARATORS:
        return text
    raise ConfigurationError(f'--separator takes one sign, for example ";" or "\\t", and not {text!r}.')


def _chosen(snapshot: Snapshot) -> int:
    """How many companies are written."""
    return len(snapshot.frame(["rank"])) if snapshot.selection else len(snapshot.rows)


def _of_all(chosen: int, everything: int) -> str:
    """``600 companies``, or ``12 of 600 companies``."""
    return companies(everything) if chosen == everything else f"{chosen:,} of {companies(everything)}"


def _show(snapshot: Snapshot, columns: Sequence[str] | None) -> None:
    frame = snapshot.frame(columns or table_output.TERMINAL_COLUMNS)
    table_output.print_frame(frame.head(MAX_SHOWN))
    if len(frame) > MAX_SHOWN:
        terminal.print_message(
            f"The first {MAX_SHOWN} of {len(frame):,} companies. A pipe gets all of them, and so does -o FILE."
        )
    else:
        terminal.print_message(f"{_of_all(len(frame), len(snapshot.rows))}.")
