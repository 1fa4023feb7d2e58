"""Everything in this folder is run by a Windows Python only; ../test_windows.py has Wine run it elsewhere."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xl_openfunnel.simulator import ManualClock, Simulator
from xl_openfunnel.workbook.formulas import TABLE_COLUMNS

if sys.platform != "win32":
    collect_ignore_glob = ["test_*.py"]

if TYPE_CHECKING:
    from tests.hosts.excel.bridge import Bridge
    from tests.hosts.excel.fake.excel import FakeExcel
    from tests.hosts.excel.fake.model import Book
    from tests.hosts.excel.fake.sheet import Sheet


class OtherProcessError(Exception):
    """A line failed in the other process."""

    def __init__(self, text: str, hresult: int | None, scode: int | None) -> None:
        super().__init__(text)
        self.hresult = hresult
        self.scode = scode


class OtherProcess:
    """The other process; Excel pumps messages while it waits for its answer."""

    def __init__(self, excel: FakeExcel) -> None:
        self.excel = excel
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.hosts.excel.windows.other_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answers: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._answers.put(line)

    def send(self, source: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(source) + "\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        self.excel.pump(lambda: not self._answers.empty() or self.process.poll() is not None)
        answer = json.loads(self._answers.get(timeout=5))
        if "error" in answer:
            raise OtherProcessError(answer["error"], answer["hresult"], answer["scode"])
        return answer["value"]

    def run(self, source: str) -> Any:
        """Evaluate an expression or execute a statement there."""
        self.send(source)
        return self.receive()

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.excel.pump(lambda: self.process.poll() is not None)
        self._reader.join()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def program() -> Iterator[FakeExcel]:
    """The running Excel of a module."""
    from tests.hosts.excel.fake.excel import FakeExcel

    with FakeExcel() as excel:
        yield excel


@pytest.fixture
def excel(program: FakeExcel) -> Iterator[FakeExcel]:
    """Excel without a book, all its switches and counts as at the start."""
    program.reset()
    yield program
    program.reset()


@pytest.fixture
def sheet(excel: FakeExcel) -> Sheet:
    """The first sheet, `Rows 1`, of a book called `My book.xlsx`."""
    return excel.open("My book.xlsx", r"C:\Books", ("Rows 1", "Other")).sheet("Rows 1")


@pytest.fixture(scope="module")
def module_process(program: FakeExcel) -> Iterator[OtherProcess]:
    process = OtherProcess(program)
    yield process
    process.close()


@pytest.fixture
def other_process(module_process: OtherProcess, sheet: Sheet) -> OtherProcess:
    """Another process, which has `excel` and `sheet` already."""
    module_process.run(f"excel = application({module_process.excel.hwnd})")
    module_process.run("sheet = excel.Workbooks(1).Worksheets(1)")
    module_process.excel.reset_counts()
    return module_process


@pytest.fixture(scope="module")
def bridge_to(program: FakeExcel) -> Iterator[Callable[..., Bridge]]:
    """Makes bridges, whose servers are ended with the module."""
    from tests.hosts.excel.bridge import Bridge

    made: list[Bridge] = []

    def make(folder: str = sys.prefix, **options: Any) -> Bridge:
        made.append(Bridge(program, folder, **options))
        return made[-1]

    yield make
    for bridge in made:
        bridge.kill()


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """The service's, which stands still until it is moved."""
    return ManualClock()


@pytest.fixture(scope="module")
def service(clock: ManualClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A service without a job, which every server asks that starts from now on."""
    with Simulator(clock=clock) as simulator, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENFUNNEL_BASE_URL", simulator.base_url)
        patch.setenv("OPENFUNNEL_API_KEY", simulator.api_key)
        patch.setenv("OPENFUNNEL_CACHE_DIR", str(tmp_path_factory.mktemp("store")))
        yield simulator


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's folder for documents, for every server that starts from now on."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("documents")
        patch.setenv("WIN_PD_OVERRIDE_PERSONAL", str(folder))
        yield folder


@pytest.fixture(scope="module")
def server(service: Simulator, documents: Path, bridge_to: Callable[..., Bridge]) -> Bridge:
    """The server with the functions, which serves already; it asks `service`."""
    assert service.base_url == os.environ["OPENFUNNEL_BASE_URL"]
    assert documents.exists()
    started = bridge_to()
    started.wait()
    return started


@pytest.fixture
def bridge(server: Bridge, excel: FakeExcel) -> Bridge:
    """Between the cells of `excel` and `server`."""
    server.install()
    assert server.excel is excel
    return server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books")


@pytest.fixture
def book(bridge: Bridge, excel: FakeExcel, folder: Path) -> Book:
    """A workbook like ours: a cell named job, buttons, the prepared table and the pivot on it."""
    from tests.hosts.excel.fake import refs
    from tests.hosts.excel.fake.sheet_objects import Button, Pivot
    from tests.hosts.excel.windows import pressing

    made = excel.open(f"Book {next(pressing.numbers)}.xlsm", str(folder), ("Start", "Table", "Pivot"))
    start, inserted, pivot = made.sheets
    made.names["job"] = ("Start", refs.parse("B8"))
    start.buttons.append(Button("[0]!OpenFunnelInsertTable"))
    inserted.type("A1", "Table")
    inserted.type("A2", "Insert as table, on the sheet Start, writes the companies here.")
    inserted.type("A4", [list(TABLE_COLUMNS)])
    inserted.table("OpenFunnelRows", "A4:I5")
    pivot.pivots.append(Pivot("OpenFunnelRows", 1))
    made.saved = True
    pressing.live(bridge, on=True)
    return made


@pytest.fixture
def awkward_folder() -> str:
    """The same Python again, at a path with an umlaut, spaces, an ampersand and brackets."""
    return os.environ["XL_OPENFUNNEL_AWKWARD_FOLDER"]


@pytest.fixture
def letters_folder() -> str:
    """The same Python again, at a path with ü, é, Greek and Chinese letters, spaces and an apostrophe."""
    return os.environ["XL_OPENFUNNEL_LETTERS_FOLDER"]
