"""A workbook that shows an invented job."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from xl_openfunnel.api.models import JobStatus
from xl_openfunnel.jobs.snapshot import Rows, Snapshot
from xl_openfunnel.simulator import companies
from xl_openfunnel.workbook import builder, cached_values, source_files, sources

JOB = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"


def snapshot(count: int = 600) -> Snapshot:
    rows = companies(count)
    manifest = {
        "count": count,
        "pages": 1,
        "credits_consumed": count,
        "derived_query": "Software that runs a factory",
        "resolved_seed_domains": ["dornier.example", "levkin.example"],
    }
    return Snapshot(
        JOB,
        JobStatus("completed"),
        pages=1,
        manifest=manifest,
        rows=Rows([count], lambda _: [json.dumps(rows).encode()]),
        final=True,
        settled=True,
        source="service",
        as_of=datetime(2026, 11, 3, 9, 15, tzinfo=UTC),
    )


def example(count: int = 600) -> bytes:
    return builder.build_workbook(cached_values.example_values(snapshot(count), "Germany Q3", 12400.0))


def without_formulas(workbook: bytes) -> bytes:
    """Only the cached values, for readers that would turn unknown functions into errors."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                part = re.sub(rb"<f[^>]*>[^<]*</f>", b"", part)
            target.writestr(name, part)
    return out.getvalue()


def need_xlwings(folder: Path, patch: pytest.MonkeyPatch, version: str) -> None:
    """Build workbooks and add-ins from now on as a package does that needs another version of xlwings."""
    copied, needed = folder / "sources", sources.xlwings_version()
    shutil.copytree(str(source_files.source_folder()), copied)
    macros = copied / "vba" / f"{sources.WINDOWS}.bas"
    text = macros.read_text("ascii")
    assert text.count(needed) == 1
    macros.write_text(text.replace(needed, version), "ascii")
    patch.setattr(source_files, "source_folder", lambda: copied)
