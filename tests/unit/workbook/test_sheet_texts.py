"""The texts of the sheets in ``texts.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import unescape

import msgspec
import pytest

from tests.unit.workbook.test_build_workbook import parts
from xl_openfunnel.install import calc_extension
from xl_openfunnel.workbook import builder, source_files, sources
from xl_openfunnel.workbook.commands import COMMANDS
from xl_openfunnel.workbook.languages import ENGLISH, languages


def all_texts(part: Any) -> Iterator[str]:
    """Every text in a part of the file."""
    if isinstance(part, str):
        yield part
    else:
        for each in part.values() if isinstance(part, dict) else part:
            yield from all_texts(each)


def test_the_workbook_contains_every_text_of_the_file() -> None:
    everything = "\n".join(
        unescape(part.decode(), {"&quot;": '"'})
        for name, part in parts(builder.build_workbook()).items()
        if not name.endswith(".bin")
    )
    texts = all_texts(tomllib.loads(source_files.read("sheets/texts.toml")))
    assert [text for text in texts if text.partition("{")[0] not in everything] == []


@pytest.mark.parametrize("change", [("about = ", "abuot = "), ("[rows]\n", '[rows]\nmore = "words"\n')])
def test_unknown_and_missing_texts_are_rejected(change: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    changed = source_files.read("sheets/texts.toml").replace(*change)
    monkeypatch.setattr(source_files, "read", lambda name: changed)
    with pytest.raises(msgspec.ValidationError):
        sources.sheet_texts.__wrapped__()


def test_texts_in_formulas_contain_no_quotes() -> None:
    found = sources.sheet_texts()
    first = found.start
    of_first = (first.no_macros, first.allow_macros, first.ask, first.key_accepted, first.provisional, first.final)
    in_formats = (first.cards.as_of, first.cards.used, first.cards.of_country, first.cards.unknown)
    assert '"' not in "".join((found.no_functions, *of_first, first.no_country, *in_formats, found.rows.no_job))


def test_a_button_has_the_same_caption_everywhere() -> None:
    english = languages()[ENGLISH]
    captions = {button.macro: button.caption for button in sources.sheet_texts().start.buttons}
    shown = {command.macro: english.commands[command.action] for command in COMMANDS if command.macro in captions}
    assert captions == {macro: texts.caption for macro, texts in shown.items()}
    labels = {macro: texts.label for macro, texts in shown.items()}
    labels["OpenFunnelRefreshBook"] = english.groups["OpenFunnelRefresh"]  # its buttons say only of what
    assert captions == labels
    in_calc = {action: titles[ENGLISH] for action, titles in calc_extension.menu().items()}
    assert in_calc.items() >= {
        ("refresh book", captions["OpenFunnelRefreshBook"]),
        ("insert table", captions["OpenFunnelInsertTable"]),
        ("refresh pivots", captions["OpenFunnelRefreshPivots"]),
    }
