"""The job or the API key in a pasted text, whatever stands around it."""

from __future__ import annotations

import json
import re
import uuid
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xl_openfunnel import InvalidJobIdError, MissingKeyError, keys
from xl_openfunnel.api.endpoints import job_id_from
from xl_openfunnel.errors import CELL_UNITS
from xl_openfunnel.pasted import refusal, shown, similar_names, stripped
from xl_openfunnel.text import utf16_units

ID = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"
OTHER = "0f0e0d0c-0b0a-4909-8807-060504030201"
KEY = "of_live_0123456789abcd"

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\ufeff\u202a\u202e\u2066\u2069\u180e\u0000\u007f\ufe0f"
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
BLANKS = " \u00a0\u2003\u202f\u3000\t\r\n"
AROUND = ["", *"\"'“”„‘’‚«»‹›`´<>[](){},.;:!?…", "Job ", "job_id=", "Job ID: ", "urn:uuid:", "Käse & Co, ", "€ "]

junk = st.lists(st.sampled_from([*AROUND, *BLANKS, *INVISIBLE]), max_size=6).map("".join)


@st.composite
def written_ids(draw: st.DrawFn) -> tuple[str, str]:
    """A UUID, and how a program may have written it."""
    job_id = str(draw(st.uuids()))
    text = draw(st.sampled_from([job_id, job_id.upper(), uuid.UUID(job_id).hex]))
    hyphen = draw(st.sampled_from(HYPHENS))
    written = "".join(
        draw(st.sampled_from([hyphen if character == "-" else character] * 9 + [character + draw(junk_within)]))
        for character in text
    )
    if draw(st.booleans()):
        written = "".join(chr(0xFEE0 + ord(c)) if "!" <= c <= "~" else c for c in written)
    return job_id, written


junk_within = st.sampled_from(INVISIBLE)


@given(written_ids(), junk, junk)
def test_the_only_uuid_in_a_text_is_the_job(written: tuple[str, str], before: str, after: str) -> None:
    job_id, text = written
    assert job_id_from(before + text + after) == job_id
    assert job_id_from(quote(before + text + after)) == job_id
    assert job_id_from(f"https://h.example/a?job_id={quote(before + text + after, safe='')}&page=2") == job_id
    assert job_id_from(json.dumps({"job": before + text + after})) == job_id


@given(st.uuids(), st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.text(max_size=20))
def test_any_text_without_digits_may_surround_it(job_id: uuid.UUID, before: str, after: str) -> None:
    assume(not re.search("[0-9a-fA-F-]", stripped(before + after)) and "_" not in before + after)
    assume(not re.search("[%\\\\]", stripped(before + after)))
    assert job_id_from(f"{before}{job_id}{after}") == str(job_id)


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"https://api.openfunnel.dev/api/v1/account/search-lookalikes-bulk/{ID}/{end}"
            for end in ("page_2", "cancel")
        ),
        f"app.openfunnel.dev/jobs/{ID.upper()}/page_0002/",
        f"https://app.openfunnel.dev/?job_id={ID}",
        f"https://login.example/?next=https%253A%252F%252Fapp.example%252Fjobs%252F{ID}%252Fpage_2",
        f"Job{ID}",
        f"#{ID}",
        f"d8a1bddb-44f1-4c7f-\n    {ID[-17:]}",
        f'{{"job_id": "{ID}", "status": "running", "next_cursor": "page_0001", "rows": [{{"revenue_usd": 53805}}]}}',
        f'curl -H "X-API-Key: {KEY}" https://api.openfunnel.dev/api/v1/account/search-lookalikes-bulk/{ID}',
        f"{ID}, {ID.upper()} and {ID.replace('-', '')}",
        f"request 4bf92f3577b34da6a3ce929d0e0e4736, job {ID}",
    ],
)
def test_addresses_snippets_and_repetitions_name_their_job(text: str) -> None:
    assert job_id_from(text) == ID


@pytest.mark.parametrize(
    ("text", "job_id"),
    [
        ("\u200bjob-42\ufeff", "job-42"),
        ("“job\u201142”,", "job-42"),
        ("https://app.example/jobs/job-42/page_0003?x=1", "job-42"),
        ("https://app.example/jobs/job-42/cancel", "job-42"),
    ],
)
def test_an_id_that_is_no_uuid_is_cleaned_too(text: str, job_id: str) -> None:
    assert job_id_from(text) == job_id


@pytest.mark.parametrize(
    "text",
    [
        *("page_2", "https://h.example/page_2", "https://h.example/api/v1/page_0001", "https://h.example/v1/cancel"),
        *("cancel", "\u200b", "Germany Q3", "https://h.example/jobs", "https://[::1", f"{ID} page 2"[1:]),
    ],
)
def test_pages_commands_and_other_texts_are_no_job(text: str) -> None:
    with pytest.raises(InvalidJobIdError, match="is no job id"):
        job_id_from(text)


def test_two_jobs_are_refused_and_named() -> None:
    with pytest.raises(InvalidJobIdError, match=f"2 jobs, {ID} and {OTHER}"):
        job_id_from(f"{ID.upper()} or {OTHER}")
    with pytest.raises(InvalidJobIdError, match="and 3 more"):
        job_id_from(" ".join(str(uuid.UUID(int=number)) for number in range(5)))


@pytest.mark.parametrize("text", [KEY, f"of_{ID}", f"x of_\u200b{ID}", f"X-API-Key: {KEY}", f"–{KEY}", f"“{KEY}”"])
def test_a_key_is_never_a_job_and_never_shown(text: str) -> None:
    with pytest.raises(InvalidJobIdError, match="holds an API key") as raised:
        job_id_from(text)
    assert ID not in raised.value.message
    for secret in ("0123456789", ID):
        assert secret not in shown(text) + refusal(text, "is no job.", [text], remedy="")


def test_odd_characters_are_named() -> None:
    assert shown("Köln\u200b\u00a0Q3\ufe0f\n") == "Köln[U+200B][U+00A0]Q3[U+FE0F]"
    assert shown(ID.replace("a", "\u0430", 1)) == "d8[U+0430]1bddb" + ID[8:]
    assert shown(f"{ID[:-1]}…") == f"{ID[:-1]}…"


@given(st.text(), st.text(min_size=200, max_size=300), st.lists(st.text(max_size=60), max_size=4))
def test_a_refusal_shows_the_whole_text_if_a_cell_has_room(short: str, long: str, names: list[str]) -> None:
    for text in (short, long, "\\" * 300):
        message = refusal(text, "is no job.", names, remedy="Give one.")
        assert utf16_units(f"#OF! {message}") <= CELL_UNITS
    assume(utf16_units(repr(shown(short))) < 200)
    assert repr(shown(short)) in refusal(short, "is no job.", names, remedy="Give one.")


def test_similar_names_are_found_in_any_case_and_inside_a_text() -> None:
    known = ["Germany Q3", "Spain Q3", ID, OTHER]
    assert similar_names("germny q3", known) == ["Germany Q3"]
    assert similar_names(f"Job {ID[:-1]}", known) == [ID]
    assert similar_names("Wien", known) == []
    assert "Did you mean 'Germany Q3'?" in refusal("Germny Q3", "is no job.", known, remedy="Copy it.")
    assert "Copy it." in refusal("Wien", "is no job.", known, remedy="Copy it.")


# ---- keys ------------------------------------------------------------------------------------------------------

key_texts = st.from_regex(r"of_(live|test)_[A-Za-z0-9]{8,40}", fullmatch=True)
key_prefixes = st.sampled_from(
    ["", "X-API-Key: ", "Bearer ", "OPENFUNNEL_API_KEY=", "export OPENFUNNEL_API_KEY=", "ï»¿"]
)


key_ends = st.sampled_from(["", *BLANKS, *"\"'”»`>)]},;", ".", "\u200b\r\n", '"}', ", thanks", " is my key: look!"])


@given(key_texts, key_prefixes, junk, key_ends, st.sampled_from(INVISIBLE), st.integers(0, 50), st.booleans())
def test_the_only_key_in_a_text_is_the_key(
    key: str, prefix: str, before: str, after: str, invisible: str, position: int, wide: bool
) -> None:
    split = key[:position] + invisible + key[position:]
    if wide:
        split = "".join(chr(0xFEE0 + ord(c)) if "!" <= c <= "~" else c for c in split)
    text = before + prefix + split + after
    assert keys.parse_key(text, "the test").value == key
    for message in (shown(text), refusal(text, "is no job.", [text], remedy="")):
        assert key[-8:] not in stripped(message.replace("[U+", "\u200b"))


@pytest.mark.parametrize("text", [f"{KEY} {KEY}x", f"{KEY}\nof_test_9876543210"])
def test_two_keys_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(MissingKeyError, match="2 API keys") as raised:
        keys.parse_key(text, "the test")
    assert "0123456789" not in raised.value.message


def test_the_same_key_twice_is_that_key() -> None:
    assert keys.parse_key(f"{KEY}\r\n'{KEY}'", "the test").value == KEY
