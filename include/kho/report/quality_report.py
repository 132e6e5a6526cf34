"""Write the report of a night as one HTML file.

In: the warehouse, the night's date, `include/report.yaml` and the template. Out: the file's path. The
file holds everything it needs, has nothing of the time of writing in it, and takes its name at once:
the same data gives the same bytes, and a reader never sees half a report.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kho.anomalies.config import config_path as anomalies_path
from kho.extract.administrative_units import read_units
from kho.quality.deadlines import Deadlines, load_deadlines
from kho.quality.weighting import weighting_on, weighting_path
from kho.report import (
    anomalies,
    bands,
    corrections,
    measured,
    names,
    night,
    overdue,
    refused_files,
    schema_changes,
    score_tables,
    scores,
    vietnamese,
    violations,
)
from kho.report.config import Letterhead, ReportConfig, config_path, load_report_config

if TYPE_CHECKING:
    from datetime import date

    import sqlalchemy as sa

    from kho.settings import Settings

_TEMPLATE = "quality_report.html.j2"
_READABLE_BY_ALL = 0o644


@dataclass(frozen=True)
class Report:
    """Everything the template shows."""

    as_of: date
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
    measured: measured.Measured
    violations: violations.Violations
    overdue: overdue.Overdue
    schema_changes: tuple[schema_changes.SchemaChange, ...]
    refused_files: tuple[refused_files.RefusedFile, ...]
    corrections: tuple[corrections.CorrectedValue, ...]
    unusual: anomalies.UnusualValues

    def with_outcome(self, outcome: str) -> tuple[night.DatasetNight, ...]:
        """The datasets that fared so tonight."""
        return tuple(item for item in self.nights if item.settled == outcome)

    @property
    def platform_incidents(self) -> tuple[night.Incident, ...]:
        return tuple(item for item in self.incidents if item.is_platform)

    @property
    def source_incidents(self) -> tuple[night.Incident, ...]:
        return tuple(item for item in self.incidents if not item.is_platform)


def write_quality_report(engine: sa.Engine, as_of: date, settings: Settings) -> Path:
    """Write the report of the night of `as_of`; a report that exists is replaced.

    Raises:
        ConfigurationError: `include/report.yaml` or a contract is wrong.
    """
    html = render(read_report(engine, as_of, settings), settings.templates_dir)
    path = settings.reports / f"bao-cao-chat-luong-du-lieu-{as_of:%Y-%m-%d}.html"
    _replace(path, html)
    return path


def read_report(engine: sa.Engine, as_of: date, settings: Settings) -> Report:
    """Gather the report from one snapshot of the warehouse."""
    config = load_report_config(config_path(settings))
    deadlines = load_deadlines()
    province = read_units(settings.province)[0]
    province_name = province["name_vi"][:1].lower() + province["name_vi"][1:]
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
        known = names.read_names(db, settings.contracts_dir)
        previous = scores.previous_score_night(db, as_of)
        limits = scores.bands_on(as_of, settings)
        book = scores.read_score_book(db, as_of, limits, previous)
        nights = sorted(
            night.with_missing(night.read_night(db, as_of), known.datasets),
            key=lambda item: known.place(item.dataset),
        )
        return Report(
            as_of=as_of,
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
            scores=score_tables.score_tables(book, known, config.lines.agencies),
            measured=measured.read_measured(
                db,
                as_of,
                known,
                weighting_on(as_of, weighting_path(settings)),
                config.lines.agencies,
            ),
            violations=violations.read_violations(db, as_of, known, deadlines),
            overdue=overdue.read_overdue(db, as_of, known, config, settings.province),
            schema_changes=schema_changes.read_schema_changes(db, as_of),
            refused_files=refused_files.read_refused_files(db, as_of),
            corrections=corrections.read_corrections(db, as_of),
            unusual=anomalies.read_anomalies(db, as_of, anomalies_path(settings)),
        )


def render(report: Report, templates_dir: Path) -> str:
    """The report as HTML; every value is escaped."""
    environment = Environment(
        loader=FileSystemLoader(templates_dir),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        name: getattr(vietnamese, name)
        for name in ("number", "decimal", "change", "day", "letter_date", "sentence_case")
    }
    environment.filters.update(filters)
    environment.globals.update(
        share=vietnamese.share,
        outcomes=night.OUTCOMES,
        band_list=(bands.GREEN, bands.AMBER, bands.RED),
        no_evidence=bands.NO_EVIDENCE,
    )
    return environment.get_template(_TEMPLATE).render(report=report)


def _replace(path: Path, html: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=".tmp", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(html)
            os.fchmod(descriptor, _READABLE_BY_ALL)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
