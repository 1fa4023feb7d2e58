"""Four ways to fetch all rows of a finished job, each as its users would write it.

Each function imports its own packages, so that a fresh process pays for one contender only.
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
"""Requests at once: our default."""


def ours(service: Service) -> list[Row]:
    """A fetcher without a store."""
    from xl_openfunnel import Client, Fetcher

    with Client(service.base_url, service.api_key, concurrency=CONCURRENCY) as client, Fetcher(client) as fetcher:
        snapshot = fetcher.wait(service.job_id)
        if snapshot.problem is not None:
            raise snapshot.problem.error
        return list(snapshot.rows)


def loop(service: Service) -> list[Row]:
    """The obvious first version: a requests session that follows ``next_cursor``."""
    import requests

    rows: list[Row] = []
    cursor: str | None = None
    with requests.Session() as session:
        session.headers["X-API-Key"] = service.api_key
        while True:
            params = {"cursor": cursor} if cursor else {}
            response = session.get(service.poll_url, params=params, timeout=60)
            response.raise_for_status()
            page = response.json()
            rows += page["rows"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows


def dlt(service: Service) -> list[Row]:
    """dlt's REST client with its own retries, configured with the places of cursor and rows."""
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
    """aiohttp with as many requests at once, and page names from the manifest, like ours; without checks."""
    import asyncio

    from aiohttp import ClientSession, TCPConnector

    async def fetch() -> list[Row]:
        connector = TCPConnector(limit=CONCURRENCY)
        headers = {"X-API-Key": service.api_key}
        async with ClientSession(connector=connector, headers=headers, raise_for_status=True) as session:

            async def page(name: str | None) -> dict[str, Any]:
                async with session.get(service.poll_url, params={"cursor": name} if name else {}) as response:
                    body: dict[str, Any] = await response.json()
                    return body

            first = await page(None)
            names = [f"page_{number:04d}" for number in range(1, first["manifest"]["pages"])]
            pages = [first, *await asyncio.gather(*map(page, names))]
            return [row for each in pages for row in each["rows"]]

    return asyncio.run(fetch())


Fetch = Callable[[Service], list[Row]]


@dataclass(frozen=True)
class Peer:
    """An alternative: its name in the report, the package it needs, and how it fetches."""

    name: str
    package: str
    fetch: Fetch


LOOP = "requests loop"
AIOHTTP = f"aiohttp ×{CONCURRENCY}"

PEERS = (Peer(LOOP, "requests", loop), Peer("dlt", "dlt", dlt), Peer(AIOHTTP, "aiohttp", aiohttp))


@contextmanager
def stored_fetcher(store: Path | str, base_url: str, api_key: str = "of_never_sent") -> Iterator[Fetcher]:
    """Our fetcher with a store on disk."""
    from xl_openfunnel import Client, Fetcher, Store

    with (
        Client(base_url, api_key, concurrency=CONCURRENCY) as client,
        Fetcher(client, store=Store(Path(store), client.origin)) as fetcher,
    ):
        yield fetcher
