"""Dossiers as they stand on one date: what is visible, in which order, page by page.

In:  the population and a clock day D. Visible is what reached the platform before D 00:00.
Out: `DossierView`: pages in the order of update time and dossier code, and the planted defects.
"""

from datetime import date

import numpy as np

from kho.sandbox.clocks import DAY, NEVER, Ints, as_ints, date_of, moment_of
from kho.sandbox.defects import NO_DEFECT
from kho.sandbox.sources.public_service_dossiers.defects import DOSSIER_DEFECTS
from kho.sandbox.sources.public_service_dossiers.population import DossierPopulation
from kho.sandbox.sources.public_service_dossiers.rows import (
    CONTRADICTION,
    EXACT_COPY,
    ORIGINAL,
    DossierWriter,
    RowStates,
)
from kho.sandbox.sources.public_service_dossiers.timeline import SLOTS
from kho.sandbox.views import Copies, Page, Planted, business_key

# The contradicting copy is older by this; no dossier moves within the first minutes of a day.
_OLDER_BY = 60


class DossierView:
    """See `kho.sandbox.views.View`."""

    def __init__(self, population: DossierPopulation, writer: DossierWriter, day: int) -> None:
        population.grow_to(day)
        self._columns = population.columns
        self._agency_codes = [agency.code for agency in population.reference.agencies]
        self._writer = writer
        self._day = day
        self._states = self._ordered(self._visible())

    def page(self, first: int, last: int, offset: int, limit: int) -> Page:
        """Rows updated from day `first` to day `last`, both included."""
        start, end = np.searchsorted(self._states.updated, [first * DAY, (last + 1) * DAY])
        begin = min(int(start) + offset, int(end))
        chosen = slice(begin, min(begin + limit, int(end)))
        return Page(int(end - start), self._writer.write(self._states.take(chosen)))

    def totals(self) -> dict[date, int]:
        """Rows served per day of update, copies included."""
        days, counts = np.unique(self._states.updated // DAY, return_counts=True)
        return {date_of(day): count for day, count in zip(days.tolist(), counts.tolist(), strict=True)}

    def planted(self) -> list[Planted]:
        """Defects that the date shows."""
        kind = self._columns["kind"][self._states.record]
        conflicts = np.isin(kind, _kinds_that_repeat("conflict"))
        copies = np.isin(kind, _kinds_that_repeat("exact"))
        shown = (kind != NO_DEFECT) & ~copies & (self._states.corrected == 0)
        shown &= ~conflicts | (self._states.variant == CONTRADICTION)
        return self._describe(self._states.take(shown))

    def corrected(self) -> list[Planted]:
        """Defects that an earlier date showed and this one no longer does."""
        return self._describe(self._states.take(self._states.corrected != 0))

    def copies(self) -> list[Copies]:
        """Exact copies that the date shows."""
        states = self._states.take(self._states.variant == EXACT_COPY)
        return [
            Copies(business_key([row["MaHoSo"]]), moment_of(updated), 1)
            for row, updated in zip(self._writer.write(states), states.updated.tolist(), strict=True)
        ]

    def _visible(self) -> RowStates:
        """One state per visible record, and one per further copy of it."""
        times = self._columns["times"]
        visible = as_ints(self._columns["shown_on"]) < self._day
        record = as_ints(np.flatnonzero(visible.any(axis=1)))
        slot = as_ints(SLOTS - 1 - np.argmax(visible[record][:, ::-1], axis=1))
        updated = as_ints(times[record, slot])
        corrected_at = as_ints(self._columns["corrected_at"][record])
        corrected = as_ints(corrected_at // DAY < self._day)
        updated = np.where(corrected != 0, np.maximum(updated, corrected_at), updated)
        base = RowStates(record, slot, updated, record * 0 + ORIGINAL, corrected)
        return _with_copies(base, as_ints(self._columns["kind"][record]))

    def _ordered(self, states: RowStates) -> RowStates:
        """By time of update, then dossier code (agency, day, number), then variant."""
        ranks = np.empty(len(self._agency_codes), dtype=np.int64)
        ranks[np.argsort(self._agency_codes)] = np.arange(len(self._agency_codes))
        columns = self._columns
        order = np.lexsort(
            (
                states.variant,
                columns["serial"][states.record],
                columns["received_on"][states.record],
                ranks[columns["agency"][states.record]],
                states.updated,
            )
        )
        return states.take(order)

    def _describe(self, states: RowStates) -> list[Planted]:
        rows = self._writer.write(states)
        found = []
        for position, row in enumerate(rows):
            record = int(states.record[position])
            kind = DOSSIER_DEFECTS[int(self._columns["kind"][record])]
            corrected_at = int(self._columns["corrected_at"][record])
            found.append(
                Planted(
                    kind=kind.name,
                    business_key=business_key([row["MaHoSo"]]),
                    rule_ids=kind.rule_ids,
                    severity=kind.severity,
                    agency_code=row["DonViXuLy"] or None,
                    updated_at=moment_of(int(states.updated[position])),
                    first_seen_on=date_of(int(self._columns["shown_on"][record].min()) + 1),
                    corrected_on=_correction_date(corrected_at),
                )
            )
        return found


def _correction_date(corrected_at: int) -> date | None:
    """The first clock date that shows the correction."""
    if corrected_at == NEVER:
        return None
    return date_of(corrected_at // DAY + 1)


def _kinds_that_repeat(repeat: str) -> list[int]:
    return [i for i, kind in enumerate(DOSSIER_DEFECTS) if kind.repeat == repeat]


def _with_copies(base: RowStates, kind: Ints) -> RowStates:
    """Add identical copies and older, contradicting ones."""
    parts = [base]
    for repeat, variant, older_by in (
        ("exact", EXACT_COPY, 0),
        ("conflict", CONTRADICTION, _OLDER_BY),
    ):
        some = base.take(np.isin(kind, _kinds_that_repeat(repeat)))
        parts.append(
            RowStates(
                some.record,
                some.slot,
                some.updated - older_by,
                some.variant * 0 + variant,
                some.corrected,
            )
        )
    return RowStates(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("record", "slot", "updated", "variant", "corrected")
        )
    )
