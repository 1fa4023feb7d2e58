"""Four ways to have all rows of a finished job in hand, each as its users would write it.

Imports stand in the functions, so that a fresh process pays for one contender's only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .service import Service

if TYPE_CHECKING:
    from xl_openfunnel import Fetcher

Row = dict[str, Any]

CONCURRENCY = 8
"""Requests at once: what ours does by default."""


def ours(service: Service) -> list[Row]:
    """A fetcher without a store."""
    from xl_openfunnel import Client, Fetcher

    with Client(service.base_url, service.api_key, concurrency=CONCURRENCY) as client, Fetcher(client) as fetcher:
        snapshot = fetcher.wait(service.job_id)
        if snapshot.problem is not None:
            raise snapshot.problem.error
        return list(snapshot.rows)


def loop(service: Service) -> list[Row]:
    """The loop that everybody writes first: a session of requests that follows ``next_cursor``."""
    import requests

    rows: list[Row] = []
    cursor: str | None = None
    with requests.Session() as session:
        session.headers["X-API-Key"] = service.api_key
        while True:
            params = {"cursor": cursor} if cursor else {}
            answer = session.get(service.poll_url, params=params, timeout=60)
            answer.raise_for_status()
            page = answer.json()
            rows += page["rows"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows


def dlt(service: Service) -> list[Row]:
    """dlt's REST client with its own retries, told where the cursor and the rows are."""
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    from dlt.sources.helpers.rest_client.client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

    client = RESTClient(
        service.base_url,
        headers={"X-API-Key": service.api_key},
        paginator=JSONResponseCursorPaginator(cursor_path="next_cursor", cursor_param="cursor"),
        data_selector="rows",
    )
    path = service.poll_url.removeprefix(service.base_url)
    return [row for page in client.paginate(path) for row in page]


def aiohttp(service: Service) -> list[Row]:
    """aiohttp with as many at once as ours, names guessed from the manifest like ours, and nothing checked."""
    import asyncio

    from aiohttp import ClientSession, TCPConnector

    async def fetch() -> list[Row]:
        connector = TCPConnector(limit=CONCURRENCY)
        headers = {"X-API-Key": service.api_key}
        async with ClientSession(connector=connector, headers=headers, raise_for_status=True) as session:

            async def page(name: str | None) -> dict[str, Any]:
                async with session.get(service.poll_url, params={"cursor": name} if name else {}) as answer:
                    told: dict[str, Any] = await answer.json()
                    return told

            first = await page(None)
            names = [f"page_{number:04d}" for number in range(1, first["manifest"]["pages"])]
            pages = [first, *await asyncio.gather(*map(page, names))]
            return [row for each in pages for row in each["rows"]]

    return asyncio.run(fetch())


Fetch = Callable[[Service], list[Row]]


@dataclass(frozen=True)
class Peer:
    """Somebody to compare with: its name in the report, the package it needs, and how it fetches."""

    name: str
    package: str
    fetch: Fetch


LOOP = "requests loop"
AIOHTTP = f"aiohttp ×{CONCURRENCY}"

PEERS = (Peer(LOOP, "requests", loop), Peer("dlt", "dlt", dlt), Peer(AIOHTTP, "aiohttp", aiohttp))


@contextmanager
def stored_fetcher(store: Path | str, base_url: str, api_key: str = "of_never_sent") -> Iterator[Fetcher]:
    """Ours with a store on disk."""
    from xl_openfunnel import Client, Fetcher, Store

    with (
        Client(base_url, api_key, concurrency=CONCURRENCY) as client,
        Fetcher(client, store=Store(Path(store), client.origin)) as fetcher,
    ):
        yield fetcher
