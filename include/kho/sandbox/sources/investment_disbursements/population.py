"""Disbursement vouchers of the finance agency: new, late, adjusted and deleted ones every day.

In:  seed, size, epoch day, reference data.
Out: `VoucherPopulation`, whose `on(day)` is the table's content on one date.

A voucher is deleted 20 days after it was first seen at the earliest, so that whoever loads the
table regularly has seen it before. Vouchers with a defect are neither adjusted nor deleted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import numpy as np

from kho.sandbox.clocks import (
    DAY,
    NEVER,
    as_ints,
    date_of,
    day_weight,
    moment_of,
    office_seconds,
    working_day_after,
)
from kho.sandbox.defects import NO_DEFECT, DefectKind, Row, draw_kinds
from kho.sandbox.record_view import Entry, ListView, Planting, with_copies
from kho.sandbox.reference import Reference
from kho.sandbox.seeding import fingerprint, generator
from kho.sandbox.sources.investment_disbursements.defects import VOUCHER_DEFECTS
from kho.sandbox.views import business_key

HISTORY_DAYS = 300
_DOSSIERS_PER_VOUCHER = 34
_LEAST, _MOST = 300, 6_000
_MEDIAN_VND = 110_000_000
_ADJUSTED = 0.15
_DELETED = 0.22
_DELETED_AFTER_DAYS = 20
_LATE = 1 / 60
_CORRECTED = 0.55
_OTHER_FUND = 0.1
_OLDER_BY = 60
_FIRST_SURE_DAY = 30
_NOTES = (
    "Thanh toán khối lượng hoàn thành",
    "Tạm ứng hợp đồng",
    "Thanh toán chi phí tư vấn",
    "Thanh toán thiết bị công nghệ thông tin",
    "Chi phí quản lý dự án",
)
_ADJUSTED_NOTE = "Điều chỉnh theo biên bản đối chiếu"


@dataclass(frozen=True, slots=True)
class Voucher:
    """One voucher's whole life; instants, and the days on which the table shows them."""

    code: str
    project: int
    agency_code: str
    dated_days_before: int
    amount: Decimal
    adjusted_amount: Decimal
    other_fund: bool
    salt: int
    created: int
    shown_on: int
    adjusted: int
    adjusted_shown_on: int
    deleted_on: int
    kind: DefectKind | None
    corrected_at: int


class VoucherPopulation:
    """All vouchers ever written up to a day; grows day by day."""

    def __init__(self, seed: int, size: int, epoch: int, defect_scale: float, reference: Reference) -> None:
        self._seed = seed
        self._scale = defect_scale
        self._reference = reference
        self._epoch = epoch
        self._next_day = epoch - HISTORY_DAYS
        weight = sum(day_weight(day) for day in range(epoch - HISTORY_DAYS, epoch))
        self._rate = min(_MOST, max(_LEAST, size // _DOSSIERS_PER_VOUCHER)) / weight
        self._agencies = [agency.code for agency in reference.agencies if agency.kind == "department"] or [
            agency.code for agency in reference.agencies
        ]
        self._vouchers: list[Voucher] = []

    def on(self, day: int) -> ListView:
        """The table on a clock day."""
        while self._next_day < day:
            self._vouchers.extend(self._written_on(self._next_day))
            self._next_day += 1
        entries = [
            entry
            for voucher in self._vouchers
            if min(voucher.shown_on, voucher.adjusted_shown_on) < day <= voucher.deleted_on
            for entry in self._entries(voucher, day)
        ]
        return ListView(entries)

    def _written_on(self, day: int) -> Iterator[Voucher]:
        random = generator(self._seed, "vouchers", day)
        number = self._epoch - _FIRST_SURE_DAY - day
        sure = self._scale > 0 and 0 <= number < len(VOUCHER_DEFECTS)
        count = max(int(self._rate * day_weight(day) + random.random()), int(sure))
        kinds = draw_kinds(random, VOUCHER_DEFECTS, count, self._scale)
        corrected = random.random(count) < _CORRECTED
        if sure:
            kinds[0], corrected[0] = number, False
        days = np.full(count, day)
        created = np.sort(days * DAY + office_seconds(random.random(count)))
        adjusted_on = working_day_after(days, random.integers(1, 31, count))
        corrected_on = working_day_after(days, random.integers(2, 21, count))
        instants = {
            "adjusted": (adjusted_on * DAY + office_seconds(random.random(count))).tolist(),
            "corrected": (corrected_on * DAY + office_seconds(random.random(count))).tolist(),
        }
        late = np.where(random.random((count, 2)) < _LATE, random.integers(1, 3, (count, 2)), 0).tolist()
        amounts = np.round(_MEDIAN_VND * random.lognormal(0.0, 0.8, count), -3).astype(int)
        chances = random.random((count, 3))
        deletion = as_ints(_DELETED_AFTER_DAYS + 2 + random.exponential(40.0, count)).tolist()
        for i in range(count):
            kind = VOUCHER_DEFECTS[kinds[i]] if kinds[i] != NO_DEFECT else None
            sound = kind is None
            shown_on = day + (late[i][0] if sound else 0)
            is_adjusted = sound and chances[i, 0] < _ADJUSTED
            yield Voucher(
                code=f"CT-{date_of(day):%Y-%j}{i + 1:03d}",
                project=int(random.integers(0, len(self._reference.projects))),
                agency_code=self._agencies[int(random.integers(0, len(self._agencies)))],
                dated_days_before=int(random.integers(0, 4)),
                amount=Decimal(int(amounts[i])).quantize(Decimal("0.01")),
                adjusted_amount=Decimal(int(amounts[i]) * 21 // 20).quantize(Decimal("0.01")),
                other_fund=bool(chances[i, 1] < _OTHER_FUND),
                salt=fingerprint(self._seed, "voucher", day, i),
                created=int(created[i]),
                shown_on=shown_on,
                adjusted=instants["adjusted"][i],
                adjusted_shown_on=(instants["adjusted"][i] // DAY + late[i][1] if is_adjusted else NEVER),
                deleted_on=(shown_on + deletion[i] if sound and chances[i, 2] < _DELETED else NEVER),
                kind=kind,
                corrected_at=(
                    instants["corrected"][i]
                    if kind is not None and kind.correctable and corrected[i]
                    else NEVER
                ),
            )

    def _entries(self, voucher: Voucher, day: int) -> Iterator[Entry]:
        adjusted = voucher.adjusted_shown_on < day
        corrected = voucher.corrected_at // DAY < day
        updated = voucher.adjusted if adjusted else voucher.created
        if corrected:
            updated = max(updated, voucher.corrected_at)
        row = self._write(voucher, adjusted, updated)
        if voucher.kind is None:
            yield Entry(row, updated, business_key([row["so_chung_tu"]]), row["ma_don_vi"])
            return
        if not corrected:
            voucher.kind.spoil(row, voucher.salt, self._reference)
        never = voucher.corrected_at == NEVER
        entry = Entry(
            row=row,
            updated=updated,
            key=business_key([row["so_chung_tu"]]),
            agency_code=row["ma_don_vi"],
            planting=Planting(
                voucher.kind,
                voucher.shown_on + 1,
                NEVER if never else voucher.corrected_at // DAY + 1,
            ),
            corrected=corrected,
        )
        other = None
        if voucher.kind.repeat == "conflict":
            other = self._write(voucher, adjusted, updated - _OLDER_BY)
            other["so_tien"] = other["so_tien"] * 2
        yield from with_copies(entry, other, _OLDER_BY)

    def _write(self, voucher: Voucher, adjusted: bool, updated: int) -> Row:
        """The table's row."""
        project = self._reference.projects[voucher.project]
        dated = date_of(voucher.created // DAY) - timedelta(days=voucher.dated_days_before)
        return {
            "so_chung_tu": voucher.code,
            "ma_du_an": project.code,
            "ma_don_vi": voucher.agency_code,
            "nam_ngan_sach": dated.year,
            "ngay_chung_tu": dated,
            "so_tien": voucher.adjusted_amount if adjusted else voucher.amount,
            "nguon_von": "other" if voucher.other_fund else project.fund_source_code,
            "dien_giai": _ADJUSTED_NOTE if adjusted else _NOTES[voucher.salt % len(_NOTES)],
            "cap_nhat_luc": moment_of(updated),
        }
