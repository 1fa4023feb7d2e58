"""Draws a terminal with our commands: ``python -m tests.tools.terminal_picture workbook/pictures/terminal.png``.

The commands run in a terminal of their own, against a simulated service. Needs ImageMagick's convert with Pango, and
the font DejaVu Sans Mono. Not on Windows.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.tools.pseudo_terminal import in_a_terminal
from xl_openfunnel.simulator import ManualClock, SimulatedJob, Simulator, companies

COLUMNS: Final = 110
DONE: Final = SimulatedJob(companies(1_240, seed=949), "b2f1c7de-5a08-4e11-9d53-60a7cc0e31f4")
RUNNING: Final = SimulatedJob(companies(600, seed=9), "d8a1bddb-44f1-4c7f-87a7-f37496354ff6", running=1_000)
LABELS: Final = {DONE.job_id: "Retail Q3", RUNNING.job_id: "Retail Q4"}

FILE: Final = "companies.xlsx"
COMMANDS: Final = (
    'status "Retail Q3"',
    'rows "Retail Q3" --new-against crm --columns name,country,employee_count,match_reason --top 7',
    f'watch "Retail Q4" -o {FILE}',
)
"""What the picture shows. The last command still goes on."""

BAR: Final = "400 of "
"""What the progress says when all pages are read that the running job has."""

ERASED: Final = re.compile(r"\r?\x1b\[2K(?:\x1b\[1A\x1b\[2K)*|\x1b\[\?25[lh]")
"""How the progress is removed, before it is drawn again; and the cursor hidden and shown."""

THEME: Final = TerminalTheme(
    (24, 27, 34),
    (205, 211, 222),
    [
        *((24, 27, 34), (240, 113, 120), (148, 208, 122), (240, 198, 116)),
        *((110, 168, 254), (198, 146, 233), (98, 205, 219), (205, 211, 222)),
    ],
)


def screen() -> list[Text]:
    """The lines that the terminal shows: each command behind its prompt, and what it wrote."""
    clock = ManualClock()  # the running job stays where it is
    with (
        tempfile.TemporaryDirectory(prefix="xl-openfunnel-terminal-") as folder,
        Simulator([DONE, RUNNING], clock=clock) as service,
    ):
        clock.sleep(700)
        environ = {
            "OPENFUNNEL_BASE_URL": service.base_url,
            "OPENFUNNEL_API_KEY": service.api_key,
            "OPENFUNNEL_CACHE_DIR": f"{folder}/cache",
            "XDG_CONFIG_HOME": f"{folder}/config",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        known = Path(folder, "accounts.csv")
        known.write_text("".join(f"{row['domain']}\n" for row in DONE.rows[1::2]), "utf-8")
        in_a_terminal(
            COLUMNS,
            ["known", "set", "crm", str(known), "--yes"],
            ["rows", DONE.job_id, "-o", f"{folder}/companies.csv"],
            *(["label", job_id, label] for job_id, label in LABELS.items()),
            environ=environ,
        )
        shown: list[Text] = []
        for line in COMMANDS:
            until = (BAR, 2) if line is COMMANDS[-1] else None
            arguments = [f"{folder}/{word}" if word == FILE else word for word in shlex.split(line)]
            drawn = ERASED.split(in_a_terminal(COLUMNS, arguments, environ=environ, until=until))
            last = next(text for text in drawn if BAR in text) if until else drawn[-1]
            prompt = Text.assemble(("$ ", "bold green"), (f"xl-openfunnel {line}", "bold"))
            shown += [prompt, *map(Text.from_ansi, last.splitlines()), Text()]
    return shown[:-1]


def markup(lines: Sequence[Text]) -> str:
    """The lines in Pango's markup."""
    console = Console(width=COLUMNS, color_system="256", force_terminal=True)
    return "\n".join("".join(span(*segment[:2]) for segment in line.render(console)) for line in lines)


def span(text: str, style: Style | None) -> str:
    """A text in its colour."""
    color = THEME.foreground_color if style is None or style.color is None else style.color.get_truecolor(THEME)
    weight = "bold" if style is not None and style.bold else "normal"
    return f'<span foreground="{color.hex}" weight="{weight}">{escape(text)}</span>'


def main(file: str) -> None:
    background = THEME.background_color.hex
    text = markup(screen()).replace("&", "&amp;").replace("%", "%%")  # which convert undoes
    command = [
        *("/usr/bin/convert", "-background", background, "-font", "DejaVu Sans Mono", "-pointsize", "15"),
        *(f"pango:{text}", "-bordercolor", background, "-border", "24"),
        *("-strip", "+dither", "-colors", "64", f"png8:{file}"),
    ]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.tools.terminal_picture", description="Draws the terminal.")
    parser.add_argument("file", help="the picture to write, a .png")
    main(parser.parse_args().file)
