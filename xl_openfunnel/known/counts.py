"""How many companies are new: the one rule by which cells, files, the command and the columns count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .tiers import MATCHED, Match, Tier, looks_for


@dataclass(frozen=True)
class Counts:
    """How many companies have each tier.

    Attributes:
        tiers: all of them, in order.
        doubtful: of these, how many are `Match.doubtful`.
        weakest: the weakest tier that counts as known: a company with a weaker one is new.
    """

    tiers: Mapping[Tier, int]
    doubtful: Mapping[Tier, int]
    weakest: Tier

    @classmethod
    def of(cls, matches: Iterable[Match], weakest: Tier) -> Counts:
        """The counts of matches that looked for ``weakest`` at least."""
        return cls.of_pairs(Counter((match.tier, match.doubtful) for match in matches), weakest)

    @classmethod
    def of_pairs(cls, numbers: Mapping[tuple[Tier, bool], int], weakest: Tier) -> Counts:
        """As `of`, of how many matches have each tier and are doubtful or not."""
        doubtful = {tier: numbers.get((tier, True), 0) for tier in Tier}
        return cls({tier: doubtful[tier] + numbers.get((tier, False), 0) for tier in Tier}, doubtful, weakest)

    @property
    def new(self) -> int:
        """Those that are surely not known."""
        return self.tiers[Tier.NEW] + sum(self.tiers[tier] for tier in self._weaker)

    def text(self, names: str = "") -> str:
        """``412 of 600 are new``, how many of these would not be if weaker matches counted, and what is doubtful.

        Args:
            names: of what they are new to.
        """
        parts = [f"{self.new:,} of {sum(self.tiers.values()):,} are new{names and f' to {names}'}"]
        parts += [_of_these(number, tier) for tier in self._weaker if (number := self.tiers[tier])]
        if number := self.tiers[Tier.NOT_COMPARABLE]:
            parts.append(f"{number:,} cannot be compared")
        if number := self.doubtful[Tier.NOT_COMPARABLE]:
            parts.append(_of_these(number, Tier.NAME))
        return "; ".join(filter(None, (*parts, self._doubt)))

    def chosen_text(self, names: str) -> str:
        """What is left of the companies beside these lists: ``554 new to "crm", and 40 that cannot be compared``."""
        number = self.tiers[Tier.NOT_COMPARABLE]
        rest = f", and {number:,} that cannot be compared" if number else ""
        return f"{self.new:,} new to {names}{rest}{self._doubt and f' ({self._doubt})'}"

    @property
    def _weaker(self) -> list[Tier]:
        return [tier for tier in MATCHED if not looks_for(tier, self.weakest)]

    @property
    def _doubt(self) -> str:
        number = sum(self.doubtful[tier] for tier in MATCHED if looks_for(tier, self.weakest))
        own = "has a LinkedIn page of its own" if number == 1 else "have a LinkedIn page of their own"
        return f"{number:,} of the known {own}" if number else ""


def _of_these(number: int, tier: Tier) -> str:
    return f"{number:,} of these {'has' if number == 1 else 'have'} a known {tier}"
