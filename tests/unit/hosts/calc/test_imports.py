"""What the modules of this host load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from xl_openfunnel.hosts import calc

NEED_UNO = {"addin", "commands", "documents", "questions", "table_writer"}


def test_all_other_modules_load_without_uno_and_without_the_host_for_excel() -> None:
    names = {file.stem for file in Path(calc.__file__).parent.glob("*.py")} - NEED_UNO - {"__init__"}
    code = """if True:
        import importlib, sys
        sys.modules["uno"] = sys.modules["unohelper"] = None  # importing them fails
        for name in sys.argv[1:]:
            importlib.import_module(f"xl_openfunnel.hosts.calc.{name}")
        print(*sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.split()
    assert {f"xl_openfunnel.hosts.calc.{name}" for name in names} <= set(loaded)
    assert [name for name in loaded if name.startswith("xl_openfunnel.hosts.excel")] == []
