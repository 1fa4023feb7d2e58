"""The key appears nowhere but in the request header to the configured origin."""

from __future__ import annotations

import copy
import http.client
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel import Client, Fetcher, OpenFunnelError, Snapshot, Store, fetch_rows
from xl_openfunnel.fetch_rows import fetch_with
from xl_openfunnel.simulator import Fault, SimulatedJob, Simulator, companies

SECRET = "of_live_s3cr3t_0123456789abcdef"
JOB = SimulatedJob(companies(120, seed=1))
ECHO = b'{"detail": "Key %s is not valid", "message": "%s"}' % (SECRET.encode(), SECRET.encode())


def everything_in(value: object, seen: set[int] | None = None) -> str:
    """The repr of a value and of all that can be reached from it through attributes of our own and exceptions."""
    seen = seen if seen is not None else set()
    if id(value) in seen or value is None:
        return ""
    seen.add(id(value))
    inner: list[Any] = []
    if isinstance(value, BaseException):
        inner = [*value.args, value.__cause__, value.__context__, *vars(value).values()]
    elif hasattr(value, "__dict__") and type(value).__module__.startswith(("xl_openfunnel", "requests", "urllib3")):
        inner = list(vars(value).values())
    elif isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple, set, frozenset)):
        inner = list(value)
    return repr(value) + "".join(everything_in(each, seen) for each in inner)


def locals_of_ours(error: BaseException) -> list[dict[str, Any]]:
    """The local variables in an error's traceback, as crash reporters show them."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [frame.f_locals for frame in frames if "xl_openfunnel" in frame.f_code.co_filename]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=401, body=ECHO),
        Fault("status", status=422, body=ECHO),
        Fault("status", status=400, headers={"X-Request-Id": SECRET}),
        Fault("status", status=400, body=ECHO.replace(b"_", b"\\u005f")),
        Fault("status", status=400, body=b"x" * 150 + SECRET.encode()),
        Fault("json", body=b" " * 20 + SECRET.encode()),
        Fault("status", status=503),
        Fault("reset"),
        Fault("cut"),
        Fault("html"),
        Fault("json", body=b"{" + SECRET.encode()),
        Fault("redirect", location=f"http://127.0.0.1:9/{SECRET}"),
        Fault("redirect", location=f"http://{SECRET}/"),
        Fault("json", body=b"{}", headers={"Content-Encoding": SECRET}),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_no_error_and_no_log_line_holds_the_key(fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Simulator([JOB], api_key=SECRET, faults=[fault]) as service, Client(service.base_url, SECRET) as client:
        with pytest.raises(OpenFunnelError) as raised:
            client.page(JOB.job_id)
        shown = "".join(traceback.format_exception(raised.value)) + everything_in(raised.value)
        shown += "".join(map(repr, locals_of_ours(raised.value)))
        assert SECRET[:12].casefold() not in shown.casefold()
        assert SECRET not in repr(client)
        assert SECRET.encode() not in pickle.dumps(raised.value.args)
    assert SECRET not in caplog.text


def test_the_key_is_in_no_file_no_snapshot_and_no_frame(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    snapshots: list[Snapshot] = []
    with Simulator([JOB], api_key=SECRET) as service, Client(service.base_url, SECRET) as client:
        store = Store(tmp_path / "store.sqlite3", client.origin)
        with Fetcher(client, store=store) as fetcher:
            frame = fetch_with(fetcher, JOB.job_id, progress=snapshots.append)
            assert SECRET not in repr(fetcher) + everything_in(fetcher.watch(JOB.job_id)) + repr(frame.attrs)
        assert all(request.key_ok for request in service.received)
    assert SECRET not in repr(snapshots)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert all(SECRET.encode() not in file.read_bytes() for file in files)
    assert SECRET not in caplog.text


def every_character(text: str) -> str:
    return "".join(f"\\u{ord(character):04X}" for character in text)


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        (SECRET, SECRET),
        (SECRET, SECRET.replace("_", "\\u005f")),
        (SECRET, SECRET.replace("o", "\\u006F", 1)),
        (SECRET, every_character(SECRET)),
        ("of/live/0123", "of\\/live\\u002f0123"),
        ('of"li\\ve_1', 'of\\"li\\\\ve_1'),
        ('of"li\\ve_1', "of\\u0022li\\u005cve_1"),
    ],
)
def test_a_key_repeated_by_the_service_is_not_stored(
    secret: str, written: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts = {"progress_message": "KEY", "error_message": "KEY"}
    job = SimulatedJob([{"name": "KEY \\u006f KEY"}] * 3, derived_query="KEY", manifest={"x": "KEY"}, extra=texts)
    echo = Fault("rewrite", rewrite=lambda body: body.replace(b"KEY", written.encode()))
    with Simulator([job], api_key=secret, faults=[echo]) as service, Client(service.base_url, secret) as client:
        store = Store(tmp_path / "store.sqlite3", client.origin)
        with Fetcher(client, store=store) as fetcher:
            snapshot = fetcher.wait(job.job_id)
            assert (snapshot.final, [row["name"] for row in snapshot.rows]) == (True, ["[key] \\u006f [key]"] * 3)
            shown = everything_in(snapshot) + caplog.text
            assert snapshot.manifest is not None
            assert (snapshot.stage, snapshot.manifest["x"]) == ("[key]", "[key]")
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for form in (secret, repr(secret)[1:-1], written):
        assert form not in shown
        assert form.encode() not in kept


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with Simulator([JOB], api_key=SECRET) as other, Simulator([JOB], api_key=SECRET) as service:
        service.faults = (Fault("redirect", status=status, location=f"{other.base_url}/api/v1/x", on="any"),)
        with Client(service.base_url, SECRET) as client:
            for call in (lambda: client.page(JOB.job_id), client.credits, lambda: client.cancel(JOB.job_id)):
                with pytest.raises(OpenFunnelError, match="redirects"):
                    call()
        assert other.received == []


def test_the_key_is_sent_in_one_header_and_not_in_the_url() -> None:
    with Simulator([JOB], api_key=SECRET) as service, Client(service.base_url, SECRET) as client:
        client.page(JOB.job_id, "page_0001")
    (request,) = service.received
    assert [name for name, value in request.headers.items() if SECRET in value] == ["x-api-key"]
    assert SECRET not in request.path


def test_the_debug_output_of_http_client_does_not_show_the_key(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with Simulator([JOB], api_key=SECRET) as service, Client(service.base_url, SECRET) as client:
        client.page(JOB.job_id)
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize("save", [pickle.dumps, copy.copy, copy.deepcopy])
def test_clients_and_keys_cannot_be_pickled_or_copied(save: Callable[[object], object]) -> None:
    with Client("http://127.0.0.1:9", SECRET) as client:
        for held in (client, client.key()):
            with pytest.raises(TypeError, match="pickled") as raised:
                save(held)
            assert SECRET not in str(raised.value)


def test_netrc_and_cookies_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    cookie = Fault("status", status=503, headers={"Set-Cookie": "session=abc; Path=/"}, times=1)
    with Simulator([JOB], api_key=SECRET, faults=[cookie]) as service, Client(service.base_url, SECRET) as client:
        with pytest.raises(OpenFunnelError):
            client.page(JOB.job_id)
        client.page(JOB.job_id)
    assert all("authorization" not in request.headers for request in service.received)
    assert all("cookie" not in request.headers for request in service.received)


def test_a_key_for_one_origin_is_not_sent_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from xl_openfunnel import MissingKeyError, keys

    with Simulator([JOB], api_key=SECRET) as service:
        keys.save("https://api.openfunnel.dev:443", SECRET)
        with pytest.raises(MissingKeyError):
            fetch_rows(JOB.job_id, base_url=service.base_url)
        assert service.received == []
