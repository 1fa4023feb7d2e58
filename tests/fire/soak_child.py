"""A soak in a process of its own, whose memory is nobody else's: ``python -m tests.fire.soak_child FOLDER HOURS``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import soak

if __name__ == "__main__":
    outcome = soak.run(Path(sys.argv[1]), hours=float(sys.argv[2]))
    print(json.dumps({"broken": outcome.broken, "requests": outcome.requests}))
