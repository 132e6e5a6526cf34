"""What a score is, and which band it falls into; report and scoreboard share it.

In: how many checks were made and how many failed. Out: a score that travels with its coverage, and
a band in words and a sign, so that it reads without colour. No evidence, no score: never 0, never 100.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

NO_EVIDENCE = "chưa có căn cứ"


@dataclass(frozen=True, slots=True)
class Band:
    """A verdict.

    Attributes:
        key: 'green', 'amber' or 'red'.
        word: the verdict in Vietnamese.
        sign: its sign, different in shape and found in every common font.
        letter: the sign where only ASCII can be shown.
    """

    key: str
    word: str
    sign: str
    letter: str


GREEN = Band("green", "Đạt", "●", "+")
AMBER = Band("amber", "Cần cải thiện", "▲", "!")
RED = Band("red", "Chưa đạt", "■", "x")


@dataclass(frozen=True, slots=True)
class Bands:
    """The thresholds, in points out of 100; each belongs to the better band."""

    green: Decimal = Decimal(90)
    amber: Decimal = Decimal(75)

    def of(self, score: Decimal | None) -> Band | None:
        """The band of `score`; None where there is no score."""
        if score is None:
            return None
        if score >= self.green:
            return GREEN
        return AMBER if score >= self.amber else RED


@dataclass(frozen=True, slots=True)
class Tally:
    """Checks made and failed, and the rules that made them.

    Attributes:
        evaluated: checks: a row counts once for each rule that judged it.
        failed: checks that failed.
        rules: (dataset, rule id) of each rule, so that tallies can be added without counting twice.
    """

    evaluated: int = 0
    failed: int = 0
    rules: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.evaluated + other.evaluated,
            self.failed + other.failed,
            self.rules | other.rules,
        )

    @property
    def score(self) -> Decimal | None:
        """100 x passed / evaluated, rounded down to two decimals; None without evidence."""
        if not self.evaluated:
            return None
        return Decimal(10_000 * (self.evaluated - self.failed) // self.evaluated) / 100


def total(tallies: Iterable[Tally]) -> Tally:
    """All tallies in one: each check weighs the same."""
    return sum(tallies, Tally())
