"""Takes the pictures of README and guide in LibreOffice Calc: ``python -m tests.hosts.calc.pictures FOLDER``.

Needs, besides what the tests of the window need, xwd, ImageMagick's convert, and the font Carlito, which is as wide as
Excel's. ``demo-summary.png`` is not among them: it is cut from the page that LibreOffice prints.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from tests.hosts.basic import libreoffice
from tests.hosts.calc import analysis, window
from tests.hosts.calc.home import user_home
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies
from xl_openfunnel.workbook import builder

SHEET = "1240x690+0+108"
"""Of the window the cells alone, as other programs show them too."""

WINDOW = "1336x836+0+0"
"""Of the window all but the icons at its right and the line below it."""

CONTENT = "1336x560+0+76"
"""Of the window the cells and the formula of one of them."""

ANALYSIS = "1336x511+0+108"
"""Of the window the cells of an analysis."""

BELOW = (600, 740)
"""Where no picture shows the selected cell."""

JOB = (300, 332)
"""Where on the window the yellow cell is."""


def main(folder: Path) -> None:
    """Take all."""
    folder.mkdir(parents=True, exist_ok=True)
    take_workbook(folder)
    take_analysis(folder)


def take_analysis(folder: Path) -> None:
    """The sheet with which an analysis of new companies ends."""
    jobs = [analysis.JOB, analysis.EARLIER]
    with Simulator(jobs) as service, user_home(service) as user, window.display(user.environ) as display:
        file, accounts = user.folder / "analysis.xlsx", user.folder / "accounts.csv"
        analysis.write_sheet(file)
        analysis.write_accounts(accounts)
        for arguments in (
            ["install", "--calc"],
            ["status", *analysis.LABELS],
            *(["label", job_id, label] for job_id, label in analysis.LABELS.items()),
            ["known", "set", "crm", str(accounts), "--note", "Team", "--yes"],
        ):
            user.run(*arguments).check_returncode()
        with libreoffice.LibreOffice(user.profile, display.environ, window=True) as running:
            running.load(file, macros=True)
            analysis.enter_formulas(running)
            display.click(BELOW)
            display.wait_until_drawn()
            display.screenshot(folder / "known-analysis.png", ANALYSIS)


def take_workbook(folder: Path) -> None:
    """A job that runs on the workbook's Start, all its companies; then the demo's file."""
    job = SimulatedJob(companies(600), job_id="d8a1bddb-44f1-4c7f-87a7-f37496354ff6", running=1_000)
    clock = ManualClock()  # the job waits until its pictures are taken
    with Simulator([job], clock=clock) as service, user_home(service) as user, window.display(user.environ) as display:
        user.run("install", "--calc")
        file = user.folder / builder.WORKBOOK_FILE_NAME
        builder.write_workbook(file)
        with libreoffice.LibreOffice(user.profile, display.environ, window=True) as running:

            def until(cell: str, wanted: str) -> None:
                running.wait_until("Start", cell, lambda shown: str(shown).startswith(wanted))

            def take(name: str, part: str) -> None:
                display.wait_until_drawn()
                display.screenshot(folder / name, part)

            def refresh_until(room_is_made: Callable[[], bool]) -> None:
                while not room_is_made():
                    display.click(running.button("Refresh"))
                    display.click(JOB)  # or the button looks as if it were held down
                    display.wait_until_drawn()

            def extent(sheet: str, cell: str) -> int:
                return running.extent(sheet, cell)[1]

            running.load(file, macros=True)
            running.enter("Start", "B8", job.job_id)
            clock.sleep(600)
            until("B16", "running, qualifying companies, ")
            refresh_until(lambda: extent("Start", "B23") > 1 and extent("Charts", "A22") > 1)
            while not running.values("Start", "B17")[0][0]:  # blank while the service is being asked
                display.wait_until_drawn()
            take("calc-start.png", WINDOW)
            display.screenshot(folder / "workbook-start.png", SHEET)
            clock.sleep(1_000)
            until("B16", "600 companies, completed")
            refresh_until(lambda: extent("Rows", "A4") == len(job.rows) + 1)
            while sum(float(str(number)) for (number,) in running.values("Charts", "S23:S31")) != len(job.rows):
                display.wait_until_drawn()
            running.show("Rows")
            take("calc-rows.png", CONTENT)
            running.show("Charts")
            take("workbook-charts.png", SHEET)
            demo = user.folder / "openfunnel-demo.xlsx"
            user.run("demo", "--seconds", "0", "-o", str(demo))
            running.load(demo, macros=True)
            running.show("Companies")
            take("demo-companies.png", CONTENT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.calc.pictures", description="Takes the pictures.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    main(parser.parse_args().folder)
