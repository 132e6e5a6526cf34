"""The report's two score tables: dataset by principle, agency by principle.

In: a `ScoreBook` and the names. Out: rows of cells in reading order, ready for the template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kho.report.names import PLATFORM, UNKNOWN_AGENCY, Names
from kho.report.scores import Cell, ScoreBook, ScoreLine

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A row of a score table.

    Attributes:
        cells: in the order of the principles, None without evidence.
        scored_on: the newest night whose rows are in it.
        oldest: the oldest night whose rows are in it: an agency's stand until it has others.
    """

    title: str
    overall: Cell
    cells: tuple[Cell | None, ...]
    scored_on: date | None = None
    oldest: date | None = None
    agency_code: str = ""


@dataclass(frozen=True)
class ScoreTables:
    """Scores by principle, by dataset and by agency.

    Attributes:
        overall: all evidence of the night.
        principles: id, title and cell of each principle.
        datasets: a row each.
        agencies: a row each, see `ranked` for their order.
        all_agencies: all agencies of the catalogue together.
        unknown: rows whose agency is not in the catalogue; None if there are none.
        platform: evidence that is nobody's, never charged to an agency.
    """

    overall: Cell
    principles: tuple[tuple[str, str, Cell | None], ...]
    datasets: tuple[ScoreRow, ...]
    agencies: tuple[ScoreRow, ...]
    all_agencies: ScoreRow | None
    unknown: ScoreRow | None
    platform: ScoreRow | None

    @property
    def has_incomparable(self) -> bool:
        """Whether a score is shown without its change, because the nights are too unlike."""
        apart = (row for row in (self.all_agencies, self.unknown, self.platform) if row)
        rows = (*self.datasets, *self.agencies, *apart)
        cells = (
            *(cell for _, _, cell in self.principles),
            *(cell for row in rows for cell in (row.overall, *row.cells)),
        )
        return any(not cell.comparable for cell in cells if cell)

    @property
    def fell_most(self) -> tuple[str, Cell] | None:
        """The principle that lost most points, if any did."""
        return self._extreme(-1)

    @property
    def rose_most(self) -> tuple[str, Cell] | None:
        """The principle that gained most points, if any did."""
        return self._extreme(1)

    def _extreme(self, sign: int) -> tuple[str, Cell] | None:
        moved = [
            (sign * cell.change, title, cell)
            for _, title, cell in self.principles
            if cell and cell.change and sign * cell.change > 0
        ]
        if not moved:
            return None
        _, title, cell = max(moved, key=lambda item: item[0])
        return title, cell


def score_tables(book: ScoreBook, names: Names) -> ScoreTables:
    """The score tables, with every agency of the catalogue that has a score."""
    by_principle = book.cells(lambda line: line.principle)
    agencies = _agencies(book, names)
    return ScoreTables(
        overall=book.overall(),
        principles=tuple(
            (principle, title, by_principle.get(principle)) for principle, title in names.principles.items()
        ),
        datasets=_datasets(book, names),
        agencies=agencies,
        all_agencies=_row(
            f"Cộng {len(agencies)} cơ quan", book, names, lambda line: names.knows(line.agency_code)
        ),
        unknown=_row(
            UNKNOWN_AGENCY,
            book,
            names,
            lambda line: line.agency_code != PLATFORM and not names.knows(line.agency_code),
        ),
        platform=_row("Nền tảng", book, names, lambda line: line.agency_code == PLATFORM),
    )


def ranked(rows: Iterable[ScoreRow], index: Mapping[str, Decimal]) -> list[ScoreRow]:
    """Rows of agencies as all that people read ranks them: the lowest index first, those without one last."""
    return sorted(
        rows, key=lambda row: (row.agency_code not in index, index.get(row.agency_code, 0), row.agency_code)
    )


def _datasets(book: ScoreBook, names: Names) -> tuple[ScoreRow, ...]:
    overall = book.cells(lambda line: line.dataset)
    cells = book.cells(lambda line: (line.dataset, line.principle))
    scored_on = book.scored_on()
    judged_on = book.judged_on(lambda line: line.dataset)
    return tuple(
        ScoreRow(
            names.dataset(slug),
            overall[slug],
            tuple(cells.get((slug, principle)) for principle in names.principles),
            scored_on[slug],
            judged_on[slug][0] if slug in judged_on else None,
        )
        for slug in sorted(overall, key=names.place)
    )


def _agencies(book: ScoreBook, names: Names) -> tuple[ScoreRow, ...]:
    def is_known(line: ScoreLine) -> bool:
        return names.knows(line.agency_code)

    overall = book.cells(lambda line: line.agency_code, is_known)
    cells = book.cells(lambda line: (line.agency_code, line.principle), is_known)
    judged_on = book.judged_on(lambda line: line.agency_code, is_known)
    oldest = {code: nights[0] for code, nights in judged_on.items()}
    newest = {code: nights[1] for code, nights in judged_on.items()}
    return tuple(
        ScoreRow(
            names.short[code],
            cell,
            tuple(cells.get((code, principle)) for principle in names.principles),
            newest.get(code),
            oldest.get(code),
            code,
        )
        for code, cell in overall.items()
    )


def _row(title: str, book: ScoreBook, names: Names, where: Callable[[ScoreLine], bool]) -> ScoreRow | None:
    overall = book.overall(where)
    if not overall.tally.evaluated:
        return None
    cells = book.cells(lambda line: line.principle, where)
    return ScoreRow(title, overall, tuple(cells.get(principle) for principle in names.principles))
