"""Some dozen finished jobs beside more running ones than can be polled; the long form has five hundred."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.bench.measure import ROOT

_RUN: Final = """
import json, sys
from pathlib import Path
from tests.fire import load
outcome = load.run(Path(sys.argv[1]), jobs=25, rows=600, running=200, latency=0.1)
print(json.dumps([outcome.errors, outcome.requests, outcome.min_requests, outcome.running_polls]))
"""


def test_finished_jobs_become_complete_within_limits_while_others_are_running(tmp_path: Path) -> None:
    # In a process of its own: what other tests left behind would count as memory of this one.
    ran = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path)], cwd=ROOT, capture_output=True, check=False, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stderr
    errors, requests, min_requests, running_polls = json.loads(ran.stdout.splitlines()[-1])
    assert errors == []
    assert requests == min_requests
    assert running_polls > min_requests / 4, "there were too few running jobs to compete for requests"
