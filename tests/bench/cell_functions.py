"""Functions for cells to compare with, run by xlwings' COM server. Each is given the calling cell last, as ours are."""

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
    """What costs nothing but the way there and back."""
    return "nothing"


@xlwings.func
def LOOP_ROWS(job: str, where: str) -> list[list[Any]]:  # noqa: N802
    """What everybody writes first: all pages at every calculation, while Excel waits."""
    service = Service(os.environ["OPENFUNNEL_BASE_URL"], os.environ["OPENFUNNEL_API_KEY"], job)
    rows = [[rank, *(row[name] for name in FIELDS)] for rank, row in enumerate(loop(service), 1)]
    return [["rank", *FIELDS], *rows]


@xlwings.func
def OUR_SECONDS(job: str, where: str) -> float:  # noqa: N802
    """Asked of our server: how long our function takes there, without the way there and back."""
    from xl_openfunnel.hosts.excel import udfs

    return seconds_of(lambda: udfs.OF_ROWS(job, None, None, None, where))
