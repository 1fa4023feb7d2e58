"""Calls that are made again, on an object that behaves as pywin32's do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from xl_openfunnel.hosts.excel.com.retry import RetryingComObject
from xl_openfunnel.hosts.excel.ports import HostBusyError

REJECTED, IGNORED, REFUSED = -2147418111, -2146777998, -2146827284


class ComError(Exception):
    """pywin32's, which there is on Windows only."""

    def __init__(self, hresult: int, scode: int | None = None) -> None:
        super().__init__(hresult)
        self.hresult = hresult
        self.excepinfo = (0, "Excel", "words", None, 0, scode) if scode else None


class Cell:
    """A cell whose Excel answers with these errors before it lets anybody in."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = iter(errors)
        self._value: object = "pending"
        self._oleobj_ = self

    def GetIDsOfNames(self, name: str) -> int:  # noqa: N802
        if name == "Nothing":
            raise ComError(-2147352570)  # DISP_E_UNKNOWNNAME
        return 1

    def _let_in(self) -> None:
        for error in self._errors:
            raise error

    @property
    def Value2(self) -> object:  # noqa: N802
        self._let_in()
        return self._value

    @Value2.setter
    def Value2(self, value: object) -> None:  # noqa: N802
        self._let_in()
        self._value = value

    def Offset(self, rows: int) -> Callable[[], int]:  # noqa: N802
        self._let_in()
        return lambda: rows


BUSY = (ComError(REJECTED), ComError(-2147352567, IGNORED), AttributeError("Value2"))


def patient(*errors: Exception) -> tuple[Any, list[float]]:
    slept: list[float] = []
    return RetryingComObject(Cell(*errors), slept.append), slept


def test_what_is_turned_away_is_asked_again_after_a_pause() -> None:
    cell, slept = patient(*BUSY)
    assert cell.Value2 == "pending"
    assert len(slept) == len(BUSY)
    assert min(slept) > 0


def test_what_is_set_and_called_is_tried_again_too() -> None:
    cell, slept = patient(*BUSY)
    cell.Value2 = "mine"
    assert (cell.Value2, len(slept)) == ("mine", len(BUSY))
    cell, slept = patient(ComError(REJECTED))
    assert (cell.Offset(3)(), len(slept)) == (3, 1)


def test_a_refusal_is_none_of_that() -> None:
    cell, slept = patient(ComError(-2147352567, REFUSED))
    with pytest.raises(ComError):
        _ = cell.Value2
    assert slept == []


def test_a_name_that_there_is_not_is_no_reason_to_wait() -> None:
    cell, slept = patient()
    with pytest.raises(AttributeError):
        _ = cell.Nothing
    assert slept == []


def test_it_does_not_wait_without_end() -> None:
    slept: list[float] = []
    cell: Any = RetryingComObject(Cell(*itertools.repeat(ComError(REJECTED), 1_000)), slept.append)
    with pytest.raises(HostBusyError, match="Excel let nobody in for 20 s"):
        _ = cell.Value2
    assert sum(slept) == pytest.approx(20)
