"""Seals: checksums that tell whether what is read from the store is what was written."""

from __future__ import annotations

import hashlib

from ...api.models import Page


def rows_digest(pages: tuple[Page, ...]) -> str:
    """Identifies a revision of a job's rows. A refresh with the same rows keeps it, so open readers can go on."""
    digest = hashlib.blake2b(digest_size=16)
    for page in pages:
        digest.update(b"%d:" % len(page.rows_json))
        digest.update(page.rows_json)
    return digest.hexdigest()


def checksum(*values: object) -> str:
    """A digest of values, each with its length before it."""
    digest = hashlib.blake2b(digest_size=16)
    for value in values:
        body = value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(body))
        digest.update(body)
    return digest.hexdigest()


def sealed(head: tuple[object, ...], warnings: str | None) -> tuple[object, ...]:
    """What the checksum of a job covers. Version 2 had no warnings, and its checksums stay valid."""
    return head if warnings is None else (*head, warnings)


def verify(seal: str | None, *values: object) -> None:
    """Raise `ValueError` if the values are not those that were written. Version 1 wrote no checksums."""
    if seal is not None and seal != checksum(*values):
        raise ValueError("a seal is broken")
