"""The simulator in a process of its own, so that it takes no time from the measured process."""

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
    """The address of a simulator, and its first job."""

    base_url: str
    api_key: str
    job_id: str

    @property
    def poll_url(self) -> str:
        """The address of the job, as the documentation has it."""
        return f"{self.base_url}/api/v1/account/search-lookalikes-bulk/{self.job_id}"

    def requests(self) -> list[dict[str, Any]]:
        """The requests received since the last `forget_requests`."""
        received: list[dict[str, Any]] = self._control("GET", "received")
        return received

    def forget_requests(self) -> None:
        """Forget the requests received so far."""
        self._control("DELETE", "received")

    def fail(self, *faults: str) -> None:
        """Replace the faults, with their counters at zero."""
        self._control("PUT", "faults", json.dumps(faults).encode())

    def _control(self, method: str, what: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.base_url}/_simulator/{what}", body, method=method)  # noqa: S310
        with _direct.open(request, timeout=30) as response:
            return json.load(response)


@contextmanager
def simulator(job: dict[str, Any], **config: Any) -> Iterator[Service]:
    """A simulator with one job, until the block ends; the arguments are those of ``xl_openfunnel.simulator``."""
    command = [sys.executable, "-m", "xl_openfunnel.simulator", json.dumps({"jobs": [job], **config})]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            details = json.loads(process.stdout.readline() if process.stdout else "")
            yield Service(details["base_url"], details["api_key"], details["job_ids"][0])
        finally:
            if process.stdin:
                process.stdin.close()
