"""Arguments, environment, defaults: and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from xl_openfunnel import ConfigurationError, InsecureUrlError
from xl_openfunnel.settings import BASE_URL, Settings, checked_base_url, origin_of

pytestmark = pytest.mark.dependencies


def test_precedence_is_argument_environment_default() -> None:
    environ = {
        "OPENFUNNEL_BASE_URL": "https://eu.example/",
        "OPENFUNNEL_CACHE_DIR": "/x",
        "OPENFUNNEL_CONCURRENCY": "3",
    }
    given = Settings.load("https://arg.example", environ=environ)
    assert (given.base_url, given.cache_dir, given.concurrency) == ("https://arg.example", Path("/x"), 3)
    assert Settings.load(environ=environ).base_url == "https://eu.example"
    assert (Settings.load(environ={}).base_url, Settings.load(environ={}).concurrency) == (BASE_URL, 8)


@pytest.mark.parametrize("text", ["0", "33", "-1", "eight", "1.5", "9" * 5_000])
def test_an_invalid_concurrency_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="OPENFUNNEL_CONCURRENCY"):
        Settings.load(environ={"OPENFUNNEL_CONCURRENCY": text})


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        (" https://API.openfunnel.dev/ ", "https://api.openfunnel.dev"),
        ("https://gateway.example/openfunnel/", "https://gateway.example/openfunnel"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("https://[fe80::1%eth0]", "https://[fe80::1%eth0]"),
        ("https://bücher.example.", "https://bücher.example."),
    ],
)
def test_a_usable_base_url(url: str, checked: str) -> None:
    assert checked_base_url(url) == checked


@pytest.mark.parametrize(
    "url", ["http://api.openfunnel.dev", "http://localhost.example", "http://10.0.0.1", "http://128.0.0.1"]
)
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    with pytest.raises(InsecureUrlError):
        checked_base_url(url)


@pytest.mark.parametrize("url", ["", "api.openfunnel.dev", "ftp://x", "https://", "https://x:port", "https://[::1"])
def test_other_texts_than_web_addresses_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no web address"):
        checked_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("https://api.openfunnel.dev\\.evil.example", "https://evil.example\\api.openfunnel.dev"),
        *("https://api.openfunnel.dev\x00.evil.example", "https://api openfunnel.dev", "https://api.openfunnel.dev;x"),
        *("http://[::1]evil.example", "http://[::1].evil.example", "https://api.openfunnel.dev%2eevil.example"),
        "https://\u0130.example",  # in small letters it is an i and a combining dot
    ],
)
def test_a_host_that_parsers_read_differently_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_base_url(url)


@pytest.mark.parametrize(
    "url", ["https://a..b", "https://.a", f"https://{'a' * 64}.dev", f"https://{'ä' * 60}.dev", "https://[v1.x]"]
)
def test_an_impossible_host_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="names no host"):
        checked_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *("https://user:hunter2@x.example", "https://x.example?key=hunter2", "https://x/#a", "https://@x.example"),
        *("ftp://user:hunter2@x.example", "https://api.openfunnel.dev:hunter2@evil.example/", "https://:hunter2@x"),
    ],
)
def test_secrets_in_a_base_url_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        checked_base_url(url)
    assert "hunter2" not in raised.value.message


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.openfunnel.dev", "https://api.openfunnel.dev:443"),
        ("https://api.openfunnel.dev:8443/x", "https://api.openfunnel.dev:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin
