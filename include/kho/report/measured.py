"""What was measured of the night besides rows: reports in time, facts told twice, the platform's faults, the
weighted index.

In: `dq.submission`, `dq.agreement`, `dq.evidence`, `dq.quality_index`. Out: lines in reading order, in words
for people who do not run the platform.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kho.report.bands import Band, Bands
from kho.report.vietnamese import clip
from kho.sql_files import run_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import sqlalchemy as sa

    from kho.quality.weighting import Weighting
    from kho.report.config import Comparable
    from kho.report.names import Names

FAULTS = {
    "gateway_down": "Đường truyền, hệ thống nguồn",
    "authentication": "Xác thực",
    "contract_breach": "Nguồn sai hợp đồng dữ liệu",
    "own_fault": "Kho dữ liệu",
}


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """The reports of one dataset that were due lately, by what became of them."""

    dataset: str
    asked: int
    in_time: int
    late: int
    not_reported: int
    unusable: int
    unknown: int
    exempt: int
    only_zeros: int


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """Facts told twice, and how many of them differ."""

    title: str
    remedy: str
    compared: int
    differ: int


@dataclass(frozen=True, slots=True)
class PlatformFault:
    """A measurement that failed through no agency's data."""

    dataset: str
    title: str
    remedy: str
    whose: str
    failed: int


@dataclass(frozen=True, slots=True)
class IndexLine:
    """A weighted index with its coverage.

    Attributes:
        met: of a master key, whether it reached its target.
        change: in points; None where there is nothing to compare with.
        comparable: False where the numbers of checks of the two nights are too far apart.
    """

    title: str
    score: Decimal
    band: Band
    coverage: Decimal
    evaluated: int
    failed: int
    met: bool = True
    agency_code: str = ""
    change: Decimal | None = None
    comparable: bool = True


@dataclass(frozen=True)
class Measured:
    """All of it; the index is empty until a night has been measured.

    Attributes:
        province: the province's index.
        agencies: lowest first.
        master_keys: the identifiers that must be right everywhere.
        indexed_on: the night of the index; an earlier one than the report's if that one was not measured.
        weights_from: since when the weights of the index hold.
        reweighted: whether the earlier night, which it would be compared with, had other weights.
    """

    submissions: tuple[SubmissionLine, ...]
    submission_days: int
    agreements: tuple[AgreementLine, ...]
    platform_faults: tuple[PlatformFault, ...]
    province: IndexLine | None
    agencies: tuple[IndexLine, ...]
    master_keys: tuple[IndexLine, ...]
    indexed_on: date | None
    weights_from: date | None
    reweighted: bool


def read_measured(
    db: sa.Connection,
    as_of: date,
    names: Names,
    weighting: Weighting,
    comparable: Comparable,
    previous: date | None,
) -> Measured:
    """What was measured on the night of `as_of`; the index is compared with that of `previous`.

    It changes only from that very night to this one, and only by the same weights.
    """
    days = weighting.thresholds.submission_days
    rows = run_file(db, "report/index.sql", as_of=as_of).all()
    earlier = run_file(db, "report/index.sql", as_of=previous).all() if previous else []
    newest = rows[0] if rows else None
    measured = bool(rows and earlier) and (rows[0].as_of, earlier[0].as_of) == (as_of, previous)
    reweighted = measured and rows[0].weighting_id != earlier[0].weighting_id
    index = _index(rows, earlier if measured and not reweighted else (), names, weighting, comparable)
    return Measured(
        submissions=tuple(
            SubmissionLine(**{**row, "dataset": names.dataset(row["dataset"])})
            for row in run_file(db, "report/submission_counts.sql", as_of=as_of, days=days).mappings()
        ),
        submission_days=days,
        agreements=tuple(
            AgreementLine(clip(row.title_vi), clip(row.remedy_vi), row.compared, row.differ)
            for row in run_file(db, "report/agreements.sql", as_of=as_of)
        ),
        platform_faults=tuple(
            PlatformFault(
                names.dataset(row.dataset),
                clip(row.title_vi),
                clip(row.remedy_vi),
                FAULTS[row.fault],
                row.failed,
            )
            for row in run_file(db, "report/platform_faults.sql", as_of=as_of)
        ),
        province=next(iter(index["province"]), None),
        agencies=tuple(index["agency"]),
        master_keys=tuple(index["master_key"]),
        indexed_on=newest.as_of if newest else None,
        weights_from=newest.weights_from if newest else None,
        reweighted=reweighted,
    )


def _index(
    rows: Iterable[Any], earlier: Iterable[Any], names: Names, weighting: Weighting, comparable: Comparable
) -> dict[str, list[IndexLine]]:
    bands = Bands(weighting.bands.green, weighting.bands.amber)
    before = {(row.level, row.agency_code, row.master_key): row for row in earlier}
    index: dict[str, list[IndexLine]] = {"province": [], "agency": [], "master_key": []}
    for row in rows:
        if row.level == "agency" and not names.knows(row.agency_code):
            continue
        key = weighting.master_keys.get(row.master_key)
        title = key.title if key else names.agency(row.agency_code) if row.agency_code else ""
        band, old = bands.of(row.score), before.get((row.level, row.agency_code, row.master_key))
        alike = old is None or comparable.allows(row.evaluated, old.evaluated)
        if band is not None:
            index[row.level].append(
                IndexLine(
                    title, row.score, band, row.coverage, row.evaluated, row.failed,
                    key is None or row.score >= key.target, row.agency_code or "",
                    row.score - old.score if old is not None and alike else None, alike,
                )
            )  # fmt: skip
    return index
