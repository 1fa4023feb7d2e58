"""The checks of `xl-openfunnel selftest`, made over COM on the fake Excel as far as that goes.

The fake has no macros, no undo and no files of Excel: what needs these was never seen.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.hosts.excel.fake.refs import Area
from tests.hosts.excel.fake.sheet import Sheet
from xl_openfunnel.selftest.excel_process import processes_running
from xl_openfunnel.selftest.runner import CHECKS, CLOSES, STARTS, OutcomeState, run_checks

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.windows.conftest import OtherProcess

Tried = Callable[..., list[str]]


@pytest.fixture(scope="module")
def server(
    module_process: OtherProcess, bridge_to: Callable[..., Bridge], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bridge]:
    """The server with the functions, which asks the simulator of the other process."""
    module_process.run("from tests.hosts.excel.windows import selftest_process")
    url, key = module_process.run("selftest_process.begin()")
    folder: Path = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENFUNNEL_BASE_URL", url)
        patch.setenv("OPENFUNNEL_API_KEY", key)
        patch.setenv("OPENFUNNEL_CACHE_DIR", str(folder))
        started = bridge_to()
        started.wait()
        yield started


@pytest.fixture
def tried(server: Bridge, other_process: OtherProcess, excel: FakeExcel) -> Tried:
    """Makes a check in the other process; its state and words."""
    server.install()
    assert server.excel is excel

    def trying(name: str, limit: float = 30) -> list[str]:
        came: list[str] = other_process.run(f"selftest_process.outcome(excel, {name!r}, {limit})")
        return came

    return trying


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("leaves_loading", ""),
        ("updates_live", ""),
        ("updates_in_background", ""),
        ("spills", "251 lines"),
        ("cuts_long_text", ""),
        ("keeps_text", ""),
        ("keeps_typed_values", ""),
        ("stays_saved", ""),
        ("keeps_copying", ""),
        ("respects_manual_mode", ""),
        ("finds_moved_cell", ""),
    ],
)
def test_it_holds(tried: Tried, name: str, seen: str) -> None:
    assert tried(name) == ["held", seen]


@pytest.mark.parametrize(("limit", "seen"), [(255, "255"), (8_203, "8,203"), (32_767, "32,767")])
def test_the_longest_text_in_an_array_of_strings_is_told(tried: Tried, excel: FakeExcel, limit: int, seen: str) -> None:
    excel.functions["OPENFUNNELTEXTS"] = lambda name, args, caller: [["x" * int(args[0]), "y"]]
    excel.max_array_text = limit
    assert tried("measures_texts") == ["held", f"{seen} of 32,767 characters; nothing relies on it"]


def test_cells_that_nothing_recalculates_fail(tried: Tried, excel: FakeExcel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(excel), "calculate_cells", lambda *_: None)
    monkeypatch.setattr(type(excel), "calculate", lambda *_: None)
    state, why = tried("updates_live", 2)
    assert state == "failed"
    assert why.startswith("after 2 s the cell is")


def test_an_excel_that_makes_numbers_of_names_fails(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Sheet.read

    def reading(sheet: Sheet, area: Area) -> Any:
        values = read(sheet, area)
        if isinstance(values, list):
            return [[45933.0 if one == "2-10" else one for one in line] for line in values]
        return values

    monkeypatch.setattr(Sheet, "read", reading)
    state, why = tried("keeps_text")
    assert state == "failed"
    assert "45933.0" in why


def test_an_excel_that_enters_over_what_was_typed_fails(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    put = Sheet.put

    def putting(sheet: Sheet, key: object, content: object, **how: object) -> object:
        return put(sheet, key, "pending" if content == "my note" else content, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Sheet, "put", putting)
    assert tried("keeps_typed_values") == ["failed", "the note: 'pending' and not 'my note'"]


def test_without_buttons_undo_is_not_tried(tried: Tried) -> None:
    state, why = tried("keeps_undo")
    assert state == "not tried"
    assert "press Ctrl+Z" in why


def test_a_process_is_found_by_its_python() -> None:
    assert os.getpid() in processes_running(sys.executable)
    assert os.getpid() not in processes_running(sys.executable.replace("python.exe", "pythonw.exe"))


def test_an_excel_that_does_not_start_is_said_and_no_other_is_touched(excel: FakeExcel, sheet: Sheet) -> None:
    starts, *others = run_checks(sys.executable, sys.executable)  # Python ends at once when it is called like Excel
    assert (starts.check, starts.state) == (STARTS, OutcomeState.FAILED)
    assert starts.detail.startswith("Excel ended at once.")
    assert [one.check for one in others] == [*(check.name for check in CHECKS), CLOSES]
    assert {(one.state, one.detail) for one in others} == {(OutcomeState.SKIPPED, f"this did not hold: {STARTS}")}
    assert sheet.book in excel.books
    assert not excel.members
