"""Generated rows have the measured oddities of real ones; rows are read from files too."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel.simulator import companies, load_rows

MANY = companies(5000, seed=1)


def share(holds: Callable[[dict[str, Any]], object], rows: list[dict[str, Any]] = MANY) -> float:
    return sum(bool(holds(row)) for row in rows) / len(rows)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    assert companies(200, seed=7) == companies(200, seed=7)
    assert companies(200, seed=7) != companies(200, seed=8)


def test_a_shorter_list_is_a_prefix_of_a_longer_one() -> None:
    assert companies(50, seed=1) == MANY[:50]


def test_the_shapes_describe_the_same_companies() -> None:
    full, narrow, old = (companies(50, 2, shape) for shape in ("full", "narrow", "old"))
    assert [
        {**row, "description": f["description"], "tagline": f["tagline"]} for row, f in zip(narrow, full, strict=True)
    ] == full
    assert [row["linkedin_url"] for row in old] == [row["linkedin_url"] for row in full]


def test_every_row_has_every_field_in_one_order() -> None:
    assert {tuple(row) for row in MANY} == {
        (
            *("name", "domain", "linkedin_url", "headquarters", "match_reason", "rerank_score"),
            *("employee_count", "funding_stage", "revenue_usd", "industries", "hq_city", "hq_region"),
            *("hq_country", "linkedin_follower_count", "description", "tagline"),
        )
    }


def test_the_old_shape_has_sizes_as_text_some_of_them_ranges() -> None:
    old = companies(1000, seed=1, shape="old")
    assert tuple(old[0]) == (
        *("name", "domain", "linkedin_url", "headquarters", "company_size", "match_reason", "rerank_score"),
    )
    assert all(isinstance(row["company_size"], str) and row["company_size"] for row in old)
    assert 0.08 < share(lambda row: not row["company_size"].isdecimal(), old) < 0.16


@pytest.mark.parametrize(
    ("field", "rate"),
    [
        *(("name", 0.0), ("domain", 0.0), ("linkedin_url", 0.0), ("headquarters", 0.12), ("match_reason", 0.01)),
        *(("rerank_score", 1.0), ("employee_count", 0.067), ("funding_stage", 0.33), ("revenue_usd", 0.70)),
        *(("industries", 0.066), ("hq_city", 0.21), ("hq_region", 0.20), ("hq_country", 0.17)),
        *(("linkedin_follower_count", 0.066), ("description", 0.069), ("tagline", 0.069)),
    ],
)
def test_nulls_occur_at_the_measured_rate(field: str, rate: float) -> None:
    assert share(lambda row: row[field] is None) == pytest.approx(rate, rel=0.2, abs=0.005)


@pytest.mark.parametrize(
    ("field", "shortest", "longest"),
    [
        *(("name", 2, 79), ("domain", 0, 36), ("linkedin_url", 34, 115), ("headquarters", 4, 36)),
        *(("match_reason", 61, 306), ("industries", 1, 16), ("description", 20, 2240), ("tagline", 7, 2240)),
    ],
)
def test_lengths_stay_within_the_measured_range(field: str, shortest: int, longest: int) -> None:
    lengths = [len(row[field]) for row in MANY if row[field] is not None]
    assert shortest <= min(lengths)
    assert max(lengths) <= longest


def test_full_rows_are_as_heavy_as_real_ones() -> None:
    assert 1_650 < len(json.dumps(MANY, ensure_ascii=False, separators=(",", ":")).encode()) / len(MANY) < 1_950


def test_linkedin_urls_never_repeat_and_some_are_raw_unicode() -> None:
    urls = {row["linkedin_url"] for row in MANY}
    assert len(urls) == len(MANY)
    assert all(url.startswith("https://www.linkedin.com/company/") for url in urls)
    assert any(not url.isascii() for url in urls)


def test_domains_are_reserved_now_and_then_empty_and_some_repeat() -> None:
    domains = Counter(row["domain"] for row in MANY)
    empty = domains.pop("")
    assert empty / len(MANY) == pytest.approx(0.055, rel=0.2)
    assert all(domain.endswith(".example") for domain in domains)
    assert 2 <= max(domains.values()) <= 4
    assert any(domain.count(".") == 3 for domain in domains)


def test_missing_match_reasons_come_in_blocks() -> None:
    missing = [row["match_reason"] is None for row in MANY]
    blocks = [len(list(run)) for absent, run in itertools.groupby(missing) if absent]
    assert blocks
    assert min(blocks) >= 10


def test_firmographics_fail_together() -> None:
    for row in MANY:
        absent = row["employee_count"] is None
        assert {row[field] is None for field in ("industries", "description", "tagline")} == {absent}


def test_numbers_have_zeros_and_exceed_32_bits() -> None:
    assert any(row["employee_count"] == 0 for row in MANY)
    assert any((row["revenue_usd"] or 0) > 2**31 for row in MANY)


def test_some_industries_have_commas_and_none_a_semicolon() -> None:
    assert 0.09 < share(lambda row: any("," in industry for industry in row["industries"] or ())) < 0.17
    assert not share(lambda row: any(";" in industry for industry in row["industries"] or ()))


@pytest.mark.parametrize("field", ["name", "match_reason"])
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_some_texts_look_like_formulas(field: str, start: str) -> None:
    rate = share(lambda row: (row[field] or "").startswith(start))
    assert 0 < rate < 0.01


@pytest.mark.parametrize("name", ["TRUE", "99", "360e", "2-10", "#N/A", "007", "1E5", "FALSE"])
def test_names_that_look_like_other_types_are_in_the_first_rows(name: str) -> None:
    assert name in {row["name"] for row in companies(800, seed=5, shape="narrow")}


def test_headquarters_come_in_all_forms() -> None:
    headquarters = [row["headquarters"] for row in MANY if row["headquarters"]]
    assert {text.count(",") for text in headquarters} == {0, 1, 2}
    assert any("القاهرة" in text for text in headquarters)
    assert any("Алматы" in text for text in headquarters)
    assert any("’" in text for text in headquarters)
    assert share(lambda row: row["headquarters"] and not row["hq_city"]) > 0.05


def test_descriptions_have_line_breaks_carriage_returns_tabs_and_emoji() -> None:
    texts = [row["description"] for row in MANY if row["description"]]
    assert 0.7 < sum("\n" in text for text in texts) / len(texts) < 0.9
    assert any("\r\n" in text for text in texts)
    assert any("\t" in text for text in texts)
    assert any("🚀" in text for text in texts)
    assert any(line[:1] in "=+-@" for text in texts for line in text.splitlines() if line)
    assert 0.08 < share(lambda row: row["tagline"] and row["tagline"] == row["description"]) < 0.18


def test_match_reasons_quote_and_some_start_with_yes_or_it() -> None:
    assert share(lambda row: '"' in (row["match_reason"] or '"')) > 0.95
    assert 0.15 < share(lambda row: (row["match_reason"] or "").startswith(("Yes", "It"))) < 0.35


def test_an_unknown_shape_or_a_negative_count_is_rejected() -> None:
    with pytest.raises(ValueError, match="full, narrow or old"):
        companies(1, shape="wide")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="0 or more"):
        companies(-1)
    assert companies(0) == []


def test_rows_of_a_file_keep_their_order_and_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    text = "\ufeff" + "".join(json.dumps(row, ensure_ascii=False) + "\n\n" for row in MANY[:20])
    path.write_text(text + '{"name":"\u2028"}', encoding="utf-8", newline="\r\n")
    assert load_rows(path) == [*MANY[:20], {"name": "\u2028"}]
    assert load_rows(path, limit=5) == MANY[:5]
    assert load_rows(str(path), limit=0) == []


@pytest.mark.parametrize("line", [b"{", b"[1]", b'"text"', b'{"a": NaN}', b'{"a": "\xff"}'])
def test_the_error_for_a_broken_line_names_it(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"name": "fine"}\n\n' + line + b"\n")
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 3: "):
        load_rows(path)
    assert load_rows(path, limit=1) == [{"name": "fine"}]
