"""Writes the tables of the guide from the code: ``python -m tests.tools.guide``; ``--check`` only says what is stale.

A page marks the place of a table with ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer.main

from xl_openfunnel import cli, fields, settings
from xl_openfunnel.columns.sql import SCHEMA
from xl_openfunnel.functions.catalog import CATALOG as CATALOG
from xl_openfunnel.functions.formula_messages import FORMULA_MESSAGES, FormulaMessage
from xl_openfunnel.functions.info import INFO_FIELDS
from xl_openfunnel.functions.job_messages import JOB_MESSAGES, JobMessage
from xl_openfunnel.known.tiers import MEANINGS
from xl_openfunnel.workbook.bridge_messages import BRIDGE_MESSAGES
from xl_openfunnel.workbook.commands import COMMANDS
from xl_openfunnel.workbook.languages import ENGLISH, languages

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = ROOT / "workbook" / "guide"
_BLOCK: Final = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def code(text: str) -> str:
    """``text`` as Markdown code, with two backticks where it holds one."""
    return f"``{text}``" if "`" in text else f"`{text}`"


def functions() -> str:
    """Each function with its arguments."""
    parts = []
    for function in CATALOG:
        rows = [(f"`{a.name}`" + (" (optional)" if a.optional else ""), a.help) for a in function.arguments]
        arguments = "\n" + table(("argument", "what to give"), rows) if rows else ""
        parts.append(f"### {function.signature}\n\n{function.help}\n{arguments}")
    return "\n" + "\n".join(parts) + "\n"


def info_fields() -> str:
    return table(("field", "what it tells"), [(f"`{name}`", meaning) for name, meaning in INFO_FIELDS.items()])


def company_fields() -> str:
    return table(
        ("field", "type", "from", "meaning"),
        [(f"`{field.name}`", field.type.value, field.origin, field.meaning) for field in fields.FIELDS],
    )


def sql_columns() -> str:
    """The columns of the views that SQL finds."""
    head = ("view", "column", "type", "meaning")
    return table(head, [(code(view), code(name), kind, meaning) for view, name, kind, meaning in SCHEMA])


def job_messages() -> str:
    default = JobMessage("", "", "").functions

    def shown(message: JobMessage) -> str:
        where = "" if message.functions == default else " in " + ", ".join(map(code, message.functions))
        return code(message.text) + where

    rows = [(shown(message), message.meaning, message.action) for message in JOB_MESSAGES]
    return table(("the cell shows", "what it means", "what to do"), rows)


def _formula_table(listed: Iterable[FormulaMessage]) -> str:
    rows = [(f"{code(message.text)} {message.where}".strip(), message.action) for message in listed]
    return table(("the cell shows", "what to do"), rows)


def tiers() -> str:
    """How surely a company is known."""
    return table(("tier", "the company and a known one have"), [(code(tier), text) for tier, text in MEANINGS.items()])


def formula_messages() -> str:
    return _formula_table(FORMULA_MESSAGES)


def bridge_messages() -> str:
    return _formula_table(BRIDGE_MESSAGES)


def buttons() -> str:
    captions = languages()[ENGLISH].commands
    rows = [(f"*{captions[command.action].caption}*", command.help) for command in COMMANDS]
    return table(("button", "what it does"), rows)


def commands() -> str:
    """The commands of the terminal with their options."""
    root: Any = typer.main.get_command(cli.app)  # click's own classes, or those that newer versions of typer bring
    listed = [
        (shown, command)
        for name, group in root.commands.items()
        for shown, command in [(f"{name} {sub}", one) for sub, one in getattr(group, "commands", {}).items()]
        or [(name, group)]
    ]
    return table(("command", "what it does", "options"), [_command_row(*each) for each in listed])


def _command_row(name: str, command: Any) -> tuple[str, str, str]:
    arguments = [
        (p.metavar or p.name.upper()) + ("..." if p.nargs != 1 else "")
        for p in command.params
        if p.param_type_name == "argument"
    ]
    options = [p.opts[0] for p in command.params if p.param_type_name == "option" and not p.hidden]
    return code(" ".join([name, *arguments])), " ".join(command.help.split()), ", ".join(map(code, options))


def exit_codes() -> str:
    return table(("exit code", "meaning"), [(str(number), meaning) for number, meaning in cli.EXIT_CODES.items()])


def environment() -> str:
    return table(("variable", "what it sets"), [(f"`{n}`", text) for n, text in settings.ENVIRONMENT.items()])


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    maker.__name__: maker
    for maker in (
        functions,
        info_fields,
        company_fields,
        sql_columns,
        job_messages,
        formula_messages,
        tiers,
        bridge_messages,
        buttons,
        commands,
        exit_codes,
        environment,
    )
}


def renewed(text: str) -> str:
    """A page with its tables as the code has them now.

    Raises:
        KeyError: it names a table that does not exist.
    """
    return _BLOCK.sub(lambda block: block[1] + TABLES[block[2]]() + block[3], text)


def stale_pages() -> dict[Path, str]:
    """The pages whose tables are not those of the code, with the text they should have."""
    pages = {path: path.read_text("utf-8") for path in sorted(GUIDE.glob("*.md"))}
    return {path: new for path, text in pages.items() if (new := renewed(text)) != text}


def main() -> int:
    """Write or check the pages; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.guide", description="Writes the guide's tables.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is stale")
    check = parser.parse_args().check
    for path, text in (stale := stale_pages()).items():
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(text, "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
