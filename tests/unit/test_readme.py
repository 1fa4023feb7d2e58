"""What README and guide show works, and their tables are those of the code."""

from __future__ import annotations

import dataclasses
import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from tests.tools import guide
from xl_openfunnel import Snapshot
from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.hosts import session
from xl_openfunnel.jobs import job_text
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDE = ROOT / "workbook" / "guide"
PAGES = [README, ROOT / "tests" / "README.md", ROOT / ".github" / "CONTRIBUTING.md", *GUIDE.glob("*.md")]
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def test_the_snippets_run_from_top_to_bottom_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = re.findall(r"```pycon\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    completed = SimulatedJob(companies(600))
    names: dict[str, Any] = {}
    with Simulator([completed]) as service:
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", service.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", service.api_key)
        for snippet in SNIPPETS:
            exec(compile(snippet, "README.md", "exec"), names)
        example = doctest.DocTestParser().get_doctest(shown, names, "README.md", None, None)
        try:
            assert doctest.DocTestRunner().run(example, clear_globs=False) == (0, 3)
        finally:
            session.end()
    assert names["job"] == completed.job_id
    assert len(names["frame"]) == len(names["bands"]) == 600
    assert names["fetcher"].busy is False  # it ends with its block


def test_the_snippets_for_contributors_run() -> None:
    names: dict[str, Any] = {}
    try:
        for snippet in re.findall(r"```python\n(.*?)```", (ROOT / "tests" / "README.md").read_text("utf-8"), re.DOTALL):
            exec(compile(snippet, "README.md", "exec"), names)
    finally:
        session.end()
    assert names["fetcher"].busy is False
    assert names["block"] == [["loading"]]


def test_the_fields_of_a_job_as_json_are_all_named() -> None:
    page = (GUIDE / "commands.md").read_text("utf-8")
    (named,) = re.findall(r"`status --json`\s+tells\s+(.*?)\.\n", page, re.DOTALL)
    assert re.findall("`(.*?)`", named) == list(job_text.as_json(Snapshot("job"), None, read=False))


def test_every_link_and_picture_leads_somewhere_and_every_picture_is_shown() -> None:
    shown = set()
    for page in PAGES:
        for picture, link, anchor in re.findall(r"(!?)\[[^\]]*\]\(([^)#]*)(#[^)]*)?\)", page.read_text("utf-8")):
            if "://" in link:
                continue
            target = (page.parent / link).resolve() if link else page
            assert target.exists(), f"{page.name}: {link}"
            if picture:
                shown.add(target)
            if anchor:
                headings = re.findall(r"^#+ (.*)", target.read_text("utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
                assert anchor.removeprefix("#") in anchors, f"{page.name}: {link}{anchor}"
    assert shown == set((ROOT / "workbook" / "pictures").iterdir())


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_of_the_guide_says_first_for_whom_it_is_and_the_readme_names_it(page: Path) -> None:
    heading, first, *_ = page.read_text("utf-8").split("\n\n")
    assert re.fullmatch("# .+", heading)
    assert re.match(r"For \w+", first)
    assert f"](workbook/guide/{page.name})" in README.read_text("utf-8")


def test_the_readme_is_one_that_people_finish() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 220


def test_the_readme_shows_every_function() -> None:
    shown = re.findall(r"^\| `=(OF_\w+)\(", README.read_text("utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(REGISTRY)


def test_the_tables_of_the_guide_are_those_of_the_code() -> None:
    stale = [path.name for path in guide.stale_pages()]
    assert stale == [], "write them again: python -m tests.tools.guide"


def test_a_changed_help_text_makes_the_guide_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = dataclasses.replace(REGISTRY["OF_STATUS"], help="Something else.")
    monkeypatch.setattr(guide, "CATALOG", (changed, *guide.CATALOG[1:]))
    assert [path.name for path in guide.stale_pages()] == ["functions.md"]
