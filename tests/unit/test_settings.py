"""Arguments, environment, defaults: and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xl_openfunnel import ConfigurationError, InsecureUrlError
from xl_openfunnel.pasted import shown
from xl_openfunnel.settings import BASE_URL, Settings, checked_base_url, log_path, origin_of, python_dir

pytestmark = pytest.mark.dependencies


def test_precedence_is_argument_environment_default() -> None:
    environ = {
        "OPENFUNNEL_BASE_URL": "https://eu.example/",
        "OPENFUNNEL_CACHE_DIR": str(Path.cwd() / "x"),
        "OPENFUNNEL_CONCURRENCY": "3",
    }
    given = Settings.load("https://arg.example", environ=environ)
    assert (given.base_url, given.cache_dir, given.concurrency) == ("https://arg.example", Path.cwd() / "x", 3)
    assert Settings.load(environ=environ).base_url == "https://eu.example"
    assert (Settings.load(environ={}).base_url, Settings.load(environ={}).concurrency) == (BASE_URL, 8)


@pytest.mark.parametrize("text", ["0", "33", "-1", "eight", "1.5", "9" * 5_000])
def test_an_invalid_concurrency_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="OPENFUNNEL_CONCURRENCY"):
        Settings.load(environ={"OPENFUNNEL_CONCURRENCY": text})


@pytest.mark.parametrize("name", ["OPENFUNNEL_BASE_URL", "OPENFUNNEL_CACHE_DIR", "OPENFUNNEL_CONCURRENCY"])
@pytest.mark.parametrize("before", ["", "https://", "ftp://", "http://api.example/"])
def test_a_key_in_another_variable_is_refused_and_not_shown(name: str, before: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.load(environ={name: f"{before}of_live_0123456789abcd"})
    assert "0123" not in raised.value.message


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


@pytest.mark.parametrize(
    ("given", "reason", "meant"),
    [
        *((name, "no whole path", None) for name in ("x", "./x", "../x", "x/y", "~no-such-user-here/x")),
        *((name, "quotes or invisible", "/x") for name in ('"/x"', "'/x'", "“/x”", "/x\u200b", "\ufeff/x", '/x"')),
        *((name, "variable", "/home/me/x") for name in ("$HOME/x", "${HOME}/x", "/home/$NAME/x", "%HOME%/x")),
        *((name, "variable", None) for name in ("$NOWHERE/x", "/a/%USERNAME%/x", r"%LOCALAPPDATA%\x")),
        ('"$HOME/x"', "quotes or invisible", "/home/me/x"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="paths without a drive")
def test_a_cache_folder_that_is_hardly_meant_is_refused_in_words(given: str, reason: str, meant: str | None) -> None:
    for load in (lambda environ: Settings.load(environ=environ), log_path, python_dir):
        with pytest.raises(ConfigurationError) as raised:
            load({"OPENFUNNEL_CACHE_DIR": given, "HOME": "/home/me", "NAME": "me"})
        assert f"OPENFUNNEL_CACHE_DIR is '{shown(given)}', which " in raised.value.message
        assert reason in raised.value.message
        assert raised.value.message.endswith(f". Give {meant}" if meant else "xl-openfunnel")


@pytest.mark.parametrize("name", ["x", "Käse – (1), 2", "a%b", "50% $", "ANDREA~1", "share$", "o'x", "データ１"])
def test_any_whole_path_is_a_cache_folder(name: str) -> None:
    folder = Path.cwd() / name / "x"
    assert Settings.load(environ={"OPENFUNNEL_CACHE_DIR": f" {folder}\n"}).cache_dir == folder


def test_the_users_home_may_be_written_as_a_tilde() -> None:
    assert Settings.load(environ={"OPENFUNNEL_CACHE_DIR": "~/x"}).cache_dir == Path.home() / "x"


@pytest.mark.parametrize("junk", ['"', "'", "”", "\u200b", "\ufeff", " x", "\u00a0x"])
def test_quotes_blanks_and_invisible_characters_in_a_setting_are_refused_in_words(junk: str) -> None:
    for name, value in (("OPENFUNNEL_BASE_URL", "https://api.openfunnel.dev/x"), ("OPENFUNNEL_CONCURRENCY", "8")):
        with pytest.raises(ConfigurationError, match=name):
            Settings.load(environ={name: value + junk})
        assert Settings.load(environ={name: f" {value}\n"})
