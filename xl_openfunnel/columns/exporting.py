"""A folder of a person's own with the companies of final jobs, for other programs: a Parquet file a job.

``companies/`` has the files, each named by what it holds, and never changed. ``jobs/jobs.parquet`` lists them; it is
replaced in one step. Nothing else is ever in these two folders, since many readers take all that is in one.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from ..atomic import (
    LEFT_OVER_AGE,
    atomic_write,
    exclusive,
    locked_error,
    missing_folder,
    patiently,
    remove_left_over,
    temporary_file,
    write_error,
)
from ..errors import ConfigurationError, FileWriteError, IncompleteResultError, JobFailedError, OpenFunnelError
from ..jobs.snapshot import Result
from ..jobs.store.ledger import LedgerEntry
from ..jobs.store.store import Store
from ..text import companies, one_line
from . import parquet
from .connection import UnavailableError, connect, literal
from .folder import ColumnFolder, job_key, sync
from .job_list import EXPORTER, JobList, ListedJob, read_facts, utc
from .schema import SHOWN_COLUMNS, VERSION, IrregularError

COMPANIES: Final = "companies"
JOBS: Final = "jobs"

_ID_FILE: Final = "export-id"
"""Beside the store: it tells this computer's files from those of others in the same folder."""

_ID: Final = re.compile(r"[0-9a-f]{32}")

_NAME: Final = re.compile(r"[0-9a-f]{24}-[0-9a-f]{24}\.parquet")


@dataclass
class Report:
    """What an export did.

    Attributes:
        written: the jobs whose file is new, each with its name and number of companies.
        unchanged: those whose file was there.
        removed: jobs that were forgotten, or whose companies are others now, each with the name of its removed file.
        kept: names of files that are no longer of a stored job, but could have been lost with a damaged store.
        left_out: the jobs that could not be exported, each with the reason.
        locked: names of files that another program holds open, so that they could not be removed.
    """

    written: list[ListedJob] = field(default_factory=list)
    unchanged: list[ListedJob] = field(default_factory=list)
    removed: list[tuple[str, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    left_out: list[tuple[str, OpenFunnelError]] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)


class Exporter:
    """Exports jobs of a store.

    Args:
        target: the folder, which is made if only it is missing.
        store: has the jobs.
        columns: the files of columns that belong to the store. Missing ones are made.
        sleep: waits, in seconds.
        now: tells the time, in seconds since 1970.
    """

    def __init__(
        self,
        target: Path,
        store: Store,
        columns: ColumnFolder,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._target = target
        self._store = store
        self._columns = columns
        self._list = JobList(target / JOBS / "jobs.parquet", columns)
        self._sleep = sleep
        self._now = now
        self._id = ""

    def export(self, job_ids: Sequence[str], on_job: Callable[[int], object] = lambda _: None) -> Report:
        """Write what is missing of these jobs, list it, and then remove what is no longer wanted.

        Safe to run again, by several processes, and while other programs read.

        Args:
            job_ids: stored jobs of the store's origin.
            on_job: called with the number of the job before it is exported, from 1.

        Raises:
            ConfigurationError: the folder cannot be one, or has a list of jobs that is none of ours.
            FileWriteError: a file could not be written; with `locked`, because another program holds it open.
        """
        report = Report()
        with _explaining(self._target):
            self._prepare()
            self._list.read()  # raises before anything is written
            ledger = {entry.job_id: entry for entry in self._store.ledger()}
            for number, job_id in enumerate(job_ids, 1):
                on_job(number)
                try:
                    self._export(job_id, ledger.get(job_id), report)
                except OpenFunnelError as error:
                    if isinstance(error, (FileWriteError, ConfigurationError)):
                        raise
                    report.left_out.append((job_id, error))
            with exclusive(self._target, self._sleep):
                listed = self._list.read()  # before the files: another process may export into the folder too
                files = set(self._files())
                current = {job.file: job for job in [*report.written, *report.unchanged]}
                unwanted = self._unwanted(files, current.values(), {job.file: job.as_of for job in listed}, report)
                others = [job for job in listed if job.file in files - unwanted - current.keys()]
                jobs = sorted([*others, *current.values()], key=lambda job: (job.origin, job.job_id, job.file))
                if jobs != listed or not self._list.path.exists():
                    with temporary_file(self._target) as part:
                        self._list.write(part, jobs, self._id)
                        self._retry(lambda: part.replace(self._list.path), f"{JOBS}/{self._list.path.name}")
            self._remove({job.file: job.job_id for job in listed}, unwanted, report)
        return report

    def _prepare(self) -> None:
        if not self._target.parent.is_dir():
            raise missing_folder(self._target.parent)
        for folder in (self._target, self._target / COMPANIES, self._target / JOBS):
            folder.mkdir(exist_ok=True)
        remove_left_over(self._target, self._now() - LEFT_OVER_AGE)
        self._columns.prepare()
        self._id = self._own_id()

    def _own_id(self) -> str:
        path = self._store.path.with_name(_ID_FILE)
        with exclusive(path.parent, self._sleep):
            with contextlib.suppress(FileNotFoundError):
                if _ID.fullmatch(number := path.read_text("ascii", errors="replace")):
                    return number
            atomic_write(path, (number := secrets.token_hex(16)).encode(), mode=0o600)
        return number

    def _files(self) -> Iterator[str]:
        return (entry.name for entry in os.scandir(self._target / COMPANIES) if _NAME.fullmatch(entry.name))

    def _export(self, job_id: str, entry: LedgerEntry | None, report: Report) -> None:
        """Write the file of a job, unless it is there.

        Raises:
            IncompleteResultError: the job is not stored, or irregular.
            JobFailedError: it failed.
            FileWriteError: the file could not be written.
        """
        result = self._store.find(job_id)
        if result is None or result.rows.content is None:
            raise not_final_error(job_id)
        if result.status.failed:
            raise JobFailedError(
                f"Job {job_id} failed, so it is not exported. xl-openfunnel rows {job_id} --partial takes the"
                f" {companies(len(result.rows))} that it delivered."
            )
        name = f"{self._columns.begin(job_id, result.rows.content)}.parquet"
        job = ListedJob.of(job_id, self._store.origin, entry, result, name)
        path = self._target / COMPANIES / name
        if path.exists():
            report.unchanged.append(job)
            return
        with temporary_file(self._target) as part:
            self._write(part, job_id, result, result.rows.content)
            # Not `replace`: on Windows that of another process, which is the same, stays.
            with contextlib.suppress(FileExistsError):
                part.rename(path)
        report.written.append(job)

    def _write(self, part: Path, job_id: str, result: Result, content: str) -> None:
        try:
            source = self._columns.make(job_id, result.rows, result.as_of)
        except IrregularError as error:
            raise IncompleteResultError(
                f"Job {job_id} is not exported, since no column can hold {error.field} of row {error.rank}:"
                f" {one_line(error.shown())[:80]}. xl-openfunnel rows {job_id} -o FILE writes it all the same."
            ) from None
        metadata = {
            "pandas": parquet.pandas_metadata(SHOWN_COLUMNS),
            "version": str(VERSION),
            "job_id": job_id,
            "origin": self._store.origin,
            "as_of": result.as_of.isoformat(),
            "rows": str(len(result.rows)),
            "content": content,
            EXPORTER: self._id,
        }
        with self._columns.part(job_key(self._store.origin, job_id)) as local:
            names = ", ".join(SHOWN_COLUMNS)
            with connect(self._columns.path) as connection:
                query = f"SELECT {names} FROM read_parquet({literal([str(source)])})"  # noqa: S608
                parquet.copy(connection, query, local, metadata)
            shutil.copyfile(local, part)
        sync(part)

    def _unwanted(
        self, files: Set[str], current: Iterable[ListedJob], confirmed: Mapping[str, datetime], report: Report
    ) -> set[str]:
        """The names of files of jobs that were forgotten here, and of earlier companies of those that are current."""
        stored = {job_key(origin, job_id) for origin, job_id in self._store.stored()}
        now = {job.file.partition("-")[0]: job for job in current}
        forgotten: set[str] = set()
        earlier: set[str] = set()
        for name in files:
            key = name.partition("-")[0]
            if key not in now and key not in stored and self._facts(name).get(EXPORTER) == self._id:
                forgotten.add(name)
            elif key in now and name != now[key].file and self._is_earlier(name, now[key], confirmed.get(name)):
                earlier.add(name)
        if forgotten and any(self._store.path.parent.glob(f"{self._store.path.name}.damaged-*")):
            report.kept, forgotten = sorted(forgotten), set()
        return forgotten | earlier

    def _is_earlier(self, name: str, job: ListedJob, confirmed: datetime | None) -> bool:
        """Whether the file has companies that the job had before.

        Of what this computer wrote, its store knows that, though its clock was set back or a killed export listed
        nothing. Of others' files, and of those that were confirmed again since, the times tell.

        Args:
            name: the file, found before the store is asked: another process stores companies before it exports them.
            job: the job with its present file.
            confirmed: when the service last confirmed the file's companies, as the list has it.
        """
        facts = self._facts(name)
        try:
            written = utc(datetime.fromisoformat(facts.get("as_of", "")))
        except ValueError:
            return False
        if facts[EXPORTER] == self._id and (confirmed is None or confirmed <= written):
            stored = self._store.find(job.job_id)
            content = None if stored is None else stored.rows.content
            return content is not None and name != f"{self._columns.begin(job.job_id, content)}.parquet"
        return max(written, confirmed or written) <= job.as_of

    def _facts(self, name: str) -> dict[str, str]:
        """What an export wrote into the file's metadata; nothing where no export wrote the file as it is named."""
        facts = read_facts(self._target / COMPANIES / name, self._columns)
        ours = job_key(facts.get("origin", ""), facts.get("job_id", "")) == name.partition("-")[0]
        return facts if ours and EXPORTER in facts else {}

    def _remove(self, job_of: Mapping[str, str], names: Set[str], report: Report) -> None:
        for name in sorted(names):
            path = self._target / COMPANIES / name
            try:
                self._retry(lambda path=path: path.unlink(missing_ok=True), name)  # type: ignore[misc]
            except FileWriteError:
                report.locked.append(name)
            else:
                report.removed.append((job_of.get(name, "unknown"), name))

    def _retry(self, action: Callable[[], object], name: str) -> None:
        """Do it, again where another program holds the file open, as Windows has it."""
        try:
            patiently(action, self._sleep)
        except PermissionError:
            raise locked_error(self._target / name) from None


def not_final_error(job_id: str) -> IncompleteResultError:
    """The error of a job that is not exported because it is not stored."""
    return IncompleteResultError(
        f"Job {job_id} is not final here, so it is not exported. xl-openfunnel rows {job_id} waits until it is."
    )


@contextlib.contextmanager
def _explaining(target: Path) -> Iterator[None]:
    """Raise the system's and DuckDB's errors as `FileWriteError`."""
    try:
        yield
    except FileExistsError as error:  # a file in place of a folder
        raise ConfigurationError(f"{error.filename or target} is no folder. Give the name of one.") from None
    except PermissionError as error:
        raise FileWriteError(f"{error.filename or target} may not be written. Give another folder.") from None
    except OSError as error:
        raise write_error(target, error) from None
    except UnavailableError as error:
        raise FileWriteError(f"The files could not be written: {error}") from None
