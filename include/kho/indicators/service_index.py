"""The index of QĐ 766/QĐ-TTg: its groups, components, maxima and thresholds, with their history.

In: `include/service_index.yaml`. Out: frozen `IndexVersion`s, and `meta.service_component`, by which
`mart.service_index` makes points of what `mart.service_measure` counts.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from kho.sql_files import run_file
from kho.yaml_model import Frozen, read_as
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from kho.settings import Settings

Text = Annotated[str, Field(min_length=1)]
Points = Annotated[Decimal, Field(gt=0, le=100)]
Measure = Literal[
    "on_time",
    "full_online_procedures",
    "procedures_filed_online",
    "online_dossiers",
    "digitised_dossiers",
    "electronic_results",
]
"""What `mart.service_measure` counts."""

_POINTS = 100


class Component(Frozen):
    """Points for one percentage: all from `full_at` up; or the reason why it cannot be measured."""

    id: Annotated[str, Field(pattern="^[a-z][a-z0-9_]+$")]
    title: Text
    maximum: Points
    measure: Measure | None = None
    full_at: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    formula: Text | None = None
    missing: Text | None = None

    @model_validator(mode="after")
    def _measured_or_missing(self) -> Self:
        if (self.measure is None) == (self.missing is None):
            raise ValueError("give either a measure or, in 'missing', why there is none")
        if self.measure and not (self.full_at and self.formula):
            raise ValueError("a component with a measure needs full_at and formula")
        return self


class Group(Frozen):
    id: Annotated[str, Field(pattern="^[a-z][a-z0-9_]+$")]
    title: Text
    maximum: Points
    certainty: Literal["stated", "assumed"] = "stated"
    components: Annotated[tuple[Component, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(component.maximum for component in self.components) != self.maximum:
            raise ValueError(f"the components of {self.id} do not add up to {self.maximum}")
        return self


class IndexVersion(Frozen):
    """One version, in force from `valid_from` until the next."""

    valid_from: date
    source: Text
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if sum(group.maximum for group in self.groups) != _POINTS:
            raise ValueError(f"the groups do not add up to {_POINTS}")
        ids = [component.id for group in self.groups for component in group.components]
        if twice := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"two components are called {', '.join(sorted(twice))}")
        return self


class _Document(Frozen):
    versions: Annotated[tuple[IndexVersion, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        begun = [version.valid_from for version in self.versions]
        if len(set(begun)) != len(begun):
            raise ValueError("two versions begin on one day")
        return self


def service_index_path(settings: Settings) -> Path:
    return settings.project_root / "include" / "service_index.yaml"


def load_service_index(path: Path) -> tuple[IndexVersion, ...]:
    """All versions, oldest first.

    Raises:
        ConfigurationError: a key is wrong or missing, or points do not add up; `where` names file and line.
    """
    versions = read_as(_Document, load_yaml(path), "index").versions
    return tuple(sorted(versions, key=lambda version: version.valid_from))


def copy_service_index(db: sa.Connection, settings: Settings) -> None:
    """Bring the warehouse's copy of the configuration up to date."""
    versions = load_service_index(service_index_path(settings))
    ends = [*(version.valid_from for version in versions[1:]), "infinity"]
    rows = [
        _row(version, str(end), place, group, number, component)
        for version, end in zip(versions, ends, strict=True)
        for place, group in enumerate(version.groups, 1)
        for number, component in enumerate(group.components, 1)
    ]
    run_file(db, "indicators/copy_service_index.sql", components=json.dumps(rows, default=str))


def _row(
    version: IndexVersion, valid_to: str, place: int, group: Group, number: int, component: Component
) -> dict[str, Any]:
    return {
        "valid_from": version.valid_from,
        "valid_to": valid_to,
        "component_id": component.id,
        "component_number": number,
        "component_title": component.title,
        "group_id": group.id,
        "group_number": place,
        "group_title": group.title,
        "group_maximum": group.maximum,
        "maximum": component.maximum,
        "measure": component.measure,
        "full_at": component.full_at,
        "formula_vi": component.formula,
        "missing_vi": component.missing,
        "certainty": group.certainty,
        "source_document": version.source,
    }
