"""What README and guide say of cells against the functions: examples and messages, with the simulated service."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.functions.conftest import MakeServices, SimulatedServices
from tests.unit.functions.situations import (
    INFO,
    JOB,
    PROBLEM,
    ROWS,
    SITUATIONS,
    STATUS,
    WARNINGS,
    WRONG_KEY,
    ServicesFactory,
    Sheet,
)
from xl_openfunnel import pivot as pivot_table
from xl_openfunnel import pivot_rules, table
from xl_openfunnel.cell_values import Block
from xl_openfunnel.columns import pivot as column_pivot
from xl_openfunnel.errors import CELL_PREFIX
from xl_openfunnel.fields import DEFAULT_COLUMNS
from xl_openfunnel.functions import derived_tables, implementations, known_companies
from xl_openfunnel.functions.arguments import CellError
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.context import STORE_BUSY
from xl_openfunnel.functions.formula_messages import FORMULA_MESSAGES
from xl_openfunnel.functions.job_messages import JOB_MESSAGES
from xl_openfunnel.functions.registry import REGISTRY
from xl_openfunnel.hosts.calc import array_size
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.jobs import job_text
from xl_openfunnel.known.tables import make_list
from xl_openfunnel.simulator import SimulatedJob, companies
from xl_openfunnel.text import utf16_units
from xl_openfunnel.workbook import sources
from xl_openfunnel.workbook.bridge_messages import BRIDGE_MESSAGES

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")
FUNCTIONS = Path(implementations.__file__).parent


def section(heading: str) -> str:
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_cells(tables: str) -> list[list[str]]:
    """The texts in backticks in the first cell of each row of the tables."""
    rows = re.findall(r"^\| (.*?) \|", tables, re.MULTILINE)
    return [["".join(found) for found in re.findall(r"``(.+?)``|`(.+?)`", row)] for row in rows if "`" in row]


TABLE = [(message.text, message.functions) for message in JOB_MESSAGES]
"""Each text on a job with the functions that show it according to the guide."""

OF_FORMULAS = [message.text for message in FORMULA_MESSAGES]
OF_THE_BRIDGE = [message.text for message in BRIDGE_MESSAGES]


EXPLAIN = "explain it in functions/formula_messages.py"


def says(explained: str, text: str) -> bool:
    """Whether an explained text matches this one, with ``<...>`` for variable parts."""
    return re.fullmatch(".+".join(map(re.escape, re.split("<[^>]+>", explained))), text) is not None


Play = Callable[[Callable[[ServicesFactory], Sheet]], Sheet]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Play:
    def play(situation: Callable[[ServicesFactory], Sheet]) -> Sheet:
        with monkeypatch.context() as patch, ExitStack() as stack:
            return situation(ServicesFactory(stack, patch, tmp_path_factory.mktemp(situation.__name__)))

    return play


def lines_of(sheet: Sheet, function: str) -> list[tuple[str, str]]:
    """The lines of `TABLE` that equal what this function shows."""
    found = []
    for text, where in TABLE:
        filled = re.sub(r"<\w+>", lambda name: sheet.values.get(name[0], name[0]), text)
        if function in where and filled == sheet.texts.get(function):
            found.append((text, function))
    return found


def in_plain_words(text: str) -> str:
    return text.removeprefix("#OF! ").removesuffix(job_text.RETRY_HINT)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_cell_texts_are_explained(situation: Callable[[ServicesFactory], Sheet], play: Play) -> None:
    sheet = play(situation)
    assert sheet.texts
    for function, text in sheet.texts.items():
        assert utf16_units(text) <= 255
        same = function in INFO and any(
            text in (message, in_plain_words(message)) for name, message in sheet.texts.items() if name not in INFO
        )
        assert same or len(lines_of(sheet, function)) == 1, f"{function} shows {text!r}"
    assert set(sheet.others) <= {sheet.texts.get(ROWS)}


def test_every_explained_text_is_shown_by_each_function_it_names(play: Play) -> None:
    seen = [play(situation) for situation in SITUATIONS]
    covered = {line for sheet in seen for function in sheet.texts for line in lines_of(sheet, function)}
    assert {(text, function) for text, where in TABLE for function in where} == covered


def test_every_message_says_what_to_do() -> None:
    assert {name for _, where in TABLE for name in where} == {STATUS, ROWS, PROBLEM, WARNINGS}
    assert all(message.meaning and message.action for message in JOB_MESSAGES)
    assert all(message.action for message in (*FORMULA_MESSAGES, *BRIDGE_MESSAGES))
    texts = [*TABLE, *OF_FORMULAS, *OF_THE_BRIDGE]
    assert len(set(texts)) == len(texts)


# ---- errors in formulas, and of Excel and Python ------------------------------------------------------------------


REFUSED_CRITERIA = (
    *("country Germany", "*=x", "employee_count>", "country==Germany", "country><x", "country=Germany, city=x"),
    *("employee_count>1,000", "employee_band>50", "known:crm=new"),
)


Call = tuple[str, Callable[..., Block], *tuple[object, ...]]
"""A function's name, its body and the arguments."""

NA = CellError("#N/A")
LOOKUP = ("OF_LOOKUP", implementations.lookup)
INFO_OF = ("OF_INFO", implementations.information)
ROWS_OF = ("OF_ROWS", implementations.rows)
PIVOT = ("OF_PIVOT", implementations.pivot)
NEW = ("OF_NEW", known_companies.new)

WRONG_ARGUMENTS: list[Call] = [
    (*LOOKUP, JOB, 1.0, "nmae"),
    (*LOOKUP, JOB, 1.0, "xyz"),
    (*LOOKUP, JOB, 1.0, 5.0),
    (*LOOKUP, [JOB, JOB], 1.0, "name"),
    (*LOOKUP, JOB, NA, "name"),
    (*LOOKUP, JOB, 1.0, "name,domain"),
    (*LOOKUP, JOB, "nobody.example", "name"),
    (*LOOKUP, "slow", "nobody.example", "name"),
    (*LOOKUP, JOB, datetime(2026, 1, 1), "name"),
    (*INFO_OF, JOB, "progres"),
    (*INFO_OF, JOB, "xyz"),
    (*INFO_OF, JOB, True),
    ("OF_CREDITS", implementations.credits_table, "xyz"),
]
WRONG_ROWS: list[Call] = [
    (*ROWS_OF, JOB, None, None, "xyz"),
    (*ROWS_OF, JOB, None, "perhaps"),
    (*ROWS_OF, JOB, f"name,{WRONG_KEY}"),
    (*ROWS_OF, JOB, NA),
    (*ROWS_OF, JOB, "*"),
    (*ROWS_OF, [JOB, "wide"]),
    (*ROWS_OF, JOB, "job_id"),
    (*ROWS_OF, [JOB, JOB], "job_id"),
    (*ROWS_OF, JOB, None, None, None, "name=nobody"),
    (*ROWS_OF, "slow", None, None, None, "name=nobody"),
    *((*ROWS_OF, JOB, None, None, None, criteria) for criteria in REFUSED_CRITERIA),
    (*ROWS_OF, JOB, None, None, None, [["country", "=", "Germany"]]),
    (*ROWS_OF, JOB, None, None, None, f"name={WRONG_KEY}"),
    (*ROWS_OF, JOB, None, None, None, None, "*"),
    (*ROWS_OF, JOB, None, None, None, None, "name desc"),
    (*ROWS_OF, JOB, None, None, None, None, None, 1.5),
]
WRONG_PIVOTS: list[Call] = [
    (*PIVOT, JOB, "country", None, None, "medain"),
    (*PIVOT, JOB, "country", None, None, "xyz"),
    (*PIVOT, JOB, None),
    (*PIVOT, JOB, "country", "country"),
    (*PIVOT, JOB, "*"),
    (*PIVOT, JOB, "country", None, "name,domain"),
    (*PIVOT, JOB, "country", None, None, "mean"),
    (*PIVOT, JOB, "country", None, "name", "mean"),
    (*PIVOT, JOB, "country", None, "name", "companies"),
    (*PIVOT, "wide", "name", "domain"),
    (*PIVOT, "wide", "rank", None, "size", "max"),
    (*PIVOT, [JOB, "a b"], "country"),
    (*PIVOT, JOB, "country", None, None, None, "name=nobody"),
    ("OF_PIVOT", lambda _: pivot_table.pivot(pd.DataFrame({"name": ["a"]}), pivot_rules.Question.of(["xyz"]))),
]
WRONG_KNOWN_LISTS: list[Call] = [
    (*NEW, JOB, JOB),
    (*NEW, "slow", [[company["linkedin_url"]] for company in companies(300)]),
    (*NEW, JOB, [["example.org"], ["example.net"]], None, None, "why"),
    (*NEW, JOB, "no such list"),
    (*NEW, JOB, [["no keys"], ["in these"]]),
    (*ROWS_OF, JOB, "known:crm"),
]


def break_down(*_: object) -> Block:
    raise ZeroDivisionError


def text_of(services: SimulatedServices, name: str, body: Callable[..., Block], *given: object) -> str:
    return str(implementations.evaluate(name, body, services.context(), *given)[-1][0])


def texts_with_lists(services: SimulatedServices) -> list[str]:
    """The texts for columns of known lists that are not there, where others are, and for one that is damaged."""
    assert services.known
    services.known.set(make_list("crm", [["example.org"]]))
    texts = [text_of(services, *ROWS_OF, JOB, column) for column in ("known:crmm", "known:xyz")]
    (file,) = services.known.folder.iterdir()
    file.write_bytes(b"")
    texts.append(text_of(services, *ROWS_OF, JOB, "known:crm"))
    services.known.remove_all()
    return texts


def wrong_formulas(services: SimulatedServices) -> list[str]:
    """The texts of wrong formulas, and of formulas that ask for missing data."""
    some = [{"name": f"{number}", "domain": f"{number}", "size": number or "1-10"} for number in range(2_001)]
    services.simulator.add(SimulatedJob(some, "wide"))
    services.simulator.add(SimulatedJob(companies(300), "slow", running=1000.0))
    services.fetcher.wait("wide")
    services.fetcher.wait("slow", until=lambda snapshot: len(snapshot.rows) > 0)
    wrong = (*WRONG_ARGUMENTS, *WRONG_ROWS, *WRONG_PIVOTS, *WRONG_KNOWN_LISTS, ("OF_STATUS", break_down))
    texts = [
        *(text_of(services, *call) for call in wrong),
        *texts_with_lists(services),
        f"{CELL_PREFIX}{STORE_BUSY}",
        *(udfs.cannot_spill(function) for function in CATALOG if function.without_spill),
        array_size.missing([["name", "domain"], ["a", "a.example"]], array_size.ONE),
        array_size.missing([["name", "domain"]], array_size.ONE),
    ]
    services.store = None
    return [*texts, text_of(services, "OF_JOBS", implementations.jobs_table)]


def test_error_texts_of_formulas_are_those_explained(
    make_services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(implementations, "MAX_ROWS", 2_040)
    monkeypatch.setattr(table, "MAX_FIELDS", 12)
    services = make_services(SimulatedJob(companies(40), JOB), limit=600.0)
    services.fetcher.wait(JOB)
    texts = wrong_formulas(services)
    for text in texts:
        assert utf16_units(text) <= 255
        assert len([line for line in OF_FORMULAS if says(line, text)]) == 1, f"{text}: {EXPLAIN}"
    unseen = [line for line in OF_FORMULAS if not any(says(line, text) for text in texts)]
    assert unseen == [], "have wrong_formulas raise it"
    known = [text.removeprefix(CELL_PREFIX) for text in (*texts, *(text for text, _ in TABLE))]
    for message in (message for module in FUNCTIONS.glob("*.py") for message in raised_in(module)):
        assert any(says(message, text) for text in known), f"{message}: {EXPLAIN}, and have wrong_formulas raise it"


def raised_in(module: Path) -> list[str]:
    """The messages that a module raises, with ``<some>`` for variable parts."""
    calls = [node.exc for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.Raise)]
    first = [call.args[0] for call in calls if isinstance(call, ast.Call) and call.args]
    either = [
        branch
        for given in first
        for branch in ([given.body, given.orelse] if isinstance(given, ast.IfExp) else [given])
    ]
    found = []
    for given in either:
        pieces = given.values if isinstance(given, ast.JoinedStr) else [given]
        if not isinstance(given, ast.Name):  # a constant or an earlier error, which other tests cover
            found.append("".join(str(piece.value) if isinstance(piece, ast.Constant) else "<some>" for piece in pieces))
    return found


def test_vba_texts_are_explained_word_for_word() -> None:
    """Each text that VBA composes, with ``<>`` for anything but literals and constants."""
    made = []
    for module in (sources.BRIDGE, sources.START):
        vba = sources.modules()[module].replace("\r\n", "\n").replace(" & _\n", " & ")
        for details in re.findall(r"^ +details = (.*)$", vba, re.MULTILINE):
            vba = vba.replace("& details", f"& {details}")
        written = dict(re.findall(r'^Private Const (\w+) As String = "((?:[^"]|"")*)"(?: \'.*)?$', vba, re.MULTILINE))
        composing = r"(?:Refuse|Fail|ReasonText =|Elsewhere =|Err\.Raise (?:StartsSlowly|Refused), ,)"
        for expression in re.findall(rf'^\s*(?:If .* Then )?{composing} (.*"[^"\n]+".*)$', vba, re.MULTILINE):
            pieces = re.findall(r'"((?:[^"]|"")*)"|([^"&]+(?:&[HW]\w+)?)', expression)
            texts = (text or written.get(name.strip(), "<>") for text, name in pieces if text or name.strip())
            made.append("".join(texts))
    assert len(made) == 14
    shown = {text if text.startswith(CELL_PREFIX) else CELL_PREFIX + text for text in made}
    assert shown | {job_text.STARTING} == {re.sub("<[^>]+>", "<>", text) for text in OF_THE_BRIDGE}
    assert f'result = "{job_text.STARTING}"' in sources.modules()[sources.BRIDGE]


def test_readme_examples_give_values(make_services: MakeServices) -> None:
    services = make_services(SimulatedJob(companies(40), JOB))
    services.fetcher.wait(JOB)
    named = []
    for formula, *_ in (cells for cells in first_cells(section("Functions")) if cells[0].startswith("=")):
        call = ast.parse(formula.removeprefix("="), mode="eval").body
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Name)
        named.append(call.func.id)
        given = [JOB if isinstance(value, ast.Name) else ast.literal_eval(value) for value in call.args]
        function = REGISTRY[call.func.id].compute
        implementations.evaluate(
            call.func.id, function, services.context(), *map(udfs.from_excel, given)
        )  # credits are asked for at first
        block = implementations.evaluate(call.func.id, function, services.context(), *map(udfs.from_excel, given))
        assert block[0][0] not in ("", job_text.LOADING)
        assert not str(block[0][0]).startswith("#OF! ")
    assert named == [function.name for function in CATALOG], "the README has one example of each, in this order"


def test_the_guide_names_the_limits_defaults_and_functions_of_pivots() -> None:
    page = (ROOT / "workbook" / "guide" / "functions.md").read_text("utf-8")
    assert ", ".join(f"`{name}`" for name in DEFAULT_COLUMNS) in " ".join(page.split())
    assert f"behind a `job_id`, up to {implementations.MAX_ROWS:,}, with" in page
    page = " ".join(page.split())
    assert f"`OF_PIVOT` counts them together: up to {column_pivot.MAX_COMPANIES:,}, and" in page
    assert f"up to {derived_tables.MAX_PIVOT_ROWS:,} where a field, or a value" in page
    (functions,) = re.findall(r"- \*\*function\*\*: ([^.]*)", page)
    assert re.findall("`(.+?)`", functions) == list(pivot_rules.FUNCTIONS)
