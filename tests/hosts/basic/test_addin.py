"""What the add-in does for other workbooks, run by LibreOffice's Basic with stand-ins for Excel and its books."""

from __future__ import annotations

import pytest

from tests.hosts.basic.book import Book
from tests.hosts.basic.libreoffice import LibreOffice

HERE = r"C:\Users\me\XLSTART\OpenFunnel.xlam"
COLLEAGUES = r"C:\Users\someone else\AppData\Roaming\Microsoft\Excel\XLSTART\OpenFunnel.xlam"
PRICES = r"C:\Books\Prices.xlsx"


class Excel:
    """An Excel with the add-in, whose Python is there and answers."""

    def __init__(self, running: LibreOffice) -> None:
        book = Book(running)
        book.start()
        self.call = book.call
        self._books = 0

    def open(self, *links: str, name: str = "Q3.xlsx", saved: bool = True, protected: bool = False) -> int:
        """Open a book with these links; gives its number."""
        self.call("Fakes.OpenBook", name, "\n".join(links), saved, protected)
        self._books += 1
        return self._books

    def links(self, book: int) -> list[str]:
        return str(self.call("Fakes.LinksOf", book)).splitlines()

    def noted(self, kind: str = "") -> list[str]:
        return [line for line in str(self.call("Fakes.Noted")).splitlines() if line.startswith(kind)]


@pytest.fixture
def excel(running: LibreOffice) -> Excel:
    return Excel(running)


def test_a_link_to_another_users_addin_is_corrected_and_no_other(excel: Excel) -> None:
    book = excel.open(PRICES, COLLEAGUES)
    excel.call("OpenFunnelAddin.OpenFunnelRelink")
    assert excel.links(book) == [PRICES, HERE]
    assert excel.noted("relink") == [f"relink Q3.xlsx|{COLLEAGUES}|{HERE}|False"]
    assert excel.call("Fakes.AlertsShown") is True


@pytest.mark.parametrize(
    "link", [r"\\server\share\openfunnel.XLAM", "https://firm.example/sites/x/OpenFunnel.xlam", "OpenFunnel.xlam"]
)
def test_a_link_to_the_addin_in_any_folder_is_corrected(excel: Excel, link: str) -> None:
    book = excel.open(link)
    excel.call("OpenFunnelAddin.OpenFunnelRelink")
    assert excel.links(book) == [HERE]


@pytest.mark.parametrize(
    "link", [HERE, HERE.upper(), PRICES, r"C:\x\MyOpenFunnel.xlam", r"C:\OpenFunnel.xlam\x.xlsx", r"C:\OpenFunnel.xlsm"]
)
def test_a_correct_or_unrelated_link_stays(excel: Excel, link: str) -> None:
    book = excel.open(link)
    excel.call("OpenFunnelAddin.OpenFunnelRelink")
    assert excel.links(book) == [link]
    assert excel.noted("relink") == []


@pytest.mark.parametrize("saved", [True, False])
def test_corrected_links_do_not_change_whether_a_book_is_saved(excel: Excel, saved: bool) -> None:
    book = excel.open(COLLEAGUES, saved=saved)
    excel.call("OpenFunnelAddin.OpenFunnelRelink")
    assert excel.links(book) == [HERE]
    assert excel.call("Fakes.SavedOf", book) is saved


def test_a_protected_book_is_skipped_silently(excel: Excel) -> None:
    held = excel.open(COLLEAGUES, name="Held.xlsx", protected=True)
    free = excel.open(COLLEAGUES, name="Free.xlsx")
    excel.call("OpenFunnelAddin.OpenFunnelRelink")
    assert (excel.links(held), excel.links(free)) == ([COLLEAGUES], [HERE])
    assert excel.call("Fakes.SavedOf", held) is True
    assert excel.call("Fakes.AlertsShown") is True


def test_python_is_told_of_a_book_that_uses_the_addin_once_excel_shows_it(excel: Excel) -> None:
    excel.open(COLLEAGUES, name="Müller's.xlsx")
    assert [line.partition("!")[2] for line in excel.noted("later")] == ["OpenFunnelRelink|0", "OpenFunnelReady|0"]
    excel.call("OpenFunnelTasks.OpenFunnelReady")
    (told,) = excel.noted("call")
    assert told == 'call xl_openfunnel.hosts.excel opened ["4242";"Müller\'s.xlsx"] Nothing Nothing'


def test_python_is_told_of_a_book_with_a_correct_link(excel: Excel) -> None:
    excel.open(HERE)
    assert len(excel.noted("later")) == 2


def test_python_is_told_of_books_that_were_open_before_the_addin(excel: Excel) -> None:
    for name, link in (("One.xlsx", COLLEAGUES), ("Other.xlsx", PRICES), ("Two.xlsx", HERE)):
        excel.open(link, name=name)
    excel.call("OpenFunnelTasks.OpenFunnelReady")
    excel.noted()
    excel.call("AtOpeningAddin.Workbook_Open")
    assert len(excel.noted("later")) == 4
    excel.call("OpenFunnelTasks.OpenFunnelReady")
    assert [line.split('"')[3] for line in excel.noted("call")] == ["One.xlsx", "Two.xlsx"]


def test_python_is_told_of_our_workbook_when_it_is_opened(excel: Excel) -> None:
    excel.call("AtOpening.Workbook_Open")
    excel.call("OpenFunnelTasks.OpenFunnelReady")
    (told,) = excel.noted("call")
    assert told.startswith('call xl_openfunnel.hosts.excel opened ["4242";"OpenFunnel.xlam"]')


@pytest.mark.parametrize("links", [(), (PRICES,)])
def test_python_is_not_started_for_a_book_that_does_not_use_it(excel: Excel, links: tuple[str, ...]) -> None:
    excel.open(*links)
    assert excel.noted() == []
