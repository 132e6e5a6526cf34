"""The scoreboard of a night, for the terminal.

In: the warehouse and the night's date. Out: a frozen `Scoreboard`: what became of each dataset, its
count equation, and its latest score for each principle with the band the report gives it; and the
same drawn with rich, in plain ASCII where a terminal has nothing better.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kho.report.bands import AMBER, GREEN, RED, Band, Bands
from kho.report.names import read_principles
from kho.report.night import Counts, read_night
from kho.report.scores import Cell, bands_on, previous_score_night, read_score_book

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_STYLES = {
    "green": "green",
    "amber": "yellow",
    "red": "bold red",
    "loaded": "green",
    "unchanged": "dim",
    "blocked": "yellow",
    "failed": "bold red",
    "not run": "dim",
}
_COUNTS = ("fetched", "accepted", "quarantined", "duplicates", "loaded")


@dataclass(frozen=True, slots=True)
class PrincipleScore:
    """A dataset's latest score for a principle; None and no band without evidence."""

    principle: str
    title: str
    cell: Cell | None

    @property
    def band(self) -> Band | None:
        return self.cell.band if self.cell else None


@dataclass(frozen=True, slots=True)
class DatasetLine:
    """One dataset on the board.

    Attributes:
        outcome: loaded, unchanged, blocked or failed; 'not run' without a record.
        counts: of the batch concerned, None where none was loaded.
        scored_on: the newest night whose rows its scores speak of.
        oldest: the oldest such night; None where they speak of no rows.
        overall: all its evidence.
        scores: a score for each of the eight principles, in their order.
    """

    dataset: str
    outcome: str
    counts: Counts | None
    scored_on: date | None
    oldest: date | None
    overall: Cell | None
    scores: tuple[PrincipleScore, ...]


@dataclass(frozen=True)
class Scoreboard:
    """The night of `as_of`, a line per dataset, by slug."""

    as_of: date
    lines: tuple[DatasetLine, ...]
    principles: tuple[tuple[str, str], ...]
    overall: Cell
    bands: Bands


def scoreboard(engine: sa.Engine, as_of: date, bands: Bands | None = None) -> Scoreboard:
    """Read the board of a night; `bands` are those in force that day unless given."""
    bands = bands or bands_on(as_of)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
        book = read_score_book(db, as_of, bands, previous_score_night(db, as_of))
        nights = {night.dataset: night for night in read_night(db, as_of)}
        principles = read_principles(db)
    scored_on = book.scored_on()
    judged_on = book.judged_on(lambda line: line.dataset)
    overall = book.cells(lambda line: line.dataset)
    cells = book.cells(lambda line: (line.dataset, line.principle))
    lines = []
    for dataset in sorted(nights.keys() | scored_on.keys()):
        night = nights.get(dataset)
        lines.append(
            DatasetLine(
                dataset=dataset,
                outcome=night.outcome if night else "not run",
                counts=night.counts if night else None,
                scored_on=scored_on.get(dataset),
                oldest=judged_on[dataset][0] if dataset in judged_on else None,
                overall=overall.get(dataset),
                scores=tuple(
                    PrincipleScore(principle, title, cells.get((dataset, principle)))
                    for principle, title in principles.items()
                ),
            )
        )
    return Scoreboard(as_of, tuple(lines), tuple(principles.items()), book.overall(), bands)


def render_scoreboard(board: Scoreboard, console: Console) -> None:
    """Print the board; it fits 120 columns."""
    ascii_only = console.options.ascii_only
    if not board.lines:
        console.print(f"Night of {board.as_of}: nothing has run yet.")
        return
    console.print(_count_table(board, ascii_only))
    console.print(_score_table(board, ascii_only))
    legend = "  ".join(
        f"{_sign(band, ascii_only)} {words}"
        for band, words in (
            (GREEN, f"{board.bands.green} and above"),
            (AMBER, f"{board.bands.amber} and above"),
            (RED, f"below {board.bands.amber}"),
        )
    )
    console.print(f"{legend}  {_nothing(ascii_only)} no evidence", highlight=False, markup=False)


def _table(title: str, ascii_only: bool) -> Table:
    from rich import box
    from rich.table import Table

    edge = box.ASCII if ascii_only else box.SIMPLE_HEAD
    return Table(title=title, title_justify="left", box=edge, padding=(0, 1, 0, 0), pad_edge=False)


def _count_table(board: Scoreboard, ascii_only: bool) -> Table:
    from rich.text import Text

    table = _table(f"Night of {board.as_of}: rows", ascii_only)
    table.add_column("dataset", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for name in (*_COUNTS, "balanced"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in board.lines:
        outcome = Text(line.outcome, style=_STYLES.get(line.outcome, ""))
        if line.counts is None:
            numbers = [_nothing(ascii_only)] * (len(_COUNTS) + 1)
        else:
            numbers = [f"{getattr(line.counts, name):,}" for name in _COUNTS]
            numbers.append("yes" if line.counts.balanced else "NO")
        # An unchanged dataset's numbers are those of the batch that stands, not of tonight.
        style = "dim" if line.outcome == "unchanged" else ""
        table.add_row(Text(line.dataset[:40]), outcome, *numbers, style=style)
    return table


def _score_table(board: Scoreboard, ascii_only: bool) -> Table:
    from rich.text import Text

    table = _table("Scores by principle", ascii_only)
    table.add_column("dataset", no_wrap=True, max_width=31)
    for title in ("all", *(title for _, title in board.principles)):
        table.add_column(_plain(title) if ascii_only else title, justify="right", width=7)
    table.add_column("rows since", no_wrap=True)
    for line in board.lines:
        cells = (line.overall, *(score.cell for score in line.scores))
        # Rows of an agency stand until it has others: the oldest night of which the line speaks.
        since = Text(str(line.oldest or _nothing(ascii_only)), style="dim")
        table.add_row(Text(line.dataset), *(_score(cell, ascii_only) for cell in cells), since)
    return table


def _score(cell: Cell | None, ascii_only: bool) -> Text:
    from rich.text import Text

    if cell is None or cell.score is None or cell.band is None:
        return Text(_nothing(ascii_only), style="dim")
    return Text(f"{cell.score:.2f}{_sign(cell.band, ascii_only)}", style=_STYLES[cell.band.key])


def _sign(band: Band, ascii_only: bool) -> str:
    return band.letter if ascii_only else band.sign


def _nothing(ascii_only: bool) -> str:
    return "-" if ascii_only else "–"


def _plain(text: str) -> str:
    """'Đồng bộ' -> 'Dong bo'."""
    without_d = text.replace("Đ", "D").replace("đ", "d")
    return unicodedata.normalize("NFD", without_d).encode("ascii", "ignore").decode()
