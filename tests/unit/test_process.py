"""What a whole process does: it ends at once, and it asks for nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xl_openfunnel.simulator import Fault, SimulatedJob, Simulator, companies

ROWS = companies(1_000, seed=1, shape="narrow")


def run(code: str, service: Simulator, folder: Path) -> subprocess.CompletedProcess[str]:
    client = f"Client({service.base_url!r}, {service.api_key!r})"
    start = "from xl_openfunnel import Client, Fetcher, Store; from pathlib import Path; import sys, threading\n"
    start += f"client = {client}; store = Store(Path({str(folder / 'store.sqlite3')!r}), client.origin)\n"
    start += "fetcher = Fetcher(client, store=store)\n"
    return subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("while_it", ["polls", "walks", "stalls"])
def test_the_process_ends_at_once_with_its_main_thread(tmp_path: Path, while_it: str) -> None:
    job = SimulatedJob(ROWS, running=1e6 if while_it == "polls" else 0.0)
    stall = Fault("stall", cursor=None if while_it == "stalls" else "page_0005")
    faults = [stall] if while_it != "polls" else []
    with Simulator([job], faults=faults) as service:
        code = (
            f"fetcher.subscribe({job.job_id!r}, lambda snapshot: None)\n"
            f"fetcher.wait({job.job_id!r}, 0.5 if {while_it!r} == 'stalls' else None, "
            "until=lambda snapshot: snapshot.status is not None)\n"
            "print([t.daemon for t in threading.enumerate() if t is not threading.main_thread()])"
        )
        done = run(code, service, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.strip("[]\n").split(", ")) == {"True"}


def test_a_new_process_reads_stored_rows_without_a_request(tmp_path: Path) -> None:
    job = SimulatedJob(ROWS)
    code = f"rows = list(fetcher.wait({job.job_id!r}).rows)\n"
    code += "print(len(rows), rows[0]['linkedin_url'], 'pandas' in sys.modules)"
    with Simulator([job]) as service:
        first = run(code, service, tmp_path)
        requests = len(service.received)
        second = run(code, service, tmp_path)
        assert len(service.received) == requests == job.page_count
    assert first.stdout == second.stdout == f"1000 {ROWS[0]['linkedin_url']} False\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' Python runs cmd to learn the version of Windows")
def test_no_command_starts_another_program(tmp_path: Path) -> None:
    """keyring's backend for macOS, imported on Linux, runs gcc, ld and ldconfig."""
    code = """
import contextlib, sys
starts = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile"}
sys.addaudithook(lambda event, values: print(event, values) if event in starts else None)
from xl_openfunnel.cli import main
commands = ["key show", "key remove", "status job-1", "rows job-1 -o rows.csv", "credits", "forget --all --yes"]
for command in commands:
    with contextlib.suppress(SystemExit):
        main(command.split())
print("done")
"""
    environment = os.environ | {"OPENFUNNEL_BASE_URL": "http://127.0.0.1:9"}
    del environment["PYTHON_KEYRING_BACKEND"]  # the system's own
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr
