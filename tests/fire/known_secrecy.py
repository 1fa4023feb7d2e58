"""Where a list of known companies could leak in a session: a file, the output, a request, the arguments of a
process."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import openpyxl

from .secrecy import JOB, SessionOutput, contents_of, files_below, session

LIST_NAME: Final = "Zq9x Clients"
MARKS: Final = ("zq9xhost", "zq9xpage", "zq9xname", "zq9xnote", "zq9xmail", "zq9xtext")
"""In hosts, LinkedIn pages, names, the noted column, e-mail addresses, and cells that are kept nowhere."""

NOTED: Final = "Zq9xOwner"
"""The note of the one account that the job has, which ``show="why"`` alone shows."""

REPEATS: Final = "cell that repeats its argument: "
"""Begins the line of a cell whose formula gives a text, of no list, as the name of one: the cell shows that text."""

HEADERS: Final = ("Account", "Website", "LinkedIn", "Email", "Owner", "Remark")
_NUMBER: Final = 200


def accounts() -> list[list[str]]:
    """Accounts with all marks, of which the job has one."""
    known = next(row for row in JOB.rows if row["domain"] and row["name"] != JOB.rows[0]["name"])
    lines = [["Known", str(known["domain"]), "", "", NOTED, ""]]
    for number in range(_NUMBER):
        host, page, name, note, mail, text = (f"{mark}{number}" for mark in MARKS)
        website = f"https://www.{host}.com/{text}"
        lines.append(
            [f"{name} GmbH", website, f"https://linkedin.com/company/{page}", f"jo@{mail}.de", note, f"call {text}"]
        )
    return lines


def write_accounts(folder: Path) -> None:
    """Write the files of the user: accounts in each form, some without headers, some damaged."""
    lines = [list(HEADERS), *accounts()]
    (folder / "accounts.csv").write_text("\n".join(map(",".join, lines)), "utf-8")
    (folder / "headless.csv").write_text("\n".join(map(",".join, lines[2:])), "utf-8")
    book = openpyxl.Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    book.save(folder / "accounts.xlsx")
    for suffix in (".xlsx", ".parquet"):
        (folder / f"damaged{suffix}").write_text(" ".join(MARKS), "utf-8")
    (folder / "keyless.csv").write_text("Account,Remark\n" + "\n".join(f"{mark},x" for mark in MARKS), "utf-8")


def marks_in(content: bytes | str) -> list[str]:
    """The marks in a content, in any form and case."""
    found = content.encode("utf-8", "replace") if isinstance(content, str) else content
    lowered = found.lower()
    marks = (*MARKS, NOTED.lower())
    return [mark for mark in marks if any(form in lowered for form in (mark.encode(), mark.encode("utf-16-le")))] + [
        mark for mark in marks if base64.b64encode(mark.encode()) in found
    ]


def files_with_marks(home: Path) -> list[str]:
    """The files below the folder that hold marks, also packed ones and Parquet."""
    return sorted(path.relative_to(home).as_posix() for path in files_below(home) if any(map(marks_in, _all_of(path))))


def _all_of(path: Path) -> Iterator[bytes]:
    yield path.name.encode()
    yield from contents_of(path)
    if path.suffix == ".parquet":
        import duckdb

        with duckdb.connect() as db:
            yield repr(db.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()).encode()


def run(home: Path, source: Path) -> SessionOutput:
    """A session in which every command and function uses a list, and finds it damaged.

    Args:
        home: where all that is written goes.
        source: an empty folder for the user's own files.
    """
    write_accounts(source)
    return session(home, "known_secrecy_child", source=str(source))
