"""Calls that are repeated while Excel is busy, with an object that behaves like pywin32's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from xl_openfunnel.hosts.excel.com.retry import BusyRetry, RetryingComObject
from xl_openfunnel.hosts.excel.ports import HostBusyError
from xl_openfunnel.runtime.clock import FOREVER

REJECTED, IGNORED, REFUSED = -2147418111, -2146777998, -2146827284


class ComError(Exception):
    """Stands for pywin32's, which exists on Windows only."""

    def __init__(self, hresult: int, scode: int | None = None) -> None:
        super().__init__(hresult)
        self.hresult = hresult
        self.excepinfo = (0, "Excel", "words", None, 0, scode) if scode else None


class Cell:
    """A cell whose Excel raises these errors before it accepts a call."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = iter(errors)
        self._value: object = "pending"
        self._oleobj_ = self

    def GetIDsOfNames(self, name: str) -> int:  # noqa: N802
        if name == "Nothing":
            raise ComError(-2147352570)  # DISP_E_UNKNOWNNAME
        return 1

    def _raise_next(self) -> None:
        for error in self._errors:
            raise error

    @property
    def Value2(self) -> object:  # noqa: N802
        self._raise_next()
        return self._value

    @Value2.setter
    def Value2(self, value: object) -> None:  # noqa: N802
        self._raise_next()
        self._value = value

    def Offset(self, rows: int) -> Callable[[], int]:  # noqa: N802
        self._raise_next()
        return lambda: rows


BUSY = (ComError(REJECTED), ComError(-2147352567, IGNORED), AttributeError("Value2"))


def retrying_cell(*errors: Exception) -> tuple[Any, list[float]]:
    slept: list[float] = []
    return RetryingComObject(Cell(*errors), slept.append), slept


def test_a_refused_call_is_repeated_after_a_delay() -> None:
    cell, slept = retrying_cell(*BUSY)
    assert cell.Value2 == "pending"
    assert len(slept) == len(BUSY)
    assert min(slept) > 0


def test_setting_and_calling_are_repeated_too() -> None:
    cell, slept = retrying_cell(*BUSY)
    cell.Value2 = "mine"
    assert (cell.Value2, len(slept)) == ("mine", len(BUSY))
    cell, slept = retrying_cell(ComError(REJECTED))
    assert (cell.Offset(3)(), len(slept)) == (3, 1)


def test_another_error_is_not_repeated() -> None:
    cell, slept = retrying_cell(ComError(-2147352567, REFUSED))
    with pytest.raises(ComError):
        _ = cell.Value2
    assert slept == []


def test_an_unknown_name_is_not_repeated() -> None:
    cell, slept = retrying_cell()
    with pytest.raises(AttributeError):
        _ = cell.Nothing
    assert slept == []


def test_waiting_ends_after_the_timeout() -> None:
    slept: list[float] = []
    cell: Any = RetryingComObject(Cell(*itertools.repeat(ComError(REJECTED), 1_000)), slept.append)
    with pytest.raises(HostBusyError, match="Excel accepted no calls for 20 s"):
        _ = cell.Value2
    assert sum(slept) == pytest.approx(20)


def test_delays_grow_and_add_up_to_the_timeout_of_all_calls_together() -> None:
    slept: list[float] = []
    retry = BusyRetry(10.0, slept.append)

    def refuse() -> None:
        raise HostBusyError

    for _ in range(2):
        with pytest.raises(HostBusyError):
            retry.call(refuse)
    assert slept == [0.25, 0.5, 1.0, 2.0, 4.0, 2.25]


def test_without_a_timeout_delays_stay_short() -> None:
    slept: list[float] = []
    results = iter([HostBusyError()] * 5)

    def attempt() -> str:
        for error in results:
            raise error
        return "restored"

    assert BusyRetry(FOREVER, slept.append).call(attempt) == "restored"
    assert slept == [0.25] * 5
