"""Three ways to show companies of a stored job in cells. Each imports its own packages, which counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from . import pivot_jobs

if TYPE_CHECKING:
    from xl_openfunnel.cell_values import Block

Answer = Callable[[int], "Block"]
"""Answers a question for the nth time, each time with another value in it."""

_CRITERIA: Final = "country=Germany|Austria|France; employee_count>={}; industries=*software*"

QUESTIONS: Final[dict[str, tuple[str, tuple[object, ...]]]] = {
    "OF_ROWS, 7 columns": ("rows", (None,)),
    "OF_ROWS with criteria, sort and top": ("rows", (None, None, None, _CRITERIA, "-employee_count,name", 50)),
    "OF_ROWS with criteria": ("rows", (None, None, None, _CRITERIA)),
    "OF_LOOKUP": ("lookup", (1, "match_reason")),
}
"""The function and its arguments after the job."""


def ours(place: Path, name: str, *, from_rows: bool = False) -> Answer:
    """The functions of cells; ``from_rows`` without columns."""
    from xl_openfunnel import Client, Fetcher, Store
    from xl_openfunnel.columns import maker
    from xl_openfunnel.functions import implementations
    from xl_openfunnel.functions.context import CallContext

    store = Store(place / "store.sqlite3", pivot_jobs.ORIGIN)
    fetcher = Fetcher(Client(pivot_jobs.ORIGIN, "of_never_sent"), store=store)
    columns = None if from_rows else maker.connect(store)
    services: Any = SimpleNamespace(fetcher=fetcher, store=store, columns=columns)
    function, arguments = QUESTIONS[name]

    def answer(number: int) -> Block:
        asked = [_varied(each, number) for each in arguments]
        context: Any = CallContext(services)
        return getattr(implementations, function)(context, pivot_jobs.job_id(0), *asked)  # type: ignore[no-any-return]

    return answer


def _varied(argument: object, number: int) -> object:
    if isinstance(argument, str):
        return argument.format(number)
    return argument + number if isinstance(argument, int) and argument == 1 else argument


def pandas(place: Path, name: str) -> Answer:
    """``read_parquet`` with the columns that are needed, masks, and lists of values."""
    import pandas as pd

    from xl_openfunnel.fields import DEFAULT_COLUMNS

    (path,) = (place / "columns").glob("**/*.parquet")

    def answer(number: int) -> Block:
        shown = list(DEFAULT_COLUMNS)
        if name == "OF_LOOKUP":
            frame = pd.read_parquet(path, columns=["match_reason"])
            return [[frame["match_reason"].iloc[number]]]
        frame = pd.read_parquet(path, columns=list(dict.fromkeys([*shown, "country", "industries"])))
        if "criteria" in name:
            right = frame["country"].str.lower().isin(["germany", "austria", "france"])
            right &= frame["employee_count"].ge(number).fillna(False)
            frame = frame[right]
            has_software = [any("software" in item.lower() for item in items) for items in frame["industries"]]
            frame = frame[has_software]
        if "sort" in name:
            frame = frame.sort_values(["employee_count", "name"], ascending=[False, True]).head(50)
        block: Block = [list(shown), *frame[shown].astype(object).to_numpy().tolist()]
        return block

    return answer


CONTENDERS: Final[dict[str, Callable[[Path, str], Answer]]] = {
    "ours": ours,
    "from rows": lambda place, name: ours(place, name, from_rows=True),
    "pandas": pandas,
}
