"""Which licences a dependency may have."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from .licences import is_allowed

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("text", ["MIT", "BSD-3-Clause AND 0BSD", "Mozilla Public License 2.0 (MPL 2.0)", "PSF-2.0"])
def test_permissive_licences_are_allowed(text: str) -> None:
    assert is_allowed(text)


@pytest.mark.parametrize(
    "text", ["GPL-3.0-only", "MIT AND AGPL-3.0", "GNU General Public License v3 (GPLv3)", "MIT, non-commercial", ""]
)
def test_copyleft_non_commercial_and_unknown_licences_are_refused(text: str) -> None:
    assert not is_allowed(text)


def test_the_notice_names_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[<>=!~\[; ]", requirement)[0] for requirement in project["dependencies"]}
    notice = (ROOT / "NOTICE").read_text("utf-8").casefold()
    assert [
        name for name in sorted(names) if not re.search(rf"\b{name.casefold()} \(|\b{name.casefold()}\n\(", notice)
    ] == []
