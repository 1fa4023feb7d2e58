"""The store on full and read-only disks: it is read, the reason is reported, and writing is retried."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.unit.jobs.conftest import MakeFetcher, MakeService
from tests.unit.jobs.store.other_process import ORIGIN, pages, result
from xl_openfunnel import ConfigurationError, Store
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.jobs.store.opening import UnavailableStore
from xl_openfunnel.simulator import SimulatedJob, companies

ROWS = companies(250, seed=5, shape="narrow")
READ = pages(100, 7)


@dataclass(frozen=True)
class Disk:
    """A small temporary disk."""

    path: Path

    @property
    def store(self) -> Path:
        return self.path / "store.sqlite3"

    def break_down(self, how: str) -> None:
        if how == "full":
            with (self.path / "fill").open("wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 4096):
                        pass
                except OSError:
                    return
        _run("mount", "-o", "remount,ro", str(self.path))

    def repair(self) -> None:
        _run("mount", "-o", "remount,rw", str(self.path))
        (self.path / "fill").unlink(missing_ok=True)


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    (tmp_path / "disk").mkdir()
    if sys.platform != "linux" or not _run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(tmp_path / "disk")):
        pytest.skip("only Linux lets us mount a disk, and only its administrator")
    try:
        yield Disk(tmp_path / "disk")
    finally:
        _run("umount", "-l", str(tmp_path / "disk"))


def stored(path: Path) -> None:
    with closing(Store(path, ORIGIN)) as store:
        store.save("job", result(READ), READ, None)
        store.label("job", "Germany")


BREAKDOWNS = {"full": "the disk is full. Make room on it.", "read-only": "the disk can only be read. Give a folder"}


@pytest.mark.parametrize("how", BREAKDOWNS)
def test_unwritable_store_is_read_and_writing_is_retried(disk: Disk, how: str) -> None:
    stored(disk.store)
    disk.break_down(how)
    with closing(Store(disk.store, ORIGIN)) as store:
        for wait in (False, True):
            found = store.find("job", wait=wait)
            assert found is not None
            assert list(found.rows) == list(Rows.of(READ))
            assert store.job_id_of("germany", wait=wait) == "job"
            assert [entry.label for entry in store.ledger(wait=wait)] == ["Germany"]
        with pytest.raises(ConfigurationError, match=f"cannot be written: {BREAKDOWNS[how]}"):
            store.save("other", result(READ), READ, None)
        disk.repair()
        store.save("other", result(READ), READ, None)
        assert store.find("other", wait=False) is not None
        assert store.find("job", wait=False) is not None
        assert not list(disk.path.glob("*.damaged-*"))


def test_wal_left_by_a_killed_process_is_read_too(disk: Disk) -> None:
    stored(disk.store)
    script = f"""if True:
        import os, pathlib
        from xl_openfunnel import Store
        store = Store(pathlib.Path({str(disk.store)!r}), {ORIGIN!r})
        store.label("job", "Spain")
        os.kill(os.getpid(), 9)"""
    subprocess.run([sys.executable, "-c", script], check=False)
    assert disk.store.with_name("store.sqlite3-wal").stat().st_size > 0
    disk.break_down("read-only")
    with closing(Store(disk.store, ORIGIN)) as store:
        assert store.job_id_of("spain", wait=False) == "job"


def test_full_disk_without_a_store_saves_jobs_once_there_is_room(disk: Disk) -> None:
    disk.break_down("full")
    with closing(Store(disk.path / "new" / "store.sqlite3", ORIGIN)) as store:
        assert (store.find("job", wait=False), store.ledger(wait=False)) == (None, [])
        disk.repair()
        store.save("job", result(READ), READ, None)
        assert store.find("job", wait=False) is not None


def test_readonly_disk_without_a_store_is_reported(disk: Disk) -> None:
    disk.break_down("read-only")
    with pytest.raises(ConfigurationError, match=r"cannot be used: the disk can only be read\. Give a folder"):
        Store(disk.store, ORIGIN)


@pytest.mark.parametrize("how", BREAKDOWNS)
def test_stored_jobs_are_available_offline_and_a_new_one_says_why_it_is_not_stored(
    serve: MakeService, fetch: MakeFetcher, disk: Disk, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = serve(old := SimulatedJob(ROWS, job_id="old"), new := SimulatedJob(ROWS, job_id="new"))
    before = fetch(service, disk.path)
    before.wait(old.job_id)
    before.close()
    before._scheduler._store_worker._store.close()  # type: ignore[union-attr]
    disk.break_down(how)
    fetcher = fetch(service, disk.path)
    seen = fetcher.wait(new.job_id)
    assert list(seen.rows) == ROWS
    assert seen.problem is not None
    assert f"could not be stored: The local store cannot be written: {BREAKDOWNS[how]}" in seen.problem.message
    assert "WARNING" in [record.levelname for record in caplog.records if "new could not be stored" in record.message]
    service.stop()
    assert list(fetch(service, disk.path).watch(old.job_id).rows) == ROWS


@contextmanager
def without_rights() -> Iterator[Path]:
    """A folder without write permission, used as a normal user: an administrator may write everywhere."""
    with TemporaryDirectory(prefix="store-") as folder:  # pytest's own folders are shut to others
        Path(folder).chmod(0o755)
        stored(Path(folder) / "open" / "store.sqlite3")
        (Path(folder) / "open" / "store.sqlite3").chmod(0o444)
        (Path(folder) / "open").chmod(0o555)
        (Path(folder) / "shut").mkdir(mode=0o555)
        administrator = os.geteuid() == 0
        if administrator:
            os.seteuid(65_534)
        try:
            yield Path(folder)
        finally:
            if administrator:
                os.seteuid(0)
            (Path(folder) / "open").chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_folder_without_write_permission_is_reported_and_its_store_is_read() -> None:
    with without_rights() as folder:
        with closing(Store(folder / "open" / "store.sqlite3", ORIGIN)) as store:
            assert store.job_id_of("germany", wait=False) == "job"
            with pytest.raises(ConfigurationError, match=r"you may not write there\. Give a folder of your own"):
                store.label("job", None)
        with pytest.raises(ConfigurationError, match="cannot be used: you may not write there"):
            Store(folder / "shut" / "store.sqlite3", ORIGIN)


def test_file_in_the_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "more"):
        with pytest.raises(ConfigurationError, match=r"cannot be used: there is a file where .* OPENFUNNEL_CACHE_DIR"):
            Store(folder / "store.sqlite3", ORIGIN)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that is no disk")
def test_virtual_file_system_without_space_is_not_called_full() -> None:
    with pytest.raises(ConfigurationError, match="cannot be used: No such file or directory"):
        Store(Path("/proc/of-no-disk/store.sqlite3"), ORIGIN)


def test_final_job_says_why_the_store_cannot_be_used(
    serve: MakeService, fetch: MakeFetcher, caplog: pytest.LogCaptureFixture
) -> None:
    service = serve(job := SimulatedJob(ROWS))
    fetcher = fetch(service, store=UnavailableStore("The local store cannot be used: it is gone."))
    seen = fetcher.wait(job.job_id)
    assert list(seen.rows) == ROWS
    assert seen.problem is not None
    assert "could not be stored: The local store cannot be used: it is gone." in seen.problem.message
    assert not caplog.records  # the log has said it once, when the store was opened


def test_impossible_folder_name_is_reported_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be used: .+ Give a folder of your own"):
        Store(tmp_path / ("x" * 300) / "store.sqlite3", ORIGIN)


def test_inaccessible_folder_is_reported_as_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    monkeypatch.setattr(Path, "is_dir", refused)
    with pytest.raises(ConfigurationError, match="you may not write there"):
        Store(tmp_path / "closed" / "store.sqlite3", ORIGIN)
