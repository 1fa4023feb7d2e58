"""The rules of the package's structure: what may import what, and what is not loaded before it is needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import xl_openfunnel
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

ROOT = "xl_openfunnel"
FOLDER = Path(xl_openfunnel.__file__).parent

LAYERS = (
    ("__main__",),
    ("cli",),
    ("doctor",),
    ("install", "selftest"),
    ("hosts",),
    ("workbook",),
    ("functions", "files"),
    ("__init__",),  # the public names
    ("fetch_rows",),
    ("known",),
    ("columns",),
    ("jobs",),
    ("near_values",),
    ("api", "pivot"),
    ("pivot_rules",),
    ("keys", "log", "simulator", "table"),
    ("selection",),
    ("criteria", "detect", "exact_numbers", "settings"),
    ("cell_values", "fields"),
    ("atomic", "parameters", "pasted"),
    ("errors",),
    ("text",),
    ("company_key", "runtime", "shared_hosts", "version"),
)
"""The modules and packages from the top to the bottom: each imports only what stands below it."""


def module_name(file: Path) -> str:
    return ".".join([ROOT, *file.relative_to(FOLDER).with_suffix("").parts]).removesuffix(".__init__")


FILES = {module_name(file): file for file in FOLDER.rglob("*.py")}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def statements(node: ast.AST, *, loaded_only: bool) -> Iterator[ast.AST]:
    """The import statements in a module; with ``loaded_only``, those that run when it is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif not (loaded_only and (isinstance(child, ast.FunctionDef | ast.Lambda) or is_type_checking(child))):
            yield from statements(child, loaded_only=loaded_only)


@cache
def imports(module: str, *, loaded_only: bool = False) -> frozenset[str]:
    """The modules that a module of the package imports, its own and others."""
    file = FILES[module]
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    names: set[str] = set()
    for node in statements(ast.parse(file.read_text("utf-8")), loaded_only=loaded_only):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            imported = {alias.name: f"{base}.{alias.name}" for alias in node.names}
            names.update(full if full in FILES else base for full in imported.values())
    return frozenset(names)


def reached(module: str) -> frozenset[str]:
    """All that is loaded with a module: what it imports, directly or through other modules of the package.

    Its own packages count too, but for the outermost one: that holds the public names and loads most of the rest.
    """
    names: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in names or name == ROOT:
            continue
        names.add(name)
        if name in FILES:
            waiting += [*imports(name, loaded_only=True), name.rpartition(".")[0]]
    return frozenset(names)


def modules_in(package: str) -> list[str]:
    found = [name for name in FILES if f"{name}.".startswith(f"{ROOT}.{package}.")]
    assert found, package
    return found


def layer_name(module: str) -> str:
    return "__init__" if module == ROOT else module.split(".")[1]


def test_every_module_has_its_place_in_the_layers() -> None:
    places = [name for layer in LAYERS for name in layer]
    assert sorted(places) == sorted({layer_name(module) for module in FILES}), "each has one place in LAYERS"


def test_the_documented_architecture_has_every_module() -> None:
    architecture = (FOLDER.parent / "tests" / "README.md").read_text("utf-8").partition("\n## Running tests\n")[0]
    named = [line.split("|")[1] for line in architecture.splitlines() if line.startswith("|")]
    missing = {layer_name(module) for module in FILES} - set(re.findall(r"`(\w+)(?:/|\.py)`", " ".join(named)))
    assert missing == {"__init__", "__main__"}, "the table in tests/README.md says what each is for"


def test_imports_point_to_lower_layers_only() -> None:
    depth = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    upward = [
        f"{module} -> {name}"
        for module in FILES
        for name in imports(module)
        if name.split(".")[0] == ROOT
        and layer_name(name) != layer_name(module)
        and depth[layer_name(name)] <= depth[layer_name(module)]
    ]
    assert upward == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: [name for name in imports(module, loaded_only=True) if name in FILES] for module in FILES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(FILES)


def test_the_policy_reaches_no_database_and_no_threads() -> None:
    for module in modules_in("jobs.policy"):
        assert not reached(module) & {"sqlite3", "threading", "queue", "socket", "requests"}, module


def test_nothing_below_the_hosts_reaches_a_host_program() -> None:
    for layer in LAYERS[LAYERS.index(("hosts",)) + 1 :]:
        for package in layer:
            for module in modules_in(package) if package != "__init__" else [ROOT]:
                outside = {name.split(".")[0] for name in imports(module)}
                assert not outside & {"xlwings", "win32com", "pythoncom", "uno", "unohelper"}, module


def test_the_hosts_for_excel_and_calc_reach_nothing_of_each_other() -> None:
    for host, other in (("excel", "calc"), ("calc", "excel")):
        for module in modules_in(f"hosts.{host}"):
            assert not reached(module) & set(modules_in(f"hosts.{other}")), module


def in_a_fresh_interpreter(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def test_pandas_is_loaded_for_a_frame_duckdb_for_columns_and_neither_before(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from pathlib import Path
        def loaded():
            return "+".join(name for name in ("duckdb", "pandas") if name in sys.modules) or "neither"
        import xl_openfunnel
        import xl_openfunnel.cli
        steps = [loaded()]
        client = xl_openfunnel.Client(sys.argv[1], sys.argv[2])
        store = xl_openfunnel.Store(Path(sys.argv[4]), client.origin)
        with xl_openfunnel.Fetcher(client, store=store) as fetcher:
            snapshot = fetcher.wait(sys.argv[3])
            assert len(list(snapshot.rows)) == 120, snapshot
            steps.append(loaded())
            from xl_openfunnel.columns.folder import ColumnFolder
            columns = ColumnFolder.beside(store.path, store.origin)
            assert columns.find(snapshot.job_id, snapshot.rows.content) is None
            steps.append(loaded())
            columns.make(snapshot.job_id, snapshot.rows, None)
            assert columns.find(snapshot.job_id, snapshot.rows.content) is not None
            steps.append(loaded())
            assert len(snapshot.frame()) == 120
            steps.append(loaded())
        print(*steps)"""
    with Simulator([job := SimulatedJob(companies(120))]) as service:
        path = str(tmp_path / "store.sqlite3")
        loaded = in_a_fresh_interpreter(code, service.base_url, service.api_key, job.job_id, path)
    assert loaded == "neither neither neither duckdb duckdb+pandas"
