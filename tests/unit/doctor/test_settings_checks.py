"""The checks of settings, key, store and log."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.doctor.conftest import EMPTY, closed_port, registry
from xl_openfunnel import Client, JobStatus, MissingKeyError, Store, keys
from xl_openfunnel.columns.folder import ColumnFolder
from xl_openfunnel.columns.schema import IrregularError
from xl_openfunnel.doctor import CheckState, settings_checks
from xl_openfunnel.jobs.snapshot import Rows
from xl_openfunnel.keys import Key
from xl_openfunnel.simulator import Fault, Simulator

SECRET = "of_live_s3cr3t_0123456789abcdef"
ORIGIN = "https://api.openfunnel.dev:443"


def test_only_the_source_of_a_key_is_shown() -> None:
    result = settings_checks.key(lambda: Key(SECRET, "Windows Credential Manager"))
    assert (result.state, result.what) == (CheckState.OK, "there is one, from: Windows Credential Manager")


def test_a_missing_key_is_wrong_with_its_remedy() -> None:
    result = settings_checks.key(lambda: keys.find(ORIGIN, environ={}))
    assert (result.state, result.what) == (CheckState.WRONG, "There is no API key for https://api.openfunnel.dev")
    assert result.remedy.startswith("Set it with: xl-openfunnel key set")

    def unusable() -> Key:
        raise MissingKeyError("The API key (file x) has a form that no key has. Set it with: xl-openfunnel key set.")

    assert settings_checks.key(unusable).remedy == "Set it with: xl-openfunnel key set."


def test_an_accepted_key_shows_the_credits_left() -> None:
    with Simulator(api_key=SECRET, credits=120) as service, Client(service.base_url, SECRET) as client:
        result = settings_checks.key_accepted(client.credits)
    assert (result.state, result.what) == (CheckState.OK, "yes; 120 credits left")


def test_a_refused_key_is_wrong_and_never_shown() -> None:
    with Simulator(api_key="of_another_key_00000") as service, Client(service.base_url, SECRET) as client:
        result = settings_checks.key_accepted(client.credits)
    assert (result.state, "was refused (HTTP 401)" in result.what) == (CheckState.WRONG, True)
    assert result.remedy
    assert SECRET not in repr(result)


@pytest.mark.parametrize(("status", "cure"), [(503, "Try again in a while."), (400, "Do what the message says")])
def test_a_service_in_trouble_is_wrong(status: int, cure: str) -> None:
    fault = Fault("status", status=status, on="any")
    with Simulator(api_key=SECRET, faults=[fault]) as service, Client(service.base_url, SECRET) as client:
        result = settings_checks.key_accepted(client.credits)
    assert (result.state, result.remedy.startswith(cure)) == (CheckState.WRONG, True)


def test_an_unreachable_service_is_wrong() -> None:
    with Client(f"http://127.0.0.1:{closed_port()}", SECRET) as client:
        assert settings_checks.key_accepted(client.credits).state is CheckState.WRONG


def test_a_variable_set_only_in_the_terminal_is_wrong_and_its_value_is_not_shown() -> None:
    environ = {"OPENFUNNEL_API_KEY": SECRET, "OPENFUNNEL_BASE_URL": "", "PATH": "x"}
    result = settings_checks.variables(environ, EMPTY)
    assert (result.state, "OPENFUNNEL_API_KEY" in result.what) == (CheckState.WRONG, True)
    assert SECRET not in repr(result)
    assert settings_checks.variables({}, EMPTY).state is CheckState.OK
    proxied = settings_checks.variables({"HTTPS_PROXY": "http://somebody:hunter2@proxy"}, EMPTY)
    assert (proxied.state, "HTTPS_PROXY" in proxied.what, "hunter2" in repr(proxied)) == (CheckState.WRONG, True, False)
    for place in (settings_checks.USER_VARIABLES, settings_checks.SYSTEM_VARIABLES):
        assert (
            settings_checks.variables(environ, registry({place: {"openfunnel_api_key": SECRET}})).state is CheckState.OK
        )


def test_a_store_is_counted_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    assert settings_checks.store(path, ORIGIN).state is CheckState.OK
    assert not path.exists()
    Store(path, ORIGIN).record("job-1", JobStatus.RUNNING, None, None, datetime.now(UTC))
    result = settings_checks.store(path, ORIGIN)
    assert (result.state, result.what.endswith(" KB, 1 job, 0 with all rows")) == (CheckState.OK, True)
    assert "no job of this service yet" in settings_checks.store(path, "https://other.example:443").what


def test_a_store_that_this_user_may_not_read_is_not_to_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.sqlite3"
    Store(path, ORIGIN).record("job-1", JobStatus.RUNNING, None, None, datetime.now(UTC))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    result = settings_checks.store(path, ORIGIN)
    assert result.what == f"{path} cannot be read (Permission denied)"
    assert result.remedy == "Give a folder of your own with OPENFUNNEL_CACHE_DIR."


def test_columns_are_counted_and_irregular_jobs_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ColumnFolder(tmp_path / "columns", ORIGIN)
    assert settings_checks.columns(folder).what.startswith("none yet")
    folder.make("job", Rows([1], lambda _: [b'[{"name": "Acme"}]'], content="c"), None)
    bodies = {"odd": b'[{"name": 5}]', "odder": b'[{"industries": "\\ud800"}]'}
    for job_id, body in bodies.items():
        with pytest.raises(IrregularError):
            folder.make(job_id, Rows([1], lambda _, body=body: [body], content="c"), None)  # type: ignore[misc]
    what = settings_checks.columns(folder).what
    assert ", 1 job; " in what
    assert "without columns: odd (name of row 1 is 5)" in what
    assert 'without columns: odder (industries of row 1 is "\\ud800")' in what
    (path,) = folder.path.glob("*.parquet")
    path.write_bytes(b"")
    assert "1 damaged, to be made again" in settings_checks.columns(folder).what
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert settings_checks.columns(folder).state is CheckState.WRONG


def test_what_is_in_place_of_the_folder_of_columns_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "columns").write_text("mine")
    assert settings_checks.columns(ColumnFolder(tmp_path / "columns", ORIGIN)).state is CheckState.WRONG


def test_a_damaged_or_newer_store_is_wrong_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"no database at all, " * 200)
    assert settings_checks.store(path, ORIGIN).state is CheckState.WRONG
    assert path.read_bytes().startswith(b"no database")
    path.unlink()

    import sqlite3

    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    assert settings_checks.store(path, ORIGIN).remedy == "Update this one."


def test_a_file_where_the_folder_should_be_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = settings_checks.store(tmp_path / "file" / "folder" / "store.sqlite3", ORIGIN)
    assert (result.state, result.what) == (CheckState.WRONG, f"{tmp_path / 'file'} cannot be written (it is no folder)")


def test_a_missing_drive_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.lexists", lambda _: False)
    result = settings_checks.store(tmp_path / "store.sqlite3", ORIGIN)
    assert (result.state, result.what) == (CheckState.WRONG, f"{tmp_path.anchor} is not there")


def test_a_folder_that_cannot_be_written_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    Store(tmp_path / "store.sqlite3", ORIGIN)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    for folder in (tmp_path, tmp_path / "none" / "yet"):
        result = settings_checks.store(folder / "store.sqlite3", ORIGIN)
        assert (result.state, "Permission denied" in result.what) == (CheckState.WRONG, True)


def test_the_logs_last_error_is_shown_without_a_key(tmp_path: Path) -> None:
    path = tmp_path / "xl-openfunnel.log"
    assert settings_checks.log(path).what == f"none yet: the first call from a cell begins {path}"
    path.write_text("2026-11-24 10:00:00,000 INFO [MainThread] xl_openfunnel: begins\n", "utf-8")
    assert settings_checks.log(path).what.endswith("no error at its end")
    with path.open("a", encoding="utf-8") as file:
        file.write("2026-11-24 10:00:01,000 ERROR [scheduler] xl_openfunnel.jobs: first\n")
        file.write(f"2026-11-24 10:00:02,000 CRITICAL [MainThread] xl_openfunnel: last with {SECRET}\nTraceback\n")
    result = settings_checks.log(path)
    assert (result.state, "last with of_…" in result.what, "first" in result.what) == (CheckState.OK, True, False)
    assert SECRET not in result.what


def test_a_log_that_cannot_be_read_is_wrong(tmp_path: Path) -> None:
    class Locked(type(tmp_path)):  # type: ignore[misc]
        def open(self, *_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

    assert settings_checks.log(Locked(tmp_path / "x.log")).state is CheckState.WRONG
