"""The pages of companies that this process holds in memory, as they were received."""

from __future__ import annotations

import gc
from collections.abc import Iterable


def find_pages(excluded: Iterable[bytes] = ()) -> list[bytes]:
    """All pages that any object of this process refers to.

    Args:
        excluded: pages not to count: those of a simulator in this process, or of earlier tests.
    """
    gc.collect()
    excluded_ids = {id(body) for body in excluded}
    found: dict[int, bytes] = {}
    containers: list[object] = gc.get_objects()
    while containers:
        referents = gc.get_referents(*containers)
        found.update((id(each), each) for each in referents if isinstance(each, bytes) and each.startswith(b'[{"'))
        # The collector does not list objects that cannot be part of a cycle.
        containers = [each for each in referents if isinstance(each, (tuple, dict)) and not gc.is_tracked(each)]
    return [body for body_id, body in found.items() if body_id not in excluded_ids]


def pages_mb(excluded: Iterable[bytes] = ()) -> float:
    """Their size in MB; exact, unlike the memory of a process."""
    return sum(map(len, find_pages(excluded))) / 2**20
