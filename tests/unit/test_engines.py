"""The lines of the guide for each engine on one's own computer, taken from its page and run over an export."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.tools.guide import GUIDE
from tests.unit.columns.test_exporting import Computer
from xl_openfunnel.columns.job_list import LIST_COLUMNS
from xl_openfunnel.simulator import companies

pytestmark = pytest.mark.dependencies

PAGE = (GUIDE / "engines.md").read_text("utf-8")
ROWS = [*companies(40, seed=3), {"name": "last", "industries": ["Software"], "a_field_of_tomorrow": "new"}]


def blocks(language: str) -> list[str]:
    _, rest = PAGE.split("## On your computer\n")
    tried = rest.partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", tried, re.DOTALL | re.MULTILINE)


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    computer = Computer(tmp_path / "here")
    computer.put("a", ROWS)
    computer.put("b", ROWS[:4])
    computer.store.label("a", "Texas")
    computer.export(tmp_path / "openfunnel")


def test_the_queries_for_duckdb_answer(export: None) -> None:
    import duckdb

    (block,) = blocks("sql")
    with duckdb.connect() as connection:
        by_country, by_label, software = [
            connection.execute(line).fetchall() for line in block.splitlines() if line.startswith("select")
        ]
    assert sum(count for _, count in by_country) == len(ROWS) + 4
    assert sorted(by_label, key=str) == [("Texas", len(ROWS)), (None, 4)]
    assert ("last", "new") in software


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.split()[1])
def test_the_lines_for_python_run(export: None, block: str) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip(block.split()[1].partition(".")[0])
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(block, {})
    assert out.getvalue().strip()


def test_the_page_names_the_columns_of_the_list() -> None:
    (line,) = [part for part in PAGE.split("\n- ") if "jobs.parquet` lists" in part]
    named = re.findall("`([a-z_]+)`", line)
    assert named == list(LIST_COLUMNS)
