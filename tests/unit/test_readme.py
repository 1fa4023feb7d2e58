"""What the README shows works."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel import Snapshot
from xl_openfunnel.cli import words
from xl_openfunnel.hosts import session
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

README = Path(__file__).parents[2] / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_every_snippet_runs(snippet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"
    with Simulator([SimulatedJob(companies(120), job_id=job)]) as service:
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", service.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)
        names: dict[str, Any] = {"job": job}
        exec(compile(snippet, "README.md", "exec"), names)
        if "frame" in names:
            assert len(names["frame"]) == len(names["bands"]) == 120
        else:  # the others go through a fetcher, which ends with its block
            assert names["fetcher"].busy is False


def test_the_fields_of_a_job_as_json_are_all_named() -> None:
    (named,) = re.findall(r"`status --json`\s+tells (.*?)\. Exit codes", README.read_text("utf-8"), re.DOTALL)
    assert re.findall("`(.*?)`", named) == list(words.as_json(Snapshot("job"), None, read=False))


def test_the_cell_functions_answer_in_python_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = re.findall(r"```pycon\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    completed = SimulatedJob(companies(600))
    with Simulator([completed]) as service:
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", service.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)

        def wait() -> None:
            session.session().fetcher.wait(completed.job_id)

        shown = re.sub("(?m)^(?=>>> .*later$)", ">>> wait()\n", shown)
        example = doctest.DocTestParser().get_doctest(shown, {"wait": wait}, "README.md", None, None)
        try:
            assert doctest.DocTestRunner().run(example, clear_globs=False) == (0, 6)
        finally:
            session.end()
    assert example.globs["job"] == completed.job_id


def test_every_picture_is_there_and_none_lies_unseen() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README.read_text("utf-8"))
    there = (README.parent / "workbook" / "pictures").iterdir()
    assert sorted(pictures) == sorted(path.relative_to(README.parent).as_posix() for path in there)
