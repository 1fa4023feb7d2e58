"""The licences of everything that a user gets: ``python tests/fire/licences.py``, in an environment with nothing else.

Needs no package, and not even this one's folder on the path: what is installed is what counts.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from typing import Final

OURS: Final = "xl-openfunnel"
TOOLS: Final = {"pip", "setuptools", "wheel"}
"""What comes with every environment."""

PERMISSIVE: Final = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|MPL|Mozilla|Zlib|0BSD", re.I
)
REFUSED: Final = re.compile(r"(?<!L)GPL|General Public|Affero|Non.?Commercial|Proprietary|SSPL|BUSL", re.I)


def licence(found: Distribution) -> str:
    """What a distribution says of its licence: an expression, else classifiers, else the first line of the field."""
    said = found.metadata
    kinds = [each.rpartition(" :: ")[2] for each in said.get_all("Classifier") or () if each.startswith("License ::")]
    expressions, texts = (said.get_all(name) or [""] for name in ("License-Expression", "License"))
    return expressions[0] or ", ".join(kinds) or texts[0].strip().partition("\n")[0][:80]


def allowed(said: str) -> bool:
    """Whether users may be given something under this licence without a thought."""
    return PERMISSIVE.search(said) is not None and REFUSED.search(said) is None


def main() -> int:
    """Print them all; 1 where one is refused or unknown."""
    wrong = 0
    found = {each.metadata["Name"]: each for each in distributions()}
    for name in sorted(found, key=str.casefold):
        if name.casefold() in TOOLS:
            continue
        said = licence(found[name])
        good = allowed(said)
        wrong += not good
        print(f"{'' if good else 'NOT ALLOWED '}{name} {found[name].version}: {said or 'unknown'}")
    if OURS not in found:
        print(f"{OURS} is not installed here")
    return 1 if wrong or OURS not in found else 0


if __name__ == "__main__":
    sys.exit(main())
