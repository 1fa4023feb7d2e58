"""The help that a button opens: one page, made from the functions and commands, that needs no network."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from ....functions.catalog import CATALOG
from ....version import version
from ....workbook.commands import COMMANDS
from ....workbook.languages import ENGLISH, languages

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
    captions = languages()[ENGLISH].commands
    buttons = "".join(
        f"<dt>{escape(captions[each.action].caption)}</dt><dd>{_html(each.help)}</dd>" for each in COMMANDS
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>XL OpenFunnel</title><style>{_STYLE}</style>'
        f"<h1>XL OpenFunnel {escape(version())}</h1><h2>Functions</h2><dl>{functions}</dl>"
        f"<h2>Buttons</h2><dl>{buttons}</dl><h2>If something is wrong</h2>"
        "<p>What begins with <code>#OF!</code> says what happened and what to do. For everything else run "
        "<code>xl-openfunnel doctor</code> in a terminal.</p></html>"
    )


def _html(markdown: str) -> str:
    """Text with `code` and *emphasis* as HTML."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(markdown))
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)
