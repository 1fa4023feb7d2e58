"""What a vulnerability database said: ``pip-audit --format json ... | python tests/fire/vulnerabilities.py``.

pip-audit calls a package that it could not look up clean. So this tells how many the database was asked about, and that
it was not asked at all where it is out of reach. Exits with 1 where there is a known vulnerability.
"""

from __future__ import annotations

import json
import sys


def told(answer: str) -> tuple[list[str], str]:
    """The known vulnerabilities in pip-audit's JSON, and how much was asked, in words."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    asked = [package for package in packages if "skip_reason" not in package]
    found = [f"{package['name']} {package['version']}: {each['id']}" for package in asked for each in package["vulns"]]
    if not asked:
        return [], "NOT ASKED: no vulnerability database is within reach. This says nothing about the packages."
    return found, f"{len(asked)} of {len(packages)} packages looked up, {len(found)} known vulnerabilities."


if __name__ == "__main__":
    found, words = told(sys.stdin.read())
    print(*found, words, sep="\n")
    sys.exit(1 if found else 0)
