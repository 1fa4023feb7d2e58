"""Runs the simulator in its own process: ``python -m xl_openfunnel.simulator [JSON]``.

The JSON object, given as the argument or as the first line of stdin, has the arguments of `Simulator`, with
``faults`` as a list of texts for `Fault.parse` and ``jobs`` as a list of objects. A job has the arguments of
`SimulatedJob`, except that its rows come from ``rows`` (a count), ``seed`` and ``shape``, or from ``from``
(a file) and ``rows`` (the maximum count).

Once all pages are rendered, it prints one line of JSON: ``{"base_url", "api_key", "job_ids", "port"}``. It ends
when stdin is closed. While it runs, the parent can send, without a key:

- ``GET /_simulator/received``: the requests so far, as a list of objects with only the names of their headers.
- ``DELETE /_simulator/received``: forget them.
- ``PUT /_simulator/faults``: a list of texts for `Fault.parse`; replaces the faults and resets their counters.
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
        service.render_pages()
        address = {"base_url": service.base_url, "api_key": service.api_key, "port": service.port}
        sys.stdout.write(json.dumps({**address, "job_ids": list(service.jobs)}) + "\n")
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
