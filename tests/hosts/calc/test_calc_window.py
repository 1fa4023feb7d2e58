"""The workbook in a window of LibreOffice Calc, with a mouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.basic import libreoffice
from tests.hosts.calc import window
from tests.hosts.calc.home import user_home
from tests.hosts.calc.test_calc_workbook import array
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.workbook import builder


def test_a_click_on_refresh_resizes_the_arrays(tmp_path: Path) -> None:
    if why := libreoffice.why_missing() or window.why_missing():
        pytest.skip(why)
    file = tmp_path / builder.WORKBOOK_FILE_NAME
    builder.write_workbook(file)
    job = SimulatedJob(companies(250), job_id="job")
    with Simulator([job]) as service, user_home(service) as user, window.display(user.environ) as display:
        assert user.run("install", "--calc").returncode == 0
        with libreoffice.LibreOffice(user.profile, display.environ, window=True) as running:
            running.load(file, macros=True)
            running.enter("Start", "B8", "job")
            # The list of jobs is on the screen, and so calculated as soon as there is something new.
            for sheet, cell, missing in (("Rows", "A4", "251 rows and 6"), ("Start", "B23", "2 rows and 8")):
                wanted = f"#OF! Not shown for want of cells: {missing} columns."
                running.wait_until(sheet, cell, lambda shown, wanted=wanted: str(shown).startswith(wanted))  # type: ignore[misc]
            display.click(running.button("Refresh"))
            while running.extent("Rows", "A4") != (array("OF_ROWS(job)"), 251, 7):
                running.values("Start", "B13")
            assert running.extent("Start", "B23") == (array("OF_JOBS()"), 2, 9)
