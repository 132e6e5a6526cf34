"""Indicator values that communes and departments report month by month, with revisions.

In:  seed, epoch day, reference data.
Out: `ReportPopulation`, whose `on(day)` is the view of one date. A report is sent in the first days
     of the next month; a revision is a record of its own, days to weeks later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from kho.sandbox.clocks import (
    DAY,
    NEVER,
    as_ints,
    date_of,
    day_of,
    moment_of,
    office_seconds,
    working_day_after,
)
from kho.sandbox.defects import NO_DEFECT, DefectKind, Row, draw_kinds
from kho.sandbox.record_view import Entry, ListView, Planting, with_copies
from kho.sandbox.reference import Indicator, Reference
from kho.sandbox.seeding import fingerprint, generator
from kho.sandbox.sources.indicator_reports.defects import REPORT_DEFECTS
from kho.sandbox.texts import vietnamese_number
from kho.sandbox.views import business_key

HISTORY_MONTHS = 3
# Reported by each commune's own committee, and by the leading department for all communes.
_BY_COMMUNES = ("KH1534-07.1", "KH1534-07.4", "KH1534-07.6")
_BY_DEPARTMENTS = ("KH1534-25", "KH1534-26", "KH1534-27")
KEY = ("maDonVi", "maChiTieu", "maDVHC", "kyBaoCao", "lanSuaDoi")
_OLDER_BY = 60
_REVISED = (0.15, 0.2)
_CORRECTED = 0.55
_LATE = 1 / 120
# In the month two before the epoch each kind is planted once for sure, that many records apart.
_SURE_MONTH = 1
_SURE_STEP = 37


@dataclass(frozen=True, slots=True)
class Report:
    """One record: a value of one revision. The clock day after `shown_on` first shows it."""

    agency_code: str
    indicator_code: str
    commune_code: str
    year: int
    month: int
    revision: int
    numerator: int
    denominator: int
    sent: int
    shown_on: int
    salt: int
    kind: DefectKind | None
    corrected_at: int


class ReportPopulation:
    """All reports of the months that have begun; grows month by month."""

    def __init__(self, seed: int, epoch: int, defect_scale: float, reference: Reference) -> None:
        self._seed = seed
        self._scale = defect_scale
        self._reference = reference
        self._reporters = list(_reporters(reference))
        first = date_of(epoch)
        self._first_month = first.year * 12 + first.month - 1 - HISTORY_MONTHS
        # With the entry of each report that nothing was planted in: it is the same on every date.
        self._months: list[list[tuple[Report, Entry | None]]] = []

    def on(self, day: int) -> ListView:
        """The reports that a clock day shows."""
        today = date_of(day)
        months = today.year * 12 + today.month - self._first_month
        while len(self._months) < months:
            reports = self._reports_of(len(self._months))
            self._months.append([(report, _sound_entry(report)) for report in reports])
        entries = [
            entry
            for month in self._months
            for report, sound in month
            if report.shown_on < day
            for entry in ((sound,) if sound else self._planted_entries(report, day))
        ]
        return ListView(entries)

    def _reports_of(self, number: int) -> Iterator[Report]:
        """First submissions and revisions for one month, as drawn."""
        year, month = divmod(self._first_month + number, 12)
        month += 1
        random = generator(self._seed, "reports", year, month)
        drafts = [
            (agency, indicator, commune, revision)
            for agency, indicator, commune in self._reporters
            for revision in range(self._revisions(indicator, commune, year * 12 + month) + 1)
        ]
        count = len(drafts)
        kinds = draw_kinds(random, REPORT_DEFECTS, count, self._scale)
        corrected = random.random(count) < _CORRECTED
        if number == _SURE_MONTH and self._scale > 0:
            for position in range(len(REPORT_DEFECTS)):
                kinds[position * _SURE_STEP] = position
                corrected[position * _SURE_STEP] = False
        sent = _sending_times(random, year, month, [draft[3] for draft in drafts], kinds.tolist())
        late = np.where(random.random(count) < _LATE, random.integers(1, 3, count), 0)
        corrected_on = working_day_after(as_ints(sent) // DAY, random.integers(6, 16, count))
        corrected_at = corrected_on * DAY + office_seconds(random.random(count))
        draws = random.random((count, 2))
        for position, (agency, indicator, commune, revision) in enumerate(drafts):
            kind = REPORT_DEFECTS[kinds[position]] if kinds[position] != NO_DEFECT else None
            mends = kind is not None and kind.correctable and bool(corrected[position])
            denominator = 200 + int(draws[position, 0] * 12_000)
            share = self._level(indicator, commune) + 0.06 * draws[position, 1] + 0.005 * number
            yield Report(
                agency_code=agency,
                indicator_code=indicator,
                commune_code=commune,
                year=year,
                month=month,
                revision=revision,
                numerator=int(denominator * min(share, 0.98)),
                denominator=denominator,
                sent=sent[position],
                shown_on=sent[position] // DAY + (int(late[position]) if kind is None else 0),
                salt=fingerprint(self._seed, indicator, commune, year, month, revision),
                kind=kind,
                corrected_at=int(corrected_at[position]) if mends else NEVER,
            )

    def _revisions(self, indicator: str, commune: str, month: int) -> int:
        """How many times a value will have been revised: mostly never, at most twice."""
        draw = fingerprint(self._seed, "revisions", indicator, commune, month) % 10_000 / 10_000
        return int(draw < _REVISED[0]) + int(draw < _REVISED[0] * _REVISED[1])

    def _level(self, indicator: str, commune: str) -> float:
        """Where a commune stands: between 35 and 88 percent."""
        draw = fingerprint(self._seed, "level", indicator, commune) % 1000 / 1000
        return 0.35 + 0.53 * draw

    def _planted_entries(self, report: Report, day: int) -> Iterator[Entry]:
        kind = report.kind
        if kind is None:
            return
        corrected = report.corrected_at // DAY < day
        sent = max(report.sent, report.corrected_at) if corrected else report.sent
        row = _write(report, report.numerator, sent)
        if not corrected:
            kind.spoil(row, report.salt, self._reference)
        never = report.corrected_at == NEVER
        entry = Entry(
            row=row,
            updated=sent,
            key=business_key([row[name] for name in KEY]),
            agency_code=row["maDonVi"],
            planting=Planting(
                kind,
                report.shown_on + 1,
                NEVER if never else report.corrected_at // DAY + 1,
            ),
            corrected=corrected,
        )
        other = None
        if kind.repeat == "conflict":
            other = _write(report, report.numerator // 2, sent - _OLDER_BY)
        yield from with_copies(entry, other, _OLDER_BY)


def _sound_entry(report: Report) -> Entry | None:
    """The one entry of a report without a defect."""
    if report.kind is not None:
        return None
    row = _write(report, report.numerator, report.sent)
    key = business_key([row[name] for name in KEY])
    return Entry(row, report.sent, key, report.agency_code)


def _reporters(reference: Reference) -> Iterator[tuple[str, str, str]]:
    """(agency, indicator, commune) of every expected report."""
    known: dict[str, Indicator] = {indicator.code: indicator for indicator in reference.indicators}
    committees = {agency.commune_code: agency.code for agency in reference.agencies}
    agencies = {agency.code for agency in reference.agencies}
    for commune in reference.commune_codes:
        for code in _BY_COMMUNES:
            if code in known and commune in committees:
                yield committees[commune], code, commune
        for code in _BY_DEPARTMENTS:
            if code in known and known[code].lead_agency_code in agencies:
                yield known[code].lead_agency_code, code, commune


def _sending_times(
    random: np.random.Generator, year: int, month: int, revisions: list[int], kinds: list[int]
) -> list[int]:
    """When each record is sent: by the 3rd mostly, revisions up to 40 days later."""
    count = len(revisions)
    next_month = day_of(date(year + month // 12, month % 12 + 1, 1))
    delay = np.where(random.random(count) < 0.9, 0, random.integers(2, 9, count))
    steps = random.integers(0, 3, count) + delay
    days = working_day_after(np.full(count, next_month), steps)
    revision = as_ints(revisions)
    waits = random.integers(3, 25, count) * revision + random.integers(0, 3, count) * revision
    days = working_day_after(days, waits)
    early = next_month - random.integers(5, 8, count)
    too_early = np.array([kind >= 0 and REPORT_DEFECTS[kind].name == _TOO_EARLY for kind in kinds])
    days = np.where(too_early, early, days)
    times: list[int] = (days * DAY + office_seconds(random.random(count))).tolist()
    return times


_TOO_EARLY = "sent_before_period_end"


def _write(report: Report, numerator: int, sent: int) -> Row:
    """The item as the service writes it."""
    month_end = day_of(date(report.year + report.month // 12, report.month % 12 + 1, 1)) - 1
    value = round(100 * numerator / report.denominator, 2)
    return {
        "maDonVi": report.agency_code,
        "maChiTieu": report.indicator_code,
        "maDVHC": report.commune_code,
        "kyBaoCao": f"{report.year}-M{report.month:02d}",
        "lanSuaDoi": str(report.revision),
        "giaTri": vietnamese_number(value, 2),
        "donViTinh": "percent",
        "tuSo": vietnamese_number(numerator, 0),
        "mauSo": vietnamese_number(report.denominator, 0),
        "ngayCuoiKy": f"{date_of(month_end):%Y%m%d}",
        "thoiDiemGui": f"{moment_of(sent):%Y%m%d%H%M%S}",
    }
