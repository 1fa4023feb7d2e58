"""Invented descriptions and taglines, with the line breaks, characters and remnants of real ones."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from . import vocabulary

_T = TypeVar("_T")

_LONGEST: Final = 2_240


def pick(dice: random.Random, values: Sequence[_T]) -> _T:
    """One of the values, three times as fast as ``dice.choice``."""
    return values[int(dice.random() * len(values))]


def description(row: Mapping[str, Any], dice: random.Random) -> str:
    """What the company of this row might say of itself, in 20 to 2,240 characters."""
    chance = dice.random
    short = chance() < 0.12
    wanted = 20 + 180 * chance() if short else min(_LONGEST, max(60.0, dice.gauss(1_000, 480)))
    broken = chance() < 0.82
    line_break = ("\r\n" if chance() < 0.065 else "\n") * (1 + (chance() < 0.5))
    place, name = row["hq_country"] or "several countries", str(row["name"]).strip()
    text = f"{name} {pick(dice, vocabulary.VERBS)} {pick(dice, vocabulary.THINGS)} in {place}."
    while len(text) < wanted:
        text += (line_break if broken and chance() < 0.3 else " ") + _sentence(dice)
    if broken and line_break not in text:
        text = text.replace(" ", line_break, 1)
    return _decorated(text, row, dice)[:_LONGEST].rstrip()


def tagline(dice: random.Random) -> str:
    """One line, or a few."""
    chance = dice.random
    if chance() < 0.05:
        return pick(dice, vocabulary.THINGS).capitalize()
    text = f"We make {pick(dice, vocabulary.THINGS)} simple for {pick(dice, vocabulary.CLIENTS)}, wherever they work"
    if chance() < 0.3:
        text = f"{text}. {_sentence(dice)}"
    if chance() < 0.03:
        text = f"{text}\n{pick(dice, vocabulary.LINE_STARTS)}{pick(dice, vocabulary.THINGS)}"
    return text


def _sentence(dice: random.Random) -> str:
    verb, thing, client = pick(dice, vocabulary.VERBS), pick(dice, vocabulary.THINGS), pick(dice, vocabulary.CLIENTS)
    if dice.random() < 0.5:
        return f"The team {verb} {thing} for {client}, from the first plan to daily operation."
    return f"Since {1900 + int(dice.random() * 125)} it {verb} {thing} that {client} rely on every day."


def _decorated(text: str, row: Mapping[str, Any], dice: random.Random) -> str:
    """The text with what real descriptions have here and there."""
    chance = dice.random
    if chance() < 0.065:
        text = f"What we do:\n{pick(dice, vocabulary.LINE_STARTS)}{pick(dice, vocabulary.THINGS)}\n{text}"
    if chance() < 0.025:
        text = f"Services:\t{pick(dice, vocabulary.THINGS)}\n{text}"
    if chance() < 0.08:
        text = f"{pick(dice, vocabulary.EMOJI)} {text}"
    if chance() < 0.29:
        text = f"{text[:30]} & {text[30:]}" if chance() < 0.9 else f"<3 {text} Turnover > 1M"
    if chance() < 0.04:
        text = f"Write to hello@{row['domain'] or 'mail.example'}. {text}"
    if chance() < 0.023:
        text = f"Call (202) 555-01{int(chance() * 100):02d}. {text}"
    return f"<p>{text}</p>" if chance() < 0.0013 else text
