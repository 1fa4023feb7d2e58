"""The wrappers that xlwings' own generator writes for the stock add-in, run by LibreOffice's Basic."""

from __future__ import annotations

import re

import pytest

from tests.hosts import xlwings_wrappers
from tests.hosts.basic.book import Book
from tests.hosts.basic.libreoffice import LibreOffice, project, to_basic
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.registry import Function

XLPY = "Option VBASupport 1\nPublic Function XLPy() As Object\nSet XLPy = New FakeServer\nEnd Function\n"


@pytest.fixture(scope="module")
def book(running: LibreOffice) -> Book:
    """One with the generated module, whose xlwings serves."""
    text = re.sub(r" *#If App = .*\n((?:.*\n)*?) *#Else\n(?:.*\n)*? *#End If\n", r"\1", xlwings_wrappers.wrappers())
    text = text.replace("TypeOf Application.Caller Is Range", 'TypeName(Application.Caller) = "Range"')
    return Book(running, project() | {"Stock": to_basic(text), "StockXlwings": XLPY})


@pytest.mark.parametrize("function", CATALOG, ids=lambda function: function.name)
def test_each_generated_wrapper_passes_its_arguments_and_the_calling_cell(book: Book, function: Function) -> None:
    book.call("Fakes.Calling", "D7", "")
    given = [f"value {number}" for number, _ in enumerate(function.arguments)]
    assert book.call(f"Stock.{function.name}", *given) == "answer"
    values = "".join(f'"{value}";' for value in given)
    (call,) = book.noted("call")
    assert call.startswith(f"xl_openfunnel.hosts.excel {function.name} [{values}Range] ")
    assert call.endswith(" Range")


def test_what_python_raises_is_shown(book: Book) -> None:
    book.call("Fakes.Calling", "D7", "")
    book.set_plan("broken")
    assert str(book.call("Stock.OF_STATUS", "job_1")).startswith("KeyError: 'x'")
