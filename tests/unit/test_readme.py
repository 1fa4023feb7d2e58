"""What the README shows works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

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


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README.read_text("utf-8"))
    assert pictures
    assert all((README.parent / picture).is_file() for picture in pictures)
