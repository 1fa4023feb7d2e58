"""The entries of Calc's menu."""

from __future__ import annotations

import ast
from pathlib import Path

from xl_openfunnel.hosts import calc
from xl_openfunnel.workbook.commands import COMMANDS


def test_calc_has_code_for_each_command_of_its_menu() -> None:
    source = (Path(calc.__file__).parent / "commands.py").read_text("utf-8")  # not imported: it needs UNO
    texts = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    assert {command.action for command in COMMANDS if command.in_calc} <= texts
