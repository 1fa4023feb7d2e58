"""Summary of a vulnerability check: ``pip-audit --format json ... | python tests/fire/vulnerabilities.py``.

pip-audit counts a package that it could not look up as clean. So this prints how many packages were looked up, or that
the database was out of reach. It exits with 1 if there is a known vulnerability.
"""

from __future__ import annotations

import json
import sys


def summarize(report: str) -> tuple[list[str], str]:
    """The known vulnerabilities in pip-audit's JSON, and a sentence about how many packages were looked up."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    looked_up = [package for package in packages if "skip_reason" not in package]
    vulnerabilities = [
        f"{package['name']} {package['version']}: {each['id']}" for package in looked_up for each in package["vulns"]
    ]
    if not looked_up:
        return [], "NOT ASKED: no vulnerability database is within reach. This says nothing about the packages."
    return (
        vulnerabilities,
        f"{len(looked_up)} of {len(packages)} packages looked up, {len(vulnerabilities)} known vulnerabilities.",
    )


if __name__ == "__main__":
    vulnerabilities, sentence = summarize(sys.stdin.read())
    print(*vulnerabilities, sentence, sep="\n")
    sys.exit(1 if vulnerabilities else 0)
