"""The help that a button opens: a single page, generated from the catalogue of functions, that needs no network."""

from __future__ import annotations

from html import escape
from typing import Final

from ....functions.catalog import CATALOG
from ....version import version

BUTTONS: Final = {
    "Refresh": "Asks the service anew for the jobs shown there. Final jobs can't change and are "
    "left out, unless you refresh them too. Costs no credits.",
    "Land as table": "Writes the companies of the selected cell's job, else of the workbook's, into the table "
    "OpenFunnelRows, as values. Landing again updates it; your own columns and notes stay with their companies.",
    "Refresh pivots": "Has the pivots that stand on that table read it anew.",
    "Send copy": "Saves a copy beside the workbook, without macros, links, your name and the workbook's "
    "path, with values in place of our formulas.",
    "Live": "Whether cells keep themselves up to date while their jobs run.",
    "Cancel": "Asks the service to stop the selected cell's job, at once. What it delivered until then is billed.",
    "Open log": "The file that tells what went wrong. It never has your API key in it.",
}
"""What each button does, by its label."""

_STYLE: Final = (
    "body{font:16px/1.5 Calibri,'Segoe UI',sans-serif;max-width:52em;margin:2em auto;padding:0 1em;color:#222}"
    "h1,h2{color:#1F3864}dt{font-weight:bold;margin-top:.8em}dd{margin-left:1.5em}"
    "code{font-family:Consolas,monospace;background:#F2F5FA;padding:0 .2em}"
)


def page() -> str:
    """The page as HTML."""
    functions = "".join(
        f"<dt><code>={escape(function.signature)}</code></dt><dd>{escape(function.help)}"
        + "".join(f"<br><code>{escape(a.name)}</code>: {escape(a.help)}" for a in function.arguments)
        + "</dd>"
        for function in CATALOG
    )
    buttons = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in BUTTONS.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>XL OpenFunnel</title><style>{_STYLE}</style>'
        f"<h1>XL OpenFunnel {escape(version())}</h1><h2>Functions</h2><dl>{functions}</dl>"
        f"<h2>Buttons</h2><dl>{buttons}</dl><h2>If something is wrong</h2>"
        "<p>What begins with <code>#OF!</code> says what happened and what to do. For everything else run "
        "<code>xl-openfunnel doctor</code> in a terminal.</p></html>"
    )
