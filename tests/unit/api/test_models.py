"""Responses that deviate from the documentation: what is tolerated, and what is not."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xl_openfunnel import InvalidResponseError, JobStatus
from xl_openfunnel.api.models import Credits, read_cancel, read_credits, read_page, read_rows
from xl_openfunnel.settings import MAX_LENIENT

pytestmark = pytest.mark.dependencies

JOB = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"
FULL = {
    "job_id": JOB,
    "status": "completed",
    "manifest": {"count": 600, "pages": 6, "something_new": [1]},
    "error_message": None,
    "rows": [{"name": "Acme", "employee_count": 120}, {"name": "+Oscar", "company_size": "2-10"}],
    "page": "page_0000",
    "next_cursor": "page_0001",
    "count": 100,
    "processed": 600,
    "progress_message": "completed",
}


def body(**changes: Any) -> bytes:
    return json.dumps(FULL | changes).encode()


def test_documented_response_is_read_completely() -> None:
    page = read_page(body(), JOB)
    assert (page.status, page.stage, page.processed) == ("completed", "completed", 600)
    assert (page.name, page.next_cursor, page.row_count) == ("page_0000", "page_0001", 2)
    assert page.manifest == FULL["manifest"]
    assert read_rows(page.rows_json) == FULL["rows"]


@pytest.mark.parametrize(
    ("word", "terminal"),
    [("completed", True), ("cancelled", True), ("failed", True), ("Completed", True)]
    + [(word, False) for word in ("pending", "running", "cancelling", "pausing", "paused", "done?", "succeeded")],
)
def test_completion_is_decided_by_the_status_alone(word: str, terminal: bool) -> None:
    status = read_page(body(status=word, next_cursor=None), JOB).status
    assert (status, status.terminal) == (word, terminal)
    assert isinstance(status, JobStatus)


def test_only_the_status_is_required() -> None:
    page = read_page(b'{"status": "running", "extra": {"deep": [1, {"x": null}]}}', JOB)
    assert (page.row_count, page.next_cursor, page.manifest, page.processed, page.name) == (0, None, None, None, None)
    assert read_rows(page.rows_json) == []


@pytest.mark.parametrize(
    ("changes", "attribute", "value"),
    [
        ({"processed": "12"}, "processed", 12),
        ({"processed": 12.0}, "processed", 12),
        ({"processed": True}, "processed", None),
        ({"processed": "9" * 5000}, "processed", None),
        ({"processed": {"a": 1}}, "processed", None),
        ({"processed": 2**63 - 1}, "processed", 2**63 - 1),
        ({"processed": 2**63}, "processed", None),
        ({"processed": 1e300}, "processed", None),
        ({"status": " Comp\nleted\x1b[31m "}, "status", "Comp leted [31m"),
        ({"status": "x" * 500}, "status", "x" * 79 + "…"),
        ({"next_cursor": ""}, "next_cursor", None),
        ({"next_cursor": 7}, "next_cursor", "7"),
        ({"manifest": "soon"}, "manifest", None),
        ({"progress_message": ["x"]}, "stage", None),
        ({"error_message": {"a": 1}}, "error_message", None),
        ({"rows": None, "count": 0}, "row_count", 0),
        ({"rows": None, "count": None}, "row_count", 0),
        ({"rows": [{}], "count": 600}, "row_count", 1),
        ({"job_id": JOB.upper().replace("-", "")}, "row_count", 2),
        ({"job_id": None}, "row_count", 2),
    ],
)
def test_values_of_other_types_are_tolerated(changes: dict[str, Any], attribute: str, value: object) -> None:
    assert getattr(read_page(body(**changes), JOB), attribute) == value


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "it is empty"),
        (b"<html>Sign in</html>", "a web page instead of data"),
        (b'{"status": "completed", "rows": [', "no usable data"),
        (b"[1, 2]", "no usable data"),
        (b"null", "no usable data"),
        (b'{"detail": "hello"}', "no job status"),
        (b'{"status": 5}', "no job status"),
        (b'{"status": "completed", "rows": "none"}', "no list of companies"),
        (b'{"status": "completed", "rows": [1]}', "no list of companies"),
        (body(rows=[]), "says 100 companies; its answer holds none"),
        (body(job_id="another-job"), "another job"),
        (body(next_cursor="x" * 2000), "next page of 2000 characters"),
        (b'{"status":' + b"[" * 100_000, "no usable data"),
    ],
)
def test_malformed_response_is_an_error_with_a_reason(raw: bytes, says: str) -> None:
    with pytest.raises(InvalidResponseError, match=says):
        read_page(raw, JOB)


@pytest.mark.parametrize(
    ("raw", "row"),
    [
        (b'{"status":"completed","rows":[{"name":"cut \\ud83d"}]}', {"name": "cut \ufffd"}),
        (b'{"status":"completed","rows":[{"revenue_usd":NaN}]}', {"revenue_usd": None}),
        (
            b'{"status":"completed","rows":[{"n":1e400,"deep":{"n":[-1E+400,0.5]}}]}',
            {"n": None, "deep": {"n": [None, 0.5]}},
        ),
        (b'{"status":"completed","rows":[{"name":"a\nb\tc"}]}', {"name": "a\nb\tc"}),
        (b'{"status":"completed","rows":[{"name":"caf\xe9"}]}', {"name": "caf\ufffd"}),
        (b'\xef\xbb\xbf{"status":"completed","rows":[{"name":"x"}]}', {"name": "x"}),
        (
            b'{"status":"completed","rows":[{"n":123456789012345678901234567890}]}',
            {"n": 123456789012345678901234567890},
        ),
        (b'{"status":"completed","rows":[{"n":-' + b"9" * 5_000 + b"}]}", {"n": "-" + "9" * 5_000}),
    ],
)
def test_almost_valid_json_is_read_leniently(raw: bytes, row: dict[str, Any]) -> None:
    page = read_page(raw, JOB)
    assert read_rows(page.rows_json) == [row]


def test_no_number_of_a_response_is_infinite() -> None:
    page = read_page(b'{"status":"completed","manifest":{"count":1,"credits_consumed":1e400,"deep":[-1e400]}}', JOB)
    assert page.manifest == {"count": 1, "credits_consumed": None, "deep": [None]}
    assert read_rows(b'[{"n":Infinity,"m":NaN}]') == [{"n": None, "m": None}]
    assert read_credits(b'{"total_credits":"nan","credits_used":1e999,"credits_left":"-inf"}') == Credits(
        None, None, None
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50)  # tests/fire/fuzz.py tries any number
@given(st.dictionaries(st.sampled_from([*FULL, "x"]), json_values), st.booleans())
def test_any_json_object_is_a_page_or_an_error(fields: dict[str, Any], ascii_only: bool) -> None:
    raw = json.dumps(fields, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    with suppress(InvalidResponseError):
        page = read_page(raw, JOB)
        assert len(read_rows(page.rows_json)) == page.row_count


@given(st.binary())
def test_any_bytes_are_a_page_or_an_error(raw: bytes) -> None:
    with suppress(InvalidResponseError):
        assert read_page(raw, JOB).status


@pytest.mark.parametrize("value", [b"{}", b'{"a":NaN}', b"[]", b"0", b'""', b"[[[[1]]]]", b'{"b":{"c":"d"}}'])
def test_too_many_values_are_refused_before_they_are_decoded(value: bytes) -> None:
    raw = b'{"status":"running","rows":[{"a":[%b%b]}]}' % ((value + b",") * 200_000, value)
    for read in (lambda raw: read_page(raw, JOB), read_credits):
        with pytest.raises(InvalidResponseError, match="more than 200,000 values"):
            read(raw)


def test_values_of_a_page_are_counted() -> None:
    assert read_page(body(rows=[], count=0), JOB).value_count == 0
    rows = [{"name": "a", "industries": ["b", "c"], "more": {"d": [[], {"e": 1}]}}] * 10
    assert read_page(body(rows=rows), JOB).value_count == 10 * (1 + 3 + 2 + 1 + 2 + 1)


def test_long_texts_do_not_count_as_many_values() -> None:
    raw = body(rows=[{"match_reason": "Drills for oil and gas in deep water, and has long done so. " * 500}] * 200)
    assert len(raw) > 3_000_000
    assert read_page(raw, JOB).row_count == 200


def test_almost_valid_json_is_read_up_to_half_the_size_limit() -> None:
    for size, taken in ((MAX_LENIENT - 100, True), (MAX_LENIENT, False)):
        raw = b'{"status":"running","rows":[{"a":NaN,"b":"%b"}]}' % (b"x" * size)
        with nullcontext() if taken else pytest.raises(InvalidResponseError, match="no usable data"):
            assert read_page(raw, JOB).row_count == 1


def test_too_many_rows_are_refused() -> None:
    assert read_page(body(rows=[{}] * 1_000), JOB).row_count == 1_000
    with pytest.raises(InvalidResponseError, match="1,001 companies in one answer, more than any page"):
        read_page(body(rows=[{}] * 1_001), JOB)


@pytest.mark.parametrize(
    ("told", "attribute"), [("progress_message", "stage"), ("error_message", "error_message"), ("page", "name")]
)
def test_texts_of_a_page_are_cut(told: str, attribute: str) -> None:
    assert getattr(read_page(body(**{told: "x" * 4_000_000}), JOB), attribute) == "x" * 1_999 + "…"


SEEDS = [f"{'x' * 246}{number:03d}.com" for number in range(10)]
REAL = {
    "count": 600,
    "pages": 6,
    "page_size": 100,
    "credits_consumed": 600.5,
    "derived_query": "Makers of pumps " * 10,
    "resolved_seed_domains": SEEDS,
    "unresolved_seed_domains": [],
    "rerank_degraded": False,
    "partial": None,
}


def test_realistic_manifest_is_kept_whole() -> None:
    more = {"bands": [{"name": f"band {number}", "rows": number} for number in range(200)], "seen": list(range(300))}
    assert read_page(body(manifest=REAL | more), JOB).manifest == REAL | more


@pytest.mark.parametrize(
    "more",
    [
        {f"k{number}": number for number in range(1_001)},
        {"k": list(range(1_001))},
        {"k": "x" * 70_000},
        {"k": json.loads("[" * 300 + "]" * 300)},
    ],
    ids=["entries", "a list", "a text", "levels"],
)
def test_oversized_manifest_is_shortened_with_a_note_and_costs_no_row(more: dict[str, Any]) -> None:
    page = read_page(body(manifest=more | REAL), JOB)
    manifest = dict(page.manifest or {})
    assert page.row_count == 2
    assert f"manifest of {len(more) + len(REAL):,} entries is too large" in manifest.pop("note")
    assert manifest == REAL


def test_oversized_manifest_keeps_no_long_value_and_no_partial_list() -> None:
    long = {"derived_query": "q" * 3_900_000, "stop_reason": [[1]], "pages": {"a": 1}}
    manifest = dict(
        read_page(body(manifest=REAL | long | {"resolved_seed_domains": ["a.com"] * 1_000}), JOB).manifest or {}
    )
    assert manifest["derived_query"] == "q" * 1_999 + "…"
    assert manifest["count"] == 600
    left_out = ("stop_reason", "pages", "resolved_seed_domains")
    assert [manifest[name] for name in left_out] == ["too large to keep"] * 3


def test_credits_may_be_fractional_missing_or_text() -> None:
    assert read_credits(b'{"total_credits": 200, "credits_used": "37.5", "credits_left": null}') == Credits(
        200.0, 37.5, None
    )


@pytest.mark.parametrize(
    ("raw", "status"),
    [(b'{"status": "cancelling", "message": "ok"}', "cancelling"), (b"", "cancelling"), (b"{}", "cancelling")],
)
def test_cancel_is_accepted_with_or_without_a_body(raw: bytes, status: str) -> None:
    assert read_cancel(raw).status == status


@pytest.mark.parametrize("levels", [50, 99])
def test_rows_may_be_nested(levels: int) -> None:
    page = read_page(b'{"status":"running","rows":[{"a":%b1%b}]}' % (b"[" * levels, b"]" * levels), "job")
    assert page.row_count == 1


@pytest.mark.parametrize("levels", [102, 900])
def test_rows_nested_too_deep_are_refused(levels: int) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        with pytest.raises(InvalidResponseError, match="nested deeper than 100 levels"):
            read_page(b'{"status":"running","rows":[{"a":%b1%b}]}' % (opening * levels, closing * levels), "job")
