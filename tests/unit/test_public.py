"""The public surface, and what importing it costs."""

from __future__ import annotations

import inspect
import subprocess
import sys

import xl_openfunnel
from xl_openfunnel import Client, Fetcher, OpenFunnelError, Snapshot, errors, fetch_rows


def test_all_is_sorted_and_every_name_exists() -> None:
    assert xl_openfunnel.__all__ == sorted(xl_openfunnel.__all__, key=str)
    assert all(hasattr(xl_openfunnel, name) for name in xl_openfunnel.__all__)


def test_every_error_is_public_and_in_the_drawn_tree() -> None:
    tree = {
        name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, OpenFunnelError)
    }
    assert tree <= set(xl_openfunnel.__all__)
    assert all(name in (errors.__doc__ or "") for name in tree)


def test_documented_signatures_hold() -> None:
    assert str(inspect.signature(fetch_rows)).startswith(
        "(job_id: 'str | Iterable[str]', *, api_key: 'str | None' = None, base_url: 'str | None' = None, "
        "columns: 'Sequence[str] | str | None' = None, criteria: 'str | Mapping[str, object] | None' = None, "
        "new_against: 'str | Iterable[str] | None' = None, timeout: 'float | None' = None, "
        "refresh: 'bool' = False, progress:"
    )
    assert list(inspect.signature(Client.page).parameters) == ["self", "job_id", "cursor"]
    assert {"watch", "refresh", "wait", "subscribe", "forget", "close", "from_settings"} <= set(dir(Fetcher))
    fields = set(Snapshot.__dataclass_fields__)
    assert {"job_id", "status", "stage", "processed", "pages", "manifest", "rows", "provisional", "final"} <= fields
    assert {"source", "as_of", "problem", "next_try"} <= fields


def test_every_public_name_is_documented() -> None:
    for name in xl_openfunnel.__all__:
        assert inspect.getdoc(getattr(xl_openfunnel, name)), name


def test_import_loads_no_pandas_and_nothing_slow() -> None:
    code = "import sys, xl_openfunnel; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {
        "pandas",
        "numpy",
        "keyring",
        "xlwings",
        "typer",
        "rich",
        "truststore",
        "xlsxwriter",
        "pyarrow",
    }
