"""The functions as xlwings calls them: any argument gives a block of cells."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hosts import xlwings_wrappers
from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.implementations import UNEXPECTED
from xl_openfunnel.functions.registry import Function
from xl_openfunnel.hosts import excel, session
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.hosts.excel.stock_addin import Unreadable
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies
from xl_openfunnel.workbook.vba import wrappers

FUNCTIONS = [getattr(udfs, function.name) for function in CATALOG]
JOB = SimulatedJob(companies(30))
OLD_EXCEL = "1 nospill [Book1]Sheet1!$A$1"

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [-2146826246, -2147352572, 7, JOB.job_id, f" {JOB.job_id} ", "name", "*", "country", "rows", "sum"]
    ),
)
rows_of_cells = st.lists(scalars, max_size=3).map(tuple)
values = st.one_of(scalars, rows_of_cells, st.lists(rows_of_cells, max_size=3).map(tuple))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with Simulator([JOB]) as simulator:
        monkeypatch.setenv("OPENFUNNEL_BASE_URL", simulator.base_url)
        monkeypatch.setenv("OPENFUNNEL_API_KEY", simulator.api_key)
        session.session().fetcher.wait(JOB.job_id)
        yield simulator
        session.end()


def test_signatures_are_those_of_the_registry() -> None:
    described = {function.name: [argument.name for argument in function.arguments] for function in CATALOG}
    for function in FUNCTIONS:
        assert list(inspect.signature(function).parameters) == [*described[function.__name__], "where"]


def test_the_module_that_workbooks_name_has_every_function_and_macro_target() -> None:
    functions = {function.name for function in CATALOG}
    names = {*functions, "act", "call_cell", "job_here", "job_menu", "known_list", "live", "live_state", "opened"}
    assert all(callable(getattr(excel, name)) for name in names)
    if sys.platform == "win32":  # elsewhere xlwings' decorators do nothing
        assert all(hasattr(getattr(excel, name), "__xlfunc__") for name in names)  # else xlwings cannot call it
    # The stock add-in makes a function of a sheet of each that it finds: none but ours is one.
    assert {name for name in dir(excel) if callable(getattr(excel, name)) and name in names} == functions
    with pytest.raises(AttributeError, match="OF_NONE"):
        excel.OF_NONE  # noqa: B018


@pytest.mark.parametrize("function", CATALOG, ids=lambda function: function.name)
def test_the_wrappers_that_xlwings_generates_are_vba_and_pass_all_arguments_and_the_cell(function: Function) -> None:
    text = xlwings_wrappers.wrappers()
    names = [wrappers.argument_name(argument) for argument in function.arguments]
    assert not {name.lower() for name in names} & wrappers.KEYWORDS
    optional = [argument.optional for argument in function.arguments]
    declared = ", ".join("Optional " * left_out + name for left_out, name in zip(optional, names, strict=True))
    assert f"Function {function.name}({declared})\n" in text
    passed = ", ".join([*names, "Application.Caller"])
    assert f'{function.name} = XLPy.CallUDF("{excel.__name__}", "{function.name}", Array({passed}), This' in text


def test_xlwings_generates_a_wrapper_of_each_function_and_of_nothing_else() -> None:
    made = re.findall(r"^(?:Function|Sub) (\w+)", xlwings_wrappers.wrappers(), re.MULTILINE)
    assert sorted(made) == sorted(function.name for function in CATALOG)


def test_an_argument_that_could_not_be_read_is_said(service: Simulator) -> None:
    assert udfs.OF_ROWS(JOB.job_id, Unreadable("Give one block of cells, not several.")) == [
        ["#OF! Give one block of cells, not several."]
    ]
    assert udfs.OF_STATUS(JOB.job_id, Unreadable("Excel is busy.")) == [["completed"]]  # of the calling cell


@pytest.mark.parametrize("cell", [OLD_EXCEL, "7 spill '[Meier''s list.xlsx]Sheet 1'!$AB$12"])
def test_the_calling_cell_of_a_wrapper_of_version_0_is_never_read_as_an_argument(service: Simulator, cell: str) -> None:
    for arguments in (["rows"], ["rows", None, None, None]):  # as if OF_INFO had got arguments since
        assert udfs.OF_INFO(JOB.job_id, *arguments[:1], cell) == [[30.0]]
    assert udfs.OF_CREDITS(cell) in ([["loading"]], udfs.OF_CREDITS())
    assert udfs.OF_LOOKUP(JOB.job_id, 1.0, "name", "7 spill no cell") == [[JOB.rows[0]["name"]]]


@pytest.mark.parametrize("function", CATALOG, ids=lambda function: function.name)
def test_a_wrapper_of_version_0_may_be_called_by_no_cell(service: Simulator, function: Function) -> None:
    arguments = [JOB.job_id, 1.0, "name", None, None][: len(function.arguments)]
    if function.name == "OF_CREDITS":
        arguments = [None]
    old = FUNCTIONS[CATALOG.index(function)](*arguments, "")
    new = udfs.call_cell(1, "", function.name, *arguments)
    if function.name == "OF_JOBS":  # the last column is a time, which may be recorded between the calls
        old, new = ([row[:-1] for row in block] for block in (old, new))
    assert old == new


def test_a_job_that_looks_like_a_calling_cell_is_a_job(service: Simulator) -> None:
    ((shown,),) = udfs.OF_STATUS("7 spill [Book1]Sheet1!$A$1")
    assert str(shown).startswith("#OF! '7 spill [Book1]Sheet1!$A$1' is no job id")


def test_a_wrapper_may_know_fewer_arguments_than_the_function(service: Simulator) -> None:
    assert udfs.call_cell(1.0, OLD_EXCEL, "OF_STATUS", JOB.job_id) == [["completed"]]
    assert udfs.call_cell(1, "", "OF_INFO", JOB.job_id, "rows") == [[30.0]]
    assert len(udfs.call_cell(1, None, "OF_ROWS", JOB.job_id)) == 31


@pytest.mark.parametrize(("version", "name"), [(wrappers.VERSION + 1, "OF_STATUS"), (1, "OF_TOMORROW")])
def test_a_wrapper_that_is_newer_than_the_package_says_how_to_renew(version: int, name: str) -> None:
    ((shown,),) = udfs.call_cell(version, OLD_EXCEL, name, JOB.job_id)
    assert str(shown).startswith("#OF! This workbook was made by a newer XL OpenFunnel")
    assert "xl-openfunnel install" in str(shown)
    assert len(str(shown)) <= 255


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=st.lists(values, min_size=1, max_size=5))
def test_any_arguments_give_a_block_of_cells(service: Simulator, given: list[object]) -> None:
    for function in FUNCTIONS:
        block = function(*given[: len(inspect.signature(function).parameters)])
        assert block
        assert len({len(row) for row in block}) == 1
        assert block[0]
        for cell in (cell for row in block for cell in row):
            assert isinstance(cell, (str, float, bool))
            assert cell != UNEXPECTED
            assert "Traceback" not in str(cell)


def test_a_bad_setting_is_reported_in_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFUNNEL_BASE_URL", "http://elsewhere.example")
    ((text,),) = udfs.OF_STATUS("job1")
    assert str(text).startswith("#OF! The base URL 'http://elsewhere.example' would send the API key unencrypted.")


def test_an_excel_without_dynamic_arrays_shows_alternatives(service: Simulator) -> None:
    for several, instead in (
        (udfs.OF_ROWS(JOB.job_id, OLD_EXCEL), "xl-openfunnel rows JOB -o FILE.xlsx"),
        (udfs.OF_PIVOT(JOB.job_id, "country", OLD_EXCEL), "Excel's own PivotTable"),
        (udfs.OF_JOBS(OLD_EXCEL), "xl-openfunnel jobs"),
        (udfs.OF_INFO(JOB.job_id, OLD_EXCEL), "one field per formula"),
        (udfs.OF_INFO(JOB.job_id, "rows,pages", OLD_EXCEL), "one field per formula"),
        (udfs.OF_STATUS(((JOB.job_id,), (JOB.job_id,)), OLD_EXCEL), "one job per formula"),
        (udfs.OF_LOOKUP(JOB.job_id, (1.0, 2.0), "name", OLD_EXCEL), "one company per formula"),
    ):
        ((text,),) = several
        assert str(text).startswith("#OF! This Excel cannot spill: OF_")
        assert instead in str(text)
        assert len(str(text)) <= 255
    assert udfs.OF_STATUS(JOB.job_id, OLD_EXCEL) == [["completed"]]
    assert udfs.OF_INFO(JOB.job_id, "rows", OLD_EXCEL) == [[30.0]]
    assert udfs.OF_LOOKUP(JOB.job_id, 1.0, "name", None, OLD_EXCEL) == [[JOB.rows[0]["name"]]]


@pytest.mark.parametrize(
    ("version", "missing"), [(1, "#OF! The job has no company 'nobody.example'."), (2, wrappers.NOT_AVAILABLE)]
)
def test_wrappers_that_know_it_get_a_number_for_what_is_not_available(
    service: Simulator, version: int, missing: object
) -> None:
    name = JOB.rows[2]["name"]
    for lookup_cell in (3.0, "nobody.example"):
        shown = name if lookup_cell == 3.0 else missing
        assert udfs.call_cell(version, "", "OF_LOOKUP", JOB.job_id, lookup_cell, "name") == [[shown]]
    keys = ((3.0, "nobody.example"), ("nobody.example", None))
    assert udfs.call_cell(version, "", "OF_LOOKUP", JOB.job_id, keys, "name") == [[name, missing], [missing, ""]]
    assert udfs.call_cell(version, "", "OF_LOOKUP", JOB.job_id, 99.0, "name", "none") == [["none"]]
    assert udfs.OF_LOOKUP(JOB.job_id, "nobody.example", "name") == [["#OF! The job has no company 'nobody.example'."]]


def test_arguments_may_be_given_by_name(service: Simulator) -> None:
    assert udfs.OF_STATUS(job=JOB.job_id) == [["completed"]]
    assert udfs.OF_LOOKUP(JOB.job_id, column="rank", key=3) == [[3.0]]
    with pytest.raises(TypeError, match="jop"):
        udfs.OF_STATUS(jop=JOB.job_id)


@pytest.mark.parametrize(
    ("number", "shown"), [(-2146826246, "#N/A"), (-2146826237, "Error 2051"), (-2146826200, "Error 2088")]
)
def test_error_values_in_arguments_are_errors_even_unknown_ones(service: Simulator, number: int, shown: str) -> None:
    assert udfs.OF_STATUS(number) == [[f"#OF! The cell with the job holds {shown}. Fix that cell first."]]
    assert udfs.OF_LOOKUP(JOB.job_id, number, "name") == [
        [f"#OF! The cell with the key holds {shown}. Fix that cell first."]
    ]
