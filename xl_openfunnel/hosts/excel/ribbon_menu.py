"""The ribbon's menu of jobs, as the XML that its ``dynamicMenu`` takes ([MS-CUSTOMUI2])."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import quoteattr

from ...jobs.store.ledger import LedgerEntry
from ...text import clip, companies, local_time, one_line
from ...workbook.ribbon import NAMESPACE

MAX_JOBS: Final = 30
"""The latest jobs that the menu has: more do not fit onto a small screen."""

_NAME_UNITS: Final = 60
_LABEL_UNITS: Final = 500
"""UTF-16 units, before ``&`` is doubled: an attribute of the ribbon may have 1,024."""


def job_menu(entries: Sequence[LedgerEntry], on_action: str) -> str:
    """The menu of the latest jobs, the latest first; ``""`` without any.

    An entry calls the macro ``on_action`` with the job's id in its ``tag``.
    """
    if not entries:
        return ""
    buttons = "".join(_button(number, entry, on_action) for number, entry in enumerate(entries[:MAX_JOBS], 1))
    return _menu(buttons)


def message_menu(text: str) -> str:
    """A menu that says why it has no jobs."""
    return _menu(_element("button", id="OpenFunnelNoJob", label=_label(text), enabled="false"))


def _menu(content: str) -> str:
    return f'<menu xmlns="{NAMESPACE}">{content}</menu>'


def _button(number: int, entry: LedgerEntry, on_action: str) -> str:
    texts = (entry.label, entry.query, ", ".join(entry.seeds), entry.job_id)
    name = next(filter(None, (one_line(text or "") for text in texts)), "")
    rows = None if entry.row_count is None else companies(entry.row_count)
    parts = [clip(name, _NAME_UNITS), entry.status, rows]
    return _element(
        "button",
        id=f"OpenFunnelJob{number}",
        label=_label(" · ".join(filter(None, parts))),
        tag=entry.job_id,
        screentip=clip(one_line(entry.job_id), _LABEL_UNITS),
        supertip=local_time(entry.first_seen),
        onAction=on_action,
    )


def _label(text: str) -> str:
    """A label shows ``&`` only where it is doubled: a single one marks the key that chooses the entry.

    `one_line` also leaves out what XML 1.0 cannot hold (section 2.2): controls, single surrogates, U+FFFE and U+FFFF.
    """
    return clip(one_line(text), _LABEL_UNITS).replace("&", "&&")


def _element(name: str, **attributes: str) -> str:
    return f"<{name} {' '.join(f'{key}={quoteattr(text)}' for key, text in attributes.items())}/>"
