"""The queries of the guide's page on SQL, run as they are."""

from __future__ import annotations

import csv
import io
import re
import sys
import textwrap
from pathlib import Path

import pytest

from tests.tools.guide import GUIDE
from tests.unit.cli.conftest import Run, Serve
from xl_openfunnel.simulator import SimulatedJob, companies

PAGE = (GUIDE / "sql.md").read_text("utf-8")
QUERIES = [
    (textwrap.dedent(sql), textwrap.dedent(output))
    for sql, output in re.findall(
        r"^ +```sql\n(.*?)^ +```\n(?:\n +```text\n(.*?)^ +```\n)?", PAGE, re.DOTALL | re.MULTILINE
    )
]
ROWS = companies(600, seed=1)
JOB_1, JOB_2 = SimulatedJob(ROWS, job_id="JOB-1"), SimulatedJob([*ROWS[:20], *companies(80, seed=2)], job_id="JOB-2")


def test_every_query_of_the_guide_gives_rows_and_those_that_are_shown(
    serve: Serve, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(JOB_1, JOB_2)
    for job in (JOB_1, JOB_2):
        assert run("rows", job.job_id).code == 0
    run("label", JOB_1.job_id, "texas")
    monkeypatch.chdir(tmp_path)
    known = [row["domain"] for row in ROWS if row.get("domain")][:30]
    Path("crm.csv").write_text(
        "website,owner\n ,Bob\n" + "".join(f"https://www.{each.upper()}/en,Ann\n" for each in known)
    )
    monkeypatch.setattr("xl_openfunnel.cli.terminal.is_terminal", lambda stream: stream is sys.stdout)
    monkeypatch.setenv("COLUMNS", "100")
    assert len(QUERIES) == 10
    for sql, shown in QUERIES:
        answer = run("sql", sql)
        assert (answer.code, len(answer.out.splitlines()) > 2) == (0, True), (sql, answer.err)
        if shown:
            assert re.sub("\x1b\\[[0-9;]*m", "", answer.out).rstrip() == shown.rstrip(), sql
    texas = "--job", "texas", "--format", "csv"
    (filled,) = csv.DictReader(io.StringIO(run("sql", QUERIES[8][0], *texas).out))
    assert int(filled["with_domain"]) == sum(bool(row.get("domain")) for row in ROWS) < len(ROWS)
    new = list(csv.DictReader(io.StringIO(run("sql", QUERIES[-1][0], *texas).out)))
    assert [line["linkedin_url"] for line in new] == [
        row["linkedin_url"] for row in ROWS if row.get("domain") not in known
    ]
