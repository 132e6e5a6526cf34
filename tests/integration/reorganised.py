"""A warehouse with the province's units and figures of their communes, and the next reorganisation as a CSV.

In: the empty warehouse of the session. Out: `Units`, which loads the reference data with given changes, puts
figures at communes by code and day, and reads them back by the units of another day.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kho import pipeline
from kho.extract.reorganisations import FILE
from kho.pipeline import Context
from kho.server.warehouse import open_warehouse
from kho.settings import Settings
from kho.sql_files import run_file

from .embedded import copy_database
from .night import EPOCH

HEADER = (
    "effective_date,old_unit_code,new_unit_code,unit_level,new_name_vi,new_parent_code,new_area_km2,"
    "weight,part_population,part_area_km2,source_document,source_place"
)
NO_SOURCE: Any = None


@dataclass
class Units:
    """A warehouse of its own, and a checkout whose reference data may be changed."""

    context: Context

    @classmethod
    def create(cls, settings: Settings, server: Any, template: str) -> Units:
        name = f"u_{uuid.uuid4().hex[:8]}"
        copy_database(server, template, name)
        home = settings.home / name
        url = server.url(name).render_as_string(hide_password=False)
        own = replace(
            settings, home=home, warehouse_url=url, project_root=_checkout(settings.project_root, home)
        )
        return cls(Context(open_warehouse(own), NO_SOURCE, own))

    def load(self, as_of: date = EPOCH, changes: Sequence[str] = ()) -> None:
        """Both datasets of units as a night loads them, with these lines in the file of changes."""
        path = self.context.settings.reference_dir / FILE
        path.write_text("\n".join([HEADER, *changes, ""]), encoding="utf-8")
        for dataset in ("administrative_units", "administrative_unit_successions"):
            results = pipeline.run_dataset(dataset, as_of, self.context)
            assert results[-1].outcome == "loaded"

    def put(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert a row of a fact for each of `rows`; `:unit_key` is that of `code` on the day `on`."""
        unit = (
            "(SELECT unit_key FROM dw.dim_administrative_unit WHERE unit_code = :code "
            "AND :on BETWEEN valid_from AND coalesce(valid_to, 'infinity'))"
        )
        with self.context.engine.begin() as db:
            db.execute(sa.text(sql.replace(":unit_key", unit)), list(rows))

    def people(self, period: str, on: date, people: Mapping[str, int]) -> None:
        """Population of communes (or of a district without communes) in a month."""
        self.put(
            "INSERT INTO dw.fact_population VALUES (:unit_key, :period, -1, 0, :people, 0, NULL, NULL, "
            "'2026-11-01', 1)",
            [{"code": c, "on": on, "period": period, "people": n} for c, n in people.items()],
        )

    def refresh(self) -> None:
        with self.context.engine.begin() as db:
            run_file(db, "mart/refresh.sql")

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.context.engine.connect() as db:
            return [tuple(row) for row in db.execute(sa.text(query), parameters)]

    def measure(
        self, measure: str, on: date | None, period: str, by: str = "unit_code"
    ) -> dict[str | None, Decimal]:
        """A measure's values by unit, or summed by another column; no day: by the units of the period."""
        found = self.rows(
            f"SELECT {by}, sum(value) FROM mart.unit_measures(:on) "
            "WHERE measure_code = :measure AND period_code = :period GROUP BY 1",
            on=on,
            measure=measure,
            period=period,
        )
        return dict(found)  # type: ignore[arg-type]

    def totals(self, on: date | None) -> dict[tuple[str, ...], Decimal]:
        """Each measure's total by breakdown, reporter and period."""
        found = self.rows(
            "SELECT measure_code, breakdown, agency_code, period_code, sum(value) "
            "FROM mart.unit_measures(:on) GROUP BY 1, 2, 3, 4",
            on=on,
        )
        return {tuple(row[:4]): row[4] for row in found}


def _checkout(root: Path, home: Path) -> Path:
    """The project as links, but for reference data of its own."""
    copy = home / "checkout"
    (copy / "include" / "reference").mkdir(parents=True)
    for path in root.iterdir():
        if path.name not in ("include", "var", ".venv", ".git"):
            (copy / path.name).symlink_to(path)
    for path in (root / "include").iterdir():
        if path.name != "reference":
            (copy / "include" / path.name).symlink_to(path)
    for path in (root / "include" / "reference").glob("*.csv"):
        (copy / "include" / "reference" / path.name).write_bytes(path.read_bytes())
    return copy
