"""What may happen in the model: the faults of service and network, and the strategies of its events."""

from __future__ import annotations

import hypothesis.strategies as st

from xl_openfunnel.simulator import Fault

PAGE = 3
MAX_PAGES = 6
ROWS = [{"name": f"Company {number}", "domain": f"c{number}.example"} for number in range(PAGE * MAX_PAGES)]

# What a service or a network may do for a while, without lies that no client could detect: a job reported as over too
# early, or a whole page of another job under the right name.
INCONSISTENT_ENVELOPES = (
    *({"status": status} for status in ("running", None)),
    *({"page": page} for page in ("page_0042", None)),
    *({"next_cursor": cursor} for cursor in ("page_0000", "page_0002", "page_0042", None)),
    *({"rows": rows, "count": 0} for rows in ([], None, [1, 2])),
    {"rows": []},
    {"rows": lambda rows: rows[:-1]},
    {"manifest": lambda manifest: manifest and {**manifest, "count": manifest["count"] + 1}},
    {"manifest": lambda manifest: manifest and {**manifest, "pages": manifest["pages"] - 1}},
)
FAULTS = (
    *(Fault("status", status=status) for status in (400, 404, 408, 409, 422, 429, 500, 502, 503, 504)),
    *(Fault("status", status=429, retry_after=wait) for wait in ("3", "40", "soon", "-5")),
    Fault("status", status=503, details_retry_after=7),
    *(Fault(kind) for kind in ("cut", "cut_chunked", "reset", "reset_after_headers", "wrong_length", "html")),
    Fault("redirect", location="http://127.0.0.1:9/"),
    Fault("json", body=b'{"status": "running", "rows": ['),
    Fault("json", body=b'{"job_id": "another", "status": "completed", "rows": []}'),
    Fault("json", body=b""),
    Fault("envelope", without=("page",)),
    Fault("envelope", without=("job_id", "count", "processed")),
)

INDEXES = st.integers(0, 9)
TIMES = st.sampled_from([1, 2, 5, None])
CURSORS = st.sampled_from([..., None, "page_0000", "page_0001", "page_0002", "page_0005"])
SCRIPTS = st.fixed_dictionaries(
    {
        "rows": st.integers(0, len(ROWS)),
        "pending": st.sampled_from([0.0, 3.0]),
        "running": st.sampled_from([0.0, 8.0, 45.0, 900.0]),
        "ending": st.sampled_from(["completed", "completed", "completed", "cancelled", "failed", "paused"]),
        "opaque_cursors": st.sampled_from([False, False, True]),
        "manifest": st.sampled_from([{}, {}, {}, None]),
    }
)
SECONDS = st.sampled_from([0.0, 0.0, 0.0, 0.5, 2.0, 15.0, 60.0, 700.0])
