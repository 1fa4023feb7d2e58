"""Requests to a simulator over a real socket."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from xl_openfunnel.simulator import ManualClock, Simulator, companies

ROWS = companies(250, seed=3, shape="narrow")


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return ROWS


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ask() -> Callable[..., HttpAnswer]:
    """Send one request on its own connection."""

    def ask(service: Simulator, path: str, method: str = "GET", **headers: str | None) -> HttpAnswer:
        sent = {"X-API-Key": service.api_key} | {name.replace("_", "-"): text for name, text in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)) as connection:
            present = {name: text for name, text in sent.items() if text is not None}
            connection.request(method, path, headers=present)
            response = connection.getresponse()
            return HttpAnswer(response.status, dict(response.getheaders()), response.read())

    return ask


@pytest.fixture
def poll(ask: Callable[..., HttpAnswer]) -> Callable[..., Any]:
    """Poll the service's first job, or the named one; return the JSON."""

    def poll(service: Simulator, cursor: str | None = None, job_id: str | None = None) -> Any:
        path = f"/api/v1/account/search-lookalikes-bulk/{job_id or next(iter(service.jobs))}"
        return ask(service, path if cursor is None else f"{path}?cursor={cursor}").json

    return poll


@pytest.fixture
def walk(poll: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    """Poll all pages from the first to a null cursor."""

    def walk(service: Simulator) -> Iterator[Any]:
        answer = poll(service)
        yield answer
        while answer["next_cursor"] is not None:
            answer = poll(service, answer["next_cursor"])
            yield answer

    return walk
