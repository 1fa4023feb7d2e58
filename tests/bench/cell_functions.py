"""Functions for cells to compare with, run by xlwings' COM server; like ours, they get the calling cell last."""

from __future__ import annotations

import os
from typing import Any

import xlwings

from .contenders import loop
from .measure import seconds_of
from .service import Service

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
