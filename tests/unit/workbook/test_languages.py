"""The files with the texts: whole, within Excel's limits, and all that another language needs."""

from __future__ import annotations

import re
import shutil
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.install.calc_extension import build_extension
from xl_openfunnel.workbook import commands, languages, ribbon, source_files, sources
from xl_openfunnel.workbook.languages import Language, texts_of, vba_text

CHECKOUT = Path(__file__).parents[3] / "workbook"
SPOKEN = languages.languages()
each_language = pytest.mark.parametrize("code", SPOKEN)

LIMITS = {"group": 30, "caption": 60, "label": 30, "tip": 100, "supertip": 300, "keytip": 3, "message": 250}
"""UTF-16 units: Office allows 1,024, for a keytip 3; more than these do not fit where they are shown."""

UNDO_LIMIT = 60


def test_english_is_first_german_is_there_and_each_has_its_number() -> None:
    assert [(code, language.number) for code, language in SPOKEN.items()][:2] == [("en", 9), ("de", 7)]


@each_language
def test_a_language_has_the_commands_in_the_order_of_commands_py(code: str) -> None:
    assert list(SPOKEN[code].commands) == [command.action for command in commands.COMMANDS]


@each_language
def test_texts_fit(code: str) -> None:
    for key, text in texts_of(SPOKEN[code]).items():
        units = len(text.encode("utf-16-le")) // 2
        assert 0 < units <= LIMITS[key.partition(" ")[0]], key
        assert text == text.strip(), key
        assert text.isprintable(), key
    assert len(SPOKEN[code].messages.undo) <= UNDO_LIMIT


@each_language
def test_keytips_are_unique_and_none_begins_another(code: str) -> None:
    keytips = [texts.keytip for texts in SPOKEN[code].commands.values()]
    assert all(re.fullmatch("[A-Z0-9]{1,3}", keytip) for keytip in keytips)
    clashes = [(one, other) for one in keytips for other in keytips if one != other and other.startswith(one)]
    assert clashes == [], f"in languages/{code}.toml one keytip begins another"
    assert [keytip for keytip, count in Counter(keytips).items() if count > 1] == [], f"twice in languages/{code}.toml"


@each_language
def test_the_letters_of_a_keytip_are_in_its_group_or_label(code: str) -> None:
    texts = texts_of(SPOKEN[code])
    for command in commands.COMMANDS:
        shown = texts[f"group {command.group}"] + texts[f"label {command.action}"]
        assert set(texts[f"keytip {command.action}"]) <= set(shown.upper()), (
            f"in languages/{code}.toml the keytip of {command.action!r} has letters of neither label nor group"
        )


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("number = 7\n", "", "number"),
        ("number = 7\n", "number = 9\n", "en.toml"),
        ("number = 7\n", "number == 7\n", "line 3"),
        ("number = 7\n", "number = 1036\n", "12"),
        ("number = 7\n", "number = 0\n", "lowest ten bits"),
        ("[messages]\n", '[messages]\nmore = "words"\n', "more"),
        ('OpenFunnelLive = "Live"\n', "", "OpenFunnelLive"),
        ('OpenFunnelLive = "Live"\n', 'OpenFunnelLive = "Live"\nOther = "x"\n', "Other"),
        ('[commands."enter job"]', '[commands."enter jobs"]', "enter job"),
        ('keytip = "E"\n', "", "keytip"),
        ("{reason}", "{grund}", "{reason}"),
        ("{service}", "{dienst}", "{service}"),
        ('cancel = "Abbrechen"\n', "", "cancel"),
        ("{reason}", "{reason} {}", "{}"),
        ("{reason}", "{reason", "languages/de.toml"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(
    before: str, after: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source_files.read
    assert before in read("languages/de.toml")
    monkeypatch.setattr(
        source_files, "read", lambda name: read(name).replace(before, after) if "de" in name else read(name)
    )
    with pytest.raises(ConfigurationError, match=re.escape("languages/de.toml")) as refused:
        languages.languages()
    assert named in refused.value.message


MAX_LINE = 1_023
"""Characters of a line of VBA."""


def evaluated(parts: Iterable[str]) -> str:
    """What VBA makes of the expressions of a text."""
    units = b""
    for part in parts:
        decoded, text = re.fullmatch(r'(Decoded\()?"((?:[^"]|"")*)"\)?', part).groups()  # type: ignore[union-attr]
        pieces = re.split(r"\\(\d{5})" if decoded else "(?!)", text.replace('""', '"'))
        for number, piece in enumerate(pieces):
            units += int(piece).to_bytes(2, "little") if number % 2 else piece.encode("utf-16-le")
    return units.decode("utf-16-le", "surrogatepass")


@given(st.text(max_size=50) | st.text('ж\U0001f600\\"', max_size=600))
def test_any_text_is_written_in_lines_that_vba_takes(text: str) -> None:
    parts = vba_text(text)
    assert all(part.isascii() and part.isprintable() and len(part) < MAX_LINE - 100 for part in parts)
    assert evaluated(parts) == text


@each_language
def test_a_language_of_other_letters_fits_into_a_procedure(code: str) -> None:
    """VBA's limit is 64 KB when compiled; there a text in quotes takes a byte for each character."""
    texts = texts_of(SPOKEN[code]).values()
    assert sum(len(part) + 20 for text in texts for part in vba_text("ж" * len(text))) < 60_000


def written_texts(body: str, function: str) -> dict[str, str]:
    """The texts in a function of VBA, by their keys."""
    cases = re.findall(r'Case "(.*?)": (.*(?:\n +\w+ = .*|\nTextIn\w+ = .*)*)', body.replace("\r", ""))
    return {key: evaluated(re.findall(rf"{function} = (?:{function} & )?(.*)", lines)) for key, lines in cases}


# ---- a third language


def french(language: dict[str, Any]) -> dict[str, Any]:
    """A third language for the test: the English texts with a mark."""
    commands_ = {
        action: {kind: text if kind == "keytip" else f"«{text}»" for kind, text in texts.items()}
        for action, texts in language["commands"].items()
    }
    groups = {name: f"«{text}»" for name, text in language["groups"].items()}
    messages = {name: f"«{text}»" for name, text in language["messages"].items()}
    key_window = {name: f"«{text}»" for name, text in language["key_window"].items()}
    return {"number": 12, "groups": groups, "commands": commands_, "key_window": key_window, "messages": messages}


def toml(language: dict[str, Any]) -> str:
    lines = [f"number = {language['number']}"]
    tables = {name: language[name] for name in ("groups", "key_window", "messages")}
    tables |= {f'commands."{action}"': texts for action, texts in language["commands"].items()}
    for name, texts in tables.items():
        lines += [f"[{name}]", *(f"{key} = {msgspec.json.encode(text).decode()}" for key, text in texts.items())]
    return "\n".join(lines)


@pytest.fixture
def with_french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Language:
    for name in source_files.SOURCE_FOLDERS:
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    english = tomllib.loads((tmp_path / "languages" / "en.toml").read_text("utf-8"))
    (tmp_path / "languages" / "fr.toml").write_text(toml(french(english)), "utf-8")
    monkeypatch.setattr(source_files, "source_folder", lambda: tmp_path)
    return languages.languages()["fr"]


def test_a_third_language_is_one_more_file_for_excel(with_french: Language) -> None:
    text = sources.modules()[languages.MODULE].replace("\r\n", "\n")
    assert "If language = 12 Then OpenFunnelText = TextInFr(name)" in text
    body = text.partition("Private Function TextInFr(")[2].partition("End Function")[0]
    written = written_texts(body, "TextInFr")
    assert written == texts_of(with_french)


def test_a_third_language_is_one_more_file_for_calc(with_french: Language) -> None:
    with zipfile.ZipFile(BytesIO(build_extension(["/x"]))) as archive:
        menu = archive.read("menu.xcu").decode()
    for command in commands.COMMANDS:
        if command.in_calc:
            assert f'<value xml:lang="fr">{with_french.commands[command.action].caption}</value>' in menu


def test_the_ribbon_itself_has_no_words_but_the_name(with_french: Language) -> None:
    assert set(re.findall(r' (?:label|screentip|supertip)="([^"]*)"', ribbon.ribbon(ribbon.ADDIN))) == {"OpenFunnel"}
