"""What the README shows works."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel import Snapshot
from xl_openfunnel.hosts import session
from xl_openfunnel.jobs import job_text
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

README = Path(__file__).parents[2] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def test_the_snippets_run_from_top_to_bottom_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = re.findall(r"```pycon\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    completed = SimulatedJob(companies(600))
    names: dict[str, Any] = {}
    with Simulator([completed]) as service:
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", service.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)
        for snippet in SNIPPETS[:2]:
            exec(compile(snippet, "README.md", "exec"), names)
        example = doctest.DocTestParser().get_doctest(shown, names, "README.md", None, None)
        try:
            assert doctest.DocTestRunner().run(example, clear_globs=False) == (0, 3)
        finally:
            session.end()
    assert names["job"] == completed.job_id
    assert len(names["frame"]) == len(names["bands"]) == 600
    assert names["fetcher"].busy is False  # it ends with its block


def test_the_snippet_of_the_simulator_runs() -> None:
    (snippet,) = SNIPPETS[2:]
    names: dict[str, Any] = {}
    exec(compile(snippet, "README.md", "exec"), names)
    assert names["fetcher"].busy is False


def test_the_fields_of_a_job_as_json_are_all_named() -> None:
    (named,) = re.findall(r"`status --json`\s+tells (.*?)\. Exit codes", README.read_text("utf-8"), re.DOTALL)
    assert re.findall("`(.*?)`", named) == list(job_text.as_json(Snapshot("job"), None, read=False))


def test_every_picture_is_there_and_none_lies_unseen() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README.read_text("utf-8"))
    there = (README.parent / "workbook" / "pictures").iterdir()
    assert sorted(pictures) == sorted(path.relative_to(README.parent).as_posix() for path in there)
