"""The ribbon's menu of jobs: valid XML that says what the ledger has, whatever people call their jobs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.api.models import JobStatus
from xl_openfunnel.hosts.excel.ribbon_menu import MAX_JOBS, job_menu, message_menu
from xl_openfunnel.jobs.store.ledger import LedgerEntry

SEEN = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MENU = "{http://schemas.microsoft.com/office/2009/07/customui}menu"


def entry(job_id: str = "job_1", **known: Any) -> LedgerEntry:
    unknown = {"label": None, "query": None, "seeds": (), "status": None, "row_count": None, "credits": None}
    return LedgerEntry(job_id, first_seen=SEEN, last_seen=SEEN, **unknown | known)


def buttons(xml: str) -> list[dict[str, str]]:
    menu = ET.fromstring(xml)  # noqa: S314 - our own
    assert menu.tag == MENU
    assert {each.tag for each in menu} <= {MENU.replace("menu", "button")}
    return [dict(each.attrib) for each in menu]


def shown(label: str) -> str:
    """What Office shows of a label: ``&`` only where it is doubled."""
    assert not re.search("&", label.replace("&&", ""))
    return label.replace("&&", "&")


def test_a_job_is_shown_by_its_label_its_state_and_its_companies() -> None:
    (button,) = buttons(
        job_menu([entry("job-7", label="Q3 <R&D>", status=JobStatus("completed"), row_count=1_600)], "OpenFunnelJob")
    )
    assert shown(button["label"]) == "Q3 <R&D> · completed · 1,600 companies"
    assert (button["tag"], button["screentip"], button["onAction"]) == ("job-7", "job-7", "OpenFunnelJob")


def test_a_job_without_a_label_is_shown_by_its_query_its_seeds_or_its_id() -> None:
    named = [entry(query="fintech in Wien"), entry(seeds=("a.com", "b.com")), entry("x", label="\u200b\n"), entry("y")]
    labels = [shown(button["label"]) for button in buttons(job_menu(named, "Macro"))]
    assert labels == ["fintech in Wien", "a.com, b.com", "x", "y"]


def test_the_latest_jobs_come_first_and_no_more_than_fit() -> None:
    found = buttons(job_menu([entry(f"job-{number}") for number in range(MAX_JOBS + 5)], "Macro"))
    assert [button["tag"] for button in found] == [f"job-{number}" for number in range(MAX_JOBS)]


def test_without_jobs_there_is_no_menu() -> None:
    assert job_menu([], "Macro") == ""


def test_a_message_is_an_entry_that_cannot_be_chosen() -> None:
    (button,) = buttons(message_menu("The store <x> & more cannot be used."))
    assert (shown(button["label"]), button["enabled"]) == ("The store <x> & more cannot be used.", "false")


ANY = st.text(st.characters(), max_size=600) | st.just("&" * 600)


@given(ANY, ANY, ANY, st.text("abcXYZ019_-", min_size=1, max_size=128))
def test_any_text_makes_a_menu_that_office_accepts(label: str, query: str, status: str, job_id: str) -> None:
    (button,) = buttons(job_menu([entry(job_id, label=label, query=query, status=JobStatus(status))], "Macro"))
    assert all(0 < len(text.encode("utf-16-le")) // 2 <= 1_024 for text in button.values())
    assert re.fullmatch("OpenFunnelJob[0-9]+", button["id"])
    assert button["tag"] == job_id
    shown(button["label"])
