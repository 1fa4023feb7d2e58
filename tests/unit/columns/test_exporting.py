"""A folder of exported files: what is new is written, nothing is replaced, and nothing of others is removed."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from tests.unit.columns.stored_rows import ORIGIN
from xl_openfunnel import ConfigurationError, FileWriteError, JobStatus, Store
from xl_openfunnel.api.models import Page
from xl_openfunnel.atomic import atomic_write
from xl_openfunnel.columns import exporting
from xl_openfunnel.columns.exporting import Exporter, Report
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.columns.job_list import EXPORTER, JobList, read_facts
from xl_openfunnel.columns.schema import SHOWN_COLUMNS
from xl_openfunnel.jobs.snapshot import Result, Rows
from xl_openfunnel.simulator import companies

pytestmark = pytest.mark.dependencies

ROWS = companies(12, seed=3)


class Computer:
    """A store with the columns beside it."""

    def __init__(self, folder: Path, origin: str = ORIGIN) -> None:
        folder.mkdir(exist_ok=True)
        self.store = Store(folder / "store.sqlite3", origin)
        self.columns = ColumnFolder.beside(self.store.path, origin)
        self.waits: list[float] = []

    def put(self, job_id: str, rows: Sequence[dict[str, Any]], day: int = 1, status: str = "completed") -> None:
        page = Page(JobStatus(status), row_count=len(rows), rows_json=json.dumps(rows).encode())
        as_of = datetime(2026, 6, day, tzinfo=UTC)
        result = Result(JobStatus(status), None, len(rows), {"count": len(rows)}, None, as_of, Rows.of([page]))
        self.store.save(job_id, result, (page,), None)

    def export(self, target: Path, *job_ids: str, now: float | None = None) -> Report:
        """Export these jobs, or all that are stored."""
        exporter = Exporter(
            target, self.store, self.columns, sleep=self.waits.append, now=lambda: time.time() if now is None else now
        )
        return exporter.export(job_ids or sorted(job_id for _, job_id in self.store.stored()))


class Waiting(list[float]):
    """The waits of one who waits until another has written."""

    def __init__(self, waits: threading.Event, written: threading.Event) -> None:
        self._waits, self._written = waits, written

    def append(self, _: float) -> None:
        self._waits.set()
        self._written.wait(30)


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path / "here")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "it's a target é"


def names(target: Path) -> list[str]:
    return sorted(path.name for path in (target / "companies").iterdir())


def table(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet file."""
    with duckdb.connect() as connection:
        result = connection.execute("FROM read_parquet(?)", [str(path)])
        columns = [column[0] for column in result.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def read(target: Path) -> list[tuple[str, int]]:
    """Job and rank of each company in the folder."""
    rows = [row for name in names(target) for row in table(target / "companies" / name)]
    return sorted((row["job_id"], row["rank"]) for row in rows)


def listed(target: Path) -> list[dict[str, Any]]:
    return table(target / "jobs" / "jobs.parquet")


def identities(target: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in target.rglob("*.parquet")}


def test_each_job_has_a_file_and_a_line_in_the_list(computer: Computer, target: Path) -> None:
    computer.put("a", ROWS)
    computer.put("NUL", ROWS[:3])
    computer.store.label("a", "Texas")
    report = computer.export(target)
    assert [job.job_id for job in report.written] == ["NUL", "a"]
    assert read(target) == [("NUL", rank) for rank in range(1, 4)] + [("a", rank) for rank in range(1, 13)]
    assert [(job["job_id"], job["label"], job["rows"], job["origin"]) for job in listed(target)] == [
        ("NUL", None, 3, ORIGIN),
        ("a", "Texas", 12, ORIGIN),
    ]
    assert sorted(job["file"] for job in listed(target)) == names(target)
    assert sorted(path.name for path in target.iterdir()) == ["companies", "jobs"]
    (first, *_) = names(target)
    assert list(table(target / "companies" / first)[0]) == list(SHOWN_COLUMNS)


def test_a_second_run_writes_nothing_and_a_new_job_only_its_own_file(computer: Computer, target: Path) -> None:
    computer.put("a", ROWS)
    computer.export(target)
    before = identities(target)
    report = computer.export(target)
    assert (report.written, [job.job_id for job in report.unchanged]) == ([], ["a"])
    assert identities(target) == before
    computer.put("b", ROWS[:2])
    computer.export(target)
    after = identities(target)
    changed = {Path(path).name for path, identity in before.items() if after[path] != identity}
    assert changed == {"jobs.parquet"}
    assert len(after) == 3


def test_jobs_that_are_not_asked_for_stay(computer: Computer, target: Path) -> None:
    for job_id in "abc":
        computer.put(job_id, ROWS[:2])
    computer.export(target, "a", "b")
    computer.export(target, "c")
    assert [job["job_id"] for job in listed(target)] == ["a", "b", "c"]
    assert len(names(target)) == 3


def test_files_of_forgotten_jobs_are_removed_and_named(computer: Computer, target: Path) -> None:
    computer.put("a", ROWS)
    computer.put("b", ROWS)
    computer.export(target)
    gone = next(job["file"] for job in listed(target) if job["job_id"] == "a")
    computer.store.forget("a")
    report = computer.export(target)
    assert report.removed == [("a", gone)]
    assert [job["job_id"] for job in listed(target)] == ["b"]
    assert gone not in names(target)
    computer.store.forget_all()
    computer.export(target)
    assert (names(target), listed(target)) == ([], [])


def test_other_companies_of_a_job_take_the_place_of_the_earlier(computer: Computer, target: Path) -> None:
    computer.put("a", ROWS)
    computer.export(target)
    (earlier,) = names(target)
    computer.put("a", ROWS[:5], day=2)
    computer.put("b", ROWS[:1])
    assert computer.export(target, "b").removed == []
    report = computer.export(target)
    assert report.removed == [("a", earlier)]
    assert read(target) == [("a", rank) for rank in range(1, 6)] + [("b", 1)]


def test_what_others_have_in_the_folder_stays(computer: Computer, target: Path, tmp_path: Path) -> None:
    colleague = Computer(tmp_path / "there")
    computer.put("mine", ROWS)
    colleague.put("theirs", ROWS)
    colleague.export(target)
    computer.export(target)
    (target / "companies" / "notes.txt").write_text("mine")
    (target / "companies" / f"{'e' * 24}-{'f' * 24}.parquet").mkdir()
    stranger = target / "companies" / f"{'a' * 24}-{'b' * 24}.parquet"
    stranger.write_bytes(b"PAR1 of another program PAR1")
    renamed = target / "companies" / f"{'c' * 24}-{'d' * 24}.parquet"
    mine = next(job["file"] for job in listed(target) if job["job_id"] == "mine")
    renamed.write_bytes((target / "companies" / mine).read_bytes())
    computer.store.forget("mine")
    report = computer.export(target)
    assert [job_id for job_id, _ in report.removed] == ["mine"]
    assert [job["job_id"] for job in listed(target)] == ["theirs"]
    assert {"notes.txt", stranger.name, renamed.name} < set(names(target))


def test_a_job_that_two_computers_export_is_there_once(computer: Computer, target: Path, tmp_path: Path) -> None:
    colleague = Computer(tmp_path / "there")
    for each in (computer, colleague):
        each.put("shared", ROWS)
        each.export(target)
    assert len(read(target)) == len(ROWS)
    colleague.put("shared", ROWS[:4], day=3)  # read again there, and not here
    colleague.export(target)
    assert len(read(target)) == 4
    colleague.store.forget("shared")
    colleague.export(target)
    assert names(target) == []


class Killed(BaseException):
    """The process ends here."""


def killed_export(computer: Computer, target: Path, moment: str) -> None:
    """Export, and end before or after a new file is renamed, the list is replaced, or an old file is removed."""
    when, name = moment.split()
    method = getattr(Path, name)

    def dying(path: Path, *arguments: Any, **named: Any) -> object:
        if name == "unlink" and path.suffix == ".part":
            return method(path, *arguments, **named)
        if when == "after":
            method(path, *arguments, **named)
        raise Killed

    for job_id in (job_id for _, job_id in computer.store.stored()):  # what makes columns renames and removes too
        computer.columns.make(job_id, computer.store.find(job_id).rows, None)  # type: ignore[union-attr]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, name, dying)
        with pytest.raises(Killed):
            computer.export(target)


MOMENTS = [f"{when} {name}" for name in ("rename", "replace", "unlink") for when in ("before", "after")]


@pytest.mark.parametrize("days", [(2, 3, 4), (4, 3, 2), (3, 3, 3)], ids=["forward", "clock set back", "same time"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_export_leaves_no_earlier_companies_in_the_end(
    computer: Computer, target: Path, moment: str, days: tuple[int, int, int]
) -> None:
    computer.put("a", ROWS, days[0])
    computer.export(target)
    computer.put("a", ROWS[:5], days[1])
    killed_export(computer, target, moment)
    computer.put("a", ROWS[:3], days[2])
    computer.export(target)
    assert read(target) == [("a", rank) for rank in range(1, 4)]
    assert [job["file"] for job in listed(target)] == names(target)


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_killed_colleague_wrote_before_is_removed(
    computer: Computer, target: Path, tmp_path: Path, moment: str
) -> None:
    colleague = Computer(tmp_path / "there")
    colleague.put("a", ROWS, 2)
    colleague.export(target)
    colleague.put("a", ROWS[:5], 3)
    killed_export(colleague, target, moment)
    computer.put("a", ROWS[:3], 3)
    computer.export(target)
    assert read(target) == [("a", rank) for rank in range(1, 4)]
    assert [job["file"] for job in listed(target)] == names(target)


def test_what_a_colleague_lists_while_jobs_are_exported_stays_listed(
    computer: Computer, target: Path, tmp_path: Path
) -> None:
    colleague = Computer(tmp_path / "there")
    computer.put("a", ROWS)
    colleague.put("b", ROWS)
    Exporter(target, computer.store, computer.columns).export(["a"], lambda _: colleague.export(target))
    assert [job["job_id"] for job in listed(target)] == ["a", "b"]


def test_what_a_colleague_confirmed_later_stays(computer: Computer, target: Path, tmp_path: Path) -> None:
    colleague = Computer(tmp_path / "there")
    for each, day in ((computer, 1), (colleague, 9)):  # the same file, written here
        each.put("a", ROWS, day)
        each.export(target)
    (newest,) = names(target)
    computer.put("a", ROWS[:5], 5)
    assert computer.export(target).removed == []
    assert newest in names(target)
    assert len(colleague.export(target).removed) == 1
    assert names(target) == [newest]


@pytest.mark.parametrize("day", [1, 9])
def test_what_another_process_stores_and_exports_at_the_same_time_stays(
    computer: Computer, target: Path, monkeypatch: pytest.MonkeyPatch, day: int
) -> None:
    computer.put("a", ROWS, 5)
    rename = Path.rename

    def renaming(part: Path, path: Path) -> Path:
        monkeypatch.undo()
        computer.put("a", ROWS[:5], day)
        computer.export(target)
        return rename(part, path)

    monkeypatch.setattr(Path, "rename", renaming)
    (stale,) = [job.file for job in computer.export(target).written]
    assert set(names(target)) > {stale}
    assert [name for _, name in computer.export(target).removed] == [stale]
    assert read(target) == [("a", rank) for rank in range(1, 6)]


def test_the_same_job_of_two_services_has_two_files(computer: Computer, target: Path, tmp_path: Path) -> None:
    other = Computer(tmp_path / "here", "http://127.0.0.1:80")
    for each in (computer, other):
        each.put("a", ROWS)
        each.export(target, "a")
    assert [(job["job_id"], job["origin"]) for job in listed(target)] == [("a", "http://127.0.0.1:80"), ("a", ORIGIN)]
    assert len(names(target)) == 2


def test_jobs_that_cannot_be_exported_are_told_and_the_others_are_there(computer: Computer, target: Path) -> None:
    computer.put("good", ROWS)
    computer.put("odd", [{"name": 5}])
    computer.put("failed", ROWS, status="failed")
    report = computer.export(target, "good", "odd", "failed", "unknown")
    assert {job_id: error.kind for job_id, error in report.left_out} == {
        "odd": "IncompleteResultError",
        "failed": "JobFailedError",
        "unknown": "IncompleteResultError",
    }
    assert "name of row 1: 5" in report.left_out[0][1].message
    assert [job["job_id"] for job in listed(target)] == ["good"]


def test_files_stay_where_a_damaged_store_may_have_lost_their_jobs(computer: Computer, target: Path) -> None:
    computer.put("a", ROWS)
    computer.export(target)
    computer.store.forget("a")
    damaged = computer.store.path.with_name("store.sqlite3.damaged-1")
    damaged.write_bytes(b"")
    report = computer.export(target)
    assert (report.kept, report.removed) == (names(target), [])
    damaged.unlink()
    assert len(computer.export(target).removed) == 1


def test_missing_or_damaged_columns_are_made_again(computer: Computer, target: Path) -> None:
    computer.put("a", ROWS)
    (computer.columns.make("a", computer.store.find("a").rows, None)).write_bytes(b"damaged")  # type: ignore[union-attr]
    computer.export(target)
    assert len(read(target)) == len(ROWS)
    assert [path.suffix for path in computer.columns.path.iterdir()] == [".parquet"]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", None])
def test_a_list_of_another_program_is_not_replaced(computer: Computer, target: Path, content: bytes | None) -> None:
    computer.put("a", ROWS)
    (target / "jobs").mkdir(parents=True)
    path = target / "jobs" / "jobs.parquet"
    if content is None:
        path.write_bytes(computer.columns.make("a", computer.store.find("a").rows, None).read_bytes())  # type: ignore[union-attr]
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="stays as it is"):
        computer.export(target)
    assert (path.read_bytes(), names(target)) == (before, [])


def test_a_list_that_is_held_open_is_tried_again(
    computer: Computer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer.put("a", ROWS)
    failures = [PermissionError(13, "open")] * 2
    replace = Path.replace

    def replacing(path: Path, to: Path) -> Path:
        if to.name == "jobs.parquet" and failures:
            raise failures.pop()
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", replacing)
    computer.export(target)
    assert len(computer.waits) == 2
    computer.put("b", ROWS)
    failures += [PermissionError(13, "open")] * 99
    with pytest.raises(FileWriteError, match=r"jobs\.parquet could not be written: it is open in") as raised:
        computer.export(target)
    assert raised.value.locked
    assert [job["job_id"] for job in listed(target)] == ["a"]
    failures.clear()
    computer.export(target)
    assert [job["job_id"] for job in listed(target)] == ["a", "b"]
    assert sorted(path.name for path in target.iterdir()) == ["companies", "jobs"]


def test_a_file_that_cannot_be_removed_is_told(
    computer: Computer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer.put("a", ROWS)
    computer.export(target)
    (name,) = names(target)
    computer.store.forget("a")
    unlink = Path.unlink

    def unlinking(path: Path, missing_ok: bool = False) -> None:
        if path.name == name:
            raise PermissionError(13, "open")
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlinking)
        report = computer.export(target)
    assert (report.locked, report.removed, names(target)) == ([name], [], [name])
    assert computer.export(target).removed == [("unknown", name)]


def test_what_ended_processes_left_is_removed(computer: Computer, target: Path) -> None:
    computer.put("a", ROWS)
    computer.export(target)
    parts = [target / f".xl-openfunnel-{n:012x}.part" for n in range(2)]
    for part, age in zip(parts, (700.0, 500.0), strict=True):
        part.write_bytes(b"x")
        os.utime(part, (10_000.0 - age, 10_000.0 - age))
    computer.export(target, now=10_000.0)
    assert [part.exists() for part in parts] == [False, True]


@pytest.mark.parametrize("left", ["", "0123"])
def test_the_files_are_known_again_where_a_process_ended_while_it_wrote_their_number(
    computer: Computer, target: Path, left: str
) -> None:
    number = computer.store.path.with_name("export-id")
    number.write_text(left)
    computer.put("a", ROWS)
    computer.export(target)
    assert len(number.read_text()) == 32
    computer.store.forget("a")
    assert [job_id for job_id, _ in computer.export(target).removed] == ["a"]


def test_a_folder_that_cannot_be_one_is_refused(computer: Computer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="is no folder"):
        computer.export(tmp_path / "file")
    with pytest.raises(ConfigurationError, match="is not there"):
        computer.export(tmp_path / "none" / "folder")


def test_a_folder_that_may_not_be_written_is_an_error(
    computer: Computer, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer.put("a", ROWS)

    def refuse(folder: Path, **_: object) -> None:  # modes do not bind an administrator
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(FileWriteError, match="may not be written"):
        computer.export(target)


def test_a_folder_without_jobs_has_an_empty_list(computer: Computer, target: Path) -> None:
    computer.export(target)
    assert listed(target) == []


# --- readers -------------------------------------------------------------------------------------------------


def by_duckdb(target: Path, name: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(
            "SELECT job_id, count(*) FROM read_parquet(?) GROUP BY ALL ORDER BY ALL",
            [str(target / name / "**")],
        ).fetchall()


def by_pandas(target: Path, name: str) -> list[tuple[Any, ...]]:
    pytest.importorskip("pyarrow")
    return list(pd.read_parquet(target / name).groupby("job_id").size().items())


def by_pyarrow(target: Path, name: str) -> list[tuple[Any, ...]]:
    dataset = pytest.importorskip("pyarrow.dataset")
    table = dataset.dataset(target / name).to_table(columns=["job_id"])
    return sorted((each["values"], each["counts"]) for each in table["job_id"].value_counts().to_pylist())


def by_polars(target: Path, name: str) -> list[tuple[Any, ...]]:
    polars = pytest.importorskip("polars")
    rows: list[tuple[Any, ...]] = (
        polars.scan_parquet(target / name).group_by("job_id").agg(polars.len()).sort("job_id").collect().rows()
    )
    return rows


@pytest.mark.parametrize("reader", [by_duckdb, by_pandas, by_pyarrow, by_polars])
def test_both_folders_are_read_as_they_lie(
    computer: Computer, tmp_path: Path, reader: Callable[[Path, str], list[tuple[Any, ...]]]
) -> None:
    target = tmp_path / "target"
    computer.put("full", ROWS)
    computer.put("narrow", companies(4, seed=2, shape="narrow"))
    computer.put("none", [])
    computer.put("nulls", [{"name": None}])
    computer.export(target)
    assert reader(target, "companies") == [("full", 12), ("narrow", 4), ("nulls", 1)]
    assert reader(target, "jobs") == [("full", 1), ("narrow", 1), ("none", 1), ("nulls", 1)]


def test_exports_that_end_at_the_same_moment_list_each_other_s_jobs(
    computer: Computer, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Computer(tmp_path / "there")
    computer.put("here", ROWS)
    other.put("there", ROWS)
    stopped, written = threading.Event(), threading.Event()

    def export() -> None:
        other.export(target)
        stopped.set()

    other.waits = Waiting(stopped, written)
    thread = threading.Thread(target=export)
    write = JobList.write

    def write_beside_another(self: JobList, *arguments: Any) -> None:
        monkeypatch.setattr(JobList, "write", write)
        thread.start()
        assert stopped.wait(30)
        write(self, *arguments)

    monkeypatch.setattr(JobList, "write", write_beside_another)
    computer.export(target)
    written.set()
    thread.join()
    assert [job["job_id"] for job in listed(target)] == ["here", "there"]
    assert sorted(path.name for path in target.iterdir()) == ["companies", "jobs"]


def test_two_first_exports_have_one_id(computer: Computer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computer.put("a", ROWS)
    stopped, written = threading.Event(), threading.Event()

    def export(place: str) -> None:
        computer.export(tmp_path / place)
        stopped.set()

    computer.waits = Waiting(stopped, written)
    thread = threading.Thread(target=export, args=["second"])

    def write_beside_another(path: Path, content: bytes, mode: int) -> None:
        monkeypatch.setattr(exporting, "atomic_write", atomic_write)
        thread.start()
        assert stopped.wait(30)
        atomic_write(path, content, mode)

    monkeypatch.setattr(exporting, "atomic_write", write_beside_another)
    export("first")
    written.set()
    thread.join()
    own = (computer.store.path.parent / "export-id").read_text()
    exporters = [
        read_facts(tmp_path / place / "companies" / names(tmp_path / place)[0], computer.columns)[EXPORTER]
        for place in ("first", "second")
    ]
    assert exporters == [own, own]
