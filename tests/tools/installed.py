"""What an installed wheel must do: ``python -I tests/tools/installed.py``, in an environment with nothing else.

It imports no module of the tests, and runs the commands as a user would, against the simulated service.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

ROWS: Final = 250
COMMAND: Final = Path(sysconfig.get_path("scripts")) / ("xl-openfunnel.exe" if os.name == "nt" else "xl-openfunnel")
PROGRAM: Final = f"""
import sys
from xl_openfunnel import fetch_rows
from xl_openfunnel.hosts import excel

assert len(fetch_rows(sys.argv[1])) == {ROWS}
assert excel.OF_DOMAIN("https://www.acme.com/de") == [["acme.com"]]
assert excel.OF_STATUS(" ") == [[""]]
"""


def run(*arguments: str, allowed: tuple[int, ...] = (0,)) -> str:
    """What a command prints.

    Raises:
        SystemExit: it ended with another exit code than these.
    """
    return _run([str(COMMAND), *arguments], allowed)


def _run(command: list[str], allowed: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300)
    if done.returncode not in allowed:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def check(job: str) -> Iterator[str]:
    """What was tried, each once it held; files go into the current folder."""
    assert run("--version").split()[-1] == importlib.metadata.version("xl-openfunnel")
    run("demo", "--rows", str(ROWS), "--seconds", "1")
    assert Path("openfunnel-demo.xlsx").stat().st_size
    yield "demo"

    run("rows", job, "-o", "companies.parquet")
    yield "rows"

    known = ["companies.parquet"]
    try:
        import python_calamine  # noqa: F401
    except ImportError as error:  # its DLL does not load in old versions of Wine
        yield f"no workbook as a known list: {error}"
    else:
        known.append("openfunnel-demo.xlsx")
    for name in known:
        run("known", "set", name.partition(".")[0], name, "--yes")
    for line in run("known", "list").splitlines()[1:]:
        assert run("rows", job, "--new-against", line.split("\t")[0], "--format", "jsonl") == "", line
    yield f"known, rows --new-against: {', '.join(known)}"

    query = "select count(*) as here, (select count(*) from 'companies.parquet') as exported from companies"
    assert run("sql", query).split() == ["here,exported", f"{ROWS},{ROWS}"]
    yield "sql"

    run("workbook")
    run("workbook", "--add-in")
    found = json.loads(run("doctor", "--json", allowed=(0, 1)))  # 1 on Windows: the wheel alone does not set up Excel
    assert {"check": "key accepted", "state": "ok"}.items() <= found["findings"][-1].items(), found
    yield "workbook, doctor"

    _run([sys.executable, "-I", "-c", PROGRAM, job])
    yield "fetch_rows, functions"


def main() -> int:
    """Check everything; the exit code."""
    print(
        f"xl-openfunnel {importlib.metadata.version('xl-openfunnel')}, "
        f"Python {platform.python_version()}, {sys.platform}"
    )
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Simulator([SimulatedJob(companies(ROWS))]) as service,
    ):
        os.chdir(folder)
        os.environ["OPENFUNNEL_API_KEY"] = service.api_key
        os.environ["OPENFUNNEL_BASE_URL"] = service.base_url
        os.environ["OPENFUNNEL_CACHE_DIR"] = str(Path(folder, "cache").absolute())
        (job,) = service.jobs
        try:
            for held in check(job):
                print(f"ok: {held}", flush=True)
        finally:
            os.chdir(Path(folder).parent)  # Windows removes no folder that is a process's current one
    return 0


if __name__ == "__main__":
    sys.exit(main())
