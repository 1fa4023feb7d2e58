"""What users read calls each thing by one name: the table `words.toml`, held against all texts."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.tools.texts import Text, all_texts, of_python

TABLE: Mapping[str, Mapping[str, list[str]]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
VARIANTS = {
    word: re.compile(rf"(?<!\w)(?:{'|'.join(entry['not'])})(?!\w)", re.IGNORECASE) for word, entry in TABLE.items()
}
TEXTS = functools.cache(lambda: tuple(all_texts()))
EXCEPTIONS = [phrase for entry in TABLE.values() for phrase in entry.get("but", ())]


def found(texts: Iterable[Text]) -> list[str]:
    """The other names that the texts use, each with its place and the one name."""
    lines = []
    for place, text in texts:
        for phrase in filter(text.__contains__, EXCEPTIONS):
            text = text.replace(phrase, " ")
        for word, variants in VARIANTS.items():
            lines += [f"{place}: {match[0]!r} is {word!r} here: {text[:300]}" for match in variants.finditer(text)]
    return lines


def test_each_thing_has_one_name_in_all_texts() -> None:
    if lines := found(TEXTS()):
        pytest.fail("\n".join(lines))


@pytest.mark.parametrize(
    ("source", "other"),
    [
        ('print(f"On {count:,} machines of yours.")', "machines"),
        ('raise Error("Give the alias of the job.")', "alias"),
        ('raise Error("Reload the " "worksheet.")', "worksheet"),
        ('"""Not shown: the cache of the machine."""\nsay("the cached rows")', "cached"),
        ('say(f"{name!r} is no job ID of {jobs:,} here.")', "job ID"),
        ('db.execute("SELECT label FROM ledger")\nsay("in the ledger")', "ledger"),
    ],
)
def test_another_name_in_a_sentence_of_the_code_is_found(source: str, other: str) -> None:
    lines = found(of_python("module.py", source))
    assert any(line.startswith("module.py:") and f"{other!r} is" in line for line in lines)


def test_every_kind_of_text_is_read() -> None:
    places = {place.partition(":")[0].partition(" ")[0] for place, _ in TEXTS()}
    kinds = {
        "README.md",
        "workbook/guide/messages.md",
        "workbook/languages/en.toml",
        "workbook/sheets/texts.toml",
        "workbook/vba/OpenFunnelStart.bas",
        "workbook/install.cmd",
        "xl_openfunnel/functions/formula_messages.py",
        "xl_openfunnel/functions/job_messages.py",
        "xl_openfunnel/cli/options.py",
        "xl_openfunnel/doctor/policies.py",
        "fetch_rows",
        "Fetcher.wait",
    }
    assert kinds - places == set()


@pytest.mark.parametrize("word", TABLE)
def test_the_one_name_is_none_of_the_others(word: str) -> None:
    assert found([Text("table", word)]) == []


def test_every_exception_is_needed() -> None:
    """An exception whose phrase no text has any more would hide a variant one day."""
    texts = "\n".join(text for _, text in TEXTS())
    assert [phrase for phrase in EXCEPTIONS if phrase not in texts] == []
