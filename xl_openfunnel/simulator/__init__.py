"""A stand-in OpenFunnel service for demonstrations, tests and benchmarks.

It answers over real HTTP on loopback as the public documentation says the service does, with invented
companies or with real rows from a file, and with any fault that is asked for:

    with Simulator([SimulatedJob(companies(600), running=8.0)]) as service:
        ...  # a client with service.base_url and service.api_key

Nothing here imports more than the standard library.
"""

from .clock import ManualClock
from .companies import companies, load_rows
from .faults import ANY, Fault
from .jobs import SimulatedJob
from .server import Simulator
from .service import ReceivedRequest

__all__ = ["ANY", "Fault", "ManualClock", "ReceivedRequest", "SimulatedJob", "Simulator", "companies", "load_rows"]
