"""One finished job on disk, in our store and in requests-cache."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .contenders import stored_fetcher
from .measure import not_installed
from .service import Service, simulator

ROWS: Final = 10_000


@dataclass(frozen=True)
class Stored:
    """The job and its files.

    Attributes:
        service: a simulator that has it.
        folder: the store's folder.
        store: the store's file.
        cache: of requests-cache; None where that is not installed.
        urls: of the job's pages, in order, as they are in the cache.
    """

    service: Service
    folder: Path
    store: Path
    cache: Path | None
    urls: tuple[str, ...]


@contextmanager
def stored_job() -> Iterator[Stored]:
    """A job of 10,000 full rows, stored in a temporary folder."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, simulator({"rows": ROWS}) as service:
        store = Path(folder, "store.sqlite3")
        with stored_fetcher(store, service.base_url, service.api_key) as fetcher:
            snapshot = fetcher.wait(service.job_id)
        if not snapshot.final:
            raise RuntimeError(f"the job should be stored by now: {snapshot}")
        names = [f"page_{number:04d}" for number in range(1, snapshot.pages)]
        urls = (service.poll_url, *(f"{service.poll_url}?cursor={name}" for name in names))
        cache = None if not_installed(["requests_cache"]) else Path(folder, "cache.sqlite")
        if cache is not None:
            _fill(cache, urls, service.api_key)
        yield Stored(service, Path(folder), store, cache, urls)


def _fill(cache: Path, urls: tuple[str, ...], api_key: str) -> None:
    from requests_cache import CachedSession

    with CachedSession(str(cache), backend="sqlite") as session:
        for url in urls:
            session.get(url, headers={"X-API-Key": api_key}).raise_for_status()
