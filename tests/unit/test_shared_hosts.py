"""Which hosts identify a company."""

from collections.abc import Iterator

import pytest

from xl_openfunnel.company_key import host
from xl_openfunnel.shared_hosts import PLATFORMS, SHARED, is_shared, use_own


@pytest.mark.parametrize("own", ["acme.com", "acme.wordpress.com", "shop.acme.co.uk", "notfacebook.com", "x.company"])
def test_a_company_s_own_host_is_not_shared(own: str) -> None:
    assert not is_shared(own)


@pytest.mark.parametrize(
    "shared", ["facebook.com", "de-de.facebook.com", "wordpress.com", "sites.google.com", "t.co", "maps.apple.com"]
)
def test_a_host_that_many_share_is_shared_with_all_below_it(shared: str) -> None:
    assert is_shared(shared)


def test_the_lists_are_written_as_hosts_are_compared() -> None:
    assert [name for name in PLATFORMS | SHARED if host(name) != name] == []
    assert not PLATFORMS & SHARED


def test_own_hosts_are_replaced_at_once_since_other_threads_ask_all_the_time() -> None:
    def others() -> Iterator[str]:
        yield "acme.directory"
        assert is_shared("acme.directory")

    try:
        use_own(["acme.directory"])
        use_own(others())
    finally:
        use_own(())
    assert not is_shared("acme.directory")
