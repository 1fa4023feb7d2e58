"""Which licences may be given to users."""

from __future__ import annotations

import pytest

from .licences import allowed


@pytest.mark.parametrize("said", ["MIT", "BSD-3-Clause AND 0BSD", "Mozilla Public License 2.0 (MPL 2.0)", "PSF-2.0"])
def test_permissive_ones_may(said: str) -> None:
    assert allowed(said)


@pytest.mark.parametrize(
    "said", ["GPL-3.0-only", "MIT AND AGPL-3.0", "GNU General Public License v3 (GPLv3)", "MIT, non-commercial", ""]
)
def test_those_that_bind_users_or_say_nothing_may_not(said: str) -> None:
    assert not allowed(said)
