"""Workbook and add-in with wrappers of version 0: their VBA still makes the calls that the package understands."""

from __future__ import annotations

from pathlib import Path

import pytest
from oletools.olevba import VBA_Parser

from tests.hosts import earlier
from tests.hosts.basic.book import Book
from tests.hosts.basic.libreoffice import LibreOffice, project


def modules_of(file: Path) -> dict[str, str]:
    parser = VBA_Parser(str(file))
    try:
        return {
            name.partition(".")[0]: f'Attribute VB_Name = "{name.partition(".")[0]}"\n{text}'.replace("\r\n", "\n")
            for _, _, name, text in parser.extract_macros()
        }
    finally:
        parser.close()


@pytest.mark.parametrize("name", ["OpenFunnel.xlsm", "OpenFunnel.xlam"])
def test_each_wrapper_passes_the_calling_cell_behind_all_its_arguments(running: LibreOffice, name: str) -> None:
    addin = modules_of(earlier.FOLDER / "OpenFunnel.xlam")
    book = Book(running, project(addin | modules_of(earlier.FOLDER / name)))
    book.call("Fakes.Calling", "D7", "")
    for function, count in earlier.FUNCTIONS.items():
        given = [f"value {number}" for number in range(count)]
        assert book.call(f"OpenFunnelFunctions.{function}", *given) == "answer"
        (call,) = book.noted("call")
        passed = "".join(f'"{value}";' for value in given)
        assert call.startswith(f'xl_openfunnel.hosts.excel {function} [{passed}"4242 spill ')
        assert call.endswith('$D$7"] Nothing Nothing')
