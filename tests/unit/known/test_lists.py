"""Lists of known companies on disk."""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel import ConfigurationError
from xl_openfunnel.known.lists import SHARED_HOSTS, KnownList, KnownLists, checked_name, possible_name
from xl_openfunnel.known.reading import keys_in
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.known.tiers import KnownCompanies
from xl_openfunnel.shared_hosts import PLATFORMS, SHARED, all_shared, use_own

pytestmark = pytest.mark.dependencies


def known_list(name: str = "crm", host: str = "acme.com") -> KnownList:
    keys = KnownCompanies()
    keys.add(["acme"], [host], "acme", note="Jo")
    return KnownList(name, 1, 2, ("Website", "LinkedIn"), (1, 1), "Owner", datetime(2026, 1, 2, tzinfo=UTC), keys)


def test_a_list_comes_back_as_it_was_in_another_process(tmp_path: Path) -> None:
    KnownLists(tmp_path / "known").set(known_list())
    assert KnownLists(tmp_path / "known").find("CRM ") == known_list()


def test_setting_a_list_again_replaces_it_for_all_who_have_read_it(tmp_path: Path) -> None:
    lists, others = KnownLists(tmp_path), KnownLists(tmp_path)
    lists.set(known_list())
    before = others.version("crm")
    assert others.find("crm") == known_list()
    lists.set(known_list("CRM", host="foo.example"))
    assert others.find("crm") == known_list("CRM", host="foo.example")
    assert others.version("crm") != before


def test_lists_are_listed_by_name_and_removed(tmp_path: Path) -> None:
    lists = KnownLists(tmp_path / "known")
    lists.set(known_list("Suppliers"))
    lists.set(known_list("crm"))
    assert [known.name for known in lists.all()] == ["crm", "Suppliers"]
    assert lists.remove("CRM")
    assert not lists.remove("crm")
    assert lists.find("crm") is None
    assert lists.version("crm") is None
    lists.remove_all()
    assert not (tmp_path / "known").exists()


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b'{"version": 2}'])
def test_a_damaged_file_is_no_list(tmp_path: Path, damage: bytes) -> None:
    lists = KnownLists(tmp_path)
    lists.set(known_list())
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert lists.find("crm") is None
    assert lists.all() == []
    with pytest.raises(ConfigurationError, match=r"^'crm' is a known list whose file is damaged"):
        lists.get("crm")
    lists.set(known_list())
    assert lists.find("crm") == known_list()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_only_the_user_can_read_a_list_also_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is there ever a file without content: a process may be ended at any time."""
    modes: list[int] = []
    replacing = Path.replace

    def replace_file(source: Path, target: Path) -> Path:
        modes.extend(file.stat().st_mode & 0o077 for file in tmp_path.iterdir())
        assert not target.exists()
        return replacing(source, target)

    monkeypatch.setattr(Path, "replace", replace_file)
    KnownLists(tmp_path).set(known_list())
    (file,) = tmp_path.iterdir()
    assert [*modes, file.stat().st_mode & 0o077] == [0, 0]


@pytest.mark.parametrize(
    "name",
    [
        "CRM",
        " a  b\t",
        "a\xa0b",
        "Cafe\u0301",
        "Café",
        "ग्राहक",
        "ลูกค้า",
        "客户",
        "한국",
        "\u202ecrm",
        "a\u200bb",
        "St Gallen",
    ],
)
def test_a_list_is_found_by_the_name_that_it_was_given_however_that_is_written(name: str, tmp_path: Path) -> None:
    lists = KnownLists(tmp_path)
    lists.set(replace(known_list(), name=checked_name(name)))
    for written in (name, f" {name.upper()} ", unicodedata.normalize("NFD", name), name.replace(" ", "   ")):
        assert lists.get(written).name == checked_name(name)


@pytest.mark.parametrize("name", ["", " ", "a/b", "x" * 61, "../x", "a\x00/", "acme.com", "St.Gallen", "xn--p1ai.de"])
def test_a_name_that_cannot_be_typed_or_is_a_domain_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_name(name)


def test_hosts_that_a_user_calls_shared_identify_no_company(tmp_path: Path) -> None:
    lists = KnownLists.beside(tmp_path / "store.sqlite3")
    lists.set(make_list("crm", [["https://acme.portal.example"], ["acme.com"]]))
    (lists.folder / SHARED_HOSTS).write_text("# portals\nhttps://www.Portal.example/  # all of them\n\n", "utf-8")
    lists = KnownLists.beside(tmp_path / "store.sqlite3")
    known = lists.find("crm")
    assert known is not None
    assert list(known.keys.hosts) == ["acme.com"]
    assert not keys_in("https://foo.portal.example")
    assert "acme.com" not in repr(known)
    lists.remove_all()
    assert [path.name for path in lists.folder.iterdir()] == [SHARED_HOSTS]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    "text",
    [
        "müller.example\nb.example\n",
        "müller.example, b.example",
        "*.müller.example; *.b.example # both",
        "www.Müller.example\tb.example\r\n# c.example",
    ],
)
def test_own_shared_hosts_are_read_however_people_write_them(encoding: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "known" / SHARED_HOSTS
    path.parent.mkdir()
    path.write_bytes(text.encode(encoding))
    try:
        KnownLists.beside(tmp_path / "store.sqlite3")
        assert all_shared() - PLATFORMS - SHARED == {"müller.example", "b.example"}
    finally:
        use_own(())


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\xff", b"\x00" * 9])
def test_own_shared_hosts_that_are_no_text_are_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "known" / SHARED_HOSTS
    path.parent.mkdir()
    path.write_bytes(content)
    KnownLists.beside(tmp_path / "store.sqlite3")
    assert all_shared() == PLATFORMS | SHARED


@pytest.mark.parametrize(
    ("columns", "counts", "skipped", "said"),
    [
        (("Website",), (1,), 0, "1 company: 1 by Website"),
        (("Website",), (1,), 1, "1 company: 1 by Website; 1 row had none"),
        (("Web", "LinkedIn"), (1, 0), 1_204, "1 company: 1 by Web, 0 by LinkedIn; 1,204 rows had neither"),
        (("a", "b\nc", "d"), (1, 2, 3), 2, "1 company: 1 by a, 2 by b c, 3 by d; 2 rows had none of these"),
        (
            tuple("abcdefghijkl"),
            (1,) * 12,
            0,
            f"1 company: {', '.join(f'1 by {name}' for name in 'abcdefghij')}, more by 2 other columns",
        ),
        (("x" * 99,), (1,), 0, f"1 company: 1 by {'x' * 29}…"),
    ],
)
def test_a_list_says_by_which_columns_companies_are_known(
    columns: tuple[str, ...], counts: tuple[int, ...], skipped: int, said: str
) -> None:
    assert replace(known_list(), columns=columns, counts=counts, skipped=skipped).summary == said


@given(st.text())
def test_any_text_gives_a_possible_name_or_none(text: str) -> None:
    name = possible_name(text)
    assert not name or checked_name(name) == name == possible_name(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kunden 2026!", "Kunden 2026"),
        ("a/b;c", "a b c"),
        ("'#?", ""),
        ("acme.com", "acme com"),
        ("ग्राहक.", "ग्राहक."),
        ("Jane's", "Jane s"),
    ],
)
def test_a_possible_name_keeps_what_it_can(text: str, name: str) -> None:
    assert possible_name(text) == name


def test_what_an_ended_process_left_is_removed_with_a_list(tmp_path: Path) -> None:
    lists = KnownLists(tmp_path / "known")
    lists.set(known_list())
    ended, writing = (lists.folder / f".xl-openfunnel-{number:012x}.part" for number in range(2))
    other = lists.folder / ".other.part"
    for path in (ended, writing, other):
        path.write_bytes(b"acme.com")
    os.utime(ended, (time.time() - 700, time.time() - 700))
    assert lists.remove("crm")
    assert set(lists.folder.iterdir()) == {writing, other}
    lists.remove_all()
    assert set(lists.folder.iterdir()) == {other}


def test_what_another_program_holds_open_keeps_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = KnownLists(tmp_path)
    lists.set(known_list())
    unlink = Path.unlink

    def unlinking(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".part":
            raise PermissionError(13, "open")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlinking)
    part = tmp_path / ".xl-openfunnel-0123456789ab.part"
    part.write_bytes(b"acme.com")
    os.utime(part, (0, 0))
    lists.remove_all()
    assert list(tmp_path.iterdir()) == [part]


def test_a_damaged_list_is_removed(tmp_path: Path) -> None:
    lists = KnownLists(tmp_path)
    lists.set(known_list())
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert lists.find("crm") is None
    assert lists.remove("crm")
    assert list(tmp_path.iterdir()) == []


def test_a_list_keeps_which_hosts_have_a_page_and_older_files_without_that_are_read(tmp_path: Path) -> None:
    lists = KnownLists(tmp_path)
    lists.set(make_list("crm", [["acme.com", "linkedin.com/company/acme"], ["foo.example", ""]]))
    other = KnownLists(lists.folder)
    assert other.get("crm").keys.paged == {"acme.com"}
    (file,) = lists.folder.iterdir()
    content = json.loads(file.read_bytes())
    del content["paged"]
    file.write_text(json.dumps(content), "utf-8")
    older = other.get("crm").keys
    assert (older.paged, set(older.hosts)) == (set(), {"acme.com", "foo.example"})
