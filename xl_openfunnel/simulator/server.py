"""The simulator: a real HTTP/1.1 server on loopback in front of `Service`, and a clock for tests."""

from __future__ import annotations

import contextlib
import gzip
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from .faults import Fault, FaultPlan
from .http_connection import BadRequestError, Connection
from .jobs import SimulatedJob
from .responses import Response, deliver, deliver_faulty, error_response
from .service import ReceivedRequest, Request, Service, reject_foreign_host

HOST: Final = "127.0.0.1"

DEFAULT_KEY: Final = "of_simulated_5f0c2d9b7e41"
"""A key that only simulators accept."""


class ManualClock:
    """A clock for `Simulator` and the code under test that advances only when `sleep` is called.

    Calling the clock returns the time in seconds; `sleep` returns at once.
    """

    def __init__(self) -> None:
        self._now = 1_000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds


class Simulator:
    """A stand-in OpenFunnel service on a free port of this machine.

    Usable as a context manager; the jobs start when it starts. ``stop`` and ``start`` simulate an outage:
    the port stays the same, and the jobs keep running.

    Args:
        jobs: the account's jobs.
        api_key: the key it accepts.
        latency: seconds before each answer.
        faults: see `Fault`.
        clock: a monotonic clock in seconds, on which alone the states of jobs depend.
        sleep: waits for latency and slow answers; by default a wait that ``stop`` ends.
        seed: of the random numbers for faults with a rate.
        gzip: compress answers for clients that accept it.
        credits: the account's total.
        credits_used: credits used before these jobs.
        wrong_key: the status for a wrong key: 401, 403, or 422 with a validation error for the header that
            repeats the key, as FastAPI's errors do.
        unknown_cursor: the status for a cursor that names no readable page: 404, 422, or 200 with no rows.
        port: the port to listen on; 0 for a free one.
        max_received: how many of the latest requests `received` keeps; None for all.
    """

    def __init__(
        self,
        jobs: Sequence[SimulatedJob] = (),
        *,
        api_key: str = DEFAULT_KEY,
        latency: float = 0.0,
        faults: Sequence[Fault] = (),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        seed: int = 0,
        gzip: bool = False,
        credits: float = 20_000,  # noqa: A002 - the word of the service
        credits_used: float = 0,
        wrong_key: int = 401,
        unknown_cursor: int = 404,
        port: int = 0,
        max_received: int | None = None,
    ) -> None:
        self.latency = latency
        self._queued_jobs = list(jobs)
        self._gzip = gzip
        self._port = port
        self._stopping = threading.Event()
        self._sleep = sleep or self._stopping.wait
        self._service = Service(
            api_key=api_key,
            faults=faults,
            clock=clock,
            seed=seed,
            credits=credits,
            credits_used=credits_used,
            wrong_key=wrong_key,
            unknown_cursor=unknown_cursor,
            max_received=max_received,
        )
        self._listener: socket.socket | None = None
        self._accept_thread: threading.Thread | None = None
        self._connections: dict[Connection, threading.Thread] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on; ``stop`` and ``start`` keep it."""
        if not self._port:
            raise RuntimeError("the simulator has no port before it is started")
        return self._port

    @property
    def base_url(self) -> str:
        """The URL for a client, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def api_key(self) -> str:
        return self._service.api_key

    def accept_key(self, api_key: str) -> None:
        """Accept only this key from now on."""
        self._service.api_key = api_key

    @property
    def jobs(self) -> dict[str, SimulatedJob]:
        return {job.job_id: job for job in self._queued_jobs} | self._service.jobs

    def add(self, job: SimulatedJob) -> None:
        """Add a job, which starts now or together with the simulator.

        Raises:
            ValueError: a job with this id exists already.
        """
        if self._accept_thread is None:
            self._queued_jobs.append(job)
        else:
            self._service.start_job(job)

    def render_pages(self) -> None:
        """Render all pages of the started jobs, so that the first request is as fast as the next."""
        self._service.render_pages()

    @property
    def received(self) -> list[ReceivedRequest]:
        """A copy of the requests so far, at most the latest ``max_received``, in order of arrival."""
        return list(self._service.received)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults; replacing them at any time resets their counters."""
        return self._service.fault_plan.faults

    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None:
        self._service.fault_plan = FaultPlan(faults, self._service.seed)

    def start(self) -> None:
        """Listen, on the same port as before if it was stopped.

        Raises:
            RuntimeError: it is running already.
            OSError: the port is in use.
        """
        if self._accept_thread is not None:
            raise RuntimeError("the simulator is running already")
        self._stopping.clear()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # On Windows SO_REUSEADDR would let another program bind the port while this one uses it.
            reuse = "SO_EXCLUSIVEADDRUSE" if sys.platform == "win32" else "SO_REUSEADDR"
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, reuse), 1)
            listener.bind((HOST, self._port))
            listener.listen(128)
            while self._queued_jobs:
                self._service.start_job(self._queued_jobs.pop(0))
        except BaseException:
            listener.close()
            raise
        self._listener, self._port = listener, listener.getsockname()[1]
        self._accept_thread = threading.Thread(target=self._accept, name="simulator", daemon=True)
        self._accept_thread.start()

    def stop(self) -> None:
        """Close all connections and refuse new ones, at once; does nothing when stopped."""
        listener, acceptor = self._listener, self._accept_thread
        if listener is None or acceptor is None:
            return
        self._stopping.set()
        with contextlib.suppress(OSError):
            # A connection wakes a blocked accept() on every system; close() does so only on some.
            socket.create_connection((HOST, self.port), timeout=1).close()
        acceptor.join()
        listener.close()
        with self._lock:
            connections = self._connections.copy()
        for connection in connections:
            connection.interrupt()
        for thread in connections.values():
            thread.join(timeout=5)
        self._listener = self._accept_thread = None

    def _accept(self) -> None:
        listener, number = self._listener, 0
        while listener is not None:
            try:
                sock, _ = listener.accept()
            except OSError:
                if self._stopping.is_set():
                    return
                continue
            if self._stopping.is_set():
                sock.close()
                return
            number += 1
            connection = Connection(sock, number)
            thread = threading.Thread(target=self._serve, args=(connection,), name=f"simulator-{number}", daemon=True)
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            with contextlib.suppress(OSError):  # the client has gone, or stop() was called
                connection.disable_nagle()
                ending = self._handle_requests(connection)
                connection.close(reset=ending == "reset")
        finally:
            connection.close()
            with self._lock:
                del self._connections[connection]

    def _handle_requests(self, connection: Connection) -> str:
        """Answer requests until the connection has to end; return how to end it."""
        while not self._stopping.is_set():
            try:
                request = connection.read()
            except BadRequestError as bad_request:
                connection.send(deliver(error_response(400, str(bad_request)), close=True), self._sleep)
                return "close"
            if request is None:
                return "close"
            if (error := reject_foreign_host(request)) is not None:
                connection.send(deliver(error, close=True), self._sleep)
                return "close"
            if self.latency:
                self._sleep(self.latency)
            close = request.headers.get("connection", "").lower() == "close"
            fault = self._service.fault_for(request)
            response = self._compressed(request, self._service.respond(request), fault)
            delivery = deliver(response, close=close) if fault is None else deliver_faulty(fault, response, close=close)
            self._service.log(request, delivery.status)
            connection.send(delivery, self._sleep)
            if delivery.ending == "hang":
                self._stopping.wait()
            if delivery.ending != "keep":
                return delivery.ending
        return "close"

    def _compressed(self, request: Request, response: Response, fault: Fault | None) -> Response:
        if not self._gzip or (fault is not None and fault.kind in ("envelope", "rewrite")):
            return response
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return response
        compressed = gzip.compress(response.body, compresslevel=1, mtime=0)
        return replace(response, body=compressed, headers=(*response.headers, ("content-encoding", "gzip")))
