"""The version of the installed package."""

from __future__ import annotations

import functools
import importlib.metadata


@functools.cache
def version() -> str:
    """The version of this package as it is installed; "0" where it is not.

    Read once: it is in a long file, every cell that shows it is compared again and again, and it may be replaced.
    """
    try:
        return importlib.metadata.version("xl-openfunnel")
    except importlib.metadata.PackageNotFoundError:
        return "0"
