"""What a process holds of companies: pages as they came, whoever keeps them."""

from __future__ import annotations

import gc
from collections.abc import Iterable


def pages(apart_from: Iterable[bytes] = ()) -> list[bytes]:
    """All pages that anything in this process refers to.

    Args:
        apart_from: pages that others hold: a simulator in this process, or whoever was here before.
    """
    gc.collect()
    others = {id(body) for body in apart_from}
    found: dict[int, bytes] = {}
    holders: list[object] = gc.get_objects()
    while holders:
        held = gc.get_referents(*holders)
        found.update((id(each), each) for each in held if isinstance(each, bytes) and each.startswith(b'[{"'))
        # What can be in no circle the collector does not list.
        holders = [each for each in held if isinstance(each, (tuple, dict)) and not gc.is_tracked(each)]
    return [body for at, body in found.items() if at not in others]


def pages_mb(apart_from: Iterable[bytes] = ()) -> float:
    """Their size in MB. Exact, where the memory of a process is not."""
    return sum(map(len, pages(apart_from))) / 2**20
