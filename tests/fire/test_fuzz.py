"""A moment of the fuzzing, the same examples every time; the long form has as many as one asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis.strategies as st
import pytest

from xl_openfunnel import table
from xl_openfunnel.functions.context import CallContext

from . import fuzz

FEW = 150


@pytest.mark.parametrize("form", fuzz.FORMS, ids=lambda form: form.name)
def test_whatever_comes_is_taken_or_refused_in_words(form: fuzz.Form) -> None:
    assert fuzz.run(form, FEW) >= FEW


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], CallContext]]:
    with fuzz.desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.mark.parametrize("name", fuzz.FUNCTIONS)
def test_a_function_answers_whatever_it_is_given(name: str, look: Callable[[], CallContext]) -> None:
    assert fuzz.run(fuzz.function_form(name, look), FEW) > 0


def test_the_fuzzing_can_fail() -> None:
    def refuse(value: int) -> None:
        assert value < 1_000

    with pytest.raises(AssertionError):
        fuzz.run(fuzz.Form("numbers", st.integers(), refuse), FEW)


@pytest.mark.parametrize("odd", fuzz.ODD, ids=lambda odd: type(odd).__name__)
def test_a_block_shows_even_what_cannot_be_shown(odd: Any) -> None:
    import pandas as pd

    shown = table.block(pd.DataFrame({"a": pd.Series([odd, [odd], {"k": odd}, None], dtype=object)}))
    assert [type(cell) in (str, float) for (cell,) in shown] == [True] * 5
