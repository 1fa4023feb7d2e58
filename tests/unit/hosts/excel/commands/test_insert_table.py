"""What *Insert as table* writes and reports."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from tests.unit.hosts.excel.commands.conftest import DONE, FAILED, ODD, OTHER, ROWS, RUNNING, Rig
from tests.unit.hosts.excel.commands.workbooks import command_context
from xl_openfunnel import Fetcher
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.excel.ports import HostError
from xl_openfunnel.hosts.excel.table_merge import TableContent
from xl_openfunnel.known.lists import KnownLists
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.workbook.formulas import TABLE_COLUMNS
from xl_openfunnel.workbook.names import TABLE


def test_writing_the_table_reports_all_that_happened(rig: Rig) -> None:
    assert rig.write_table(DONE.job_id) == "30 companies inserted on the sheet Table; 1 pivot refreshed"
    (plan,) = rig.excel.plans
    assert (plan.final_height, plan.columns) == (30, TABLE_COLUMNS)
    facts = dict(rig.excel.facts)
    assert (facts["job"], facts["state"], facts["rows"], facts["credits"]) == (DONE.job_id, "final", 30.0, 30.0)
    rig.excel.tables[TABLE] = TableContent(["name", "linkedin_url", "Mine"], [["Old", "gone", "x"]])
    rig.excel.write_result = {"sheet": "My table", "filter_removed": True, "facts_written": False}
    rig.excel.pivots = HostError("Excel refused: protected")
    assert rig.write_table(DONE.job_id) == (
        "30 companies inserted on the sheet My table; 1 no longer in the job kept at the end, for what you have there; "
        "without rank, domain, headquarters, employee_count, match_reason, country, employee_band, which the table "
        "does not have; the table's filter was taken off; no room above the table to say what job it is; "
        "the pivots could not be refreshed (Excel refused: protected)"
    )


def test_line_breaks_in_the_table_are_line_feeds_and_long_numbers_texts(rig: Rig) -> None:
    rig.fetcher.wait(ODD.job_id)
    rig.write_table(ODD.job_id)
    shown = dict(zip(TABLE_COLUMNS, rig.excel.plans[-1].rows[0], strict=True))
    assert (shown["match_reason"], shown["employee_count"]) == ("a\nb\nc", "9007199254740993")


def test_the_content_hash_depends_on_the_rows(rig: Rig) -> None:
    contents = []
    for job in (DONE.job_id, OTHER.job_id, DONE.job_id):
        rig.fetcher.wait(job)
        rig.write_table(job)
        contents.append(dict(rig.excel.facts)["content"])
    assert contents[0] == contents[2] != contents[1]


def test_a_running_jobs_companies_are_provisional(rig: Rig) -> None:
    rig.time.sleep(700)
    rig.fetcher.wait(RUNNING.job_id, until=lambda seen: len(seen.rows) > 0)
    assert "; provisional: insert again once the job is final; " in rig.write_table(RUNNING.job_id)
    assert dict(rig.excel.facts)["state"] == "provisional: rows may still change"


def test_without_a_job_in_the_cell_the_workbooks_job_is_used(rig: Rig) -> None:
    with pytest.raises(ConfigurationError, match="Select one that does"):
        rig.run("insert table", command_context("Acme"))
    rig.excel.names["job"] = OTHER.job_id
    assert rig.run("insert table", command_context("Acme")).startswith("7 companies")
    assert rig.run("insert table", command_context("", None)).startswith("7 companies")


def test_a_failed_jobs_companies_are_written_with_the_reason(rig: Rig) -> None:
    assert rig.write_table(FAILED.job_id) == (
        "0 companies inserted on the sheet Table; The job failed: no seeds; 1 pivot refreshed"
    )


def test_the_warnings_of_a_job_are_told(rig: Rig) -> None:
    warned = replace(rig.fetcher.wait(DONE.job_id), warnings=("Page 1 holds Acme twice: another may be missing.",))
    rig.fetcher = cast("Fetcher", SimpleNamespace(watch=lambda job: warned))
    assert rig.write_table(DONE.job_id) == (
        "30 companies inserted on the sheet Table; Page 1 holds Acme twice: another may be missing; 1 pivot refreshed"
    )


def keep(rig: Rig, name: str, *domains: str | None) -> None:
    rig.known = rig.known or KnownLists(rig.store.path.parent / "known")
    rig.known.set(make_list(name, [["Website"], *([domain] for domain in domains)]))


def known_cells(rig: Rig, name: str) -> list[object]:
    plan = rig.excel.plans[-1]
    return [row[plan.columns.index(name)] for row in plan.rows]


def test_a_table_gets_a_column_for_each_known_list(rig: Rig) -> None:
    keep(rig, "CRM", ROWS[0]["domain"], ROWS[1]["domain"])
    keep(rig, "partners", ROWS[1]["domain"])
    counts = [sum(row["domain"] in {ROWS[at]["domain"] for at in known} for row in ROWS) for known in ((0, 1), (1,))]
    blank = sum(not row["domain"] for row in ROWS)
    crm, partners = (
        f'{30 - each - blank} of 30 are new to "{name}"' for each, name in zip(counts, ("CRM", "partners"), strict=True)
    )
    said = rig.write_table(DONE.job_id)
    assert said.startswith("30 companies inserted on the sheet Table; ")
    assert crm in said
    assert partners in said
    assert rig.excel.tables[TABLE].columns == [*TABLE_COLUMNS, "known:CRM", "known:partners"]
    assert known_cells(rig, "known:crm")[:2] == ["host", "host"]
    assert [row["domain"] for row, cell in zip(ROWS, known_cells(rig, "known:partners"), strict=True) if cell == "host"]
    assert set(known_cells(rig, "known:crm")) <= {"host", None, "not comparable"}


def test_a_table_that_is_there_gets_the_column_at_its_right(rig: Rig) -> None:
    rig.excel.tables[TABLE] = TableContent([*TABLE_COLUMNS, "Mine"], [[None] * (len(TABLE_COLUMNS) + 1)])
    keep(rig, "crm", ROWS[0]["domain"])
    assert "which the table does not have" not in rig.write_table(DONE.job_id)
    assert rig.excel.tables[TABLE].columns == [*TABLE_COLUMNS, "Mine", "known:crm"]
    assert known_cells(rig, "known:crm")[0] == "host"
    keep(rig, "CRM", ROWS[0]["domain"])  # the title stays, so that no formula loses its column
    rig.write_table(DONE.job_id)
    assert rig.excel.tables[TABLE].columns == [*TABLE_COLUMNS, "Mine", "known:crm"]


def test_the_column_of_a_list_that_is_gone_is_emptied_and_holds_no_company(rig: Rig) -> None:
    keep(rig, "crm", ROWS[0]["domain"])
    rig.write_table(DONE.job_id)
    plan = rig.excel.plans[-1]
    rig.excel.tables[TABLE] = TableContent(plan.columns, plan.rows)
    assert rig.known
    rig.known.remove("crm")
    assert "crm" not in rig.write_table(OTHER.job_id)
    assert rig.excel.plans[-1].kept_rows == 0
    assert set(known_cells(rig, "known:crm")[:7]) == {None}


def test_a_job_without_companies_does_not_empty_the_table(rig: Rig) -> None:
    full = TableContent(TABLE_COLUMNS, [[1.0, *[None] * (len(TABLE_COLUMNS) - 1)]])
    rig.excel.tables[TABLE] = full
    with pytest.raises(ConfigurationError) as refused:
        rig.write_table(FAILED.job_id)
    assert refused.value.message == (
        "The job has no companies (The job failed: no seeds). The table keeps those that it has."
    )
    assert rig.excel.plans == []


def test_a_job_without_companies_yet_is_refused(rig: Rig) -> None:
    rig.fetcher.wait(RUNNING.job_id, until=lambda seen: seen.status is not None)
    with pytest.raises(ConfigurationError, match="There is nothing to insert yet: running"):
        rig.write_table(RUNNING.job_id)
    with pytest.raises(ConfigurationError, match="nothing to insert yet: There is no job no-such-job"):
        rig.write_table("no-such-job")
