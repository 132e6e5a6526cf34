"""Dossiers as `danhSachHoSo` returns them: one dictionary per row, in the vendor's manners.

In:  columns of the population and, per row, its state on a date.
Out: rows with the physical names of the contract. A citizen's record has no `MaSoThue` to speak of,
     an enterprise's has no `SoDinhDanh` at all; codes sometimes carry spaces or zero-width
     characters, which are not defects: cleaning takes them off.
"""

from dataclasses import dataclass
from typing import Any

from kho.sandbox.clocks import NEVER, Ints, date_of, date_texts
from kho.sandbox.defects import NO_DEFECT, Row
from kho.sandbox.sources.public_service_dossiers.content import DossierContent
from kho.sandbox.sources.public_service_dossiers.defects import DOSSIER_DEFECTS
from kho.sandbox.sources.public_service_dossiers.population import DossierPopulation, channel_text
from kho.sandbox.sources.public_service_dossiers.timeline import (
    ACCEPTED,
    ENDED,
    PROCESSED_STATUS,
    REFUSED_STATUS,
    RESUMED,
    RETURNED,
    SLOT_STATUS,
    SUPPLEMENT,
)

ORIGINAL, EXACT_COPY, CONTRADICTION = 0, 1, 2

_CODE_FIELDS = ("MaHoSo", "MaTTHC", "MaDVHC", "DonViXuLy")
_STRAY_CHARACTERS = (" ", "\u200b", "\u00a0", "  ", "\ufeff")
_ONE_STRAY_IN = 150


@dataclass(frozen=True, slots=True)
class RowStates:
    """Of each row to write: record number, latest slot, instant of update, variant, corrected."""

    record: Ints
    slot: Ints
    updated: Ints
    variant: Ints
    corrected: Ints

    def take(self, chosen: Any) -> "RowStates":
        """The states at these positions."""
        return RowStates(
            self.record[chosen],
            self.slot[chosen],
            self.updated[chosen],
            self.variant[chosen],
            self.corrected[chosen],
        )


class DossierWriter:
    """Writes rows; one per process, since it keeps the encoded nested lists."""

    def __init__(self, population: DossierPopulation) -> None:
        self._population = population
        self._content = DossierContent(population.reference)
        self._ymd: dict[int, str] = {}

    def write(self, states: RowStates) -> list[Row]:
        """The rows, in the order of the states."""
        columns = self._population.columns
        chosen = states.record
        names = ("received_on", "serial", "agency", "procedure", "commune", "salt", "kind",
                 "channel", "enterprise", "woman", "citizen", "name", "times", "refused",
                 "end_status", "due")  # fmt: skip
        lists = [columns[name][chosen].tolist() for name in names]
        own = (states.slot.tolist(), states.updated.tolist(), states.variant.tolist(),
               states.corrected.tolist())  # fmt: skip
        return [self._row(*values) for values in zip(*lists, *own, strict=True)]

    def _row(
        self, received_on: int, serial: int, agency: int, procedure: int, commune: int, salt: int,
        kind: int, channel: int, enterprise: bool, woman: int, citizen: int, name: int,
        times: list[int], refused: bool, end_status: int, due: int,
        slot: int, updated: int, variant: int, corrected: bool,
    ) -> Row:  # fmt: skip
        reference, people, text = (
            self._population.reference, self._population.applicants, date_texts().of,
        )  # fmt: skip
        agency_code = reference.agencies[agency].code
        known = reference.procedures[procedure]
        processed = slot >= ENDED and end_status == PROCESSED_STATUS
        row: Row = {
            "MaHoSo": f"{agency_code}-{self._day(received_on)}-{serial:04d}",
            "MaTTHC": known.code,
            "TenTTHC": known.name,
            "MaLinhVuc": known.sector_code,
        }
        if enterprise:
            row["ChuHoSo"] = people.enterprises[name]
            row["MaSoThue"] = people.tax_codes[name]
            row["LoaiDoiTuong"] = "2"
        else:
            row["ChuHoSo"] = (people.women if woman else people.men)[name]
            row["SoDinhDanh"] = f"{citizen:012d}"
            row["MaSoThue"] = None
            row["LoaiDoiTuong"] = "1"
        row |= {
            "MaDVHC": reference.commune_codes[commune],
            "NgayTiepNhan": text(times[0]),
            "NgayHenTra": text(due),
            "NgayTra": text(times[RETURNED]) if slot == RETURNED else None,
            "NgayKetThucXuLy": text(times[ENDED]) if processed else None,
            "TrangThaiHoSo": str(_status(slot, refused, end_status)),
            "HinhThuc": "2" if channel == 1 else "1",
            "KenhThucHien": channel_text(channel),
            "DonViXuLy": agency_code,
            "TaiLieuNop": self._content.papers(procedure, salt),
            "DanhSachLePhi": self._content.fees(procedure, salt),
            "DanhSachHoSoBoSung": self._content.supplements(
                text(times[SUPPLEMENT]) if slot >= SUPPLEMENT and times[SUPPLEMENT] != NEVER else None,
                text(times[RESUMED]) if slot >= RESUMED and times[RESUMED] != NEVER else None,
                salt,
            ),
            "DanhSachGiayToKetQua": self._content.results(processed, procedure),
            "NgayCapNhat": text(updated),
        }
        if kind == NO_DEFECT:
            if salt % _ONE_STRAY_IN == 0:
                _stray(row, salt // _ONE_STRAY_IN)
        elif not corrected:
            self._spoil(row, kind, salt, variant)
        return row

    def _spoil(self, row: Row, kind: int, salt: int, variant: int) -> None:
        """Plant the defect; of two contradicting copies the older one has another applicant."""
        DOSSIER_DEFECTS[kind].spoil(row, salt, self._population.reference)
        if variant == CONTRADICTION:
            men = self._population.applicants.men
            row["ChuHoSo"] = f"{men[salt % len(men)]} (bản cũ)"
            row["HinhThuc"] = "2" if row["HinhThuc"] == "1" else "1"

    def _day(self, day: int) -> str:
        """YYMMDD of a day."""
        found = self._ymd.get(day)
        if found is None:
            found = self._ymd[day] = date_of(day).strftime("%y%m%d")
        return found


def _status(slot: int, refused: bool, end_status: int) -> int:
    if slot == ACCEPTED and refused:
        return REFUSED_STATUS
    return end_status if slot == ENDED else SLOT_STATUS[slot]


def _stray(row: Row, salt: int) -> None:
    """Put a character nobody sees before or after a code."""
    field = _CODE_FIELDS[salt % len(_CODE_FIELDS)]
    character = _STRAY_CHARACTERS[salt // 4 % len(_STRAY_CHARACTERS)]
    before = salt // 20 % 2
    row[field] = f"{character}{row[field]}" if before else f"{row[field]}{character}"
