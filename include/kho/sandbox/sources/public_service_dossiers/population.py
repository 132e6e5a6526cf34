"""Who files which dossier where: all dossiers ever received up to a day, in columns.

In:  seed, size, epoch day, reference data.
Out: `DossierPopulation`, which grows day by day and never changes what it has.

Every day is drawn from its own random stream; the 60 days before the epoch hold exactly `size`
dossiers, later days about the same daily rate.
"""

import numpy as np
import numpy.typing as npt

from kho.sandbox.clocks import (
    DAY,
    NEVER,
    Ints,
    as_ints,
    day_weight,
    is_working_day,
    office_seconds,
)
from kho.sandbox.defects import NO_DEFECT, draw_kinds
from kho.sandbox.people import ApplicantPool, applicant_pool, citizen_ids
from kho.sandbox.reference import Reference
from kho.sandbox.seeding import fingerprint, generator
from kho.sandbox.sources.public_service_dossiers.defects import DOSSIER_DEFECTS
from kho.sandbox.sources.public_service_dossiers.timeline import (
    Flags,
    Stages,
    Timeline,
    build_timeline,
    correction_times,
)

HISTORY_DAYS = 60
Columns = dict[str, npt.NDArray[np.generic]]

_COMMUNE_LEVEL = 0.8
_OFF_HOURS = 0.16
_ENTERPRISE_SECTORS = frozenset({"LV-DN", "LV-DT", "LV-TM", "LV-XD", "LV-TN", "LV-KH"})
_CORRECTED = 0.55
# Beside the drawn defects, each kind is planted once on a day of its own before the epoch and stays
# uncorrected, so that even a small sandbox shows every kind.
_FIRST_SURE_DAY = 12
_CHANNELS = ("1", "2", "3", "")
_CHANNEL_SHARES = (0.45, 0.48, 0.03, 0.04)


def channel_text(code: int) -> str:
    """The channel as the service writes it; empty means the counter."""
    return _CHANNELS[code]


class DossierPopulation:
    """Columns of all dossiers received from 60 days before the epoch to the last grown day."""

    def __init__(self, seed: int, size: int, epoch: int, defect_scale: float, reference: Reference) -> None:
        self.seed = seed
        self.reference = reference
        self.applicants: ApplicantPool = applicant_pool(seed)
        self.columns: Columns = {}
        self._epoch = epoch
        self._scale = defect_scale
        self._first = epoch - HISTORY_DAYS
        self._grown_to = self._first
        self._counts, self._rate = self._history_counts(size)
        self._draw_places()

    def grow_to(self, day: int) -> None:
        """Add the dossiers received before this day that are not there yet."""
        added = [self._received_on(number) for number in range(self._grown_to, day)]
        if not added:
            return
        parts = [self.columns, *added] if self.columns else added
        self.columns = {name: np.concatenate([part[name] for part in parts]) for name in added[0]}
        self._grown_to = day

    def _history_counts(self, size: int) -> tuple[dict[int, int], float]:
        """Dossiers per day before the epoch (they add up to `size`), and per unit of weight."""
        days = range(self._first, self._epoch)
        weights = np.array([day_weight(day) * self._mood(day) for day in days])
        shares = weights / weights.sum() * size
        counts = np.floor(shares).astype(int)
        left = size - int(counts.sum())
        counts[np.argsort(counts - shares, kind="stable")[:left]] += 1
        return dict(zip(days, counts.tolist(), strict=True)), size / float(weights.sum())

    def _mood(self, day: int) -> float:
        """The day's own deviation from the usual, within 8 percent."""
        return 0.92 + 0.16 * (fingerprint(self.seed, "mood", day) % 1000) / 1000

    def _count_on(self, day: int) -> int:
        known = self._counts.get(day)
        return known if known is not None else round(self._rate * day_weight(day) * self._mood(day))

    def _draw_places(self) -> None:
        """How much each commune and procedure is used, once for all days."""
        random = generator(self.seed, "places")
        reference = self.reference
        self._commune_agencies = as_ints(
            [i for i, agency in enumerate(reference.agencies) if agency.commune_code]
        )
        usage = random.lognormal(0.0, 0.5, len(self._commune_agencies))
        self._commune_shares = usage / usage.sum()
        position = {code: i for i, code in enumerate(reference.commune_codes)}
        self._commune_of_agency = as_ints(
            [position.get(agency.commune_code or "", -1) for agency in reference.agencies]
        )
        codes = [agency.code for agency in reference.agencies]
        self._agency_of_procedure = as_ints(
            [codes.index(p.agency_code) if p.agency_code else -1 for p in reference.procedures]
        )
        at_commune = self._agency_of_procedure < 0
        weights = random.lognormal(0.0, 0.9, len(reference.procedures))
        weights[at_commune] *= _COMMUNE_LEVEL / weights[at_commune].sum()
        weights[~at_commune] *= (1 - _COMMUNE_LEVEL) / weights[~at_commune].sum()
        self._procedure_shares = weights / weights.sum()
        self._allowed_days = as_ints([p.working_days for p in reference.procedures])
        self._for_enterprises = np.array([p.sector_code in _ENTERPRISE_SECTORS for p in reference.procedures])

    def _received_on(self, day: int) -> Columns:
        random = generator(self.seed, "dossiers", day)
        count = self._count_on(day)
        received = np.sort(_receipt_times(random, day, count))
        procedure = random.choice(len(self._procedure_shares), count, p=self._procedure_shares)
        drawn = random.choice(self._commune_agencies, count, p=self._commune_shares)
        fixed = self._agency_of_procedure[procedure]
        agency = np.where(fixed >= 0, fixed, drawn)
        salt = random.integers(0, 2**31, count)
        kind, sure = self._kinds(random, day, count)
        timeline = build_timeline(random, received, self._allowed_days[procedure], _stages(kind))
        return {
            "received_on": np.full(count, day, dtype=np.int32),
            "serial": _serials(agency),
            "agency": agency.astype(np.int16),
            "procedure": procedure.astype(np.int16),
            "commune": self._commune_of_agency[drawn].astype(np.int16),
            "salt": salt.astype(np.int32),
            "kind": kind.astype(np.int8),
            "channel": random.choice(4, count, p=_CHANNEL_SHARES).astype(np.int8),
            **self._applicants_of(random, procedure, kind),
            **_timeline_columns(random, timeline, kind, sure),
        }

    def _applicants_of(self, random: np.random.Generator, procedure: Ints, kind: Ints) -> Columns:
        count = len(procedure)
        share = np.where(self._for_enterprises[procedure], 0.75, 0.05)
        enterprise = random.random(count) < share
        enterprise[_kinds_where(kind, "applicant", "citizen")] = False
        enterprise[_kinds_where(kind, "applicant", "enterprise")] = True
        citizen, woman = citizen_ids(random, count)
        pool = self.applicants
        drawn = random.integers(0, 2**31, count)
        sizes = np.where(
            enterprise, len(pool.enterprises), np.where(woman == 1, len(pool.women), len(pool.men))
        )
        return {
            "enterprise": enterprise,
            "woman": woman.astype(np.int8),
            "citizen": citizen,
            "name": (drawn % sizes).astype(np.int32),
        }

    def _kinds(self, random: np.random.Generator, day: int, count: int) -> tuple[Ints, Flags]:
        """The kind of each dossier of the day, and which one is there for sure."""
        kind = draw_kinds(random, DOSSIER_DEFECTS, count, self._scale)
        sure = np.zeros(count, dtype=bool)
        number = self._epoch - _FIRST_SURE_DAY - day
        if self._scale > 0 and 0 <= number < len(DOSSIER_DEFECTS) and count:
            kind[0] = number
            sure[0] = True
        return kind, sure


def _kinds_where(kind: Ints, attribute: str, value: object) -> Flags:
    """Which dossiers have a kind of defect with this attribute."""
    chosen = [i for i, known in enumerate(DOSSIER_DEFECTS) if getattr(known, attribute) == value]
    return np.isin(kind, chosen)


def _stages(kind: Ints) -> Stages:
    return Stages(
        open=_kinds_where(kind, "stage", "open"),
        finished=_kinds_where(kind, "stage", "finished"),
        returned=_kinds_where(kind, "stage", "returned"),
        frozen=_kinds_where(kind, "stage", "frozen"),
        planted=kind != NO_DEFECT,
    )


def _timeline_columns(random: np.random.Generator, timeline: Timeline, kind: Ints, sure: Flags) -> Columns:
    """The timeline's columns and the instant of correction."""
    corrected_at = correction_times(random, timeline.shown_on)
    corrected = random.random(len(kind)) < _CORRECTED
    corrected &= _kinds_where(kind, "correctable", True) & ~sure
    return {
        "times": timeline.times,
        "shown_on": timeline.shown_on,
        "refused": timeline.refused,
        "end_status": timeline.end_status,
        "due": timeline.due.astype(np.int32),
        "corrected_at": np.where(corrected, corrected_at, NEVER).astype(np.int32),
    }


def _receipt_times(random: np.random.Generator, day: int, count: int) -> Ints:
    """Office hours for most, evenings and weekends online; never near midnight."""
    office = office_seconds(random.random(count))
    online = random.integers(6 * 3600, 23 * 3600, count)
    open_today = bool(is_working_day(as_ints([day]))[0])
    off_hours = random.random(count) < (_OFF_HOURS if open_today else 1.0)
    return day * DAY + np.where(off_hours, online, office)


def _serials(agency: Ints) -> npt.NDArray[np.int32]:
    """Number of each dossier in its agency's book of the day, in order of receipt, from 1."""
    order = np.argsort(agency, kind="stable")
    ordered = agency[order]
    starts = np.searchsorted(ordered, ordered, side="left")
    serials = np.empty(len(agency), dtype=np.int32)
    serials[order] = np.arange(len(agency)) - starts + 1
    return serials
