"""``OF_DOMAIN``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.functions.conftest import MakeServices
from xl_openfunnel.cell_values import Block
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.implementations import evaluate
from xl_openfunnel.functions.known_companies import domain


@pytest.fixture
def of_domain(make_services: MakeServices) -> Callable[..., Block]:
    services = make_services()
    return lambda *values: evaluate("OF_DOMAIN", domain, services.context(), *values)


@pytest.mark.parametrize(
    ("value", "part", "expected"),
    [
        ("https://WWW.Shop.Acme.co.uk/de?x=1", None, "shop.acme.co.uk"),
        ("https://WWW.Shop.Acme.co.uk/de?x=1", "site", "acme.co.uk"),
        ("jo@acme.com", "HOST", "acme.com"),
        ("jo@gmail.com", "host", ""),
        ("https://facebook.com/acme", "host", ""),
        ("http://de.linkedin.com/company/Acme/about", "linkedin", "acme"),
        ("http://de.linkedin.com/company/Acme/about", "host", ""),
        ("Acme, Inc.", "name", "acme"),
        ("xn--mnchen-3ya.de", None, "münchen.de"),
        ("", None, ""),
        (None, None, ""),
        (12.0, None, ""),
        (CellError("#N/A"), None, "#N/A"),
        ("acme.com", "hots", "#OF! There is no part 'hots'. There are host, site, linkedin, name."),
    ],
)
def test_one_part_of_a_value(of_domain: Callable[..., Block], value: object, part: object, expected: str) -> None:
    assert of_domain(value, part) == [[expected]]


def test_a_range_keeps_its_shape(of_domain: Callable[..., Block]) -> None:
    block = of_domain([["acme.com", "n/a"], [None, "https://foo.de"]])
    assert block == [["acme.com", ""], ["", "foo.de"]]
