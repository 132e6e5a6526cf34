"""What the report tells, and the files that tell it.

In: the warehouse, a night, `include/report.yaml`. Out: a `Report`, read once from one snapshot; HTML, DOCX,
PDF and the workbook of annexes are renderings of the one document that is composed from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kho.anomalies.config import config_path as anomalies_path
from kho.extract.administrative_units import read_units
from kho.quality.deadlines import Deadlines, load_deadlines
from kho.quality.weighting import weighting_on, weighting_path
from kho.report import (
    anomalies,
    bands,
    corrections,
    measured,
    movement,
    names,
    night,
    overdue,
    progress,
    refused_files,
    schema_changes,
    score_tables,
    scores,
    trend,
    violations,
)
from kho.report.config import Letterhead, ReportConfig, TableLines, config_path, load_report_config
from kho.report.periods import DAILY, Kind, Period, period_of
from kho.report.vietnamese import day

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

    from kho.settings import Settings


@dataclass(frozen=True)
class Report:
    """Everything that the report tells."""

    as_of: date
    period: Period
    previous: date | None
    province: str
    place: str
    config: ReportConfig
    bands: bands.Bands
    deadlines: Deadlines
    letterhead: Letterhead
    names: names.Names
    nights: tuple[night.DatasetNight, ...]
    counts: night.Counts
    incidents: tuple[night.Incident, ...]
    scores: score_tables.ScoreTables
    trend: trend.Trend
    measured: measured.Measured
    violations: violations.Violations
    period_counts: movement.PeriodCounts
    movement: movement.Movement
    overdue: overdue.Overdue
    progress: tuple[progress.PlanProgress, ...]
    schema_changes: tuple[schema_changes.SchemaChange, ...]
    refused_files: tuple[refused_files.RefusedFile, ...]
    corrections: tuple[corrections.CorrectedValue, ...]
    unusual: anomalies.UnusualValues

    def with_outcome(self, outcome: str) -> tuple[night.DatasetNight, ...]:
        """The datasets that fared so tonight."""
        return tuple(item for item in self.nights if item.outcome == outcome)

    @property
    def platform_incidents(self) -> tuple[night.Incident, ...]:
        return tuple(item for item in self.incidents if item.is_platform)

    @property
    def source_incidents(self) -> tuple[night.Incident, ...]:
        return tuple(item for item in self.incidents if not item.is_platform)

    @property
    def lines(self) -> TableLines:
        """How many lines the tables of the letter show."""
        return self.config.kind(self.period.kind).lines

    @property
    def before_words(self) -> str:
        """What changes are against."""
        return f"đêm {day(self.previous)}" if self.previous else ""


def write_quality_report(engine: sa.Engine, as_of: date, settings: Settings) -> Path:
    """Write the page of the night of `as_of` alone; a page that exists is replaced.

    Raises:
        ConfigurationError: `include/report.yaml` or a contract is wrong.
    """
    from kho.report.compose import compose
    from kho.report.files import page_path, write_html

    path = page_path(settings, as_of)
    write_html(compose(read_report(engine, as_of, settings)), path, settings)
    return path


def read_report(engine: sa.Engine, as_of: date, settings: Settings, kind: Kind = DAILY) -> Report:
    """Gather the report from one snapshot of the warehouse; figures of a night are those of `as_of`."""
    config = load_report_config(config_path(settings))
    deadlines = load_deadlines()
    period = period_of(kind, as_of)
    province = read_units(settings.province)[0]
    province_name = province["name_vi"][:1].lower() + province["name_vi"][1:]
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
        known = names.read_names(db, settings.contracts_dir)
        previous = scores.previous_score_night(db, period.first)
        limits = scores.bands_on(as_of, settings)
        weighting = weighting_on(as_of, weighting_path(settings))
        book = scores.read_score_book(db, as_of, limits, previous, settings)
        nights = sorted(
            night.with_missing(night.read_night(db, as_of), known.datasets),
            key=lambda item: known.place(item.dataset),
        )
        return Report(
            as_of=as_of,
            period=period,
            previous=previous,
            province=province_name,
            place=province["short_name"],
            config=config,
            bands=limits,
            deadlines=deadlines,
            letterhead=config.letterhead(settings.province).filled(province_name, province["short_name"]),
            names=known,
            nights=tuple(nights),
            counts=night.loaded_tonight(nights),
            incidents=night.incidents(nights),
            scores=score_tables.score_tables(book, known),
            trend=trend.read_trend(db, as_of, config.kind(kind).trend_nights),
            measured=measured.read_measured(db, as_of, known, weighting, config.comparable, previous),
            violations=violations.read_violations(db, as_of, known, deadlines),
            movement=movement.read_movement(db, period.before, as_of, known),
            period_counts=movement.read_period_counts(db, period.first, as_of),
            overdue=overdue.read_overdue(
                db, as_of, known, config, settings.province, weighting.thresholds.submission_days
            ),
            progress=progress.read_progress(db, as_of, config, settings.province),
            schema_changes=schema_changes.read_schema_changes(db, as_of),
            refused_files=refused_files.read_refused_files(db, as_of),
            corrections=corrections.read_corrections(db, as_of),
            unusual=anomalies.read_anomalies(db, as_of, anomalies_path(settings)),
        )
