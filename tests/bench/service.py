"""The simulator in a process of its own, so that it takes no time from those who are measured."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .measure import ROOT

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Service:
    """Where a simulator listens, and its first job."""

    base_url: str
    api_key: str
    job_id: str

    @property
    def poll_url(self) -> str:
        """The address of the job, as the documentation has it."""
        return f"{self.base_url}/api/v1/account/search-lookalikes-bulk/{self.job_id}"

    def requests(self) -> list[dict[str, Any]]:
        """The requests that it received since it was last told to forget them."""
        told: list[dict[str, Any]] = self._control("GET", "received")
        return told

    def forget_requests(self) -> None:
        """Start counting anew."""
        self._control("DELETE", "received")

    def fail(self, *faults: str) -> None:
        """Make these faults from now on, with all their counts at zero."""
        self._control("PUT", "faults", json.dumps(faults).encode())

    def _control(self, method: str, what: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.base_url}/_simulator/{what}", body, method=method)  # noqa: S310
        with _direct.open(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def simulator(job: dict[str, Any], **config: Any) -> Iterator[Service]:
    """A simulator with one job, until the block ends; the arguments are those of ``xl_openfunnel.simulator``."""
    command = [sys.executable, "-m", "xl_openfunnel.simulator", json.dumps({"jobs": [job], **config})]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            where = json.loads(process.stdout.readline() if process.stdout else "")
            yield Service(where["base_url"], where["api_key"], where["job_ids"][0])
        finally:
            if process.stdin:
                process.stdin.close()
