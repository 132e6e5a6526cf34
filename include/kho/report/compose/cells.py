"""Cells that several tables share.

In: numbers, dates, scores. Out: cells with their text as an official document writes it and, for formats that
calculate, their value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from kho.report import vietnamese
from kho.report.bands import NO_EVIDENCE
from kho.report.document import CENTRE, RIGHT, Cell, Column, Line, Row, Table, bold, cell, line, run, small

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from kho.report.bands import Band
    from kho.report.measured import IndexLine
    from kho.report.scores import Cell as Score

T = TypeVar("T")
NUMBER = Column("TT", 8, CENTRE)


def count(value: int) -> Cell:
    return cell(vietnamese.number(value), value=value, align=RIGHT)


def points(value: Decimal) -> Cell:
    return cell(vietnamese.decimal(value), value=value, align=RIGHT)


def percent(value: Decimal) -> Cell:
    return cell(f"{vietnamese.decimal(value)}%", value=value, align=RIGHT)


def on(value: date) -> Cell:
    return cell(vietnamese.day(value), value=value, align=CENTRE)


def place(value: int) -> Cell:
    """The number of a line."""
    return cell(str(value), value=value, align=CENTRE)


def empty(span: int = 1) -> Cell:
    return cell(span=span)


def verdict(score: Score | None) -> Line:
    """'● Đạt', or that there is no evidence."""
    if score is None or score.band is None:
        return line(run(NO_EVIDENCE, italic=True))
    return band_words(score.band)


def band_words(band: Band) -> Line:
    return line(f"{band.sign} {band.word}")


def change(score: Score | IndexLine) -> str:
    """The change of a score; a dash where the two nights are too unlike to be compared."""
    return vietnamese.change(score.change) if score.comparable else "–"


def score(found: Score | None, *, strong: bool = False) -> Cell:
    """Points and sign; below, the change and how many checks and rules stand behind them."""
    if found is None or found.score is None or found.band is None:
        return cell(run(NO_EVIDENCE, italic=True, small=True), align=CENTRE)
    shown = f"{vietnamese.decimal(found.score)} {found.band.sign}"
    coverage = f"{vietnamese.short_number(found.tally.evaluated)}/{len(found.tally.rules)}"
    return cell(
        bold(shown) if strong else shown,
        small(change(found)),
        small(coverage),
        value=found.score,
        band=found.band.key,
        align=CENTRE,
    )


def index(found: IndexLine | None) -> Cell:
    """Points and sign of an index; below, the change and how much of the weights has evidence."""
    if found is None:
        return cell(run(NO_EVIDENCE, italic=True, small=True), align=CENTRE)
    return cell(
        bold(f"{vietnamese.decimal(found.score)} {found.band.sign}"),
        small(change(found)),
        small(f"phủ {vietnamese.decimal(found.coverage)}%"),
        value=found.score,
        band=found.band.key,
        align=CENTRE,
    )


def rest(text: str, columns: int, *cells: Cell) -> Row:
    """The row that stands for what is not listed: a text, then `cells` in the last columns."""
    return Row((empty(), cell(run(text, italic=True), span=columns - 1 - len(cells)), *cells), "rest")


def some(items: Sequence[T], limit: int | None) -> tuple[Sequence[T], Sequence[T]]:
    """What is listed and what is not."""
    return (items, ()) if limit is None else (items[:limit], items[limit:])


def table(name: str, columns: Sequence[Column], rows: Iterable[Row], *, dense: bool = False) -> Table:
    return Table(name, tuple(columns), tuple(rows), dense)
