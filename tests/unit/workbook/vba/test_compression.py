"""Compression, decompressed by oletools."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oletools.olevba import decompress_stream

from xl_openfunnel.workbook.vba.compression import compress


def read_back(content: bytes) -> bytes:
    return bytes(decompress_stream(bytearray(compress(content))))


@given(st.text("ab \r\n", max_size=6000).map(str.encode))
def test_text_is_read_back(content: bytes) -> None:
    assert read_back(content) == content


@pytest.mark.parametrize("length", [1, 2, 3, 4, 16, 17, 18, 4095, 4096, 4097, 8192, 20_000])
@pytest.mark.parametrize("pattern", [b"a", b"abc", bytes(range(32, 127))])
def test_repetitions_of_any_length_are_read_back(pattern: bytes, length: int) -> None:
    content = (pattern * length)[:length]
    assert read_back(content) == content


def test_an_incompressible_chunk_is_read_back() -> None:
    content = random.Random(1).randbytes(8192)
    assert read_back(content) == content
    assert len(compress(content)) == 1 + 2 * (2 + 4096)


def test_the_example_of_the_specification() -> None:
    # [MS-OVBA] 3.2.3, "maximum token compression example"
    assert compress(b"a" * 73) == bytes.fromhex("0103b002614500")
