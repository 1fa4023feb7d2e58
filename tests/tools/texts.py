"""All texts that users read, each with the place where it is written: for `tests/unit/test_words.py`."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import xl_openfunnel

ROOT: Final = Path(__file__).parents[2]
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_SQL: Final = re.compile(r"\s*(SELECT|INSERT|DELETE|CREATE|PRAGMA|BEGIN|SET|LEFT JOIN|PIVOT|read_parquet)\b")


class Text(NamedTuple):
    """A text that users read.

    Attributes:
        place: the file, and the line or the name of what is documented.
        text: the text; what is filled in is ``{}``.
    """

    place: str
    text: str


def all_texts() -> Iterator[Text]:
    """The texts of the package, of its public docstrings, of VBA, of the sheets and menus, and of the guide."""
    for path in sorted((ROOT / "xl_openfunnel").rglob("*.py")):
        yield from of_python(_name(path), path.read_text("utf-8"))
    for name in xl_openfunnel.__all__:
        yield from _of_object(name, getattr(xl_openfunnel, name))
    for pattern, read in _READERS.items():
        paths = sorted(ROOT.glob(pattern))
        assert paths, pattern
        for path in paths:
            yield from read(_name(path), path.read_text("utf-8"))


def of_python(place: str, source: str) -> Iterator[Text]:
    """The sentences among a module's strings: neither docstrings, which only commands show, nor SQL."""
    tree = ast.parse(source)
    left_out: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            left_out.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            left_out.update(map(id, node.values))
            left_out.update(id(part) for value in node.values for part in ast.walk(value) if _is_format(value, part))
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if re.search(r"[A-Za-z]{2,}\.? [A-Za-z]{2,}", text) and not _SQL.match(text):
            yield Text(f"{place}:{node.lineno}", _TAG.sub(" ", text))


def _is_format(value: ast.expr, part: ast.AST) -> bool:
    """Whether a node is the format of a value that is filled in, such as ``,`` for thousands."""
    return (
        isinstance(value, ast.FormattedValue) and value.format_spec is not None and part in ast.walk(value.format_spec)
    )


def _of_object(name: str, thing: Any) -> Iterator[Text]:
    """The docstring of a public object, and those of its public members."""
    members = inspect.getmembers(thing, callable) if inspect.isclass(thing) else []
    public = [(f"{name}.{key}", member) for key, member in members if not key.startswith("_")]
    for place, each in [(name, thing), *public]:
        if str(getattr(each, "__module__", "")).startswith("xl_openfunnel"):
            yield Text(place, inspect.getdoc(each) or "")


def _of_lines(place: str, source: str) -> Iterator[Text]:
    for number, line in enumerate(source.splitlines(), 1):
        yield Text(f"{place}:{number}", line)


def _of_markdown(place: str, source: str) -> Iterator[Text]:
    """The paragraphs of a page, the lines of its tables; not its blocks of code."""
    source = re.sub(
        r"^ *```.*?^ *```", lambda block: "\n" * block[0].count("\n"), source, flags=re.DOTALL | re.MULTILINE
    )
    number, paragraph = 1, ""
    for at, line in enumerate([*source.splitlines(), ""], 1):
        if paragraph and (not line.strip() or line.lstrip().startswith(("|", "-", "#", "!["))):
            yield Text(f"{place}:{number}", paragraph)
            paragraph = ""
        if line.strip():
            number = number if paragraph else at
            paragraph = f"{paragraph} {line.strip()}".strip()


def _of_vba(place: str, source: str) -> Iterator[Text]:
    for number, line in enumerate(source.splitlines(), 1):
        for literal in re.findall(r'"((?:[^"]|"")*)"', line if not line.lstrip().startswith("'") else ""):
            yield Text(f"{place}:{number}", literal.replace('""', '"'))


def _of_toml(place: str, source: str) -> Iterator[Text]:
    def values(name: str, value: object) -> Iterator[Text]:
        if isinstance(value, str):
            yield Text(f"{place} {name}", value)
        for key, each in _items(value):
            yield from values(f"{name}.{key}".lstrip("."), each)

    yield from values("", tomllib.loads(source))


def _items(value: object) -> Iterable[tuple[object, object]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


_READERS: Final[dict[str, Callable[[str, str], Iterator[Text]]]] = {
    "README.md": _of_markdown,
    "workbook/guide/*.md": _of_markdown,
    "workbook/languages/en.toml": _of_toml,
    "workbook/sheets/*.toml": _of_toml,
    "workbook/vba/*": _of_vba,
    "workbook/*.cmd": _of_lines,
}
