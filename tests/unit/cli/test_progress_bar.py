"""The bar on a terminal, drawn and in a real terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.tools.pseudo_terminal import in_a_terminal
from tests.unit.cli.conftest import DONE, Serve
from xl_openfunnel import JobStatus, Snapshot
from xl_openfunnel.cli import terminal
from xl_openfunnel.cli.progress import Progress
from xl_openfunnel.cli.progress_bar import headline, progress_bar
from xl_openfunnel.jobs.snapshot import Rows


def job(rows: int = 0, **attributes: Any) -> Snapshot:
    status = JobStatus(attributes.pop("status", "running"))
    return Snapshot("job", status=status, rows=Rows((rows,), lambda _: ()), **attributes)


def drawn(snapshots: list[Snapshot], seconds: float = 12.3, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(progress_bar(snapshots, seconds, width))
    return capture.get().splitlines()


@pytest.mark.parametrize(
    ("snapshot", "numbers"),
    [
        (job(), "0:12"),
        (job(processed=463), "0 of 463 companies · 0:12"),
        (job(400, processed=463, pages=4), "400 of 463 companies · 4 pages · 0:12"),
        (job(400, processed=399, pages=4), "400 of 400 companies · 4 pages · 0:12"),
        (
            job(400, status="completed", pages=4, manifest={"count": 1_600, "pages": 16}),
            "400 of 1,600 companies · 4 of 16 pages · 0:12",
        ),
        (
            job(1, status="completed", pages=1, manifest={"count": "many", "pages": None}),
            "1 of 1 company · 1 page · 0:12",
        ),
    ],
)
def test_the_bar_names_companies_pages_and_time(snapshot: Snapshot, numbers: str) -> None:
    (line,) = drawn([snapshot])
    assert line.endswith(f" {numbers}")
    assert cell_len(line) <= 80


def test_several_jobs_have_one_bar() -> None:
    (line,) = drawn([job(100, processed=200, pages=1), job(50, processed=50, pages=1)], seconds=3_725)
    assert line.endswith(" 150 of 250 companies · 2 pages · 1:02:05")


def test_in_a_narrow_terminal_the_bar_stands_above_the_numbers() -> None:
    bar, numbers = drawn([job(400, processed=463, pages=4)], width=40)
    assert (bar.strip(" ━╸"), len(bar) <= 40, numbers) == ("", True, "400 of 463 companies · 4 pages · 0:12")


def test_the_status_is_coloured() -> None:
    text = headline([job(status="running", stage="qualifying_companies")])
    assert text.plain == "running · qualifying companies"
    assert [(span.start, span.end) for span in text.spans] == [(0, len("running"))]
    assert headline([job(), job()]).plain.startswith("0 of 2 jobs final")


def plain(text: str) -> list[str]:
    return re.sub(r"\x1b\][^\x1b\a]*(?:\x1b\\|\a)|\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "\n").splitlines()


def test_watch_writes_its_lines_above_the_bar_and_only_them_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Progress(beside_lines=True) as progress:
        progress(job(400, processed=463))
        progress.print_line("running · 400 companies", "running")
    assert capsys.readouterr() == ("running · 400 companies\n", "")
    screen = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    monkeypatch.setattr(terminal, "stderr_console", lambda: screen)
    with Progress(beside_lines=True) as progress:
        progress(job(400, processed=463))
        progress.print_line("running · 400 companies", "running")
        progress.print_line("a " * 39 + "whole", "")
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[36mrunning\x1b[0m · 400 companies\n" in shown
    assert " a\nwhole\n" in shown


@pytest.mark.dependencies
def test_a_real_terminal_shows_the_bar_then_a_table_that_fits_and_names_the_file(serve: Serve, tmp_path: Path) -> None:
    pytest.importorskip("pty")
    serve()
    file = tmp_path / "rows.csv"
    written = in_a_terminal(40, ["rows", DONE.job_id], ["rows", DONE.job_id, "-o", str(file)], ["jobs"])
    assert "━" in written
    lines = plain(written)
    whole_paths = [line for line in lines if " " not in line.strip() or line.startswith("Open: ")]
    assert [line for line in lines if cell_len(line) > 40 and line not in whole_paths] == []
    assert any(line.startswith("rank  name") for line in lines)
    assert f"Open: {file}" in lines
    assert file.as_uri() in written  # the link
    assert "\x1b[32mcompleted" in written
