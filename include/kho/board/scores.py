"""Agencies and the eight principles, with the history of both.

In: a night. Out: the report's own score tables, for all agencies or one, and beside them the weighted
index with its coverage, night by night. The numbers are those of the report of that night.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from kho.report.bands import Band, Bands, Tally
from kho.report.names import Names
from kho.report.score_tables import ScoreRow, ScoreTables, ranked, score_tables
from kho.report.scores import bands_on, previous_score_night, read_score_book
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.settings import Settings

NIGHTS = 30


@dataclass(frozen=True, slots=True)
class Point:
    """A score of a night; `band` only where it is the weighted index."""

    as_of: date
    score: Decimal
    coverage: Decimal | None = None
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class AgencyScores:
    """All agencies of the catalogue that have a score.

    Attributes:
        tables: the report's tables.
        ranked: every agency, in the order of the report.
        previous: the night that changes are told against.
        index: the weighted index by agency, the oldest night first.
    """

    tables: ScoreTables
    ranked: tuple[ScoreRow, ...]
    previous: date | None
    index: Mapping[str, tuple[Point, ...]]


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that an agency breaks; `judged_on` is the night of its rows, None where it is not about rows."""

    dataset: str
    rule_id: str
    title_vi: str
    evaluated: int
    failed: int
    judged_on: date | None


@dataclass(frozen=True, slots=True)
class AgencyPage:
    """One agency.

    Attributes:
        row: its line of the score table; None where there is no evidence.
        principles: id and history of each principle, the oldest night first.
        index: its weighted index.
        rules: what its rows break most.
    """

    code: str
    row: ScoreRow | None
    principles: Mapping[str, tuple[Point, ...]]
    index: tuple[Point, ...]
    rules: tuple[BrokenRule, ...]


def read_agencies(engine: sa.Engine, as_of: date, names: Names, settings: Settings) -> AgencyScores:
    """Every agency's scores as they stand on a night."""
    with engine.connect() as db:
        previous = previous_score_night(db, as_of)
        bands = bands_on(as_of, settings)
        book = read_score_book(db, as_of, bands, previous, settings)
        index = _index(db, as_of, bands)
    tables = score_tables(book, names)
    standing = {code: points[-1].score for code, points in index.items()}
    return AgencyScores(tables, tuple(ranked(tables.agencies, standing)), previous, index)


def read_agency(engine: sa.Engine, code: str, as_of: date, names: Names, settings: Settings) -> AgencyPage:
    """One agency of the catalogue as it stands on a night."""
    found = read_agencies(engine, as_of, names, settings)
    history: dict[str, list[Point]] = defaultdict(list)
    with engine.connect() as db:
        for row in run_file(db, "board/agency_history.sql", as_of=as_of, agency=code, nights=NIGHTS):
            score = Tally(row.evaluated, row.failed).score
            if score is not None:
                history[row.principle].append(Point(row.as_of, score))
        rules = run_file(db, "board/agency_rules.sql", as_of=as_of, agency=code).mappings()
        broken = tuple(BrokenRule(**row) for row in rules)
    return AgencyPage(
        code=code,
        row=next((row for row in found.ranked if row.agency_code == code), None),
        principles={principle: tuple(points) for principle, points in history.items()},
        index=found.index.get(code, ()),
        rules=broken,
    )


def _index(db: sa.Connection, as_of: date, bands: Bands) -> dict[str, tuple[Point, ...]]:
    """The index by agency, of those that have one on the last night."""
    found: dict[str, list[Point]] = defaultdict(list)
    for row in run_file(db, "board/index_history.sql", as_of=as_of, nights=NIGHTS):
        found[row.agency_code].append(Point(row.as_of, row.score, row.coverage, bands.of(row.score)))
    last = max((points[-1].as_of for points in found.values()), default=None)
    return {code: tuple(points) for code, points in found.items() if points[-1].as_of == last}
