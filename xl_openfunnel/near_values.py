"""A value that a column has, much like one that criteria want and no company has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from .cell_values import Block
from .company_key import comparable
from .criteria import Criteria, Criterion
from .errors import ConfigurationError
from .fields import BY_NAME, KNOWN_PREFIX, FieldType
from .pivot_rules import BLANK, Question
from .text import clip, one_line

MAX_COMPANIES: Final = 100_000
_MAX_VALUES: Final = 1_000
"""More than these take too long where nothing is shown: a second, and some 10 ms."""

_SHOWN: Final = 60


def did_you_mean(criteria: Criteria, count: int, pivot: Callable[[Question], Block]) -> str:
    """`` Did you mean country=Germany?``, with a blank before it; ``""`` where no value is similar.

    Only criteria that want one of some texts are looked at, if the column has none of these.

    Args:
        criteria: no company meets all of them.
        count: the companies.
        pivot: the companies counted by a column, as `pivot.pivot` has it.
    """
    for criterion in criteria if count <= MAX_COMPANIES else ():
        if _wants_texts(criterion):
            try:
                labels = [row[0] for row in pivot(Question.of([criterion.column]))[1:-1]]
            except ConfigurationError:  # too many values
                continue
            if close := _closest(criterion, {comparable(each): each for each in labels if isinstance(each, str)}):
                escaped = re.sub("[=<>*?|;~]", r"~\g<0>", clip(one_line(close), _SHOWN))
                return f" Did you mean {criterion.column}={escaped}?"
    return ""


def _wants_texts(criterion: Criterion) -> bool:
    kind = BY_NAME[criterion.column].type if criterion.column in BY_NAME else FieldType.TEXT
    if kind not in (FieldType.TEXT, FieldType.LIST) or criterion.column.startswith(KNOWN_PREFIX):
        return False
    return all(test.sign == "=" and test.operand.text and not test.operand.pattern for test in criterion.tests)


def _closest(criterion: Criterion, labels: dict[str, str]) -> str | None:
    """The label most like one of the texts; None where one of these is there, or none is similar."""
    from difflib import get_close_matches  # where nothing matches only

    labels.pop(BLANK, None)
    wanted = [test.operand.text for test in criterion.tests]
    if len(labels) > _MAX_VALUES or not labels.keys().isdisjoint(wanted):
        return None
    close = [found for text in wanted for found in get_close_matches(text, labels, n=1, cutoff=0.75)]
    return labels[close[0]] if close else None
