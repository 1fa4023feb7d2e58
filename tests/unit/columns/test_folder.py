"""The folder of the files: each is found, or made again, and none of another is taken for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.columns.stored_rows import ORIGIN, read, stored
from xl_openfunnel.columns import folder as folder_module
from xl_openfunnel.columns import schema
from xl_openfunnel.columns.connection import UnavailableError, connect
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.columns.schema import IrregularError
from xl_openfunnel.simulator import companies

pytestmark = pytest.mark.dependencies

ROWS = companies(7, seed=2)
AS_OF = datetime(2026, 1, 2, tzinfo=UTC)


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir())


def another(folder: ColumnFolder) -> ColumnFolder:
    """The same folder, as another process sees it."""
    return ColumnFolder(folder.path, folder.origin)


def test_a_file_that_was_made_is_found_by_job_and_content(folder: ColumnFolder) -> None:
    assert folder.find("job", "content") is None
    path = folder.make("job", stored(ROWS), AS_OF)
    assert [row["name"] for row in read(path)] == [row["name"] for row in ROWS]
    for each in (folder, another(folder)):
        assert each.find("job", "content") == path
        assert each.find("job", "other content") is None
        assert each.find("other job", "content") is None
    assert ColumnFolder(folder.path, "http://127.0.0.1:80").find("job", "content") is None


def test_the_file_says_whose_it_is(folder: ColumnFolder) -> None:
    path = folder.make("job", stored(ROWS), AS_OF)
    with connect(folder.path) as connection:
        query = "SELECT decode(key), decode(value) FROM parquet_kv_metadata(?)"
        facts = dict(connection.execute(query, [str(path)]).fetchall())
    assert facts == {
        "version": str(schema.VERSION),
        "job_id": "job",
        "origin": ORIGIN,
        "as_of": AS_OF.isoformat(),
        "rows": "7",
        "content": "content",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_only_the_user_may_read_the_files(folder: ColumnFolder) -> None:
    path = folder.make("job", stored(ROWS), None)
    assert [each.stat().st_mode & 0o777 for each in (folder.path, path)] == [0o700, 0o600]


def test_job_ids_that_are_no_names_of_files_have_files_of_their_own(folder: ColumnFolder) -> None:
    jobs = ["NUL", "nul", "ab", "AB", "COM1", "x" * 128]
    paths = {job: folder.make(job, stored([{"name": job}]), None) for job in jobs}
    assert {job: read(path)[0]["name"] for job, path in paths.items()} == {job: job for job in jobs}
    assert len({path.name.casefold() for path in paths.values()}) == len(jobs)


def test_a_file_is_never_replaced(folder: ColumnFolder) -> None:
    path = folder.make("job", stored(ROWS), None)
    before = path.stat()
    assert another(folder).make("job", stored(ROWS), AS_OF) == path
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_another_content_of_a_job_takes_the_place_of_the_earlier(folder: ColumnFolder) -> None:
    folder.make("job", stored(ROWS, "old"), None)
    other = folder.make("other", stored(ROWS, "old"), None)
    path = folder.make("job", stored(ROWS[:2], "new"), None)
    assert names(folder.path) == sorted([path.name, other.name])
    assert folder.find("job", "old") is None


def test_another_version_has_files_of_its_own(folder: ColumnFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "VERSION", schema.VERSION + 1)
    folder.make("job", stored(ROWS), None)
    monkeypatch.undo()
    assert folder.find("job", "content") is None
    path = folder.make("job", stored(ROWS), None)
    assert names(folder.path) == [path.name]


def truncated(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def one_bit_off(path: Path, other: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def longer(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes() + b"PAR1")


def foreign(path: Path, other: Path) -> None:
    path.write_bytes(b"PAR1 not a file of ours PAR1")


def swapped_bytes(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def swapped_names(path: Path, other: Path) -> None:
    """The other job's file under the name of this one, with the checksum that it had."""
    begin, _, _ = path.name.rpartition("-")
    path.unlink()
    other.rename(path.with_name(f"{begin}-{other.name.rpartition('-')[2]}"))


def a_link(path: Path, other: Path) -> None:
    aside = path.with_name("aside")
    path.rename(aside)
    path.symlink_to(aside)


def a_pipe(path: Path, other: Path) -> None:
    path.unlink()
    if sys.platform != "win32":
        os.mkfifo(path)


DAMAGES = [truncated, emptied, one_bit_off, longer, foreign, swapped_bytes, swapped_names]
POSIX_DAMAGES = [a_link, a_pipe] if sys.platform != "win32" else []


@pytest.mark.parametrize("damage", [*DAMAGES, *POSIX_DAMAGES])
@pytest.mark.parametrize("known", [False, True])
def test_a_file_that_is_not_as_it_was_made_is_removed_and_made_again(
    folder: ColumnFolder, damage: Callable[[Path, Path], None], known: bool
) -> None:
    path = folder.make("job", stored(ROWS), None)
    other = folder.make("other", stored(ROWS[:2]), None)
    damage(path, other)
    user = folder if known else another(folder)
    assert user.find("job", "content") is None
    again = user.make("job", stored(ROWS), None)
    assert [row["name"] for row in read(again)] == [row["name"] for row in ROWS]
    assert another(folder).find("job", "content") == again


def test_what_is_not_ours_stays(folder: ColumnFolder) -> None:
    path = folder.make("job", stored(ROWS), None)
    (folder.path / "notes.txt").write_text("mine")
    folder.make("other", stored(ROWS), None)
    folder.forget("job")
    assert not path.exists()
    folder.forget_all()
    assert names(folder.path) == ["notes.txt"]


def test_forgetting_leaves_nothing(folder: ColumnFolder) -> None:
    folder.make("job", stored(ROWS), None)
    with pytest.raises(IrregularError):
        folder.make("odd", stored([{"name": 5}]), None)
    (folder.path / "left.part").write_bytes(b"x")
    ColumnFolder(folder.path, "http://127.0.0.1:80").make("job", stored(ROWS), None)
    folder.forget("odd")
    assert (folder.irregular(), folder.is_irregular("odd", "content")) == ([], False)
    half = folder.make("job", stored(ROWS), None).with_suffix(".part")
    half.write_bytes(b"half of a file whose process was killed")
    folder.forget("job")
    assert folder.find("job", "content") is None
    assert not half.exists()
    folder.forget_all()
    folder.forget_all()
    assert not folder.path.exists()


def test_an_irregular_job_is_remembered_with_field_and_value(folder: ColumnFolder) -> None:
    folder.make("odd", stored(ROWS, "before"), None)
    with pytest.raises(IrregularError):
        folder.make("odd", stored([*ROWS, {"revenue_usd": "much " * 50}]), None)
    assert not folder.is_irregular("odd", "before")
    for each in (folder, another(folder)):
        assert each.is_irregular("odd", "content")
        (irregular,) = each.irregular()
        assert (irregular.job_id, irregular.field, irregular.rank) == ("odd", "revenue_usd", 8)
        assert irregular.value.startswith('"much much')
        assert len(irregular.value) == 80
    assert ColumnFolder(folder.path, "http://127.0.0.1:80").irregular() == []
    assert [path.suffix for path in folder.path.iterdir()] == [".irregular"]


def test_damaged_notes_of_irregular_jobs_are_removed(folder: ColumnFolder) -> None:
    with pytest.raises(IrregularError):
        folder.make("odd", stored([{"name": 5}]), None)
    (note,) = folder.path.iterdir()
    for content in (b"", b"[]", b"{}", b'{"origin": 5}', b"\xff"):
        note.write_bytes(content)
        assert folder.irregular() == []
    assert names(folder.path) == []


def test_unfinished_files_of_ended_processes_are_removed(folder: ColumnFolder) -> None:
    folder.make("job", stored(ROWS), None)
    old, young = folder.path / "old.part", folder.path / "young.part"
    for part, age in ((old, 700.0), (young, 500.0)):
        part.write_bytes(b"x")
        os.utime(part, (10_000.0 - age, 10_000.0 - age))
    later = ColumnFolder(folder.path, ORIGIN, now=lambda: 10_000.0)
    later.keep_only(lambda: [(ORIGIN, "job")])
    assert (old.exists(), young.exists()) == (False, True)
    later = ColumnFolder(folder.path, ORIGIN, now=lambda: 10_200.0)
    later.make("other", stored(ROWS), None)
    assert not young.exists()


def test_a_file_that_fails_while_it_is_made_leaves_nothing(
    folder: ColumnFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "sync", lambda _: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        folder.make("job", stored(ROWS), None)
    assert names(folder.path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="only administrators make links there")
def test_a_link_in_place_of_the_folder_is_not_followed(folder: ColumnFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    ColumnFolder(elsewhere, ORIGIN).make("job", stored(ROWS), None)
    before = names(elsewhere)
    folder.path.parent.mkdir()
    folder.path.symlink_to(elsewhere)
    assert folder.find("job", "content") is None
    with pytest.raises(OSError, match="link"):
        folder.make("other", stored(ROWS), None)
    folder.forget("job")
    folder.forget_all()
    assert names(elsewhere) == before
    assert not folder.path.is_symlink()


def test_a_file_in_place_of_the_folder_is_an_error_and_stays(folder: ColumnFolder) -> None:
    folder.path.parent.mkdir()
    folder.path.write_text("mine")
    assert folder.find("job", "content") is None
    with pytest.raises(OSError):  # noqa: PT011  each system has words of its own
        folder.make("job", stored(ROWS), None)
    folder.forget("job")
    folder.forget_all()
    assert folder.path.read_text() == "mine"


def test_rows_that_are_not_stored_have_no_file(folder: ColumnFolder) -> None:
    rows = stored(ROWS)
    rows.content = None
    with pytest.raises(ValueError, match="stored"):
        folder.make("job", rows, None)


def test_files_of_jobs_that_are_not_stored_are_removed(folder: ColumnFolder) -> None:
    kept = folder.make("kept", stored(ROWS), None)
    folder.make("gone", stored(ROWS), None)
    elsewhere = ColumnFolder(folder.path, "http://127.0.0.1:80")
    elsewhere.make("kept", stored(ROWS), None)
    folder.keep_only(lambda: [(ORIGIN, "kept")])
    assert names(folder.path) == [kept.name]


def test_a_connection_reaches_no_other_file_and_no_extension(folder: ColumnFolder, tmp_path: Path) -> None:
    path = folder.make("job", stored(ROWS), None)
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    for statement in (
        f"FROM read_csv('{outside}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'new.csv'}'",
        f"ATTACH '{tmp_path / 'new.db'}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        f"FROM read_csv('{folder.path}/../../outside.csv')",
    ):
        with pytest.raises(UnavailableError), connect(folder.path) as connection:
            connection.execute(statement)
    with connect(folder.path) as connection:
        assert connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchall() == [(7,)]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "outside.csv"]
