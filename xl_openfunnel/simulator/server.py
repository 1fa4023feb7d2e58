"""The simulator: the service behind a real HTTP/1.1 server on loopback."""

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

from .delivery import faulty, whole
from .faults import Fault, FaultPlan
from .http_connection import BadRequestError, Connection
from .jobs import SimulatedJob
from .responses import Response, refused
from .service import Policy, ReceivedRequest, Request, Service, misdirected

HOST: Final = "127.0.0.1"

DEFAULT_KEY: Final = "of_simulated_5f0c2d9b7e41"
"""A key that opens nothing but simulators."""


class Simulator:
    """A stand-in OpenFunnel service on a free port of this machine.

    Usable as a context manager; the lives of the jobs begin when it starts. ``stop`` and ``start`` simulate
    an outage: the port stays the same, and the jobs go on meanwhile.

    Args:
        jobs: the jobs that the account has.
        api_key: the accepted key.
        latency: seconds before each answer.
        faults: what goes wrong; see `Fault`.
        clock: seconds that only grow; states of jobs depend on nothing else.
        sleep: how latency and slow answers wait; by default a wait that ``stop`` ends.
        seed: for faults with a rate.
        gzip: compress answers for clients that accept it.
        credits: the account's total.
        credits_used: what was used before these jobs.
        wrong_key: the status for a wrong key: 401, 403 or 422.
        unknown_cursor: the status for a cursor that names no readable page: 404, 422, or 200 with no rows.
        port: the port to listen on; 0 takes a free one.
        remembered: how many requests `received` keeps, the last ones; None keeps all.
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
        remembered: int | None = None,
    ) -> None:
        self.latency = latency
        self._waiting_jobs = list(jobs)
        self._gzip = gzip
        self._port = port
        self._stopping = threading.Event()
        self._sleep = sleep or self._stopping.wait
        policy = Policy(wrong_key, unknown_cursor, credits, credits_used)
        self._service = Service(
            api_key=api_key, policy=policy, faults=faults, seed=seed, clock=clock, remembered=remembered
        )
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._open: dict[Connection, threading.Thread] = {}
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
        """The port it listens on, the same after a ``stop`` and ``start``."""
        if not self._port:
            raise RuntimeError("the simulator has no port before it is started")
        return self._port

    @property
    def base_url(self) -> str:
        """The URL to give to a client, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def api_key(self) -> str:
        """The key that is accepted now."""
        return self._service.api_key

    def accept_key(self, api_key: str) -> None:
        """Accept this key from now on, and no other."""
        self._service.api_key = api_key

    @property
    def jobs(self) -> dict[str, SimulatedJob]:
        """The jobs by their ids."""
        return {job.job_id: job for job in self._waiting_jobs} | self._service.jobs

    def add(self, job: SimulatedJob) -> None:
        """Add a job; its life begins now, or with the start of the simulator.

        Raises:
            ValueError: there is a job of this id already.
        """
        if self._acceptor is None:
            self._waiting_jobs.append(job)
        else:
            self._service.begin(job)

    def prepare(self) -> None:
        """Render all pages of the jobs begun, so that the first request for one costs no more than the next."""
        self._service.prepare()

    @property
    def received(self) -> list[ReceivedRequest]:
        """Every request so far, or the last ones `remembered`, in order of arrival: a copy."""
        return list(self._service.received)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What goes wrong; may be replaced at any time, which sets all counts to zero."""
        return self._service.plan.faults

    @faults.setter
    def faults(self, faults: Sequence[Fault]) -> None:
        self._service.plan = FaultPlan(faults, self._service.seed)

    def start(self) -> None:
        """Listen, on the former port if there was one.

        Raises:
            RuntimeError: it runs already.
            OSError: the port is taken.
        """
        if self._acceptor is not None:
            raise RuntimeError("the simulator runs already")
        self._stopping.clear()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # On Windows SO_REUSEADDR would let another program take the port while we hold it.
            reuse = "SO_EXCLUSIVEADDRUSE" if sys.platform == "win32" else "SO_REUSEADDR"
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, reuse), 1)
            listener.bind((HOST, self._port))
            listener.listen(128)
            while self._waiting_jobs:
                self._service.begin(self._waiting_jobs.pop(0))
        except BaseException:
            listener.close()
            raise
        self._listener, self._port = listener, listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="simulator", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Refuse and close all connections, at once; does nothing when stopped."""
        listener, acceptor = self._listener, self._acceptor
        if listener is None or acceptor is None:
            return
        self._stopping.set()
        with contextlib.suppress(OSError):
            # A blocked accept() is woken by a connection everywhere; by close() only on some systems.
            socket.create_connection((HOST, self.port), timeout=1).close()
        acceptor.join()
        listener.close()
        with self._lock:
            left = self._open.copy()
        for connection in left:
            connection.wake()
        for thread in left.values():
            thread.join(timeout=5)
        self._listener = self._acceptor = None

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
                self._open[connection] = thread
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            with contextlib.suppress(OSError):  # the client has gone, or stop() was called
                connection.open()
                ending = self._converse(connection)
                connection.close(reset=ending == "reset")
        finally:
            connection.close()
            with self._lock:
                del self._open[connection]

    def _converse(self, connection: Connection) -> str:
        """Answer requests until the connection is to end; says how."""
        while not self._stopping.is_set():
            try:
                request = connection.read()
            except BadRequestError as error:
                connection.send(whole(refused(400, str(error)), close=True), self._sleep)
                return "close"
            if request is None:
                return "close"
            if (refusal := misdirected(request)) is not None:
                connection.send(whole(refusal, close=True), self._sleep)
                return "close"
            if self.latency:
                self._sleep(self.latency)
            close = request.headers.get("connection", "").lower() == "close"
            fault = self._service.fault_for(request)
            answer = self._compressed(request, self._service.answer(request), fault)
            delivery = whole(answer, close=close) if fault is None else faulty(fault, answer, close=close)
            self._service.log(request, delivery.status)
            connection.send(delivery, self._sleep)
            if delivery.ending == "hang":
                self._stopping.wait()
            if delivery.ending != "keep":
                return delivery.ending
        return "close"

    def _compressed(self, request: Request, answer: Response, fault: Fault | None) -> Response:
        if not self._gzip or (fault is not None and fault.kind in ("envelope", "rewrite")):
            return answer
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return answer
        packed = gzip.compress(answer.body, compresslevel=1, mtime=0)
        return replace(answer, body=packed, headers=(*answer.headers, ("content-encoding", "gzip")))
