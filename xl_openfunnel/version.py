"""The version of the installed package."""

from __future__ import annotations

import functools
import importlib.metadata


@functools.cache
def version() -> str:
    """The version of the installed package; "0" where it is not installed.

    Cached: reading it takes long, cells that show it are compared often, and a running process keeps its version
    when another one is installed.
    """
    try:
        return importlib.metadata.version("xl-openfunnel")
    except importlib.metadata.PackageNotFoundError:
        return "0"
