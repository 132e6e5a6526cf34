"""The scores that stand on a night, summed the ways people ask for them.

In: `dq.score` and the rules behind it. Out: a `ScoreBook`: a `Tally` for any dataset, agency and
principle, and for all of them together. Evidence about the platform (empty agency code) counts for
datasets and principles and is never charged to an agency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from kho.quality.weighting import weighting_on, weighting_path
from kho.report.bands import Band, Bands, Tally, total
from kho.report.config import Comparable, config_path, load_report_config
from kho.settings import get_settings
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

    from kho.settings import Settings

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One row of `dq.score`.

    Attributes:
        as_of: the last night on which rows of the dataset were judged.
        judged_on: the oldest night whose rows are in it; None where no rows are.
    """

    as_of: date
    dataset: str
    agency_code: str
    principle: str
    tally: Tally
    judged_on: date | None


def _any_line(_: ScoreLine) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Cell:
    """What one place of a score table shows; without evidence there is no score and no band.

    Attributes:
        change: in points; None where there is nothing to compare with.
        comparable: False where both nights have a score, but their numbers of checks are too far apart.
    """

    tally: Tally
    score: Decimal | None
    band: Band | None
    change: Decimal | None
    comparable: bool = True


@dataclass(frozen=True)
class ScoreBook:
    """The scores of a night, and those of an earlier night to compare with.

    Attributes:
        lines: the latest scores of each dataset.
        previous: the same for the earlier night; empty where there is none.
        bands: the thresholds.
        comparable: which numbers of checks may be compared.
    """

    lines: tuple[ScoreLine, ...]
    previous: tuple[ScoreLine, ...]
    bands: Bands
    comparable: Comparable

    def scored_on(self) -> dict[str, date]:
        """The night of each dataset's latest scores."""
        return {line.dataset: line.as_of for line in self.lines}

    def judged_on(
        self,
        key: Callable[[ScoreLine], K],
        where: Callable[[ScoreLine], bool] = _any_line,
    ) -> dict[K, tuple[date, date]]:
        """The oldest and the newest night whose rows the lines speak of, for each value of `key`."""
        nights: dict[K, set[date]] = defaultdict(set)
        for line in self.lines:
            if line.judged_on and where(line):
                nights[key(line)].add(line.judged_on)
        return {value: (min(found), max(found)) for value, found in nights.items()}

    def cells(
        self,
        key: Callable[[ScoreLine], K],
        where: Callable[[ScoreLine], bool] = _any_line,
    ) -> dict[K, Cell]:
        """A cell for each value of `key` among the lines that `where` lets through."""
        now, before = _tallies(self.lines, key, where), _tallies(self.previous, key, where)
        return {value: self.cell(tally, before.get(value)) for value, tally in now.items()}

    def overall(self, where: Callable[[ScoreLine], bool] = _any_line) -> Cell:
        """One cell for all lines that `where` lets through."""
        return self.cell(
            total(line.tally for line in self.lines if where(line)),
            total(line.tally for line in self.previous if where(line)),
        )

    def cell(self, tally: Tally, before: Tally | None) -> Cell:
        """A tally with its band and its change, where both nights have evidence, and about as much."""
        score, band = tally.score, self.bands.of(tally.score)
        if score is None or before is None or before.score is None:
            return Cell(tally, score, band, None)
        if not self.comparable.allows(tally.evaluated, before.evaluated):
            return Cell(tally, score, band, None, comparable=False)
        return Cell(tally, score, band, score - before.score)


def bands_on(as_of: date, settings: Settings | None = None) -> Bands:
    """The bands in force on a day."""
    limits = weighting_on(as_of, weighting_path(settings) if settings else None).bands
    return Bands(limits.green, limits.amber)


def read_score_book(
    db: sa.Connection,
    as_of: date,
    bands: Bands,
    previous_night: date | None = None,
    settings: Settings | None = None,
) -> ScoreBook:
    """The scores that stand on `as_of`, compared with those that stood on `previous_night`."""
    previous = _read(db, previous_night) if previous_night else ()
    comparable = load_report_config(config_path(settings or get_settings())).comparable
    return ScoreBook(_read(db, as_of), previous, bands, comparable)


def previous_score_night(db: sa.Connection, as_of: date) -> date | None:
    """The last night before `as_of` that gave scores."""
    found: date | None = run_file(db, "report/previous_score_night.sql", as_of=as_of).scalar_one()
    return found


def _read(db: sa.Connection, as_of: date) -> tuple[ScoreLine, ...]:
    rows = run_file(db, "report/latest_scores.sql", as_of=as_of)
    return tuple(
        ScoreLine(
            row.as_of,
            row.dataset,
            row.agency_code,
            row.principle,
            Tally(
                row.evaluated,
                row.failed,
                _rules(row.dataset, row.principle, row.rule_ids, row.rules),
            ),
            row.judged_on,
        )
        for row in rows
    )


def _rules(dataset: str, principle: str, rule_ids: Iterable[str], count: int) -> frozenset[tuple[str, str]]:
    """The rules by id; the platform's own checks, which `count` includes, get a number each."""
    named = {(dataset, rule_id) for rule_id in rule_ids}
    unnamed = {(dataset, f"{principle}/{place}") for place in range(count - len(named))}
    return frozenset(named | unnamed)


def _tallies(
    lines: Iterable[ScoreLine],
    key: Callable[[ScoreLine], K],
    where: Callable[[ScoreLine], bool],
) -> Mapping[K, Tally]:
    sums: dict[K, Tally] = defaultdict(Tally)
    for line in lines:
        if where(line):
            sums[key(line)] += line.tally
    return sums
