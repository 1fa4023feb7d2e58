"""Excel's PivotTables that read a table."""

from __future__ import annotations

from typing import Any, Final

from ..ports import HostError
from .dispatch import RetryingCaller

_DATABASE: Final = 1  # xlDatabase: a PivotTable that reads cells


def refresh_pivots(call: RetryingCaller, book: Any, table: str) -> int:
    """Refresh the PivotTables of a workbook that read a table; returns how many there are."""
    from ....workbook.pivot import PIVOT_NAME  # imports XlsxWriter

    count = 0
    refreshed = set()
    refusal: tuple[str, int] | None = None
    for sheet in call.items(call.get(book, "Worksheets")):
        for pivot in call.items(call.get(sheet, "PivotTables")):
            cache = call.get(pivot, "PivotCache")
            if call.get(cache, "SourceType") != _DATABASE or not _is_table(call.get(cache, "SourceData"), table):
                continue
            count += 1
            if (index := call.get(pivot, "CacheIndex")) not in refreshed:  # several PivotTables may share a cache
                refreshed.add(index)
                try:
                    call.get(cache, "Refresh")
                    if call.get(pivot, "Name") == PIVOT_NAME:
                        _keep_records(call, pivot, cache)
                except HostError as error:  # go on with the others
                    refusal = error.text, error.code  # the exception itself would keep this frame's objects alive
    if refusal:
        raise HostError(*refusal)
    return count


def _keep_records(call: RetryingCaller, pivot: Any, cache: Any) -> None:
    """Have our pivot saved with its data: read again at each opening, it would make the workbook unsaved each time."""
    if call.get(cache, "RefreshOnFileOpen"):
        call.put(pivot, "SaveData", value=True)
        call.put(cache, "RefreshOnFileOpen", value=False)


def _is_table(source: object, table: str) -> bool:
    """Whether a PivotTable's source is that table: ``Name``, or ``'Book.xlsm'!Name[#All]`` as some files have it."""
    return str(source).rpartition("!")[2].partition("[")[0].casefold() == table.casefold()
