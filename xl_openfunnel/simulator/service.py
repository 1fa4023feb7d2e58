"""The service without sockets: requests in, responses out.

Paths, statuses and shapes follow the public documentation. What it leaves open is an argument.
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
from .jobs import JobRun, SimulatedJob
from .responses import Response, encode, error_response, limit_error, missing_header_error, ok, validation_error

JOBS_PATH: Final = "/api/v1/account/search-lookalikes-bulk/"
CREDITS_PATH: Final = "/api/v1/credits/balance"
CONTROL_PATH: Final = "/_simulator/"

KEY_HEADER: Final = "X-API-Key"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: its path still percent-encoded, headers with lower-case names, connections numbered from 1."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    connection: int = 0

    def parameter(self, name: str) -> str | None:
        """The last value of a query parameter."""
        if not self.query:
            return None
        values = parse_qs(self.query, keep_blank_values=True).get(name)
        return values[-1] if values else None


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request in the log.

    Attributes:
        path: the path and the query, as sent.
        status: the status sent; None where no header was sent.
        key_ok: whether the request had the accepted key.
        headers: all headers, with lower-case names.
        at: the simulator's clock when the request was complete.
        connection: number of the connection, counted from 1.
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


def reject_foreign_host(request: Request) -> Response | None:
    """A 421 for a request to a host name that is not loopback, else None.

    Such a request comes from a web page whose domain resolves to this machine, so that its scripts can read the
    responses and change the faults (DNS rebinding). A request without a host does not come from a browser.
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
    return error_response(421, "This simulator is for programs on this computer: ask it at 127.0.0.1 or localhost.")


class Service:
    """The jobs, the key, the fault plan and the log of requests; thread-safe. Arguments: see `Simulator`."""

    def __init__(
        self,
        *,
        api_key: str,
        faults: Sequence[Fault],
        clock: Callable[[], float],
        seed: int,
        credits: float,  # noqa: A002 - the word of the service
        credits_used: float,
        wrong_key: int,
        unknown_cursor: int,
        max_received: int | None,
    ) -> None:
        if wrong_key not in (401, 403, 422):
            raise ValueError(f"wrong_key is 401, 403 or 422, not {wrong_key}")
        if unknown_cursor not in (200, 404, 422):
            raise ValueError(f"unknown_cursor is 200, 404 or 422, not {unknown_cursor}")
        self.api_key = api_key
        self.seed = seed
        self.fault_plan = FaultPlan(faults, seed)
        self.received: deque[ReceivedRequest] = deque(maxlen=max_received)
        self._credits_total, self._credits_used = credits, credits_used
        self._wrong_key, self._unknown_cursor = wrong_key, unknown_cursor
        self._clock = clock
        self._runs: dict[str, JobRun] = {}
        self._lock = threading.Lock()

    @property
    def jobs(self) -> dict[str, SimulatedJob]:
        return {job_id: run.job for job_id, run in self._runs.copy().items()}

    def start_job(self, job: SimulatedJob) -> None:
        with self._lock:
            if job.job_id in self._runs:
                raise ValueError(f"there is a job {job.job_id} already: give this one another job_id")
            self._runs[job.job_id] = JobRun(job, self._clock())

    def render_pages(self) -> None:
        for run in self._runs.copy().values():
            run.render_pages()

    def fault_for(self, request: Request) -> Fault | None:
        if request.path.startswith(CONTROL_PATH):
            return None
        if request.path == CREDITS_PATH:
            return self.fault_plan.choose("credits", None)
        if request.path.startswith(JOBS_PATH):
            return self.fault_plan.choose("cancel" if request.method == "POST" else "page", request.parameter("cursor"))
        return None

    def log(self, request: Request, status: int | None) -> None:
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

    def respond(self, request: Request) -> Response:
        """The correct response to a request."""
        if request.path == CREDITS_PATH:
            return self._check_method(request, "GET") or self._check_request(request) or self._credits()
        if request.path.startswith(JOBS_PATH):
            job_id, slash, rest = request.path.removeprefix(JOBS_PATH).partition("/")
            if job_id and not slash:
                return self._check_method(request, "GET") or self._poll(request, unquote(job_id))
            if job_id and rest == "cancel":
                return self._check_method(request, "POST") or self._cancel(request, unquote(job_id))
        if request.path.startswith(CONTROL_PATH):
            return self._control(request)
        return error_response(404, "Not Found")

    def _check_method(self, request: Request, method: str) -> Response | None:
        if request.method == method:
            return None
        return error_response(405, "Method Not Allowed", (("allow", method),))

    def _check_request(self, request: Request, *problems: dict[str, Any] | None) -> Response | None:
        """A 422 for an invalid request, else the error for a wrong key, else None."""
        key = request.headers.get(KEY_HEADER.lower())
        errors = [problem for problem in problems if problem is not None]
        if key is None:
            return validation_error([missing_header_error(KEY_HEADER), *errors])
        if errors:
            return validation_error(errors)
        if key == self.api_key:
            return None
        if self._wrong_key == 422:
            problem = {"type": "value_error", "loc": ["header", KEY_HEADER], "input": key}
            return validation_error([{**problem, "msg": "Value error, Invalid API key"}])
        return error_response(self._wrong_key, "Invalid API key")

    def _poll(self, request: Request, job_id: str) -> Response:
        error = self._check_request(request, limit_error(request.parameter("limit")))
        if error is not None:
            return error
        run = self._runs.get(job_id)
        if run is None:
            return error_response(404, "Job not found")
        cursor, now = request.parameter("cursor"), self._clock()
        body = run.page(now, cursor)
        if body is not None:
            return Response(200, body)
        if self._unknown_cursor == 200:
            return Response(200, run.empty_page(now, cursor or ""))
        if self._unknown_cursor == 404:
            return error_response(404, "Page not found")
        problem = {"type": "value_error", "loc": ["query", "cursor"], "input": cursor}
        return validation_error([{**problem, "msg": "Value error, no such page"}])

    def _cancel(self, request: Request, job_id: str) -> Response:
        error = self._check_request(request)
        if error is not None:
            return error
        run = self._runs.get(job_id)
        if run is None:
            return error_response(404, "Job not found")
        before = run.cancel(self._clock())
        if before.terminal:
            return error_response(409, f"Job is already {before.status}")
        message = "Cancellation requested. Pages already written stay readable."
        return ok({"job_id": job_id, "status": "cancelling", "message": message})

    def _credits(self) -> Response:
        """The credit balance; a job is billed once, when it has ended."""
        now = self._clock()
        manifests = [run.state_at(now).manifest or {} for run in self._runs.copy().values()]
        used = self._credits_used + sum(manifest.get("credits_consumed") or 0 for manifest in manifests)
        total = self._credits_total
        return ok({"total_credits": total, "credits_used": used, "credits_left": total - used})

    def _control(self, request: Request) -> Response:
        """Control paths for the parent of a simulator process; the real service has none."""
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
                    return error_response(422, str(error))
                self.fault_plan = FaultPlan(faults, self.seed)
                return ok({})
        return error_response(404, "Not Found")
