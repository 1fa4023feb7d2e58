"""The functions as xlwings calls them: whatever a cell gives, a block of cells comes back."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xl_openfunnel.functions.catalog import CATALOG
from xl_openfunnel.functions.implementations import UNEXPECTED
from xl_openfunnel.hosts import session
from xl_openfunnel.hosts.excel import udfs
from xl_openfunnel.simulator import SimulatedJob, Simulator, companies

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


def test_the_public_signatures_are_the_catalogues_with_the_calling_cell_last() -> None:
    described = {function.name: [argument.name for argument in function.arguments] for function in CATALOG}
    for function in FUNCTIONS:
        assert list(inspect.signature(function).parameters) == [*described[function.__name__], "where"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=st.lists(values, min_size=1, max_size=5))
def test_no_input_yields_anything_but_a_block_of_cells(service: Simulator, given: list[object]) -> None:
    for function in FUNCTIONS:
        block = function(*given[: len(inspect.signature(function).parameters)])
        assert block
        assert len({len(row) for row in block}) == 1
        assert block[0]
        for cell in (cell for row in block for cell in row):
            assert isinstance(cell, (str, float, bool))
            assert cell != UNEXPECTED
            assert "Traceback" not in str(cell)


def test_a_bad_setting_is_said_in_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFUNNEL_BASE_URL", "http://elsewhere.example")
    ((said,),) = udfs.OF_STATUS("job1")
    assert str(said).startswith("#OF! The base URL 'http://elsewhere.example' would send the API key unencrypted.")


def test_an_excel_that_cannot_spill_says_what_works_there(service: Simulator) -> None:
    for several, instead in (
        (udfs.OF_ROWS(JOB.job_id, where=OLD_EXCEL), "xl-openfunnel rows JOB -o FILE.xlsx"),
        (udfs.OF_PIVOT(JOB.job_id, "country", where=OLD_EXCEL), "Excel's own PivotTable"),
        (udfs.OF_JOBS(where=OLD_EXCEL), "xl-openfunnel jobs"),
        (udfs.OF_INFO(JOB.job_id, where=OLD_EXCEL), "one field per formula"),
        (udfs.OF_INFO(JOB.job_id, "rows,pages", where=OLD_EXCEL), "one field per formula"),
        (udfs.OF_STATUS(((JOB.job_id,), (JOB.job_id,)), OLD_EXCEL), "one job per formula"),
        (udfs.OF_LOOKUP(JOB.job_id, (1.0, 2.0), "name", where=OLD_EXCEL), "one company per formula"),
    ):
        ((said,),) = several
        assert str(said).startswith("#OF! This Excel cannot spill: OF_")
        assert instead in str(said)
        assert len(str(said)) <= 255
    assert udfs.OF_STATUS(JOB.job_id, OLD_EXCEL) == [["completed"]]
    assert udfs.OF_INFO(JOB.job_id, "rows", OLD_EXCEL) == [[30.0]]
    assert udfs.OF_LOOKUP(JOB.job_id, 1.0, "name", None, OLD_EXCEL) == [[JOB.rows[0]["name"]]]


def test_arguments_may_be_given_by_name(service: Simulator) -> None:
    assert udfs.OF_STATUS(job=JOB.job_id) == [["completed"]]
    assert udfs.OF_LOOKUP(JOB.job_id, column="rank", key=3) == [[3.0]]
    with pytest.raises(TypeError, match="jop"):
        udfs.OF_STATUS(jop=JOB.job_id)


@pytest.mark.parametrize(
    ("number", "shown"), [(-2146826246, "#N/A"), (-2146826237, "Error 2051"), (-2146826200, "Error 2088")]
)
def test_an_error_of_excel_is_an_error_also_if_it_is_a_new_one(service: Simulator, number: int, shown: str) -> None:
    assert udfs.OF_STATUS(number) == [[f"#OF! The cell with the job holds {shown}. Fix that cell first."]]
    assert udfs.OF_LOOKUP(JOB.job_id, number, "name") == [
        [f"#OF! The cell with the key holds {shown}. Fix that cell first."]
    ]
