"""Functions for cells to compare with, run by xlwings' COM server; like ours, they get the calling cell last."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import xlwings

from .contenders import loop
from .measure import seconds_of
from .service import Service

CALCULATION_TIMEOUT = 240.0
"""Seconds that all values together may take."""

FIELDS = ("name", "domain", "linkedin_url", "headquarters", "employee_count", "match_reason")


@xlwings.func
def NOTHING(where: str) -> str:  # noqa: N802
    """Measures the call alone."""
    return "nothing"


@xlwings.func
def LOOP_ROWS(job: str, where: str) -> list[list[Any]]:  # noqa: N802
    """The obvious first version: reads all pages at every calculation, while Excel waits."""
    service = Service(os.environ["OPENFUNNEL_BASE_URL"], os.environ["OPENFUNNEL_API_KEY"], job)
    rows = [[rank, *(row[name] for name in FIELDS)] for rank, row in enumerate(loop(service), 1)]
    return [["rank", *FIELDS], *rows]


@xlwings.func
def OUR_SECONDS(job: str, where: str) -> float:  # noqa: N802
    """How long our function takes inside our server, without the COM call."""
    from xl_openfunnel.hosts.excel import udfs

    return seconds_of(lambda: udfs.OF_ROWS(job, None, None, None, where))


@xlwings.func
def LONGEST_CALLS(jobs: str, where: str) -> str:  # noqa: N802
    """The longest call of each kind inside our server, until all of them show their values; seconds as JSON."""
    from xl_openfunnel.hosts.excel import udfs

    names = [[name] for name in jobs.split(",")]
    kinds: dict[str, tuple[str, list[Any]]] = {
        "status": ("OF_STATUS", [names[-1][0]]),
        "statuses": ("OF_STATUS", [names]),
        "jobs": ("OF_JOBS", []),
        "rows": ("OF_ROWS", [names[0][0], None, None, None]),
        "lookup": ("OF_LOOKUP", [names[1][0], 3.0, "name", None]),
        "pivot": ("OF_PIVOT", [names, "country", None, None, None]),
        "exploded pivot": ("OF_PIVOT", [names, "industries", None, "revenue_usd", "sum"]),
        "rows of ten jobs": ("OF_ROWS", [names[:10], None, None, None]),
    }
    longest, waiting = dict.fromkeys(kinds, 0.0), set(kinds)
    values: dict[str, list[list[Any]]] = {}
    deadline = time.monotonic() + CALCULATION_TIMEOUT
    while waiting:
        if time.monotonic() > deadline:
            raise RuntimeError(f"no values came for {waiting}")
        for kind, (name, arguments) in kinds.items():
            blocks: list[Any] = []
            seconds = seconds_of(lambda: blocks.append(udfs.call_cell(2, where, name, *arguments)))  # noqa: B023
            longest[kind] = max(longest[kind], seconds)
            if blocks[0][0][0] != "loading":
                waiting.discard(kind)
                values[kind] = blocks[0]
        time.sleep(0.005)
    companies = len(values["rows"]) - 1
    counted = sum(line[1] for line in values["pivot"][1:-1])
    if (len(values["rows of ten jobs"]) - 1, counted) != (10 * companies, len(names) * companies):
        raise RuntimeError("the jobs are not as many as their names")
    return json.dumps(longest)
