"""Merging companies into a table: rows keep their companies, and the user's data stays with them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel import table
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.hosts.excel.table_merge import MergePlan, TableContent, Value, plan_merge
from xl_openfunnel.simulator import companies
from xl_openfunnel.workbook.formulas import TABLE_COLUMNS

COLUMNS = ("rank", "name", "domain", "linkedin_url", "country")
BLANK_TABLE = TableContent(COLUMNS, [[None] * len(COLUMNS)])


def company(rank: int, page: str | None, name: str = "", country: str = "Kenya") -> list[Value]:
    return [float(rank), name or f"Company {page}", None if page is None else f"{page}.example", page, country]


def job(*pages: str | None) -> list[list[Value]]:
    return [company(rank, page) for rank, page in enumerate(pages, 1)]


def apply_plan(plan: MergePlan, content: TableContent) -> TableContent:
    """The table after a program wrote, sorted and removed its rows."""
    lines = [list(line) for line in content.rows]
    lines += [[None] * len(content.columns) for _ in range(len(plan.rows) - len(lines))]
    for line, values in zip(lines, plan.rows, strict=True):
        for place, value in zip(plan.indexes, values, strict=True):
            line[place] = value
    at_the_end = sorted(range(len(lines)), key=plan.positions.__getitem__)[: plan.final_height]
    noted = frozenset(place for place, line in enumerate(at_the_end) if line in content.rows_with_notes)
    return TableContent(content.columns, [lines[line] for line in at_the_end], noted)


def merged(content: TableContent, rows: list[list[Value]]) -> TableContent:
    return apply_plan(plan_merge(content, COLUMNS, rows), content)


def with_own(content: TableContent, own: dict[str, Value]) -> TableContent:
    """With a column of the user's at the end, which holds these values by linkedin_url."""
    page = list(content.columns).index("linkedin_url")
    return TableContent(
        [*content.columns, "Mine"],
        [[*line, own.get(str(line[page]))] for line in content.rows],
        content.rows_with_notes,
    )


def shown(content: TableContent, *names: str) -> list[tuple[Value, ...]]:
    places = [list(content.columns).index(name) for name in names]
    return [tuple(line[place] for place in places) for line in content.rows]


def test_an_empty_tables_blank_row_is_filled_and_rows_are_added_in_order() -> None:
    plan = plan_merge(BLANK_TABLE, COLUMNS, job("a", "b", "c"))
    assert plan.final_order == list(range(len(plan.rows)))
    assert apply_plan(plan, BLANK_TABLE).rows == job("a", "b", "c")


def test_the_users_values_and_notes_follow_their_company_into_another_order() -> None:
    first = with_own(merged(BLANK_TABLE, job("a", "b", "c")), {"a": "call", "c": 7.0})
    again = merged(TableContent(first.columns, first.rows, frozenset({1})), job("c", "d", "b", "a"))
    assert shown(again, "rank", "linkedin_url", "Mine") == [
        (1.0, "c", 7.0),
        (2.0, "d", None),
        (3.0, "b", None),
        (4.0, "a", "call"),
    ]
    assert again.rows_with_notes == {2}


def test_a_company_no_longer_in_the_job_is_removed_unless_the_user_has_data_there() -> None:
    first = with_own(merged(BLANK_TABLE, job("a", "b", "c", "d")), {"b": "call"})
    again = merged(TableContent(first.columns, first.rows, frozenset({2})), job("d"))
    assert shown(again, "rank", "linkedin_url", "Mine") == [(1.0, "d", None), (None, "b", "call"), (None, "c", None)]
    assert again.rows_with_notes == {2}
    assert shown(merged(again, job("b", "d")), "rank", "linkedin_url", "Mine")[:2] == [
        (1.0, "b", "call"),
        (2.0, "d", None),
    ]


def test_the_row_of_a_removed_company_is_not_reused() -> None:
    plan = plan_merge(merged(BLANK_TABLE, job("a", "b")), COLUMNS, job("c", "b"))
    assert plan.rows[1] == company(2, "b")
    assert plan.rows[2] == company(1, "c")
    assert plan.positions == [2, 1, 0]
    assert plan.final_height == 2


def test_equal_companies_keep_their_rows_even_in_a_sorted_table() -> None:
    first = merged(BLANK_TABLE, job("a", "a", "b"))
    own = [[*line, value] for line, value in zip(first.rows, ("first", "second", None), strict=True)]
    backwards = TableContent([*COLUMNS, "Mine"], own[::-1])
    assert shown(merged(backwards, job("b", "a", "a")), "rank", "Mine") == [
        (1.0, None),
        (2.0, "first"),
        (3.0, "second"),
    ]


def test_without_a_linkedin_url_the_domain_then_the_name_identifies_a_company() -> None:
    rows = [company(1, None, "Nameless & Sons"), company(2, "a")]
    rows[1][3] = None
    first = merged(BLANK_TABLE, rows)
    own = TableContent([*COLUMNS, "Mine"], [[*first.rows[0], "x"], [*first.rows[1], "y"]])
    again = merged(own, [rows[1], rows[0]])
    assert shown(again, "name", "Mine") == [("Company a", "y"), ("Nameless & Sons", "x")]


def test_linkedin_urls_are_compared_without_case_and_final_slash() -> None:
    first = with_own(merged(BLANK_TABLE, job("https://www.linkedin.com/company/Acme/")), {})
    assert len(merged(first, job("https://www.linkedin.com/company/acme")).rows) == 1


def test_columns_may_be_moved_removed_and_renamed() -> None:
    names = ["Mine", "linkedin_url", "Company", "rank"]
    again = plan_merge(TableContent(names, [["x", "b", "old name", 1.0]]), COLUMNS, job("a", "b"))
    assert again.missing_columns == ("name", "domain", "country")
    assert shown(apply_plan(again, TableContent(names, [["x", "b", "old name", 1.0]])), *names) == [
        (None, "a", None, 1.0),
        ("x", "b", "old name", 2.0),
    ]


def test_data_of_the_users_that_cannot_be_matched_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no column linkedin_url any more"):
        plan_merge(TableContent(["rank", "Mine"], [[1.0, "x"]]), COLUMNS, job("a"))
    assert apply_plan(
        plan_merge(TableContent(["rank", "Mine"], [[1.0, None]]), COLUMNS, job("a", "b")),
        TableContent(["rank", "Mine"], [[1.0, None]]),
    ).rows == [[1.0, None], [2.0, None]]


def test_a_table_without_our_columns_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="none of the columns"):
        plan_merge(TableContent(["x"], [[1.0]]), COLUMNS, job("a"))


def test_a_job_without_companies_leaves_one_blank_row() -> None:
    assert merged(merged(BLANK_TABLE, job("a", "b")), []).rows == [[None] * 5]
    assert merged(TableContent(COLUMNS), []).rows == [[None] * 5]


def test_merging_the_same_job_again_changes_nothing() -> None:
    first = merged(BLANK_TABLE, job("a", "b", None, "b"))
    plan = plan_merge(first, COLUMNS, job("a", "b", None, "b"))
    assert plan.final_order == list(range(len(plan.rows)))
    assert apply_plan(plan, first) == first


# Any two results of the service, and any changes of the user's between them.

SOURCE = [
    [None if cell == "" else cell for cell in line]
    for line in table.block(table.frame(companies(60), TABLE_COLUMNS), headers=False)
]


def result(of: list[int]) -> list[list[Value]]:
    rows: list[list[Value]] = [[float(rank), *SOURCE[number][1:]] for rank, number in enumerate(of, 1)]
    return rows


numbers = st.lists(st.integers(0, len(SOURCE) - 1), max_size=25)
PAGE = TABLE_COLUMNS.index("linkedin_url")


@given(first=numbers, second=numbers, data=st.data())
def test_companies_are_exact_and_no_data_of_the_users_is_lost_after_any_changes(
    first: list[int], second: list[int], data: st.DataObject
) -> None:
    blank = TableContent(TABLE_COLUMNS, [[None] * len(TABLE_COLUMNS)])
    before = apply_plan(plan_merge(blank, TABLE_COLUMNS, result(first)), blank)
    lines = data.draw(st.permutations([list(line) for line in before.rows]), label="sorted")
    own = data.draw(st.lists(st.sampled_from([None, None, "mine", 1.0]), min_size=len(lines), max_size=len(lines)))
    columns = data.draw(st.permutations([*TABLE_COLUMNS, "Mine"]), label="columns")
    gone = data.draw(st.sets(st.sampled_from(TABLE_COLUMNS)), label="removed") - {"linkedin_url"}
    names = [name for name in columns if name not in gone]
    held: list[dict[str, Any]] = [
        {**dict(zip(TABLE_COLUMNS, line, strict=True)), "Mine": mine} for line, mine in zip(lines, own, strict=True)
    ]
    noted = frozenset(data.draw(st.sets(st.integers(0, len(lines) - 1), max_size=3), label="noted"))
    content = TableContent(names, [[line[name] for name in names] for line in held], noted)

    plan = plan_merge(content, TABLE_COLUMNS, result(second))
    after = apply_plan(plan, content)

    ours = [name for name in TABLE_COLUMNS if name in names]
    wanted = [tuple(line[TABLE_COLUMNS.index(name)] for name in ours) for line in result(second)]
    assert shown(after, *ours)[: len(second)] == wanted
    mine = names.index("Mine")
    assert Counter(line[mine] for line in after.rows if line[mine]) == Counter(value for value in own if value)
    assert len(after.rows_with_notes) == len(noted)
    page = names.index("linkedin_url")
    owners = Counter((line[page], line[mine]) for line in content.rows if line[mine] and line[page])
    assert Counter((line[page], line[mine]) for line in after.rows if line[mine] and line[page]) == owners
    for line in range(len(second), len(after.rows)):
        assert after.rows[line][mine] is not None or line in after.rows_with_notes or not second
        if "rank" in names:
            assert after.rows[line][names.index("rank")] is None
    assert (
        apply_plan(plan_merge(after, TABLE_COLUMNS, result(second)), after).rows[: len(second)]
        == (after.rows[: len(second)])
    )
