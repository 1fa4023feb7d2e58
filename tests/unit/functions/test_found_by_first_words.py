"""Every error that a cell may show is found in the guide by its first words."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import xl_openfunnel
from tests.unit.test_readme import GUIDE
from xl_openfunnel import errors
from xl_openfunnel.functions.formula_messages import FORMULA_MESSAGES
from xl_openfunnel.functions.job_messages import JOB_MESSAGES

PACKAGE = Path(xl_openfunnel.__file__).parent
BELOW_CELLS = (
    *("api/*.py", "jobs/**/*.py", "criteria.py", "fields.py", "keys.py", "pivot*.py", "selection.py", "settings.py"),
    "table.py",
)
"""The modules below the functions; `test_cell_texts` holds the functions' own texts."""

IN_NO_CELL = {
    "jobs/waiting.py": "only commands and Python wait for a job",
    "jobs/store/opening.py": "a cell works without a store",
}
ERRORS = {name for name, value in vars(errors).items() if inspect.isclass(value)}
NEVER = {
    "Another job has the label": "only the command gives labels",
    "The criteria have": "a cell holds fewer characters",
}

PAGES = " ".join(" ".join((GUIDE / name).read_text("utf-8").split()) for name in ("messages.md", "troubleshooting.md"))
PLACEHOLDERS = [
    re.compile(".*".join(map(re.escape, re.split("<[^>]+>", message.text.removeprefix(errors.CELL_PREFIX)))))
    for message in (*JOB_MESSAGES, *FORMULA_MESSAGES)
]


def error_texts(source: str) -> Iterator[str]:
    """The texts with which a module makes errors, with ``<>`` for what is filled in."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        given = node.args[0]
        if name in ERRORS and isinstance(given, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "<>" for part in given.values)
        elif name in ERRORS and isinstance(given, ast.Constant):
            yield str(given.value)


def first_words(text: str) -> str:
    """The first three words of a text, or of what follows a value that is filled in."""
    parts = (part.strip(" '\"():") for part in text.split("<>"))
    return " ".join(next((part for part in parts if " " in part), text).split()[:3])


@pytest.mark.parametrize("pattern", BELOW_CELLS)
def test_an_error_is_found_by_its_first_words(pattern: str) -> None:
    paths = sorted(PACKAGE.glob(pattern))
    assert paths
    for path in paths:
        name = path.relative_to(PACKAGE).as_posix()
        for text in error_texts(path.read_text("utf-8")) if name not in IN_NO_CELL else ():
            if not re.search("[a-z]", text) or text.startswith(tuple(NEVER)):
                continue
            found = first_words(text) in PAGES or any(each.match(text) for each in PLACEHOLDERS)
            assert found, f"{name}: neither page of the guide has {text!r}"


def test_a_text_that_no_page_has_is_seen() -> None:
    (text,) = error_texts('raise ServerError(f"{host} has gone fishing today.", status=503)')
    assert first_words(text) == "has gone fishing"
    assert first_words(text) not in PAGES
