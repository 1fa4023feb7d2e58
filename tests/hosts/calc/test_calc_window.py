"""The workbook in a window of LibreOffice Calc, with a mouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.basic import office
from tests.hosts.calc import window
from tests.hosts.calc.home import home
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.workbook import builder


def test_a_click_on_the_button_makes_room_for_all_companies(tmp_path: Path) -> None:
    if why := office.missing() or window.missing():
        pytest.skip(why)
    file = tmp_path / builder.WORKBOOK_FILE_NAME
    builder.write_workbook(file)
    job = SimulatedJob(companies(250), job_id="job")
    with Simulator([job]) as service, home(service) as user, window.display(user.environ) as display:
        assert user.command("install", "--calc").returncode == 0
        with office.Office(user.profile, display.environ, window=True) as running:
            running.load(file, macros=True)
            running.enter("Start", "B8", "job")
            # The list of jobs is on the screen, and so calculated as soon as there is something new.
            for sheet, cell, wanted in (("Rows", "A4", "251 rows and 6"), ("Start", "B19", "2 rows and 8")):
                shown = running.shown(sheet, cell)
                while not str(shown[0][0]).startswith(f"#OF! Not shown for want of cells: {wanted} columns."):
                    shown = running.changed(sheet, cell, shown)
            display.click(running.button("Refresh"))
            while running.extent("Rows", "A4") != ("{=OF_ROWS(job)}", 251, 7):
                running.shown("Start", "B9")
            assert running.extent("Start", "B19") == ("{=OF_JOBS()}", 2, 9)
