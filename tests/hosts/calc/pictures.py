"""Takes the README's pictures of the workbook in LibreOffice Calc: ``python -m tests.hosts.calc.pictures FOLDER``.

Needs, besides what the tests of the window need, xwd and ImageMagick's convert.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.hosts.basic import office
from tests.hosts.calc import window
from tests.hosts.calc.home import home
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.workbook import book

DRAWN = 2.0
"""Seconds after which a window is drawn."""


def main(folder: Path) -> None:
    """A job that runs on Start, then all its companies, and its pivot."""
    job = SimulatedJob(companies(600), job_id="d8a1bddb-44f1-4c7f-87a7-f37496354ff6", running=20)
    with Simulator([job]) as service, home(service) as user, window.display(user.environ) as display:
        user.command("install", "--calc")
        file = user.folder / book.FILE_NAME
        book.write(file)
        with office.Office(user.profile, display.environ, window=True) as running:
            running.load(file, macros=True)
            running.enter("Start", "B8", job.job_id)

            def until(cell: str, wanted: str) -> None:
                shown = running.shown("Start", cell)
                while not str(shown[0][0]).startswith(wanted):
                    shown = running.changed("Start", cell, shown)

            def take(name: str) -> None:
                time.sleep(DRAWN)
                display.picture(folder / name)

            until("B11", "running, qualifying companies, ")
            until("B19", "#OF! Not shown for want of cells: 2 rows")  # the list of jobs has it, a little later
            display.click(running.button("Refresh"))
            take("calc-start.png")
            until("B11", "600 companies, completed")
            display.click(running.button("Refresh"))
            while running.extent("Rows", "A4")[1] != 601:
                time.sleep(DRAWN)
            running.show("Rows")
            take("calc-rows.png")
            running.show("Start")
            time.sleep(DRAWN)
            display.click(running.button("Land as table"))
            time.sleep(DRAWN)
            running.show("Pivot")
            take("calc-pivot.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
