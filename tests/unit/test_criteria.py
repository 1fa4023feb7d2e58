"""What criteria find and refuse. The rules and their examples are those of the guide's page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from xl_openfunnel.criteria import MAX_LENGTH, Criteria, parse, parse_pairs, shown
from xl_openfunnel.errors import ConfigurationError
from xl_openfunnel.fields import BY_NAME, FieldType

PAGE = Path(__file__).parents[2] / "workbook" / "guide" / "criteria.md"
NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)


def holds(criteria: Criteria | str, **values: Any) -> bool:
    criteria = parse(criteria) if isinstance(criteria, str) else criteria
    return all(criterion.matcher()(values.get(criterion.column)) for criterion in criteria)


def examples() -> list[tuple[str, list[Any], list[Any]]]:
    """The criteria of the guide's table, with the values that each finds and does not find."""
    found = []
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if len(cells) == 4 and cells[0].startswith("`"):
            (criterion,) = re.findall("`([^`]*)`", cells[0])
            (only,) = parse(criterion)
            values = [
                [value_of(text, only.column) for text in re.findall("`([^`]*)`|(blank)", cell)] for cell in cells[2:]
            ]
            found.append((criterion, values[0], values[1]))
    return found


def value_of(text: tuple[str, str], column: str) -> Any:
    given, blank = text
    if blank:
        return None
    if BY_NAME[column].type is FieldType.LIST or (BY_NAME[column].type in NUMBERS and re.fullmatch("[0-9.]+", given)):
        return json.loads(given)
    return given


@pytest.mark.parametrize(("criterion", "found", "not_found"), examples())
def test_the_guides_examples_find_what_the_guide_says(criterion: str, found: list[Any], not_found: list[Any]) -> None:
    (matches,) = (one.matcher() for one in parse(criterion))
    assert found != []
    assert [value for value in found if not matches(value)] == []
    assert [value for value in not_found if matches(value)] == []


def test_the_guide_has_an_example_of_every_sign() -> None:
    given = {test.sign for criterion, _, _ in examples() for one in parse(criterion) for test in one.tests}
    assert given == {"=", "<>", ">", ">=", "<"}


def test_a_range_holds_the_same_criteria_as_a_text() -> None:
    pairs = [("country", "Germany|Austria"), ("employee_count", ">=50"), ("industries", "*software*"), ("name", "<>")]
    assert parse_pairs(pairs) == parse(
        "Country=Germany|Austria;employee_count >= 50; ;industries = *software*; name<>;"
    )


def test_a_line_with_nothing_beside_the_name_is_left_out() -> None:
    assert parse_pairs([("country", None), ("city", " "), (None, None)]) == ()
    assert parse_pairs([("country", "=")]) == parse("country=")


def test_numbers_and_booleans_of_a_sheet_are_compared_as_such() -> None:
    assert holds(parse_pairs([("employee_count", 50.0)]), employee_count=50)
    assert holds(parse_pairs([("match_score", 0.1)]), match_score=0.1)
    assert holds(parse_pairs([("name", True)]), name="true")
    assert not holds(parse_pairs([("name", 1.0)]), name=True)


def test_a_semicolon_in_a_range_belongs_to_the_value() -> None:
    criteria = parse_pairs([("name", "a;b|c~;d")])
    assert [holds(criteria, name=name) for name in ("a;b", "c;d", "a", "b|c")] == [True, True, False, False]


@pytest.mark.parametrize("sign", "=<>*?|;~")
def test_a_tilde_takes_every_sign_literally_in_values_and_columns(sign: str) -> None:
    assert holds(f"name=~{sign}", name=sign)
    assert not holds(f"name=a~{sign}b", name="a" if sign == "|" else "axxb")
    assert parse(f"a~{sign}b=x")[0].column == f"a{sign}b"
    assert shown(parse(f"name=~{sign}x")) == f"name=~{sign}x"


def test_a_tilde_before_another_character_is_itself() -> None:
    assert holds("name=~a", name="~A")
    assert holds("name=*a~b?", name="xa~bc")


def test_signs_that_word_processors_make_are_read() -> None:
    assert parse("employee_count≥50; employee_count≤90; name≠x") == parse(
        "employee_count>=50;employee_count<=90;name<>x"
    )
    assert parse("employee_band≥51—200") == parse("employee_band>=51-200")


NO_CRITERION = "is no criterion. Write a column, a sign and a value, like country=Germany."
TWO_SIGNS = "has two signs in a row. Put ~ before one that belongs to the value."
OTHER_SIGN = "has the sign {}. Write {}, or put ~ before a sign that belongs to the value."
TWO_CRITERIA = "has two criteria. Put ; between them, or ~ before a sign that belongs to the value."
NO_NUMBER = "compares {} with what is no number. Write numbers like 1000 or 0.5."
NO_VALUE = "has no value after >. Write one, or = for a blank and <> for anything else."
NO_BAND = "names no size class. There are 1–10, 11–50, 51–200, 201–500, 501–1000, 1001–5000, 5001–10000, 10001+."
NO_TIER = "names no tier. There are linkedin, host, not comparable; with nothing after = it finds the new companies."


@pytest.mark.parametrize(
    ("criteria", "part", "why"),
    [
        ("country Germany", "country Germany", NO_CRITERION),
        ("name=x; =Germany", "=Germany", NO_CRITERION),
        ("*=x", "*=x", "names no column. Write one before the sign, like country=Germany."),
        ("name=x; employee_count>; city=y", "employee_count>", NO_VALUE),
        ("employee_count=>50", "employee_count=>50", OTHER_SIGN.format("=>", ">=50")),
        ("employee_count =< 50", "employee_count =< 50", OTHER_SIGN.format("=<", "<=50")),
        ("country==Germany", "country==Germany", OTHER_SIGN.format("==", "=Germany")),
        ("country!=Germany", "country!=Germany", OTHER_SIGN.format("!=", "<>Germany")),
        ("country=Austria|!=Germany", "country=Austria|!=Germany", OTHER_SIGN.format("!=", "<>Germany")),
        ("country !== x", "country !== x", OTHER_SIGN.format("!==", "<>x")),
        ("country===x", "country===x", OTHER_SIGN.format("===", "=x")),
        ("employee_count=<>50", "employee_count=<>50", TWO_SIGNS),
        ("employee_count><50", "employee_count><50", TWO_SIGNS),
        ("country=Germany, city=x", "country=Germany, city=x", TWO_CRITERIA),
        ("employee_count>=50 and <90", "employee_count>=50 and <90", TWO_CRITERIA),
        ("employee_count>1,000", "employee_count>1,000", NO_NUMBER.format("employee_count")),
        ("employee_count=1.000", "employee_count=1.000", NO_NUMBER.format("employee_count")),
        ("rank<ten", "rank<ten", NO_NUMBER.format("rank")),
        ("employee_band>50", "employee_band>50", NO_BAND),
        ("known:crm=new", "known:crm=new", NO_TIER),
        ("known:crm=|site", "known:crm=|site", NO_TIER),
        ("Known: CRM<>name", "Known: CRM<>name", NO_TIER),
    ],
)
def test_what_cannot_be_understood_is_named(criteria: str, part: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse(criteria)
    assert error.value.message == f"{part!r} {why}"


def test_a_sign_of_another_language_is_named_in_a_range_too() -> None:
    for condition in ("=>50", "!=50", "==50", "=<50"):
        with pytest.raises(ConfigurationError, match=f"has the sign {condition[:2]}. Write "):
            parse_pairs([("employee_count", condition)])
    assert holds("name=~!~=x", name="~!=x")


def test_a_refusal_shows_sixty_characters_of_its_part_on_one_line() -> None:
    with pytest.raises(ConfigurationError) as error:
        parse("name=x; " + "long\n" * 1000)
    assert error.value.message.startswith(f"'{'long ' * 11}long…' is no criterion.")


@pytest.mark.parametrize("text", ["name=of_0123456789abcdef", "of_0123456789abcdef", "name=x;y>o\u200bf_0123456789ab"])
def test_an_api_key_is_never_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse(text)
    assert error.value.message == "That holds an API key, and is no criterion. Remove it."
    for pair in (("name", text), (text, "x")):
        with pytest.raises(ConfigurationError, match=r"\AThat holds an API key, and is no criterion\. Remove it\.\Z"):
            parse_pairs([pair])


def test_criteria_of_any_length_are_answered() -> None:
    with pytest.raises(ConfigurationError, match="100,001 characters, more than 100,000"):
        parse("name=" + "x" * (MAX_LENGTH - 4))
    many = parse("domain=" + "|".join(f"a{number}.com" for number in range(9000)))
    assert holds(many, domain="A8999.com")
    assert not holds(many, domain="a9000.com")


def test_any_number_of_wildcards_takes_no_more_time() -> None:
    assert not holds(f"description={'*a' * 500}b", description="a" * 20_000)
    assert holds(f"description={'*a' * 500}*", description="a" * 20_000)


@pytest.mark.parametrize(
    ("criterion", "value", "expected"),
    [
        ("x=0.1", 0.1, True),
        ("x=9007199254740993", 2.0**53, False),
        ("x>9007199254740992.5", 2**53 + 1, True),
        ("x=9007199254740992.5", 2**53, False),
        ("x>=1e400", 1.0, False),
        ("x<1", True, False),
        ("x=true", True, True),
        ("x=inf", float("inf"), True),
        ("x>1", float("inf"), False),
        ("x=", float("nan"), True),
        ("x=", [None, " "], True),
        ("x<>a|b", ["c", "B"], False),
        ("x<>a|>5", ["a", 6], True),
        ('x={"a":1}', {"a": 1}, True),
        ("x=*", "", False),
        ("x=*", 5, False),
        ("x<>*", 5, True),
        ("x=100%", 1, True),
    ],
)
def test_unknown_fields_compare_by_what_they_hold(criterion: str, value: Any, expected: bool) -> None:
    assert holds(criterion, x=value) is expected
