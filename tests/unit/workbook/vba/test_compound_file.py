"""Compound files, read by olefile in its strictest mode."""

from __future__ import annotations

import io

import olefile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_openfunnel.workbook.vba.compound_file import Tree, compound_file

SIZES = (0, 1, 63, 64, 65, 511, 512, 4095, 4096, 4097, 70_000, 1_000_000)


def opened(content: bytes) -> olefile.OleFileIO:
    file = olefile.OleFileIO(io.BytesIO(content), raise_defects=olefile.DEFECT_POTENTIAL)
    assert file.parsing_issues == []
    return file


def streams(content: bytes) -> dict[str, bytes]:
    file = opened(content)
    return {"/".join(path): file.openstream(path).read() for path in file.listdir()}


def text(size: int) -> bytes:
    return bytes(number * 7 % 251 for number in range(size))


@pytest.mark.parametrize("size", SIZES)
def test_a_stream_of_any_size_is_read_back(size: int) -> None:
    assert streams(compound_file({"A": text(size)})) == {"A": text(size)}


def test_streams_small_and_large_in_storages_are_read_back() -> None:
    inner = {f"Stream {size}": text(size) for size in SIZES}
    found = streams(compound_file({"Storage": inner, "Beside": b"x", "More": {"Deep": {"A": b"y"}}}))
    assert found == {f"Storage/{name}": content for name, content in inner.items()} | {
        "Beside": b"x",
        "More/Deep/A": b"y",
    }


@given(st.dictionaries(st.text("abcXYZ", min_size=1, max_size=6), st.binary(max_size=200), max_size=40))
def test_any_streams_are_read_back(given_streams: dict[str, bytes]) -> None:
    tree = {f"{place}{name}": content for place, (name, content) in enumerate(given_streams.items())}
    assert streams(compound_file(tree)) == tree


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 12, 31, 100])
def test_the_directory_is_a_red_black_tree_in_the_order_of_names(count: int) -> None:
    names = [f"n{'x' * (number % 5)}{number}" for number in range(count)]
    file = opened(compound_file(dict.fromkeys(names, b"")))
    entries = file.direntries
    order: list[str] = []
    blacks: set[int] = set()

    def visit(place: int, depth: int, *, after_red: bool) -> None:
        if place == olefile.NOSTREAM:
            blacks.add(depth)
            return
        entry = entries[place]
        assert entry is not None
        red = entry.color == 0
        assert not (red and after_red)
        visit(entry.sid_left, depth + (not red), after_red=red)
        order.append(entry.name)
        visit(entry.sid_right, depth + (not red), after_red=red)

    root = entries[0]
    assert root is not None
    visit(root.sid_child, 0, after_red=True)  # true, since the top has to be black
    assert order == sorted(names, key=lambda name: (len(name), name.upper()))
    assert len(blacks) == 1


@pytest.mark.parametrize(("tree", "message"), [({"n" * 32: b""}, "too long"), ({"A": bytes(7_200_000)}, "this large")])
def test_too_long_names_and_too_large_files_are_rejected(tree: Tree, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compound_file(tree)
