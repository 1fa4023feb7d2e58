"""Sends page requests on worker threads, and holds all of them back while the key is refused or the service says so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from ..api.client import Client
from ..api.models import Page
from ..errors import InvalidResponseError, OpenFunnelError, unexpected
from ..runtime.clock import FOREVER, Clock
from ..runtime.thread_pool import DaemonPool
from .events import KeyRechecked, PageAnswered
from .policy import steps
from .policy.state import Moment, PageRequest, RequestGate, is_key_error
from .snapshot import Problem

_log = logging.getLogger(__name__)

KEY_RECHECK_INTERVAL = 10.0
"""Seconds after which the settings are searched for another key while the present one is refused."""


class RequestPool:
    """The worker threads, one per connection of the client, and the gate before them.

    `send` and `recheck_key` each cause one event. All methods are for the scheduler's thread.

    Attributes:
        gate: whether requests may be sent.
        key_recheck_at: when to call `recheck_key`.
    """

    def __init__(self, client: Client, clock: Clock, post: Callable[[PageAnswered | KeyRechecked], None]) -> None:
        self.gate = RequestGate()
        self.key_recheck_at = FOREVER
        self._client = client
        self._clock = clock
        self._post = post
        self._refused_key: str | None = None
        self._pool = DaemonPool("request", client.concurrency)

    def send(self, job_id: str, epoch: int, request: PageRequest, *, kind: str) -> None:
        """Have a request sent, in turn with those of other kinds; posts `PageAnswered`."""
        self._pool.submit(lambda: self._fetch(job_id, epoch, request), kind=kind)

    def note_error(self, error: OpenFunnelError, fingerprint: str | None, moment: Moment) -> bool:
        """Close the gate after errors that concern all jobs; returns whether the key is refused since now."""
        if not is_key_error(error):
            self.gate = steps.rate_limited(self.gate, error, moment.now)
        elif self.gate.key_problem is None:
            self.gate = replace(self.gate, key_problem=Problem(error.with_traceback(None), moment.utc))
            self._refused_key = fingerprint
            self.key_recheck_at = moment.now + KEY_RECHECK_INTERVAL
            return True
        return False

    def recheck_key(self) -> None:
        """Have the settings searched for another key; posts `KeyRechecked`."""
        self.key_recheck_at = FOREVER
        self._pool.submit(self._read_key)

    def is_other_key(self, fingerprint: str | None) -> bool:
        """Whether there is another key than the refused one; if not, it is due to be checked again later."""
        if fingerprint not in (None, self._refused_key):
            return True
        self.key_recheck_at = self._clock.monotonic() + KEY_RECHECK_INTERVAL
        return False

    def reset_key(self) -> None:
        """Have the next request look the key up again."""
        self._client.reset_key()

    def accept_key(self) -> None:
        """Send requests again after the key was refused."""
        self.gate = replace(self.gate, key_problem=None)
        self.key_recheck_at = FOREVER

    def close(self) -> None:
        """End the threads; does not wait for the requests in flight."""
        self._pool.close(finish=False)

    # ---- on a worker's thread ------------------------------------------------------------------------------

    def key_fingerprint(self) -> str | None:
        """That of the present key; None if there is none, or if the user's own function for it fails."""
        try:
            return self._client.key().fingerprint
        except Exception as error:
            _log.info("no key: %s", type(error).__name__)
            return None

    def _fetch(self, job_id: str, epoch: int, request: PageRequest) -> None:
        fingerprint = None
        outcome: Page | OpenFunnelError | None = None
        gate = self.gate  # which may have closed since the request was submitted
        if gate.key_problem is None and self._clock.monotonic() >= gate.closed_until:
            try:
                fingerprint = self._client.key().fingerprint
                outcome = self._client.page(job_id, request.cursor)
            except OpenFunnelError as error:
                outcome = error
            except Exception as error:
                _log.exception("a request failed unexpectedly")
                outcome = InvalidResponseError(unexpected(error))
        self._post(PageAnswered(job_id, epoch, request, outcome, fingerprint))

    def _read_key(self) -> None:
        self._client.reset_key()
        self._post(KeyRechecked(self.key_fingerprint()))


class SlotQueue:
    """A few download slots, each for one job, and a queue of the jobs that wait for one.

    A job gives its slot up whenever none of its requests is in flight, so a job whose pages fail blocks no other.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._holders: set[str] = set()
        self._queue: dict[str, None] = {}

    def acquire(self, job_id: str) -> bool:
        """Whether the job holds a slot now; if not, it waits in the queue."""
        if job_id in self._holders:
            return True
        if len(self._holders) >= self._slots:
            self._queue[job_id] = None
            return False
        self._queue.pop(job_id, None)
        self._holders.add(job_id)
        return True

    def release(self, job_id: str) -> bool:
        """Give the job's slot up; returns whether it held one."""
        held = job_id in self._holders
        self._holders.discard(job_id)
        return held

    def leave(self, job_id: str) -> bool:
        """Like `release`, and take the job out of the queue too."""
        self._queue.pop(job_id, None)
        return self.release(job_id)

    def next(self) -> str | None:
        """Take the first job, which may acquire a slot now, out of the queue; None if none waits or no slot is free."""
        if not self._queue or len(self._holders) >= self._slots:
            return None
        job_id = next(iter(self._queue))
        del self._queue[job_id]
        return job_id
