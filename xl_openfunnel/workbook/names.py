"""The names by which the workbook's parts are found, also by what may not load XlsxWriter."""

from __future__ import annotations

from typing import Final

JOB: Final = "job"
"""The defined name of the cell with the job."""

TABLE_SHEET: Final = "Table"

TABLE: Final = "OpenFunnelRows"
"""The table on that sheet, to which the pivot refers."""
