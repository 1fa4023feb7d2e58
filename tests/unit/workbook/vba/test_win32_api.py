"""The table of Windows' functions and structures, and the statements that are written from it."""

from __future__ import annotations

import ctypes
import re

import pytest

from tests.hosts.excel.win32 import structure
from xl_openfunnel.workbook.vba import win32_api, wrappers
from xl_openfunnel.workbook.vba.win32_api import (
    GUID,
    PROCESS_INFORMATION,
    SECURITY_ATTRIBUTES,
    STARTUPINFOW,
    STRUCTURES,
    Structure,
)

SIZES = [
    (STARTUPINFOW, 104, 68),
    (PROCESS_INFORMATION, 24, 16),
    (SECURITY_ATTRIBUTES, 24, 12),
    (GUID, 16, 16),
]
"""As Microsoft's compiler has them, in 64-bit and in 32-bit programs."""


@pytest.mark.parametrize(("described", "in_64", "in_32"), SIZES, ids=lambda value: getattr(value, "name", ""))
def test_the_size_of_each_structure_is_windows_own(described: Structure, in_64: int, in_32: int) -> None:
    assert (described.size(8), described.size(4)) == (in_64, in_32)
    assert [ctypes.sizeof(structure(described, address)) for address in (8, 4)] == [in_64, in_32]


def test_every_structure_is_compared() -> None:
    assert [described for described, *_ in SIZES] == list(STRUCTURES)


@pytest.mark.parametrize(("address", "standard_error"), [(8, 96), (4, 64)])
def test_the_handle_for_errors_is_where_windows_reads_it(address: int, standard_error: int) -> None:
    assert structure(STARTUPINFOW, address).hStdError.offset == standard_error


def test_vba_has_the_sizes_for_either_excel() -> None:
    text = win32_api.declarations()
    in_64, in_32 = re.split(r"^#Else$", text.partition("#If Win64 Then")[2], flags=re.MULTILINE)
    assert "SizeOf_STARTUPINFOW As Long = 104" in in_64
    assert "SizeOf_STARTUPINFOW As Long = 68" in in_32
    assert "SizeOf_PROCESS_INFORMATION As Long = 24" in in_64
    assert "SizeOf_PROCESS_INFORMATION As Long = 16" in in_32


def test_no_name_is_a_word_of_vba() -> None:
    names = {member.name for each in STRUCTURES for member in each.members}
    names |= {parameter.name for each in win32_api.FUNCTIONS for parameter in each.parameters}
    assert not {name for name in names if name.lower() in wrappers.KEYWORDS}
