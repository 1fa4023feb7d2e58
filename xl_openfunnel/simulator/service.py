"""The service without its sockets: requests in, answers out.

Paths, statuses and shapes are those of the public documentation. Where it is silent, the choice is an option
of `Policy`.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from ..settings import is_loopback
from .faults import Fault, FaultPlan
from .job_run import JobRun
from .jobs import SimulatedJob
from .responses import Response, encode, invalid, limit_problem, missing_header, ok, refused

JOBS_PATH: Final = "/api/v1/account/search-lookalikes-bulk/"
CREDITS_PATH: Final = "/api/v1/credits/balance"
CONTROL_PATH: Final = "/_simulator/"

KEY_HEADER: Final = "X-API-Key"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as read from a connection.

    Attributes:
        method: the verb.
        path: the path, undecoded, without the query.
        query: what stands behind the question mark.
        headers: with lower-case names.
        body: what was sent along.
        connection: number of the connection, counted from 1.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    connection: int = 0

    def parameter(self, name: str) -> str | None:
        """A query parameter's last value."""
        if not self.query:
            return None
        values = parse_qs(self.query, keep_blank_values=True).get(name)
        return values[-1] if values else None


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request that reached the service.

    Attributes:
        method: the verb.
        path: the path and the query, as sent.
        job_id: the job it is about, if any.
        cursor: the cursor it gives, if any.
        status: the status that was answered; None where no header was sent.
        key_ok: whether it carried the accepted key.
        headers: all of them, with lower-case names.
        at: the simulator's clock when the request was complete.
        connection: number of the connection it came by, counted from 1.
    """

    method: str
    path: str
    job_id: str | None
    cursor: str | None
    status: int | None
    key_ok: bool
    headers: Mapping[str, str]
    at: float
    connection: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What the documentation leaves open.

    Attributes:
        wrong_key: the status for a wrong key: 401, 403, or 422 with a validation error about the header that
            repeats the key, as FastAPI's do.
        unknown_cursor: the status for a cursor that names no readable page: 404, 422, or 200 with no rows.
        credits: the account's total.
        credits_used: what was used before these jobs.
    """

    wrong_key: int = 401
    unknown_cursor: int = 404
    credits: float = 20_000
    credits_used: float = 0

    def __post_init__(self) -> None:
        if self.wrong_key not in (401, 403, 422):
            raise ValueError(f"wrong_key is 401, 403 or 422, not {self.wrong_key}")
        if self.unknown_cursor not in (200, 404, 422):
            raise ValueError(f"unknown_cursor is 200, 404 or 422, not {self.unknown_cursor}")


def misdirected(request: Request) -> Response | None:
    """A refusal where a request names another host, else None.

    Such a one comes from a web page whose name was made to lead here, so that its scripts may read the answers and
    change the faults (DNS rebinding). A program that names no host is no browser.
    """
    host = request.headers.get("host")
    if host is None:
        return None
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if is_loopback(name):
        return None
    return refused(421, "This simulator is for programs on this machine: ask it at 127.0.0.1 or localhost.")


class Service:
    """The jobs, the key, the fault plan and the log of requests, for any number of threads."""

    def __init__(
        self,
        *,
        api_key: str,
        policy: Policy,
        faults: Sequence[Fault],
        seed: int,
        clock: Callable[[], float],
        remembered: int | None = None,
    ) -> None:
        self.api_key = api_key
        self.seed = seed
        self.plan = FaultPlan(faults, seed)
        self.received: deque[ReceivedRequest] = deque(maxlen=remembered)
        self._policy = policy
        self._clock = clock
        self._lives: dict[str, JobRun] = {}
        self._lock = threading.Lock()

    @property
    def jobs(self) -> dict[str, SimulatedJob]:
        """The jobs by their ids."""
        return {job_id: life.job for job_id, life in self._lives.copy().items()}

    def begin(self, job: SimulatedJob) -> None:
        """Start a job's life now."""
        with self._lock:
            if job.job_id in self._lives:
                raise ValueError(f"there is a job {job.job_id} already: give this one another job_id")
            self._lives[job.job_id] = JobRun(job, self._clock())

    def prepare(self) -> None:
        """Render all pages of all jobs."""
        for life in self._lives.copy().values():
            life.prepare()

    def fault_for(self, request: Request) -> Fault | None:
        """The fault that hits this request, if any."""
        if request.path.startswith(CONTROL_PATH):
            return None
        if request.path == CREDITS_PATH:
            return self.plan.choose("credits", None)
        if request.path.startswith(JOBS_PATH):
            cancel = request.method == "POST"
            return self.plan.choose("cancel" if cancel else "page", request.parameter("cursor"))
        return None

    def log(self, request: Request, status: int | None) -> None:
        """Note a request and what is about to be answered."""
        if request.path.startswith(CONTROL_PATH):
            return
        job_id = None
        if request.path.startswith(JOBS_PATH):
            job_id = unquote(request.path.removeprefix(JOBS_PATH).partition("/")[0])
        self.received.append(
            ReceivedRequest(
                method=request.method,
                path=f"{request.path}?{request.query}" if request.query else request.path,
                job_id=job_id,
                cursor=request.parameter("cursor"),
                status=status,
                key_ok=request.headers.get(KEY_HEADER.lower()) == self.api_key,
                headers=request.headers,
                at=self._clock(),
                connection=request.connection,
            )
        )

    def answer(self, request: Request) -> Response:
        """The right answer to a request."""
        if request.path == CREDITS_PATH:
            return self._only(request, "GET") or self._key_refused(request) or self._balance()
        if request.path.startswith(JOBS_PATH):
            job_id, slash, rest = request.path.removeprefix(JOBS_PATH).partition("/")
            if job_id and not slash:
                return self._only(request, "GET") or self._poll(request, unquote(job_id))
            if job_id and rest == "cancel":
                return self._only(request, "POST") or self._cancel(request, unquote(job_id))
        if request.path.startswith(CONTROL_PATH):
            return self._control(request)
        return refused(404, "Not Found")

    def _only(self, request: Request, method: str) -> Response | None:
        if request.method == method:
            return None
        return refused(405, "Method Not Allowed", (("allow", method),))

    def _key_refused(self, request: Request, *problems: dict[str, Any] | None) -> Response | None:
        """A 422 for a request that isn't valid, else a refusal of a wrong key, else None."""
        key = request.headers.get(KEY_HEADER.lower())
        found = [problem for problem in problems if problem is not None]
        if key is None:
            return invalid([missing_header(KEY_HEADER), *found])
        if found:
            return invalid(found)
        if key == self.api_key:
            return None
        if self._policy.wrong_key == 422:
            problem = {"type": "value_error", "loc": ["header", KEY_HEADER], "input": key}
            return invalid([{**problem, "msg": "Value error, Invalid API key"}])
        return refused(self._policy.wrong_key, "Invalid API key")

    def _poll(self, request: Request, job_id: str) -> Response:
        refusal = self._key_refused(request, limit_problem(request.parameter("limit")))
        if refusal is not None:
            return refusal
        life = self._lives.get(job_id)
        if life is None:
            return refused(404, "Job not found")
        cursor, now = request.parameter("cursor"), self._clock()
        body = life.page(now, cursor)
        if body is not None:
            return Response(200, body)
        if self._policy.unknown_cursor == 200:
            return Response(200, life.empty_page(now, cursor or ""))
        if self._policy.unknown_cursor == 404:
            return refused(404, "Page not found")
        problem = {"type": "value_error", "loc": ["query", "cursor"], "input": cursor}
        return invalid([{**problem, "msg": "Value error, no such page"}])

    def _cancel(self, request: Request, job_id: str) -> Response:
        refusal = self._key_refused(request)
        if refusal is not None:
            return refusal
        life = self._lives.get(job_id)
        if life is None:
            return refused(404, "Job not found")
        before = life.cancel(self._clock())
        if before.terminal:
            return refused(409, f"Job is already {before.status}")
        message = "Cancellation requested. Pages already written stay readable."
        return ok({"job_id": job_id, "status": "cancelling", "message": message})

    def _balance(self) -> Response:
        """The balance; a job is billed once, when it has ended."""
        now = self._clock()
        manifests = [life.at(now).manifest or {} for life in self._lives.copy().values()]
        used = self._policy.credits_used + sum(manifest.get("credits_consumed") or 0 for manifest in manifests)
        total = self._policy.credits
        return ok({"total_credits": total, "credits_used": used, "credits_left": total - used})

    def _control(self, request: Request) -> Response:
        """The paths for a process that runs the simulator in another one; no part of the real service."""
        match request.method, request.path.removeprefix(CONTROL_PATH):
            case "GET", "received":
                log = [asdict(entry) for entry in self.received.copy()]
                return Response(200, encode([{**entry, "headers": sorted(entry["headers"])} for entry in log]))
            case "DELETE", "received":
                self.received.clear()
                return ok({})
            case "PUT", "faults":
                try:
                    faults = [Fault.parse(text) for text in json.loads(request.body)]
                except (ValueError, TypeError, AttributeError, RecursionError) as error:
                    return refused(422, str(error))
                self.plan = FaultPlan(faults, self.seed)
                return ok({})
        return refused(404, "Not Found")
