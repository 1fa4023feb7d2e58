"""The licences of everything that a user gets: ``python tests/fire/licences.py`` in an environment with nothing else.

It imports no other package, and reads only what is installed.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from typing import Final

PACKAGE: Final = "xl-openfunnel"
TOOLS: Final = {"pip", "setuptools", "wheel"}
"""Packages that every environment has."""

PERMISSIVE: Final = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|MPL|Mozilla|Zlib|0BSD", re.I
)
REFUSED: Final = re.compile(r"(?<!L)GPL|General Public|Affero|Non.?Commercial|Proprietary|SSPL|BUSL", re.I)


def licence(distribution: Distribution) -> str:
    """A distribution's licence: its expression, else its classifiers, else the first line of the field."""
    metadata = distribution.metadata
    kinds = [
        each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier") or () if each.startswith("License ::")
    ]
    expressions, texts = (metadata.get_all(name) or [""] for name in ("License-Expression", "License"))
    return expressions[0] or ", ".join(kinds) or texts[0].strip().partition("\n")[0][:80]


def is_allowed(text: str) -> bool:
    """Whether the package may depend on something under this licence without further examination."""
    return PERMISSIVE.search(text) is not None and REFUSED.search(text) is None


def main() -> int:
    """Print all licences; 1 if one is refused or unknown."""
    refused = 0
    installed = {each.metadata["Name"]: each for each in distributions()}
    for name in sorted(installed, key=str.casefold):
        if name.casefold() in TOOLS:
            continue
        text = licence(installed[name])
        allowed = is_allowed(text)
        refused += not allowed
        print(f"{'' if allowed else 'NOT ALLOWED '}{name} {installed[name].version}: {text or 'unknown'}")
    if PACKAGE not in installed:
        print(f"{PACKAGE} is not installed here")
    return 1 if refused or PACKAGE not in installed else 0


if __name__ == "__main__":
    sys.exit(main())
