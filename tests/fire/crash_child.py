"""What is killed: ``python -m tests.fire.crash_child JSON`` finishes and stores jobs until it is."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

from xl_openfunnel import Client, Fetcher, Store

from .crash import JOBS, replaced


def work(path: str, base_url: str, api_key: str, number: int) -> None:
    """Read all jobs anew, store them, and begin again."""
    with Client(base_url, api_key) as client:
        store = Store(Path(path), client.origin)
        with Fetcher(client, store=store) as fetcher:
            print("working", flush=True)
            for turn in itertools.count():
                for job in JOBS:
                    fetcher.refresh(job.job_id)
                for job in JOBS:
                    replaced(store, f"{number}.{turn}")
                    fetcher.wait(job.job_id)


if __name__ == "__main__":
    work(**json.loads(sys.argv[1]))
