"""The workbook in a window of LibreOffice Calc, with a mouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.basic import office
from tests.hosts.calc import window
from tests.hosts.calc.home import home
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.workbook import book


def test_a_click_on_the_button_makes_room_for_all_companies(tmp_path: Path) -> None:
    if why := office.missing() or window.missing():
        pytest.skip(why)
    file = tmp_path / book.FILE_NAME
    book.write(file)
    job = SimulatedJob(companies(250), job_id="job")
    with Simulator([job]) as service, home(service) as user, window.display(user.environ) as display:
        assert user.command("install", "--calc").returncode == 0
        with office.Office(user.profile, display.environ, window=True) as running:
            running.load(file, macros=True)
            running.enter("Start", "B8", "job")
            shown = running.shown("Rows", "A4")
            while not str(shown[0][0]).startswith("#OF! Not shown for want of cells: 251 rows and 6 columns."):
                shown = running.changed("Rows", "A4", shown)
            display.click(running.button("Ask again now"))
            while running.extent("Rows", "A4") != ("{=OF_ROWS(job)}", 251, 7):
                running.shown("Start", "B9")
