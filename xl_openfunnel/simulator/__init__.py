"""A stand-in OpenFunnel service for demos, tests and benchmarks.

It answers real HTTP requests on loopback as the public documentation describes, with invented companies or
real rows from a file, and with any fault that is asked for:

    with Simulator([SimulatedJob(companies(600), running=8.0)]) as service:
        ...  # a client with service.base_url and service.api_key

Apart from the standard library it uses only `xl_openfunnel.settings.is_loopback`.
"""

from .companies import companies, load_rows
from .faults import ANY, Fault
from .jobs import SimulatedJob
from .server import ManualClock, Simulator
from .service import ReceivedRequest

__all__ = ["ANY", "Fault", "ManualClock", "ReceivedRequest", "SimulatedJob", "Simulator", "companies", "load_rows"]
