"""A short fuzzing run, with the same examples until the package changes; the long form takes any number.

Hypothesis also takes values from the package's own texts and numbers, so a change anywhere in it can bring new
examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis.strategies as st
import pytest

from xl_openfunnel import table
from xl_openfunnel.functions.catalog import REGISTRY
from xl_openfunnel.functions.context import CallContext

from . import fuzz

EXAMPLES = 150


@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.name)
def test_any_input_is_accepted_or_refused_with_a_message(target: fuzz.Target) -> None:
    assert fuzz.run(target, EXAMPLES) >= EXAMPLES


@pytest.fixture(scope="module")
def new_context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], CallContext]]:
    with fuzz.call_contexts(tmp_path_factory.mktemp("store")) as new_context:
        yield new_context


@pytest.mark.parametrize("name", REGISTRY)
def test_a_function_answers_any_arguments(name: str, new_context: Callable[[], CallContext]) -> None:
    assert fuzz.run(fuzz.function_target(name, new_context), EXAMPLES) > 0


def test_the_fuzzing_can_fail() -> None:
    def fail_for_large_numbers(value: int) -> None:
        assert value < 1_000

    with pytest.raises(AssertionError):
        fuzz.run(fuzz.Target("numbers", st.integers(), fail_for_large_numbers), EXAMPLES)


@pytest.mark.parametrize("odd", fuzz.ODD_VALUES, ids=lambda odd: type(odd).__name__)
def test_a_block_shows_values_that_raise_when_converted(odd: Any) -> None:
    import pandas as pd

    shown = table.block(pd.DataFrame({"a": pd.Series([odd, [odd], {"k": odd}, None], dtype=object)}))
    assert [type(cell) in (str, float) for (cell,) in shown] == [True] * 5
