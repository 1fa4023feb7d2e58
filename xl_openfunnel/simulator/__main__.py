"""The simulator in a process of its own: ``python -m xl_openfunnel.simulator [JSON]``.

The JSON object, given as the argument or as the first line of stdin, has the arguments of `Simulator`, with
``faults`` as a list of texts for `Fault.parse` and ``jobs`` as a list of objects. A job has the arguments of
`SimulatedJob`, but its rows are named by ``rows`` (how many), ``seed`` and ``shape``, or by ``from`` (a file)
and ``rows`` (at most so many of it).

Once all pages are rendered, one line of JSON is printed: ``{"base_url", "api_key", "job_ids", "port"}``. It ends
when stdin is closed. Meanwhile the parent can ask, without a key:

- ``GET /_simulator/received``: the requests so far, as a list of objects; of their headers the names only.
- ``DELETE /_simulator/received``: forget them.
- ``PUT /_simulator/faults``: a list of texts for `Fault.parse`; replaces the faults, with all counts at zero.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

from . import Fault, SimulatedJob, Simulator, companies, load_rows


def main() -> None:
    """Serve until stdin is closed."""
    config = json.loads(sys.argv[1] if len(sys.argv) > 1 else sys.stdin.readline())
    jobs = [_job(job) for job in config.pop("jobs", [{}])]
    faults = [Fault.parse(text) for text in config.pop("faults", [])]
    with Simulator(jobs, faults=faults, **config) as service:
        service.prepare()
        where = {"base_url": service.base_url, "api_key": service.api_key, "port": service.port}
        sys.stdout.write(json.dumps({**where, "job_ids": list(service.jobs)}) + "\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()


def _job(config: dict[str, Any]) -> SimulatedJob:
    count, path = config.pop("rows", None), config.pop("from", None)
    seed, shape = config.pop("seed", 0), config.pop("shape", "full")
    rows = companies(600 if count is None else count, seed, shape) if path is None else load_rows(path, count)
    return SimulatedJob(rows, **config)


if __name__ == "__main__":
    main()
