"""Companies that a job holds more than once: what becomes of any pages, read three times."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.jobs.policy.test_steps import OPEN, at, loaded, respond
from xl_openfunnel import IncompleteResultError, Page
from xl_openfunnel.api.models import read_page
from xl_openfunnel.errors import CELL_UNITS
from xl_openfunnel.jobs.policy import steps
from xl_openfunnel.jobs.policy.download import NO_TOTAL, RECHECK_DELAYS
from xl_openfunnel.jobs.policy.repeats import describe_repeats, fingerprint
from xl_openfunnel.jobs.policy.state import JobState, Phase
from xl_openfunnel.jobs.snapshot import Result
from xl_openfunnel.jobs.snapshot_builder import build_snapshot
from xl_openfunnel.text import utf16_units

Company = int
"""A company; below 0 one without a LinkedIn page."""

OTHERS = "than once: others may be missing."

LINKS = (
    "https://www.linkedin.com/company/company-{}",
    "http://de.linkedin.com/company/Company-{}/about/?trk=x",
    "linkedin.com/school/company%2D{}",
)


def row(company: Company, link: str = LINKS[0]) -> dict[str, Any]:
    return {"name": f"Company {company}", "linkedin_url": link.format(company) if company >= 0 else ""}


def read(pages: list[list[dict[str, Any]]], manifest: dict[str, Any] | None, status: str = "completed") -> list[Page]:
    """The pages as the service sends them."""
    answers = []
    for number, rows in enumerate(pages):
        following = None if number == len(pages) - 1 else f"page_{number + 1:04d}"
        body = {"status": status, "page": f"page_{number:04d}", "next_cursor": following, "manifest": manifest}
        answers.append(read_page(json.dumps({**body, "rows": rows}).encode(), "job"))
    return answers


def total(pages: list[list[Any]]) -> dict[str, Any]:
    return {"count": sum(map(len, pages)), "pages": len(pages)}


def after(*readings: list[Page]) -> JobState:
    """The state after these readings, or those of them that are asked for."""
    state, now = loaded(), 1.0
    for pages, delay in zip(readings, (*RECHECK_DELAYS, 0.0), strict=True):
        state = respond(state, now, *pages)
        now += delay
        if state.phase is not Phase.POLLING:
            break
        assert isinstance(state.problem and state.problem.error, IncompleteResultError)
    return state


def result_of(state: JobState) -> Result:
    assert state.phase is Phase.SAVING
    assert state.unsaved is not None
    return state.unsaved[0]


def repeated(pages: list[list[Company]]) -> bool:
    """Whether a company is there twice, or a page that has no LinkedIn page at all."""
    keys = [company for page in pages for company in page if company >= 0]
    without = [tuple(page) for page in pages if max(page) < 0]
    return len(set(keys)) < len(keys) or len(set(without)) < len(without)


PAGES = st.lists(st.lists(st.integers(-3, 9), min_size=1, max_size=4), min_size=1, max_size=4)


@st.composite
def three_readings(draw: st.DrawFn) -> list[list[list[Company]]]:
    """Three readings of a job: the same pages, their rows in another order, or other pages of the same sizes."""
    first = draw(PAGES)
    all_pages = [first]
    for _ in RECHECK_DELAYS:
        flat = draw(
            st.one_of(
                st.just(list(chain(*first))),
                st.permutations(list(chain(*first))),
                st.lists(st.integers(-3, 9), min_size=sum(map(len, first)), max_size=sum(map(len, first))),
            )
        )
        rest = iter(flat)
        all_pages.append([[next(rest) for _ in page] for page in first])
    return all_pages


@given(three_readings(), st.data())
def test_any_overlap_is_complete_warned_of_or_a_problem(three: list[list[list[Company]]], data: st.DataObject) -> None:
    links = st.sampled_from(LINKS)
    answers = [
        read([[row(company, data.draw(links)) for company in page] for page in pages], total(pages)) for pages in three
    ]
    state = after(*answers)
    clean = [pages for pages in three if not repeated(pages)]
    if clean:
        result = result_of(state)
        assert (result.complete, result.warnings) == (True, ())
        assert [each["name"] for each in result.rows] == [f"Company {company}" for company in chain(*clean[0])]
    elif three[0] == three[1] == three[2]:
        result = result_of(state)
        (warning,) = result.warnings
        assert result.complete
        assert warning == describe_repeats(answers[0])
        assert [each["name"] for each in result.rows] == [f"Company {company}" for company in chain(*three[0])]
        final = build_snapshot(steps.saved(state, result, at(0)), OPEN, at(0))
        assert (final.final, final.problem, final.warnings) == (True, None, (warning,))
    else:
        assert state.phase is Phase.IDLE
        assert state.result is None
        assert isinstance(state.problem and state.problem.error, IncompleteResultError)
        assert state.problem is not None
        assert str(describe_repeats(answers[2])) in state.problem.message
        assert len(state.rows) == sum(map(len, three[2]))


@given(PAGES, st.sampled_from([None, {}, {"count": None}, {"pages": True}]))
def test_without_a_total_a_repeat_is_read_again_and_never_complete(
    pages: list[list[Company]], manifest: dict[str, Any] | None
) -> None:
    if manifest == {"pages": True}:
        manifest = {"pages": len(pages)}
    twice = repeated(pages)
    answers = read([[row(company) for company in page] for page in pages], manifest)
    state = after(answers, answers, answers)
    result = result_of(state)
    assert bool(result.warnings) is twice
    if twice or not manifest or "pages" not in manifest:
        assert (state.rechecks, result.complete) == (2, False)
        problem = steps.saved(state, result, at(0)).problem
        assert problem is not None
        assert problem.message == NO_TOTAL


@given(PAGES)
def test_a_failed_job_is_not_read_again_and_still_warns(pages: list[list[Company]]) -> None:
    answers = read([[row(company) for company in page] for page in pages], None, "failed")
    state = respond(loaded(), 1, *answers)
    assert (state.rechecks, result_of(state).complete) == (0, True)
    assert bool(result_of(state).warnings) is repeated(pages)


def test_a_reading_that_is_short_does_not_agree_with_those_after_it() -> None:
    pages = [[row(0), row(1)], [row(1), row(2)]]
    short, twice = read([pages[0], pages[1][:1]], total(pages)), read(pages, total(pages))
    assert after(short, twice, twice).phase is Phase.IDLE
    assert after(twice, short, twice).phase is Phase.IDLE
    assert after(twice, twice, short).phase is Phase.IDLE


def test_a_refresh_of_a_repeat_reads_three_times_again() -> None:
    pages = [[row(0), row(1)], [row(1), row(2)]]
    turned = [pages[0], pages[1][::-1]]
    one, other = read(pages, total(pages)), read(turned, total(pages))
    state = steps.start_over(after(one, one, other), at(20))
    for now in (20.0, 22.0, 32.0):
        assert state.phase is Phase.POLLING
        state = respond(state, now, *other)
    assert len(result_of(state).warnings) == 1


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [
        ([[0, 1, 2], [3, 4, 5], [6]], None),
        (
            [[0, 1, 2], [2, 4, 5], [6]],
            "Pages 1 and 2 both hold Company 2 (linkedin.com/company/company-2): another company may be missing.",
        ),
        (
            [[0, 1], [2, 3, 2]],
            "Page 2 holds Company 2 (linkedin.com/company/company-2) twice: another company may be missing.",
        ),
        (
            [[0, 1], [2, 3], [1, 0]],
            "Pages 1 and 3 both hold Company 1 (linkedin.com/company/company-1), and 1 more company comes more "
            + OTHERS,
        ),
        (
            [[0, 1, 2], [3, 2, 1], [0, 0]],
            "Pages 1 and 2 both hold Company 2 (linkedin.com/company/company-2), and 2 more companies come more "
            + OTHERS,
        ),
        ([[-1, -2], [-3, -4]], None),
        ([[-1, -2], [-3], [-1, -2]], "Pages 1 and 3 hold the same companies: others may be missing."),
    ],
)
def test_first_repeat_is_named_and_the_others_are_counted(pages: list[list[Company]], sentence: str | None) -> None:
    assert describe_repeats(read([[row(company) for company in page] for page in pages], None)) == sentence


@pytest.mark.parametrize("name", [None, 5, "", "\u200b", "two\nlines", "x" * 5_000, "Łódź 🎉" * 99])
@pytest.mark.parametrize("slug", ["acme", "山东" * 99, "%ff%fe", "a%0ab", "x" * 9_000])
def test_odd_names_and_links_give_one_short_line(name: object, slug: str) -> None:
    odd = {"name": name, "linkedin_url": f"https://www.linkedin.com/company/{slug}"}
    sentence = describe_repeats(read([[odd, odd]], None))
    assert sentence is not None
    assert sentence.isprintable()
    assert sentence.encode()
    assert utf16_units(sentence) <= CELL_UNITS


def test_equal_domains_and_names_are_not_repeats() -> None:
    same = {"name": "Acme", "domain": "acme.com"}
    rows = [{**same, "linkedin_url": LINKS[0].format(number)} for number in range(2)]
    assert describe_repeats(read([rows, [same, same]], None)) is None


@given(PAGES, PAGES)
def test_fingerprint_is_that_of_the_companies_and_their_pages(
    one: list[list[Company]], other: list[list[Company]]
) -> None:
    def printed(pages: list[list[Company]], **more: object) -> str:
        return fingerprint(
            read([[{**row(company), **(more if company >= 0 else {})} for company in page] for page in pages], None)
        )

    assert (printed(one) == printed(other)) is (one == other)
    assert printed(one, match_reason="worded differently") == printed(one)
