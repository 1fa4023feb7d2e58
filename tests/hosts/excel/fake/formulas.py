"""As much of Excel's formula language as the tests enter into cells."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Callable, Iterator
from typing import Final

from tests.hosts.excel.fake import refs
from tests.hosts.excel.fake.refs import Area


class CellError(int):
    """An error value: the number that pywin32 makes of it, as Value2 gives it to Python."""


ERRORS: Final = {
    text: CellError(-2146828288 + number)
    for text, number in {
        "#NULL!": 2000,
        "#DIV/0!": 2007,
        "#VALUE!": 2015,
        "#REF!": 2023,
        "#NAME?": 2029,
        "#NUM!": 2036,
        "#N/A": 2042,
        "#SPILL!": 2045,
        "#CALC!": 2050,
    }.items()
}


class Omitted(enum.Enum):
    """An argument that is not there."""

    MISSING = enum.auto()


Scalar = float | str | bool | CellError | None
Rows = tuple[tuple[Scalar, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Constant:
    value: Scalar | Rows | Omitted


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    sheet: str | None
    area: Area
    spilled: bool = False  # A5#


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    name: str
    args: tuple[Node, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    sign: str
    left: Node
    right: Node


Node = Constant | Reference | Call | Operation

_SHEET = r"(?P<sheet>'(?:[^']|'')+'|[^\W\d][\w.]*)!"
_ADDRESS = (
    r"(?P<address>\$?[A-Za-z]{1,3}\$?\d+(?::\$?[A-Za-z]{1,3}\$?\d+)?|\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}|\$?\d+:\$?\d+)"
)
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r'|(?P<text>"(?:[^"]|"")*")'
    rf"|(?P<reference>(?:{_SHEET})?{_ADDRESS}(?P<hash>#)?(?![\w.(]))"
    r"|(?P<error>#[A-Z/0]+[!?]|#N/A)"
    r"|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)"
    r"|(?P<logical>(?:TRUE|FALSE)(?![\w.(]))"
    r"|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<sign>[-+*/&(){},;@])",
    re.IGNORECASE,
)
_BINDING = {"&": 1, "+": 2, "-": 2, "*": 3, "/": 3}


def _tokens(formula: str) -> Iterator[re.Match[str]]:
    at = 1
    while at < len(formula):
        match = _TOKEN.match(formula, at)
        if match is None:
            raise ValueError(f"not understood: {formula[at:]!r} in {formula!r}")
        yield match
        at = match.end()


def parse(formula: str) -> Node:
    """Read a formula, its equals sign included.

    Raises:
        ValueError: It is beyond what is understood here; Excel itself may well understand it.
    """
    parser = _Parser([match for match in _tokens(formula) if match.lastgroup != "space"])
    node = parser.expression(0)
    if parser.remaining:
        raise ValueError(f"something left over in {formula!r}")
    return node


class _Parser:
    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.remaining = tokens[::-1]

    def peek(self) -> str:
        return self.remaining[-1][0] if self.remaining else ""

    def take(self, wanted: str) -> bool:
        if self.peek() == wanted:
            self.remaining.pop()
            return True
        return False

    def expect(self, wanted: str) -> None:
        if not self.take(wanted):
            raise ValueError(f"{wanted!r} expected before {self.peek()!r}")

    def expression(self, least: int) -> Node:
        node = self.operand()
        while (binding := _BINDING.get(self.peek(), 0)) > least:
            node = Operation(self.remaining.pop()[0], node, self.expression(binding))
        return node

    def operand(self) -> Node:
        if not self.remaining:
            raise ValueError("the formula ends too early")
        token = self.remaining.pop()
        kind, text = token.lastgroup, token[0]
        if token["reference"]:
            sheet = refs.unquote(token["sheet"]) if token["sheet"] else None
            return Reference(sheet, refs.parse(token["address"]), spilled=bool(token["hash"]))
        if kind == "name":
            return self.call(text.upper())
        if text == "(":
            node = self.expression(0)
            self.expect(")")
            return node
        if text == "{":
            return self.array()
        if text == "@":
            return self.operand()
        if text in "+-":
            return Operation(text, Constant(0.0), self.operand())
        return Constant(_scalar(token))

    def call(self, name: str) -> Call:
        self.expect("(")
        args: list[Node] = []
        if self.take(")"):
            return Call(name, ())
        while True:
            args.append(Constant(Omitted.MISSING) if self.peek() in {",", ")"} else self.expression(0))
            if self.take(")"):
                return Call(name, tuple(args))
            self.expect(",")

    def array(self) -> Constant:
        rows: list[list[Scalar]] = [[]]
        while True:
            negative = self.take("-")
            value = _scalar(self.remaining.pop())
            rows[-1].append(-value if negative and isinstance(value, float) else value)
            if self.take("}"):
                return Constant(tuple(map(tuple, rows)))
            if self.take(";"):
                rows.append([])
            else:
                self.expect(",")


def _scalar(token: re.Match[str]) -> Scalar:
    text = token[0]
    match token.lastgroup:
        case "text":
            return text[1:-1].replace('""', '"')
        case "number":
            return float(text)
        case "logical":
            return text.upper() == "TRUE"
        case "error":
            return ERRORS[text.upper()]
    raise ValueError(f"no value: {text!r}")


def link_text(node: Node) -> str | None:
    """What HYPERLINK shows if it has nothing but texts, so that its value never changes."""
    match node:
        case Call("HYPERLINK", (Constant(str()), Constant(str(shown)))):
            return shown
    return None


def references(node: Node) -> Iterator[Reference]:
    """Every reference in a formula."""
    match node:
        case Reference():
            yield node
        case Call():
            for arg in node.args:
                yield from references(arg)
        case Operation():
            yield from references(node.left)
            yield from references(node.right)


def rewrite_references(formula: str, change: Callable[[str | None, str], str | None]) -> str:
    """The formula after its references were changed; text in quotes stays as it is.

    Args:
        formula: With its equals sign.
        change: Takes the sheet (as written without quotes, or None) and the address as it stands there, and
            returns what stands there from now on, sheet included, or None to leave it.
    """
    parts = [formula[:1]]
    for token in _tokens(formula):
        text = token[0]
        if token["reference"]:
            sheet = refs.unquote(token["sheet"]) if token["sheet"] else None
            changed = change(sheet, token["address"])
            if changed is not None:
                text = changed + (token["hash"] or "")
        parts.append(text)
    return "".join(parts)


def shift_rows(formula: str, rows: int) -> str:
    """The formula as it reads after a sort moved it by so many rows: references without a $ move along."""

    def change(sheet: str | None, address: str) -> str | None:
        if sheet is not None:
            return None
        return re.sub(r"(?<=[A-Za-z])\d+", lambda row: str(int(row[0]) + rows), address)

    return rewrite_references(formula, change)


def to_r1c1(formula: str, key: refs.Key) -> str:
    """The formula as FormulaR1C1 gives it: references without a $ by their distance from its own cell."""

    def corner(found: re.Match[str]) -> str:
        column, row = refs.column_number(found[2]), int(found[4])
        return (f"R{row}" if found[3] else f"R[{row - key[0]}]") + (
            f"C{column}" if found[1] else f"C[{column - key[1]}]"
        )

    def change(sheet: str | None, address: str) -> str:
        return (refs.prefix(sheet) if sheet else "") + re.sub(r"(\$?)([A-Za-z]{1,3})(\$?)(\d+)", corner, address)

    return rewrite_references(formula, change)


def move_address(address: str, at: int, count: int) -> str | None:
    """An address after `count` rows were inserted before row `at` (or, if negative, removed from there on).

    Dollar signs stay; None when nothing is left of it.
    """
    area = refs.parse(address)
    if area.height == refs.MAX_ROWS:
        return address
    top, bottom = area.top, area.bottom
    if count > 0:
        top, bottom = top + count * (top >= at), bottom + count * (bottom >= at)
    else:
        end = at - count  # the first row that stays
        if at <= top and bottom < end:
            return None
        top = top + count if top >= end else min(top, at)
        bottom = bottom + count if bottom >= end else min(bottom, at - 1)
    rows = iter([top, bottom])
    return re.sub(r"\d+", lambda _: str(next(rows)), address)
