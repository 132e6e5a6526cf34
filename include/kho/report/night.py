"""How the night went: each dataset's outcome, its count equation, and what broke.

In: `meta.night`, `meta.batch`, `dq.reconciliation`. Out: a `DatasetNight` per dataset, and `Incident`s
that say in Vietnamese whose matter a failure is: an agency is never blamed for the platform.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kho.report.vietnamese import technical
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

OUTCOMES = {
    "loaded": "Đã nạp",
    "unchanged": "Không có dữ liệu mới",
    "blocked": "Bị chặn",
    "failed": "Lỗi",
    "not_run": "Chưa chạy",
}

# fault -> (is it the platform's, what happened, what is to be done)
_FAULTS = {
    "gateway_down": (
        True,
        "Trục tích hợp hoặc hệ thống nguồn không trả lời",
        "Kiểm tra đường truyền và dịch vụ, sau đó chạy lại bộ dữ liệu",
    ),
    "authentication": (
        True,
        "Nguồn từ chối thông tin xác thực của kho dữ liệu",
        "Kiểm tra, gia hạn khóa kết nối, sau đó chạy lại bộ dữ liệu",
    ),
    "own_fault": (
        True,
        "Lỗi của hệ thống kho dữ liệu",
        "Khắc phục theo nhật ký vận hành, sau đó chạy lại bộ dữ liệu",
    ),
    "source_late": (
        False,
        "Nguồn chưa có dữ liệu đến hạn",
        "Cập nhật dữ liệu đến hạn lên hệ thống nguồn",
    ),
    "contract_breach": (
        False,
        "Nguồn trả dữ liệu không đúng hợp đồng dữ liệu",
        "Trả lại đúng cấu trúc đã thống nhất hoặc đề nghị sửa hợp đồng dữ liệu",
    ),
    "data_defect": (
        False,
        "Dữ liệu không đạt điều kiện để nạp",
        "Sửa dữ liệu tại nguồn, sau đó đề nghị chạy lại bộ dữ liệu",
    ),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """The count equation of a batch: fetched = accepted + quarantined + duplicates, accepted = loaded."""

    fetched: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    loaded: int = 0
    declared: int | None = None
    balanced: bool = True

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.fetched + other.fetched,
            self.accepted + other.accepted,
            self.quarantined + other.quarantined,
            self.duplicates + other.duplicates,
            self.loaded + other.loaded,
            None,
            self.balanced and other.balanced,
        )


@dataclass(frozen=True, slots=True)
class DatasetNight:
    """One dataset's night.

    Attributes:
        outcome: loaded, unchanged, blocked, failed or not_run.
        batch_as_of: the night that brought the batch concerned.
        counts: of the batch concerned, once it is loaded.
        landed: rows that arrived, loaded or not.
    """

    dataset: str
    outcome: str
    fault: str | None = None
    message: str | None = None
    next_step: str | None = None
    batch_as_of: date | None = None
    counts: Counts | None = None
    landed: int | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A dataset that was not loaded: what happened, whose matter it is, what is to be done."""

    dataset: str
    outcome: str
    is_platform: bool
    title: str
    remedy: str
    detail: str


def read_night(db: sa.Connection, as_of: date) -> tuple[DatasetNight, ...]:
    """How each dataset fared in the night of `as_of`, by slug."""
    return tuple(_night(row) for row in run_file(db, "report/night_outcomes.sql", as_of=as_of))


def with_missing(nights: Iterable[DatasetNight], expected: Iterable[str]) -> tuple[DatasetNight, ...]:
    """The nights, and 'not_run' for each expected dataset that has none."""
    by_slug = {slug: DatasetNight(slug, "not_run") for slug in expected}
    by_slug.update({night.dataset: night for night in nights})
    return tuple(by_slug[slug] for slug in sorted(by_slug))


def loaded_tonight(nights: Iterable[DatasetNight]) -> Counts:
    """The count equation of everything that the night loaded."""
    counts = [night.counts for night in nights if night.outcome == "loaded" and night.counts]
    return sum(counts, Counts())


def incidents(nights: Iterable[DatasetNight]) -> tuple[Incident, ...]:
    """What was blocked or failed, in words for people who do not run the platform."""
    return tuple(_incident(night) for night in nights if night.outcome in ("blocked", "failed"))


def _night(row: sa.Row[tuple[object, ...]]) -> DatasetNight:
    counts = None
    if row.fetched is not None:
        counts = Counts(
            row.fetched,
            row.accepted,
            row.quarantined,
            row.duplicates,
            row.loaded,
            row.declared,
            row.balanced,
        )
    return DatasetNight(
        dataset=row.dataset,
        outcome=row.outcome,
        fault=row.fault,
        message=row.message,
        next_step=row.next_step,
        batch_as_of=row.batch_as_of,
        counts=counts,
        landed=row.landed,
    )


def _incident(night: DatasetNight) -> Incident:
    # A failure that nobody attributed is the platform's own until someone shows otherwise.
    unattributed = "data_defect" if night.outcome == "blocked" else "own_fault"
    fault = night.fault if night.fault in _FAULTS else unattributed
    is_platform, title, remedy = _FAULTS[fault]
    detail = technical(night.message or "")
    if night.next_step and night.next_step[:60] not in (night.message or ""):
        detail = technical(f"{detail} Next: {night.next_step}", 400)
    return Incident(night.dataset, night.outcome, is_platform, title, remedy, detail)
