"""How indicators of plans are computed from the facts, and which cannot be.

In: `include/indicators.yaml`. Out: frozen `Method`s, and `meta.indicator_method`, by which
`mart.indicator_month` sets what the facts give beside what agencies report.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from kho.indicators.service_index import Measure
from kho.sql_files import run_file
from kho.yaml_model import Frozen, read_as
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from kho.settings import Settings

Text = Annotated[str, Field(min_length=1)]
FactMeasure = Literal["tasks_followed", "agencies_on_axis", "health_records", "digital_enterprises"]
"""What `mart.indicator_fact_month` counts."""


class Method(Frozen):
    """`multiplier` × numerator / denominator of a measure; or the reason why it cannot be computed."""

    code: Text
    measure: Measure | FactMeasure | None = None
    multiplier: Annotated[Decimal, Field(gt=0)] = Decimal(100)
    formula: Text | None = None
    missing: Text | None = None
    certainty: Literal["stated", "assumed"] = "stated"
    sectors: tuple[Text, ...] | None = None

    @model_validator(mode="after")
    def _measured_or_missing(self) -> Self:
        if (self.measure is None) == (self.missing is None):
            raise ValueError("give either a measure or, in 'missing', why there is none")
        if self.measure and not self.formula:
            raise ValueError("an indicator with a measure needs its formula")
        if (self.measure == "digital_enterprises") != bool(self.sectors):
            raise ValueError("digital_enterprises, and nothing else, needs its sectors")
        return self


class Forecast(Frozen):
    min_months: Annotated[int, Field(ge=3, le=120)]


class IndicatorMethods(Frozen):
    """All methods, and what a forecast needs."""

    forecast: Forecast
    indicators: tuple[Method, ...]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for name in ("code", "measure"):
            said = [value for method in self.indicators if (value := getattr(method, name))]
            if twice := {value for value in said if said.count(value) > 1}:
                raise ValueError(f"two indicators have the {name} {', '.join(sorted(twice))}")
        return self


def methods_path(settings: Settings) -> Path:
    return settings.project_root / "include" / "indicators.yaml"


def load_methods(path: Path) -> IndicatorMethods:
    """The methods.

    Raises:
        ConfigurationError: a key is wrong or missing; `where` names file and line.
    """
    return read_as(IndicatorMethods, load_yaml(path), "indicators")


def copy_methods(db: sa.Connection, settings: Settings) -> str:
    """Bring the warehouse's copy of the methods up to date; returns their checksum."""
    methods = load_methods(methods_path(settings))
    rows = [
        {
            "indicator_code": method.code,
            "measure": method.measure,
            "multiplier": method.multiplier,
            "formula_vi": method.formula,
            "missing_vi": method.missing,
            "certainty": method.certainty,
            "sectors": method.sectors,
        }
        for method in methods.indicators
    ]
    content = json.dumps(rows, default=str)
    least = methods.forecast.min_months
    run_file(db, "indicators/copy_indicator_methods.sql", methods=content, min_months=least)
    return hashlib.sha256(f"{least} {content}".encode()).hexdigest()
