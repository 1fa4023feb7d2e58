"""Rows -> DataFrame: which columns there are, and what their values are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from xl_openfunnel.errors import ConfigurationError, UnknownColumnError
from xl_openfunnel.fields import (
    DEFAULT_COLUMNS,
    DERIVED_COLUMNS,
    EMPLOYEE_BANDS,
    SERVICE_COLUMNS,
)
from xl_openfunnel.table import frame, stacked_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.dependencies

ROW: dict[str, Any] = {
    "name": "Beispiel GmbH",
    "domain": "",
    "linkedin_url": "https://www.linkedin.com/company/beispiel",
    "headquarters": "Köln, Germany",
    "match_reason": None,
    "rerank_score": None,
    "employee_count": 74,
    "funding_stage": "No Funding Yet",
    "revenue_usd": 29_938_000_000,
    "industries": ["Banking, Insurance", "Software"],
    "hq_city": "Cologne",
    "hq_region": None,
    "hq_country": "Germany",
    "linkedin_follower_count": 0,
    "description": "One line\r\n=another",
    "tagline": None,
}
OLD_ROW: dict[str, Any] = {"name": "+Oscar", "domain": "plusoscar.com", "company_size": "1001-5000"}


# --- which columns a frame has ---


def test_all_columns_are_rank_then_known_fields_then_new_ones_in_order_of_appearance() -> None:
    rows = [{"zeta": 1, "domain": "a.b"}, {"alpha": 2, "name": "A"}]
    assert list(frame(rows)) == ["rank", "name", "domain", "zeta", "alpha"]
    assert list(frame(rows, ["*"])) == list(frame(rows))


def test_star_can_be_combined_with_names() -> None:
    rows = [{"domain": "a.b", "name": "A", "headquarters": "Rome, Italy"}]
    assert list(frame(rows, ["country", "*", "name", "city"])) == [
        "country", "rank", "name", "domain", "headquarters", "city",
    ]  # fmt: skip


def test_frame_has_the_named_columns_in_the_named_order() -> None:
    assert list(frame([ROW], DEFAULT_COLUMNS)) == list(DEFAULT_COLUMNS)
    assert list(frame([ROW], ["Domain", "rank", "domain"])) == ["domain", "rank"]
    assert list(frame([ROW], "name; rank")) == ["name", "rank"]
    assert list(frame([ROW], SERVICE_COLUMNS + DERIVED_COLUMNS)) == [*SERVICE_COLUMNS, *DERIVED_COLUMNS]


def test_a_new_field_matches_in_any_case_with_the_exact_case_first() -> None:
    rows = [{"Fit": "x", "fit": "y"}]
    assert list(frame(rows, ["FIT"])) == ["Fit"]
    assert list(frame(rows, ["fit"])) == ["fit"]


def test_known_field_that_no_row_has_is_blank() -> None:
    table = frame([OLD_ROW], ["revenue_usd", "tagline", "match_score"])
    assert table.isna().all(axis=None)
    assert [str(dtype) for dtype in table.dtypes] == ["Int64", "string", "Float64"]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("headquarter", "Did you mean headquarters?"),
        ("HQ_Citty", "Did you mean hq_city, hq_country or city?"),
        ("fit_grad", "Did you mean Fit_Grade?"),
        ("xyz", 'The column "*" shows all there are.'),
        ("Tier", "OF_NEW and --new-against add it by themselves: leave it out."),
    ],
)
def test_an_unknown_column_is_refused_with_suggestions(asked: str, hint: str) -> None:
    with pytest.raises(UnknownColumnError) as caught:
        frame([ROW | {"Fit_Grade": "A"}], [asked])
    assert caught.value.message == f"There is no column {asked!r}. {hint}"


def test_a_table_that_is_too_large_is_refused_before_it_is_made() -> None:
    wide = ({f"a{row}.{field}": 1 for field in range(100)} for row in range(100))
    with pytest.raises(ConfigurationError, match="for one table: 1,100 fields of 10 companies"):
        frame(wide)
    assert next(wide).keys() >= {"a11.0"}, "read on"
    long = ({f"a{field}": 1 for field in range(1_000)} for _ in range(6_000))
    with pytest.raises(ConfigurationError, match="for one table: 1,000 fields of 5,001 companies"):
        frame(long)
    assert len(list(long)) == 999


def test_named_columns_work_among_too_many_others() -> None:
    rows = [{"name": "A", **{f"a{row}.{field}": 1 for field in range(100)}} for row in range(100)]
    assert frame(rows, ["a99.99", "name"]).shape == (100, 2)
    with pytest.raises(UnknownColumnError, match=r"Did you mean name\?"):
        frame(rows, ["nmae"])


def test_without_rows_any_column_name_is_accepted() -> None:
    table = frame([], ["Name", "whatever", "employee_band", "revenue_usd", "rank"])
    assert list(table) == ["name", "whatever", "employee_band", "revenue_usd", "rank"]
    assert [str(dtype) for dtype in table.dtypes] == ["string", "string", "category", "Int64", "Int64"]
    assert list(frame([])) == list(frame([], ["*"])) == list(DEFAULT_COLUMNS)


def test_rows_are_iterated_once() -> None:
    reads = 0

    class Pages:
        def __iter__(self) -> Iterator[dict[str, Any]]:
            nonlocal reads
            reads += 1
            yield from (ROW, OLD_ROW, ROW)

    table = frame(Pages(), ["rank", "country", "employee_band", "*"])
    assert (reads, len(table)) == (1, 3)
    assert isinstance(table.index, pd.RangeIndex)


def test_field_that_appears_late_is_blank_before() -> None:
    table = frame([{"name": "A"}, {}, {"name": "C", "extra": "x"}])
    assert table["extra"].tolist() == [pd.NA, pd.NA, "x"]
    assert table["name"].tolist() == ["A", pd.NA, "C"]


def test_a_field_named_job_id_has_a_column_beside_that_of_the_job() -> None:
    rows: list[dict[str, Any]] = [{"name": "a", "job_id": 1, "Job_ID": 2}, {"name": "b"}]
    assert list(frame(rows)) == ["rank", "name", "service_job_id", "service_Job_ID"]
    stacked = stacked_frame(rows, [("one", 1), ("two", 1)])
    assert list(stacked) == ["job_id", "rank", "name", "service_job_id", "service_Job_ID"]
    assert (stacked["job_id"].tolist(), stacked["service_job_id"].tolist()) == (["one", "two"], [1, pd.NA])


def test_a_field_named_like_a_derived_column_has_a_name_of_its_own() -> None:
    rows: list[dict[str, Any]] = [{"rank": 7, "employee_band": "S", "Country": "PE", "employee_count": 60}, {"rank": 9}]
    table = frame(rows)
    assert list(table) == ["rank", "employee_count", "service_rank", "service_employee_band", "service_Country"]
    assert (table["rank"].tolist(), table["service_rank"].tolist()) == ([1, 2], [7, 9])
    named = frame(rows, "Service_Rank, EMPLOYEE_BAND, service_employee_band, service_country, country")
    assert list(named) == ["service_rank", "employee_band", "service_employee_band", "service_Country", "country"]
    assert named.astype(object).fillna("").to_numpy().tolist() == [[7, "51–200", "S", "PE", ""], [9, "", "", "", ""]]


def test_the_name_of_such_a_field_is_no_other_fields_name() -> None:
    rows = [{"rank": 1, "Rank": 2, "service_rank": 3, "SERVICE_service_RANK": 4}]
    table = frame(rows)
    twice = "service_service_service_"
    assert list(table) == ["rank", f"{twice}rank", f"{twice}Rank", "service_rank", "SERVICE_service_RANK"]
    assert table.iloc[0].tolist() == [1, 1, 2, 3, 4]
    for name in table:
        assert frame(rows, [str(name)]).iloc[0].tolist() == [table[name][0]]


def test_a_name_for_a_field_that_no_row_has_is_unknown() -> None:
    with pytest.raises(UnknownColumnError, match="There is no column 'service_rank'"):
        frame([ROW], ["service_rank"])


# --- what the values are ---


def test_fields_have_real_dtypes() -> None:
    expected = {
        "rank": "Int64",
        "name": "string",
        "employee_count": "Int64",
        "match_reason": "string",
        "revenue_usd": "Int64",
        "industries": "object",
        "linkedin_follower_count": "Int64",
        "rerank_score": "Float64",
    }
    assert frame([ROW, {}], list(expected)).dtypes.astype(str).to_dict() == expected


def test_text_has_one_dtype_on_every_machine() -> None:
    table = frame([ROW, {"\ud800": "not valid as UTF-8"}])
    assert table["name"].dtype == pd.StringDtype("python")
    assert table.columns.dtype == object


def test_empty_text_and_null_stay_apart() -> None:
    assert frame([{"domain": ""}, {"domain": None}, {}])["domain"].tolist() == ["", pd.NA, pd.NA]


@pytest.mark.parametrize("text", ["+Oscar", "TRUE", "99", "2-10", "=1+1", "#N/A", "NA", "nan", "", "1e5", "\ud800"])
def test_text_is_never_guessed(text: str) -> None:
    assert frame([{"name": text}, {"name": None}])["name"].tolist() == [text, pd.NA]


def test_whole_numbers_are_exact_up_to_64_bits() -> None:
    counts = [12.0, 2**63 - 1, None, -(2**63)]
    table = frame([{"revenue_usd": count} for count in counts])
    assert table["revenue_usd"].tolist() == [12, 2**63 - 1, pd.NA, -(2**63)]


@pytest.mark.parametrize("odd", ["51-200", 1.5, True, [1], {"a": 1}, 2**63, 1e300, float("nan"), float("inf")])
def test_a_number_column_with_other_values_keeps_them_all_unchanged(odd: object) -> None:
    column = frame([{"employee_count": 3}, {"employee_count": odd}, {}])["employee_count"]
    assert column.dtype == object
    assert column.tolist()[0] == 3
    assert column.tolist()[1] is odd
    assert column.tolist()[2] is None


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["a", None], "string"),
        ([None, None], "string"),
        ([1, None], "Int64"),
        ([1, 2.5, None], "Float64"),
        ([2**53 + 1, 2.5], "object"),
        ([2**64], "object"),
        ([True, None], "object"),
        (["a", 1], "object"),
        ([["a"], ["b"]], "object"),
        ([{"a": 1}, None], "object"),
    ],
)
def test_new_field_gets_the_dtype_of_its_values(values: list[object], dtype: str) -> None:
    assert str(frame([{"new": value} for value in values])["new"].dtype) == dtype


def test_lists_stay_lists() -> None:
    rows: list[dict[str, Any]] = [{"industries": ["A", "B"]}, {"industries": ["C", "D"]}, {"industries": None}]
    assert frame(rows)["industries"].tolist() == [["A", "B"], ["C", "D"], None]


def test_older_company_size_stands_in_for_the_employee_count() -> None:
    rows: list[dict[str, Any]] = [
        {"company_size": " 74 "},
        {"company_size": "2-10"},
        {"company_size": ""},
        {"company_size": 5},
        ROW,
    ]
    table = frame(rows, ["employee_count", "company_size"])
    assert table["employee_count"].tolist() == [74, "2-10", None, 5, 74]
    assert str(frame(rows[:1], ["employee_count"])["employee_count"].dtype) == "Int64"
    assert frame([OLD_ROW])["company_size"].tolist() == ["1001-5000"]


# --- derived columns ---


@pytest.mark.parametrize(
    ("row", "country", "city"),
    [
        ({"headquarters": "Köln, Germany"}, "Germany", "Köln"),
        ({"headquarters": "Washington, D.C., United States"}, "United States", "Washington, D.C."),
        ({"headquarters": " China "}, "China", pd.NA),
        ({"headquarters": "Paris, "}, pd.NA, "Paris"),
        ({"headquarters": ", "}, pd.NA, pd.NA),
        ({"headquarters": None}, pd.NA, pd.NA),
        ({"headquarters": ["Rome"]}, pd.NA, pd.NA),
        ({"hq_city": None, "hq_country": " ", "headquarters": "Nanning, China"}, "China", "Nanning"),
        ({"hq_city": "Pune", "hq_country": "India", "headquarters": "Poona, Bharat"}, "India", "Pune"),
        ({"hq_country": "Egypt"}, "Egypt", pd.NA),
        ({"country": "Peru", "hq_country": "Chile"}, "Peru", pd.NA),
        ({}, pd.NA, pd.NA),
    ],
)
def test_country_and_city(row: dict[str, Any], country: object, city: object) -> None:
    assert frame([row], ["country", "city"]).iloc[0].tolist() == [country, city]


@pytest.mark.parametrize(
    ("count", "band"),
    [
        (0, "1–10"),
        (10, "1–10"),
        (11, "11–50"),
        (200.0, "51–200"),
        (201, "201–500"),
        (1000, "501–1000"),
        (5000, "1001–5000"),
        (5001, "5001–10000"),
        (10_000, "5001–10000"),
        (10**30, "10001+"),
        ("74", "51–200"),
        ("2-10", "1–10"),
        ("51–200", "51–200"),
        ("1001 - 5000", "1001–5000"),
        ("10,001+", "10001+"),
        ("1,001-5,000", "1001–5000"),
        (-1, None),
        ("-5", None),
        ("unknown", None),
        ("9" * 5000, None),
        ("٧٤", None),
        (True, None),
        ([5], None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_employee_band(count: object, band: str | None) -> None:
    shown = frame([{"employee_count": count}], ["employee_band"])["employee_band"]
    older = frame([{"company_size": count}], ["employee_band"])["employee_band"]
    assert shown.astype(object).where(shown.notna(), None).tolist() == [band]
    assert older.astype(object).where(older.notna(), None).tolist() == [band]


def test_bands_group_in_natural_order_with_the_empty_ones() -> None:
    rows = [{"employee_count": count} for count in (20_000, 3, None, 300, 7)]
    grouped = frame(rows, ["rank", "employee_band"]).groupby("employee_band", observed=False)["rank"].count()
    assert list(grouped.index) == list(EMPLOYEE_BANDS)
    assert grouped.tolist() == [2, 0, 0, 1, 0, 0, 0, 1]


def test_no_band_looks_like_a_date_to_a_sheet() -> None:
    assert not any("-" in band for band in EMPLOYEE_BANDS)
